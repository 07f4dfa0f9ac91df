"""Text encoders against the reference (tiny-text.safetensors), clip skip, and learned embeddings."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.checkpoint import open_model
from diffusion.checkpoint.loader import load_tower
from diffusion.clip_text import ClipText, ClipTower, text_config
from diffusion.embeddings import EmbeddingFolders
from diffusion.families.family import TextTower
from diffusion.families.naming import openclip
from diffusion.families.sd1 import SD1
from diffusion.families.sd2 import SD2
from diffusion.families.sdxl import SDXL, SDXL_REFINER
from diffusion.text import TextEncoder
from tests.diffusion.openclip import openclip_states, shapes_of, to_openclip
from tests.fill import fill
from tests.tensors import load_file, save_file

TABLE = "text_model.embeddings.token_embedding.weight"
GOLDEN = Path(__file__).parents[1] / "golden"
CASE: dict[str, Any] = json.loads((GOLDEN / "tiny-text.json").read_text(encoding="utf-8"))
WIDTH = 32
HEADS = 4
TOLERANCE = 2e-5  # relative, as golden/README.md gives it; another order of summation moves results by 2e-6
FAMILIES = {"sd1": SD1, "sd2": SD2, "sdxl": SDXL, "sdxl-refiner": SDXL_REFINER}
LAYERS = {"sd1": (-1, -2), "sd2": (-1, -3), "sdxl": (-1,), "sdxl-refiner": ()}


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    return load_file(GOLDEN / "tiny-text.safetensors")


def tower_weights(family: str, key: str) -> dict[str, Tensor]:
    """The filled weights of one of the reference's small towers."""
    prefix = f"te.clip_{key}.transformer."
    layout = CASE["layouts"][family].items()
    return {n.removeprefix(prefix): fill(n, shape) for n, (shape, _) in layout if n.startswith(prefix)}


def as_published(row: TextTower, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A tower's weights by the names, and in the form, that checkpoints of the family have them."""
    if row.naming is not openclip:
        return {f"{row.prefix}{n}": value for n, value in weights.items() if n != "text_projection.weight"}
    return {f"{row.prefix}{n}": value for n, value in to_openclip(weights).items()}


@cache
def encoder_of(name: str, folder: Path) -> TextEncoder:
    """The reference's small towers, saved as the family's checkpoints have them and loaded from there."""
    towers: dict[str, ClipTower] = {}
    for row in FAMILIES[name].towers:
        path = folder / f"{name}-{row.key}.safetensors"
        save_file(as_published(row, tower_weights(name, row.key)), path)
        towers[row.key] = load_tower(open_model(path), row, torch.float32, torch.device("cpu"), heads=HEADS)
    return TextEncoder(towers)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("towers")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TextEncoder:
    return encoder_of("sd1", folder)


@pytest.mark.parametrize(
    ("name", "layer"), [(name, layer) for name in FAMILIES for layer in (None, *LAYERS[name])]
)
@pytest.mark.parametrize("number", range(len(CASE["prompts"])))
def test_encodings_equal_the_reference(
    number: int, name: str, layer: int | None, folder: Path, golden: dict[str, Tensor]
) -> None:
    encoder = encoder_of(name, folder)
    chosen = encoder if layer is None else encoder.with_last_layer(layer)
    cond, pooled = chosen.encode(CASE["prompts"][number])
    key = f"tiny-text-{name}/prompt{number}" + ("" if layer is None else f"/skip{layer}")
    for got, what in ((cond, "cond"), (pooled, "pooled")):
        expected = golden[f"{key}/{what}"]
        assert got.shape == expected.shape
        assert (got - expected).abs().max() <= TOLERANCE * max(1.0, float(expected.abs().max()))


@torch.no_grad()
def test_an_openclip_tower_gives_what_openclips_own_blocks_give() -> None:
    """Fused projections are taken apart in the order torch's attention keeps them: query, key, value."""
    weights = tower_weights("sd2", "h")
    model = ClipText(text_config(shapes_of(weights), activation="gelu", heads=HEADS)).eval()
    model.load_state_dict(weights)
    ids = torch.randint(0, 49406, (2, 77), generator=torch.Generator().manual_seed(0))
    for layer in (-1, -2, -4):
        ours, _ = model(ids, layer, False)
        theirs = openclip_states(to_openclip(weights), ids, HEADS, layer)
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_towers_may_read_texts_of_their_own_and_the_shorter_is_followed_by_empty_prompts(
    folder: Path,
) -> None:
    encoder = encoder_of("sdxl", folder)
    long, short = CASE["prompts"][3], "a cat"
    cond, pooled = encoder.encode(long, l=short)
    alone = {key: tower.encode(tower.tokenize(long)) for key, tower in encoder.towers.items()}
    low = encoder.towers["l"]
    assert torch.equal(cond[..., WIDTH:], alone["g"].cond) and torch.equal(pooled, alone["g"].pooled)
    assert torch.allclose(cond[:, :77, :WIDTH], low.encode(low.tokenize(short)).cond, atol=1e-5)
    assert torch.allclose(cond[:, 77:, :WIDTH], low.encode(low.tokenize("")).cond, atol=1e-5)
    with pytest.raises(ValueError, match="has no h: it has l, g"):
        encoder.encode("a cat", h="a dog")


def test_the_sizes_of_the_published_encoder_follow_from_its_shapes() -> None:
    layout = json.loads((GOLDEN / "layouts" / "sd15.json").read_text(encoding="utf-8"))
    prefix = "cond_stage_model.transformer."
    shapes = {name[len(prefix) :]: shape for name, (shape, _) in layout.items() if name.startswith(prefix)}
    config = text_config(shapes)
    sizes = (
        config.hidden_size,
        config.num_hidden_layers,
        config.num_attention_heads,
        config.intermediate_size,
    )
    assert sizes == (768, 12, 12, 3072)
    assert (config.vocab_size, config.max_position_embeddings) == (49408, 77)


def test_stopping_at_another_layer_leaves_the_encoder_as_it_was(encoder: TextEncoder) -> None:
    before = encoder.encode("a cat").cond
    skipped = encoder.with_last_layer(-2).encode("a cat").cond
    assert not torch.equal(before, skipped)
    assert torch.equal(before, encoder.encode("a cat").cond)


@pytest.mark.parametrize("layer", [-4, -5, -24])
def test_a_layer_the_encoder_lacks_means_the_last(layer: int, encoder: TextEncoder) -> None:
    assert torch.equal(encoder.with_last_layer(layer).encode("a cat").cond, encoder.encode("a cat").cond)


def test_weight_zero_gives_the_empty_prompts_state_in_that_place(encoder: TextEncoder) -> None:
    empty = encoder.encode("").cond
    faded = encoder.encode("a (cat:0)").cond
    assert torch.allclose(faded[:, 2], empty[:, 2], atol=1e-6)
    assert not torch.allclose(faded[:, 3], empty[:, 3], atol=1e-3)  # EOS keeps its weight of 1


# --- learned embeddings --------------------------------------------------------------------------


def with_embeddings(encoder: TextEncoder, folder: Path) -> TextEncoder:
    tower = replace(encoder.towers["l"], embeddings=EmbeddingFolders((folder,)))
    return TextEncoder({"l": tower})


def written(folder: Path, name: str, vectors: Tensor) -> None:
    """The same vectors in one of the layouts trainers write."""
    other = torch.zeros(1, 7)
    bundled = {f"bundle_emb.{n}.string_to_param.*": vector[None] for n, vector in enumerate(vectors)}
    layouts: dict[str, Any] = {
        "inversion.pt": {"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}, "name": "x"},
        "several.bin": {"clip_g": other, "clip_l": vectors},
        "first.pt": {"<token>": vectors},
        "bundle.pt": bundled,
        "single.bin": {"<token>": vectors[0]},
    }
    if name.endswith(".safetensors"):
        save_file({"emb_params": vectors}, folder / name)
    else:
        torch.save(layouts[name], folder / name)


FILES = ["plain.safetensors", "inversion.pt", "several.bin", "first.pt", "bundle.pt", "single.bin"]


@pytest.mark.parametrize("name", FILES)
def test_an_embedding_made_of_a_words_own_vectors_encodes_like_the_word(
    name: str, encoder: TextEncoder, tmp_path: Path
) -> None:
    """The vectors of the two tokens of "red apple" in their places must give what the words give."""
    words = "red" if name == "single.bin" else "red apple"
    ids = encoder.towers["l"].tokenizer.ids(words)
    table = encoder.towers["l"].model.get_parameter(TABLE)
    written(tmp_path, name, table[ids].detach().clone())
    with_folder = with_embeddings(encoder, tmp_path)
    stem = name.partition(".")[0]
    for prompt in (f"a embedding:{stem}, on a (table:1.2)", f"a embedding:{name}, on a (table:1.2)"):
        cond = with_folder.encode(prompt).cond
        assert torch.allclose(cond, encoder.encode(f"a {words}, on a (table:1.2)").cond, atol=1e-6)


def test_an_embedding_of_another_width_is_left_out_with_a_warning(
    encoder: TextEncoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_file({"emb_params": torch.zeros(1, 768)}, tmp_path / "wide.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"<html>")
    with_folder = with_embeddings(encoder, tmp_path)
    with caplog.at_level(logging.WARNING):
        cond = with_folder.encode("a embedding:wide embedding:gone embedding:broken cat").cond
    assert torch.equal(cond, encoder.encode("a cat").cond)
    messages = [record.getMessage() for record in caplog.records]
    assert [any(name in message for message in messages) for name in ("'wide'", "'gone'", "'broken'")] == [
        True
    ] * 3


def test_a_comma_behind_an_embedding_is_not_missed(
    encoder: TextEncoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_file({"emb_params": torch.zeros(1, WIDTH)}, tmp_path / "style.safetensors")
    with caplog.at_level(logging.WARNING):
        with_embeddings(encoder, tmp_path).encode("a cat, embedding:style, embedding:gone, red")
    (message,) = [record.getMessage() for record in caplog.records]
    assert "'gone' is in none" in message


def in_itself() -> dict[str, Any]:
    content: dict[str, Any] = {}
    content["string_to_param"] = content
    return content


ODD: dict[str, Any] = {
    "a single number": torch.tensor(1.0),
    "a mapping in itself": in_itself(),
    "text in a bundle": {"bundle_emb.0.string_to_param.*": "no tensor"},
    "a bundle of two widths": {f"bundle_emb.{n}.string_to_param.*": torch.zeros(1, n + 1) for n in range(2)},
    "whole numbers": {"emb_params": torch.zeros(1, WIDTH, dtype=torch.int64)},
    "text": {"string_to_param": {"*": "no tensor"}},
    "nothing": {"string_to_param": {}},
    "no values": {"x": torch.zeros(1, WIDTH, device="meta")},
    "numbers for names": {1: "no tensor"},
}


@pytest.mark.parametrize("kind", ODD)
def test_a_file_without_vectors_is_left_out_with_a_warning(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torch.save(ODD[kind], tmp_path / "odd.pt")
    with caplog.at_level(logging.WARNING):
        assert EmbeddingFolders((tmp_path,))("odd", WIDTH, "clip_l") is None
    assert [record.getMessage() for record in caplog.records] == [
        f"embedding 'odd' holds no vectors where the text encoder needs {WIDTH}"
    ]


def test_a_safetensors_file_is_known_by_its_suffix_in_capitals_too(tmp_path: Path) -> None:
    save_file({"x": torch.ones(1, WIDTH)}, tmp_path / "e.SAFETENSORS")
    found = EmbeddingFolders((tmp_path,))("e.SAFETENSORS", WIDTH, "clip_l")
    assert found is not None and torch.equal(found, torch.ones(1, WIDTH))


def test_a_name_too_long_for_the_file_system_is_no_file(tmp_path: Path) -> None:
    assert EmbeddingFolders((tmp_path,)).find("x" * 5000) is None


@pytest.mark.parametrize("name", ["../secret", "sub/../../secret", "/etc/passwd", "", "a\0b"])
def test_a_name_cannot_lead_out_of_the_folders(name: str, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    save_file({"x": torch.zeros(1, WIDTH)}, tmp_path / "secret.safetensors")
    assert EmbeddingFolders((tmp_path / "inside",)).find(name) is None


def test_folders_are_searched_in_order_and_may_have_subfolders(tmp_path: Path) -> None:
    for folder, value in (("one", 1.0), ("two", 2.0)):
        (tmp_path / folder / "sub").mkdir(parents=True)
        save_file({"x": torch.full((1, WIDTH), value)}, tmp_path / folder / "sub" / "e.safetensors")
    found = EmbeddingFolders((tmp_path / "one", tmp_path / "two"))("sub/e", WIDTH, "clip_l")
    assert found is not None and float(found[0, 0]) == 1.0


def test_each_tower_takes_its_own_vectors_from_a_file_made_for_several(folder: Path, tmp_path: Path) -> None:
    encoder = encoder_of("sdxl", folder)
    tables = {key: tower.model.get_parameter(TABLE) for key, tower in encoder.towers.items()}
    ids = encoder.towers["l"].tokenizer.ids("red apple")
    vectors = {f"clip_{key}": table[ids].clone() for key, table in tables.items()}
    save_file(vectors, tmp_path / "both.safetensors")
    folders = EmbeddingFolders((tmp_path,))
    with_folder = TextEncoder(
        {key: replace(tower, embeddings=folders) for key, tower in encoder.towers.items()}
    )
    got, expected = (
        with_folder.encode("a embedding:both, on a table"),
        encoder.encode("a red apple, on a table"),
    )
    assert torch.allclose(got.cond, expected.cond, atol=1e-5)
    assert torch.allclose(got.pooled, expected.pooled, atol=1e-5)
