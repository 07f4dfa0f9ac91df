"""Workflows in pictures and other files, as ComfyUI and we write them."""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from workflows.formats import FormatError
from workflows.formats.embedded import read_file

WORKFLOW: dict[str, Any] = {"nodes": [{"id": 1, "type": "Note", "widgets_values": ["ü 画"]}], "links": []}
PROMPT: dict[str, Any] = {"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "é"}}}
TEXTS = {"workflow": json.dumps(WORKFLOW), "prompt": json.dumps(PROMPT), "parameters": "steps: 3"}


def check(path: Path) -> None:
    found = read_file(path)
    assert found.workflow == WORKFLOW and found.prompt == PROMPT


@pytest.mark.parametrize("way", ["text", "itxt", "ztxt", "zitxt"])
def test_png(tmp_path: Path, way: str) -> None:
    info = PngInfo()
    for key, text in TEXTS.items():
        if way.endswith("itxt"):
            info.add_itxt(
                key, text.encode().decode("unicode_escape") if way == "raw" else text, zip=way == "zitxt"
            )
        else:
            info.add_text(key, text, zip=way == "ztxt")
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    check(tmp_path / "a.png")


def test_the_stamp_of_a_run_is_read_and_is_no_workflow_by_itself(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("darkroom", '{"run": "1f3a"}')
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    with pytest.raises(FormatError, match="holds no workflow"):
        read_file(tmp_path / "a.png")
    info.add_text("prompt", TEXTS["prompt"])
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    assert read_file(tmp_path / "a.png").darkroom == {"run": "1f3a"}


def test_apng_after_the_picture(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    chunks = b""
    for key, text in TEXTS.items():
        content = b"comf" + key.encode() + b"\0" + text.encode("latin-1")
        chunks += struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    end = data.index(b"IEND") - 4
    (tmp_path / "a.png").write_bytes(data[:end] + chunks + data[end:])
    check(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["webp", "jpg", "avif"])
def test_exif(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + TEXTS["prompt"]
    exif[0x010F] = "Workflow:" + TEXTS["workflow"]
    Image.new("RGB", (16, 16)).save(tmp_path / f"a.{suffix}", exif=exif)
    check(tmp_path / f"a.{suffix}")


def test_flac(tmp_path: Path) -> None:
    comments = b"".join(
        struct.pack("<I", len(c)) + c for c in (f"{k}={v}".encode() for k, v in TEXTS.items())
    )
    block = struct.pack("<I", 4) + b"test" + struct.pack("<I", len(TEXTS)) + comments
    first = bytes([0]) + (34).to_bytes(3) + bytes(34)
    (tmp_path / "a.flac").write_bytes(b"fLaC" + first + bytes([0x84]) + len(block).to_bytes(3) + block)
    check(tmp_path / "a.flac")


@pytest.mark.parametrize("suffix", ["latent", "safetensors"])
def test_safetensors(tmp_path: Path, suffix: str) -> None:
    header = json.dumps({"__metadata__": TEXTS}).encode()
    (tmp_path / f"a.{suffix}").write_bytes(struct.pack("<Q", len(header)) + header)
    check(tmp_path / f"a.{suffix}")


def test_svg(tmp_path: Path) -> None:
    text = json.dumps({"prompt": PROMPT, "workflow": WORKFLOW})
    (tmp_path / "a.svg").write_text(f"<svg><metadata><![CDATA[{text}]]></metadata></svg>", encoding="utf-8")
    check(tmp_path / "a.svg")


def test_glb(tmp_path: Path) -> None:
    content = json.dumps({"asset": {"extras": {"prompt": PROMPT, "workflow": TEXTS["workflow"]}}}).encode()
    head = b"glTF" + struct.pack("<IIII", 2, 20 + len(content), len(content), 0x4E4F534A)
    (tmp_path / "a.glb").write_bytes(head + content)
    check(tmp_path / "a.glb")


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "mpeg4"), ("mkv", "mpeg4")])
def test_video(tmp_path: Path, suffix: str, codec: str) -> None:
    av = pytest.importorskip("av")
    options = {"movflags": "use_metadata_tags"} if suffix == "mp4" else {}
    with av.open(str(tmp_path / f"a.{suffix}"), "w", options=options) as container:
        for key, text in TEXTS.items():
            container.metadata[key] = text
        stream = container.add_stream(codec, rate=5)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(32, 32, "yuv420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    check(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TEXTS["workflow"], "workflow"),
        (TEXTS["prompt"], "prompt"),
        ("\ufeff" + TEXTS["prompt"], "prompt"),
        (json.dumps({"prompt": PROMPT, "client_id": "x"}), "prompt"),
    ],
)
def test_json(tmp_path: Path, text: str, kind: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    found = read_file(tmp_path / "a.json")
    assert (found.workflow or found.prompt) == (WORKFLOW if kind == "workflow" else PROMPT)
    assert (found.workflow is None) == (kind == "prompt")


def test_tokens_that_are_no_json_count_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '{"1": {"class_type": "A", "inputs": {"x": NaN}, "is_changed": [Infinity]}}'
    )
    assert read_file(tmp_path / "a.json").prompt == {
        "1": {"class_type": "A", "inputs": {"x": None}, "is_changed": [None]}
    }


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.json", b"{", "not valid JSON"),
        ("a.json", b"\xff\xfe", "neither JSON nor"),
        ("a.json", b"[1]", "is no workflow"),
        ("a.json", b"{}", "is no workflow"),
        ("a.json", b'{"templates": []}', "node templates"),
        ("a.json", b"[" * 200_000, "nested too deeply"),
        ("a.safetensors", b"\xff" * 16, "cut off"),
        ("a.safetensors", b"", "cannot be read"),
        ("a.webp", b"RIFF", "cannot be read"),
        ("a.flac", b"fLaC", "holds no workflow"),
        ("a.glb", b"glTF", "cannot be read"),
        ("a.mp4", b"nothing", "cannot be read"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "holds no workflow"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0atEXtprompt\0{{{", "cannot be read"),
    ],
)
def test_a_file_without_a_workflow_says_so(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FormatError, match=says):
        read_file(tmp_path / name)


def test_a_compressed_text_cannot_fill_the_memory(tmp_path: Path) -> None:
    bomb = b"prompt\0\0" + zlib.compress(b" " * (200 * 2**20), 9)
    chunk = struct.pack(">I", len(bomb)) + b"zTXt" + bomb + b"\0\0\0\0"
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    with pytest.raises(FormatError, match="too large"):
        read_file(tmp_path / "a.png")
