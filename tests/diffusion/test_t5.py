"""The T5 encoder and its tokens against the reference, and block by block against transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import T5Config as TheirConfig
from transformers import T5EncoderModel

from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.loader import open_model
from diffusion.checkpoint.vocabulary import read_vocabulary
from diffusion.t5 import T5, T5Config, T5Tower
from diffusion.t5_tokens import T5Tokenizer
from tests.diffusion.golden_networks import relative
from tests.diffusion.t5_files import CASE, golden, sentencepiece, t5_weights
from tests.diffusion.test_unet import randomised
from tests.tensors import save_file

GOLDEN = 2e-5
LEAST = {"sd3": 77, "flux": 256}
CASES = [("sd3", 0), ("sd3", 1), ("sd3", 2), ("sd3", 3), ("flux", 0), ("flux", 2)]
SMALL = T5Config(vocabulary=40, width=48, heads=4, head_dim=16, inner=96, layers=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("t5")
    save_file({"shared.weight": torch.zeros(1)}, folder / "t5.safetensors")
    (folder / "spiece.model").write_bytes(sentencepiece())
    return folder


def tokenizer_of(folder: Path, least: int) -> T5Tokenizer:
    return T5Tokenizer(lambda: read_vocabulary(open_model(folder / "t5.safetensors")), least)


@pytest.fixture(scope="module")
def model() -> T5:
    weights = t5_weights()
    model = T5(T5Config.from_shapes({name: value.shape for name, value in weights.items()}))
    model.load_state_dict(weights)
    return model.eval()


@pytest.mark.parametrize(("family", "number"), CASES)
def test_tokens_and_states_agree_with_the_reference(
    family: str, number: int, model: T5, folder: Path
) -> None:
    tower = T5Tower(model, tokenizer_of(folder, LEAST[family]))
    values, key = golden(), f"tiny-t5/{family}/prompt{number}"
    chunks = tower.tokenize(CASE["prompts"][number])
    assert torch.equal(torch.tensor([chunk.tokens for chunk in chunks]), values[f"{key}/ids"])
    assert relative(tower.encode(chunks).cond, values[f"{key}/cond"]) < GOLDEN


def test_an_embedding_takes_a_place_for_each_of_its_vectors(model: T5, folder: Path) -> None:
    table = model.shared.weight

    def photo(name: str, width: int, key: str) -> Tensor | None:
        assert (name, width, key) == ("photo", model.config.width, "t5xxl")
        return table[[1202, 13]]

    plain = T5Tower(model, tokenizer_of(folder, 77))
    called = T5Tower(model, plain.tokenizer, photo)
    expected = plain.encode(plain.tokenize("a photo of a cat")).cond
    assert torch.equal(called.encode(called.tokenize("a embedding:photo a cat")).cond, expected)


@torch.no_grad()
def test_the_network_agrees_with_transformers_at_every_distance() -> None:
    ours: Any = randomised(T5(SMALL))
    config = TheirConfig(
        vocab_size=40, d_model=48, d_kv=16, d_ff=96, num_layers=3, num_heads=4, feed_forward_proj="gated-gelu"
    )
    theirs: Any = T5EncoderModel(config).eval()
    theirs.load_state_dict(ours.state_dict() | {"encoder.embed_tokens.weight": ours.shared.weight})
    ids = torch.arange(300)[None] % 40
    assert relative(ours(ours.shared(ids)), theirs(ids).last_hidden_state) < 1e-5


def test_sizes_come_back_from_shapes() -> None:
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in T5(SMALL).state_dict().items()}
    assert T5Config.from_shapes(shapes) == SMALL


def test_a_vocabulary_inside_the_model_file_is_used_first(folder: Path, tmp_path: Path) -> None:
    inside = torch.frombuffer(bytearray(sentencepiece({4: "▁photo"})), dtype=torch.uint8)
    save_file({"spiece_model": inside}, tmp_path / "t5.safetensors")
    (tmp_path / "spiece.model").write_bytes(sentencepiece())
    assert tokenizer_of(tmp_path, 1).ids("photo") == [4]
    assert tokenizer_of(folder, 1).ids("photo") == [1202]


def test_the_library_s_own_file_of_a_vocabulary_is_read(folder: Path, tmp_path: Path) -> None:
    save_file({"shared.weight": torch.zeros(1)}, tmp_path / "t5.safetensors")
    read_vocabulary(open_model(folder / "t5.safetensors")).save(str(tmp_path / "tokenizer.json"))
    assert tokenizer_of(tmp_path, 1).ids("a photo of") == [3, 9, 1202, 13]


def test_a_missing_vocabulary_is_named_with_where_to_put_it(tmp_path: Path) -> None:
    save_file({"shared.weight": torch.zeros(1)}, tmp_path / "t5.safetensors")
    with pytest.raises(CheckpointError, match=r"put spiece\.model or tokenizer\.json of .* into"):
        tokenizer_of(tmp_path, 77).chunks("a cat")


@pytest.mark.parametrize("name", ["spiece.model", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"\x0a", b"\x0a\x7fabc", b"\xff" * 9, sentencepiece()[:-3]])
def test_a_damaged_vocabulary_is_refused_by_its_name(name: str, content: bytes, tmp_path: Path) -> None:
    save_file({"shared.weight": torch.zeros(1)}, tmp_path / "t5.safetensors")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=name):
        tokenizer_of(tmp_path, 77).chunks("a cat")
