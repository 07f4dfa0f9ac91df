"""Model files: what is refused, in which words, and that what is accepted is loaded without waste."""

from __future__ import annotations

import json
import pickle
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open

from diffusion.checkpoint import CheckpointError, load, open_model, read_header
from diffusion.checkpoint.header import HEADER_CAP
from diffusion.precision import Precision
from tests.diffusion.small import save_small, small_tensors

CPU = torch.device("cpu")
Tensors = dict[str, torch.Tensor]
Change = Callable[[Tensors], Tensors]
PAIR: dict[str, Any] = {
    "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    "b": {"dtype": "F16", "shape": [2, 1], "data_offsets": [8, 12]},
}


def packed(header: bytes | dict[str, Any], data: bytes = bytes(12)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def changed(name: str, **fields: Any) -> dict[str, Any]:
    return {**PAIR, name: {**PAIR[name], **fields}}


MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "shorter than a length": (b"\x05\x00", "not a safetensors file"),
    "Git LFS pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        "Git LFS pointer",
    ),
    "HTML page": (b"\n<!DOCTYPE html><html><body>Log in</body></html>", "HTML page"),
    "zip": (b"PK\x03\x04" + bytes(100), "pickled torch file"),
    "pickle": (pickle.dumps({"a": 1}, protocol=2), "pickled torch file"),
    "GGUF": (b"GGUF" + bytes(100), "GGUF"),
    "noise": (b"\x07" * 200, "not a safetensors file"),
    "length past the cap": (struct.pack("<Q", HEADER_CAP + 1) + b"{" + bytes(50), "claims"),
    "length past the end": (struct.pack("<Q", 5000) + b'{"a":', "cut short within its header"),
    "truncated data": (packed(PAIR, bytes(11)), "1 of 12 bytes"),
    "bytes left over": (packed(PAIR, bytes(13)), "1 bytes at its end"),
    "not JSON": (packed(b'{"a": '), "not JSON"),
    "JSON list": (packed(b"[]"), "not a safetensors file"),
    "not UTF-8": (packed(b'{"\xff": 1}'), "not UTF-8"),
    "lone surrogate": (
        packed(rb'{"\ud800": {"dtype":"F32","shape":[3],"data_offsets":[0,12]}}'),
        "unprintable",
    ),
    "NaN": (packed(b'{"a": NaN}'), "NaN"),
    "deep nesting": (packed(b'{"a":' * 20000 + b"1" + b"}" * 20000), "deep"),
    "duplicate name": (
        packed(
            b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
            b'"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}'
        ),
        "'a' twice",
    ),
    "duplicate field": (
        packed(b'{"a":{"dtype":"F32","dtype":"F16","shape":[3],"data_offsets":[0,12]}}'),
        "'dtype' twice",
    ),
    "NUL in a name": (packed({"a": PAIR["a"], "b\0": PAIR["b"]}), "unprintable"),
    "empty name": (packed({"a": PAIR["a"], "": PAIR["b"]}), "empty"),
    "dunder name": (packed({"a": PAIR["a"], "x.__class__.y": PAIR["b"]}), "Python-internal"),
    "overlap": (packed(changed("b", data_offsets=[4, 8]), bytes(8)), "overlaps"),
    "same bytes twice": (packed({"a": PAIR["a"], "b": PAIR["a"]}, bytes(8)), "overlaps"),
    "hole": (packed(changed("b", data_offsets=[9, 13]), bytes(13)), "belong to no tensor"),
    "backwards offsets": (packed(changed("b", data_offsets=[12, 8])), "beginning and an end"),
    "three offsets": (packed(changed("b", data_offsets=[8, 12, 12])), "beginning and an end"),
    "wrong size": (packed(changed("a", shape=[3])), "does not fill"),
    "negative size": (packed(changed("a", shape=[-2])), "whole numbers"),
    "size as text": (packed(changed("a", shape=["2"])), "whole numbers"),
    "size as bool": (packed(changed("a", shape=[2, True])), "whole numbers"),
    "overflowing size": (packed(changed("a", shape=[2**63, 2**63, 0, 2])), "does not fill"),
    "unknown dtype": (packed(changed("a", dtype="F33")), "unknown dtype"),
    "dtype as number": (packed(changed("a", dtype=32)), "unknown dtype"),
    "missing field": (packed({"a": {"dtype": "F32", "shape": [3]}}), "data_offsets"),
    "entry as number": (packed({"a": 1}), "no JSON object"),
    "metadata as number": (packed({"__metadata__": {"x": 1}, **PAIR}), "not text"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_file_is_refused_with_its_name_a_reason_and_a_remedy(kind: str, tmp_path: Path) -> None:
    content, reason = MALFORMED[kind]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        read_header(path)
    assert reason in caught.value.reason
    assert caught.value.remedy
    assert str(caught.value).startswith("model.safetensors: ")


def test_a_name_repeated_after_many_others_is_found_at_once(tmp_path: Path) -> None:
    names = [f"{number:x}" for number in range(100_000)]
    path = tmp_path / "model.safetensors"
    path.write_bytes(packed(("{" + ",".join(f'"{name}":0' for name in [*names, names[-1]]) + "}").encode()))
    start = time.process_time()
    with pytest.raises(CheckpointError, match="'1869f' twice"):
        read_header(path)
    assert time.process_time() - start < 5  # measured 0.1 s; comparing every pair takes minutes


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.safetensors: No such file"):
        read_header(tmp_path / "gone.safetensors")


def test_names_shapes_and_metadata_are_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(packed({"__metadata__": {"format": "pt"}, "x.a": PAIR["a"], "x.b": PAIR["b"]}))
    header = read_header(path)
    assert header.shapes("x.") == {"a": (2,), "b": (2, 1)}
    assert header.metadata == {"format": "pt"}
    assert [info.dtype for info in header.tensors.values()] == ["F32", "F16"]


@given(data=st.data())
@settings(max_examples=150, deadline=None)
@example(data=None)
def test_what_we_accept_the_library_accepts(data: st.DataObject | None, tmp_path_factory: Any) -> None:
    """Mutations of a good file: our check may be stricter than the library's, never more lenient."""
    content = bytearray(packed({"__metadata__": {"k": "v"}, **PAIR}))
    if data is not None:
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(content) - 1))
            content[place] = data.draw(st.sampled_from(b'{}[]":,0123456789aFIBU-.e \\\x00\xff'))
    path = tmp_path_factory.mktemp("mutated") / "model.safetensors"
    path.write_bytes(content)
    try:
        header = read_header(path)
    except CheckpointError:
        assert data is not None, "the unchanged file must be accepted"
        return
    try:
        with cast("Any", safe_open(path, framework="pt")) as file:  # its stub says nothing of what it gives
            assert set(file.keys()) == set(header.tensors)
    except SafetensorError as error:
        raise AssertionError(f"the library refuses what we accept: {bytes(content)!r}") from error


# --- loading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [Precision.FLOAT32, Precision.BF16])
@pytest.mark.parametrize("stored", [torch.float32, torch.float16, torch.bfloat16])
def test_every_tensor_arrives_with_its_value(stored: torch.dtype, policy: Precision, tmp_path: Path) -> None:
    loaded = load(save_small(tmp_path / "m.safetensors", stored), precision=policy, device=CPU)
    original = small_tensors(stored)
    dtypes = policy.dtypes(CPU)
    parts = {
        "model.diffusion_model.": (loaded.model.network, dtypes.network),
        "first_stage_model.": (loaded.vae.module, dtypes.vae),
        "cond_stage_model.transformer.": (loaded.clip.towers["l"].model, dtypes.text),
    }
    seen = 0
    for prefix, (part, dtype) in parts.items():
        assert isinstance(part, torch.nn.Module)
        for name, value in part.state_dict().items():
            assert value.dtype == dtype
            assert torch.equal(value, original[prefix + name].to(dtype)), name
            seen += 1
    assert seen == len(original)


def test_tensors_already_in_their_type_stay_views_of_the_file(tmp_path: Path) -> None:
    path = save_small(tmp_path / "m.safetensors", torch.float32)
    loaded = load(path, precision=Precision.FLOAT32, device=CPU)
    maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if str(path) in line]
    spans = [tuple(int(end, 16) for end in line[0].split("-")) for line in maps]
    for value in loaded.clip.towers["l"].model.parameters():
        assert any(low <= value.data_ptr() < high for low, high in spans)


@pytest.mark.parametrize(
    "extra",
    [
        "model_ema.decay",
        "betas",
        "cond_stage_model.transformer.text_model.embeddings.position_ids",
        "first_stage_model.loss.logvar",
    ],
)
def test_what_published_files_carry_beside_the_networks_is_ignored(extra: str, tmp_path: Path) -> None:
    more = {extra: torch.arange(77)[None]}
    loaded = load(save_small(tmp_path / "m.safetensors", torch.float32, **more), device=CPU)
    assert loaded.family == "sd1"
    assert loaded.clip.encode("a cat").cond.shape == (1, 77, 32)


def test_a_pickled_checkpoint_loads_like_a_safetensors_one(tmp_path: Path) -> None:
    torch.save({"state_dict": small_tensors(torch.float16), "global_step": 5}, tmp_path / "m.ckpt")
    save_small(tmp_path / "m.safetensors", torch.float16)
    pickled, mapped = (load(tmp_path / f"m.{kind}", device=CPU).clip for kind in ("ckpt", "safetensors"))
    assert torch.equal(pickled.encode("a cat").cond, mapped.encode("a cat").cond)


class Trap:
    """Unpickled without care, this writes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.write_text, (self.marker, "ran")


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    torch.save({"state_dict": Trap(marker)}, tmp_path / "evil.ckpt")
    (tmp_path / "legacy.ckpt").write_bytes(pickle.dumps(Trap(marker), protocol=2))
    for name in ("evil.ckpt", "legacy.ckpt"):
        with pytest.raises(CheckpointError, match="could run code"):
            load(tmp_path / name, device=CPU)
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"\x80\x02.", b"<html></html>"])
def test_a_damaged_pickle_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"m\.ckpt"):
        open_model(tmp_path / "m.ckpt")


def without(name: str) -> Change:
    return lambda tensors: {other: value for other, value in tensors.items() if other != name}


def put(name: str, *shape: int) -> Change:
    return lambda tensors: {**tensors, name: torch.zeros(shape)}


def text_width(width: int) -> Change:
    """Another width of the text wherever the family is recognised by it."""
    ends = ("attn2.to_k.weight", "attn2.to_v.weight", "embeddings.token_embedding.weight")
    return lambda tensors: {
        name: value.new_zeros(len(value), width) if name.endswith(ends) else value
        for name, value in tensors.items()
    }


def numbered(tensors: Tensors) -> Tensors:
    """Numbers in place of the names."""
    return cast("Tensors", dict(enumerate(tensors.values())))


def without_data(tensors: Tensors) -> Tensors:
    """Shapes and types alone."""
    return {name: value.to("meta") for name, value in tensors.items()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("model.diffusion_model.time_embed.0.bias"), "lacks model.diffusion_model.time_embed.0.bias"),
        (put("model.diffusion_model.surprise", 2), "unknown model.diffusion_model.surprise"),
        (
            put("first_stage_model.decoder.norm_out.bias", 2),
            r"first_stage_model.decoder.norm_out.bias \(\[2\]",
        ),
        (
            without("first_stage_model.encoder.down.0.block.0.conv2.weight"),
            "encoder.down.0.block.0.conv2.weight",
        ),
        (without("model.diffusion_model.input_blocks.1.0.out_layers.3.weight"), "out_layers.3.weight"),
        (
            without("cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight"),
            "mlp.fc1.weight",
        ),
        (
            put("model.diffusion_model.input_blocks.1.0.out_layers.3.weight", 20, 32, 3, 3),
            r"tensors under model\.diffusion_model\. have shapes no network has \(num_channels",
        ),
        (put("model.diffusion_model.input_blocks.1.0.out_layers.3.weight"), "shapes no network has"),
        (
            put("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", 3),
            "shapes no network has",
        ),
        (
            put("first_stage_model.encoder.conv_in.weight", 3),
            "under first_stage_model. have shapes no network",
        ),
        (put("first_stage_model.encoder.down.0.block.0.conv2.weight", 2**62, 0), "shapes no network has"),
        (
            put("cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight"),
            "shapes no network has",
        ),
        (text_width(200), "3 attention heads cannot share a width of 200"),
        (numbered, "holds no named tensors"),
        (without_data, "no named tensors"),
    ],
)
def test_an_incomplete_or_foreign_checkpoint_is_refused_naming_the_tensor(
    change: Change, reason: str, tmp_path: Path
) -> None:
    torch.save(change(small_tensors()), tmp_path / "m.ckpt")
    with pytest.raises(CheckpointError, match=rf"m\.ckpt: .*{reason}"):
        load(tmp_path / "m.ckpt", device=CPU)


def test_a_checkpoint_loaded_in_inference_mode_works_outside_it(tmp_path: Path) -> None:
    path = save_small(tmp_path / "m.safetensors", torch.float16)
    with torch.inference_mode():
        inside = load(path, precision=Precision.FLOAT32, device=CPU)
    outside = load(path, precision=Precision.FLOAT32, device=CPU)
    assert torch.equal(inside.clip.encode("a (cat:1.2)").cond, outside.clip.encode("a (cat:1.2)").cond)
    assert torch.equal(inside.vae.decode(torch.ones(1, 4, 2, 2)), outside.vae.decode(torch.ones(1, 4, 2, 2)))
