"""/view, /upload, /userdata, /settings, /users: files of clients, kept in their folders and served inert."""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, FormData
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from yarl import URL

from server.http import Problem
from server.users import Users
from tests.server.conftest import ToyServer
from tests.server.test_storage import HOSTILE


def png(
    size: tuple[int, int] = (8, 6), colour: Any = (10, 200, 30), mode: str = "RGB", **notes: str
) -> bytes:
    buffer, chunks = io.BytesIO(), PngInfo()
    for key, value in notes.items():
        chunks.add_text(key, value)
    Image.new(mode, size, colour).save(buffer, "PNG", pnginfo=chunks)
    return buffer.getvalue()


async def upload(
    http: ClientSession, data: bytes, name: str, path: str = "/upload/image", status: int = 200, **fields: str
) -> Any:
    form = FormData(quote_fields=False)
    for key, value in fields.items():
        form.add_field(key, value)
    form.add_field("image", data, filename=name, content_type="image/png")
    async with http.post(path, data=form) as response:
        body = await response.json()
        assert response.status == status, body
        return body


async def viewed(http: ClientSession, status: int = 200, **params: str) -> tuple[Any, bytes]:
    async with http.get("/view", params=params) as response:
        body = await response.read()
        assert response.status == status, body
        return response.headers, body


async def test_an_upload_is_served_as_it_came(http: ClientSession) -> None:
    data = png()
    named = await upload(http, data, "pt_u.png", subfolder="sub/dir")
    assert named == {"name": "pt_u.png", "subfolder": "sub/dir", "type": "input"}
    headers, body = await viewed(http, filename="pt_u.png", subfolder="sub/dir", type="input")
    assert body == data and headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"] == 'filename="pt_u.png"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    _, body = await viewed(http, filename="pt_u.png [input]", subfolder="sub/dir")
    assert body == data
    async with http.get(
        "/view",
        params={"filename": "pt_u.png [input]", "subfolder": "sub/dir"},
        headers={"Range": "bytes=0-3"},
    ) as response:
        assert response.status == 206 and await response.read() == b"\x89PNG"


async def test_uploads_of_one_name_are_reused_numbered_or_replaced(http: ClientSession) -> None:
    one, two = png(colour=(1, 1, 1)), png(colour=(2, 2, 2))
    names = [(await upload(http, data, "n.png"))["name"] for data in (one, one, two, two)]
    assert names == ["n.png", "n.png", "n (1).png", "n (1).png"]
    assert (await upload(http, two, "n.png", overwrite="true"))["name"] == "n.png"
    _, body = await viewed(http, filename="n.png", type="input")
    assert body == two
    assert (await upload(http, png(), "t.png", type="temp"))["type"] == "temp"


async def test_a_mask_takes_the_place_of_the_alpha_channel(http: ClientSession) -> None:
    await upload(http, png(colour=(9, 8, 7), prompt="kept"), "base.png")
    mask = png(colour=(0, 0, 0, 77), mode="RGBA")
    reference = json.dumps({"filename": "base.png", "type": "input"})
    named = await upload(http, mask, "masked.png", "/upload/mask", original_ref=reference)
    _, body = await viewed(http, filename=named["name"], type="input")
    picture = Image.open(io.BytesIO(body))
    assert picture.mode == "RGBA" and picture.getpixel((0, 0)) == (9, 8, 7, 77)
    assert picture.info["prompt"] == "kept"
    for bad, status in (
        (None, 400),
        ("{", 400),
        ('{"filename": "absent.png"}', 404),
        ('{"filename": 5}', 404),
    ):
        fields = {} if bad is None else {"original_ref": bad}
        await upload(http, mask, "m2.png", "/upload/mask", status, **fields)
    await viewed(http, 404, filename="m2.png", type="input")


async def test_pictures_are_re_encoded_and_taken_apart_on_request(http: ClientSession) -> None:
    await upload(http, png(colour=(200, 10, 10, 99), mode="RGBA"), "rgba.png")

    async def picture(**params: str) -> Image.Image:
        _, body = await viewed(http, 200, filename="rgba.png", type="input", **params)
        return Image.open(io.BytesIO(body))

    assert (await picture(preview="webp;80")).format == "WEBP"
    assert (await picture(preview="jpeg")).format == "JPEG"
    assert (await picture(preview="jpeg;50", channel="a")).format == "WEBP"
    assert (await picture(preview="nonsense;999")).size == (8, 6)
    assert (await picture(channel="rgb")).mode == "RGB"
    alpha = await picture(channel="a")
    assert alpha.getpixel((0, 0)) == (0, 0, 0, 99)


@pytest.mark.parametrize("form", ["WEBP", "PNG", "GIF"])
async def test_previews_of_animations_move(http: ClientSession, form: str) -> None:
    frames, buffer = [Image.new("RGB", (8, 6), (shade, 0, 0)) for shade in (0, 120, 250)], io.BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:], duration=100)
    await upload(http, buffer.getvalue(), f"moves.{form.lower()}")
    for channel in ("", "rgb"):
        headers, body = await viewed(
            http, filename=f"moves.{form.lower()}", type="input", preview="webp;75", channel=channel
        )
        assert headers["Content-Type"] == f"image/{form.lower()}"
        assert getattr(Image.open(io.BytesIO(body)), "n_frames", 1) == 3


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.html", b"<!doctype html><script>alert(1)</script>"),
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("x.png", b"<html><script>alert(1)</script>"),
        ("x.xml", b"<?xml version='1.0'?>"),
        ("x.js", b"alert(1)"),
        ("x.css", b"*{}"),
        ("x.pdf", b"%PDF-1.7"),
        ("x.mht", b"From: <saved>"),
        ("x.txt", b"plain"),
        ("x.gz", b"\x1f\x8b\x08"),
        ("x.png.gz", b"\x1f\x8b\x08"),
    ],
)
async def test_what_could_act_in_a_browser_is_a_download(
    http: ClientSession, toy: ToyServer, name: str, data: bytes
) -> None:
    await upload(http, data, name, overwrite="true")
    headers, body = await viewed(http, filename=name, type="input")
    assert body == data
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert "Content-Encoding" not in headers
    _, refusal = await viewed(http, 415, filename=name, type="input", preview="webp")
    assert str(toy.base).encode() not in refusal


async def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(http: ClientSession) -> None:
    bomb = bytearray(png())
    bomb[16:24] = (60_000).to_bytes(4, "big") + (60_000).to_bytes(4, "big")
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    await upload(http, bytes(bomb), "bomb.png")
    await viewed(http, 413, filename="bomb.png", type="input", preview="webp")


async def test_a_picture_too_long_for_a_format_comes_in_another(http: ClientSession) -> None:
    await upload(http, png((20_000, 1)), "long.png")
    headers, body = await viewed(http, filename="long.png", type="input", preview="webp;80")
    assert headers["Content-Type"] == "image/png" and Image.open(io.BytesIO(body)).size == (20_000, 1)


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_path_leads_out_of_its_folder(http: ClientSession, toy: ToyServer, text: str) -> None:
    (toy.base / "secret.txt").write_text("secret")
    before = written(toy)
    if "\ud800" in text:
        return  # cannot be put on the wire
    for params in ({"filename": text}, {"filename": "x", "subfolder": text}):
        async with http.get("/view", params=params) as response:
            assert response.status in {400, 403, 404}, (params, response.status)
            assert b"secret" not in await response.read()
    for method in ("GET", "POST", "DELETE"):
        url = URL(f"{toy.url}/userdata/{quote(text, safe='').replace('.', '%2E')}", encoded=True)
        async with http.request(method, url, data=b"x" if method == "POST" else None) as response:
            assert response.status in {400, 403, 404}, (method, text, response.status)
    for url in (f"/userdata?dir={quote(text)}", f"/v2/userdata?path={quote(text)}"):
        async with http.get(url) as response:
            assert response.status in {400, 403, 404}, (url, response.status)
    if "\0" not in text and "\n" not in text:
        await upload(http, png(), "x.png", status=400, subfolder=text)
    assert written(toy) == before


def written(toy: ToyServer) -> list[Path]:
    """Every file there is, without those the server keeps for itself."""
    return sorted(p for p in toy.base.rglob("*") if not {"temp", ".darkroom"} & set(p.parts))


@pytest.mark.parametrize("name", ["../evil.png", "..\\evil.png", "CON", "a/../../evil.png"])
async def test_no_file_name_leads_out_of_its_folder(http: ClientSession, toy: ToyServer, name: str) -> None:
    await upload(http, png(), name, status=400)
    assert not list(toy.base.parent.rglob("evil.png"))


async def test_links_that_lead_out_are_not_followed(http: ClientSession, toy: ToyServer) -> None:
    secret = toy.base / "outside"
    secret.mkdir()
    (secret / "x.png").write_bytes(png())
    (toy.base / "output" / "link.png").symlink_to(secret / "x.png")
    (toy.base / "output" / "folder").symlink_to(secret)
    await viewed(http, 404, filename="link.png")
    await viewed(http, 403, filename="x.png", subfolder="folder")
    await upload(http, png(), "new.png", status=400, type="output", subfolder="folder")
    assert sorted(path.name for path in secret.iterdir()) == ["x.png"]


async def test_wrong_parameters_are_told(http: ClientSession) -> None:
    async with http.get("/view") as response:
        assert response.status == 404
    await viewed(http, 400, filename="x.png", type="models")
    await viewed(http, 400, filename="")
    await viewed(http, 404, filename="absent.png")
    await upload(http, png(), "x.png", status=400, type="models")
    for data, kind in (
        (b"x", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"--x", "multipart/form-data; boundary=x"),
    ):
        async with http.post("/upload/image", data=data, headers={"Content-Type": kind}) as response:
            assert response.status == 400, await response.text()
    async with http.post("/upload/image", data={"image": "a plain field"}) as response:
        assert response.status == 400


async def test_user_files_live_their_whole_life(http: ClientSession) -> None:
    url = "/api/userdata/workflows%2Fa%20b.json"
    async with http.get(url) as response:
        assert response.status == 404
    async with http.post(url, data=b'{"a": 1}', params={"overwrite": "false"}) as response:
        assert (response.status, await response.json()) == (200, "workflows/a b.json")
    async with http.post(url, data=b"{}", params={"overwrite": "false"}) as response:
        assert response.status == 409
    async with http.post(url, data=b'{"a": 2}', params={"full_info": "true"}) as response:
        info = await response.json()
        assert info["path"] == "workflows/a b.json" and info["size"] == 8
    async with http.get(url) as response:
        assert await response.json() == {"a": 2}
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    async with http.get(
        "/userdata", params={"dir": "workflows", "recurse": "true", "split": "true"}
    ) as response:
        assert await response.json() == [["a b.json", "a b.json"]]
    async with http.get("/userdata", params={"dir": "workflows", "full_info": "true"}) as response:
        assert (await response.json())[0]["size"] == 8
    async with http.get("/v2/userdata", params={"path": ""}) as response:
        kinds = [(entry["path"], entry["type"]) for entry in await response.json()]
        assert kinds[0] == ("workflows", "directory") and ("workflows/a b.json", "file") in kinds
    async with http.post(f"{url}/move/workflows%2Fc.json") as response:
        assert await response.json() == "workflows/c.json"
    async with http.delete("/userdata/workflows%2Fc.json") as response:
        assert response.status == 204
    async with http.delete("/userdata/workflows%2Fc.json") as response:
        assert response.status == 404
    async with http.get("/userdata") as response:
        assert response.status == 400
    async with http.get("/userdata", params={"dir": "absent"}) as response:
        assert response.status == 404


async def test_the_servers_own_files_are_out_of_reach(http: ClientSession) -> None:
    for path in ("..%2F.darkroom%2Fjobs.sqlite", "%252e%252e%2F.darkroom%2Fspecs.json"):
        async with http.get(f"/userdata/{path}") as response:
            assert response.status in {403, 404}
        async with http.post(f"/userdata/{path}", data=b"x") as response:
            assert response.status == 403


async def test_settings_merge_and_survive(http: ClientSession, toy: ToyServer) -> None:
    async with http.post("/settings", json={"a.b": 1, "c": [1]}) as response:
        assert (response.status, await response.read()) == (200, b"")
    async with http.post("/api/settings/a.b", json={"x": None}) as response:
        assert response.status == 200
    async with http.get("/settings") as response:
        assert await response.json() == {"a.b": {"x": None}, "c": [1]}
    async with http.get("/settings/absent") as response:
        assert await response.json() is None
    async with http.post("/settings", json=[1]) as response:
        assert response.status == 400
    stored = json.loads((toy.base / "user" / "default" / "comfy.settings.json").read_text())
    assert stored["c"] == [1]


def test_damaged_settings_and_users_are_set_aside_not_overwritten(tmp_path: Path) -> None:
    users = Users(tmp_path, multi=True)
    ada = users.add("Ada")
    files = [users.folder(ada) / "comfy.settings.json", tmp_path / ".darkroom" / "users.json"]
    users.change(users.folder(ada), {"a": 1})
    for file, damage in zip(files, (b'{"a": 1', b"[1]"), strict=True):
        file.write_bytes(damage)
    users.change(tmp_path / ada, {"b": 2})
    users.add("Bob")
    for file, damage in zip(files, (b'{"a": 1', b"[1]"), strict=True):
        [kept] = file.parent.glob(f"{file.name}.damaged-*")
        assert kept.read_bytes() == damage
    assert users.settings(tmp_path / ada) == {"b": 2} and list(users.names().values()) == ["Bob"]


def test_settings_that_cannot_be_read_are_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "comfy.settings.json").mkdir()
    with pytest.raises(Problem, match=r"comfy\.settings\.json cannot be read"):
        Users(tmp_path, multi=False).change(tmp_path, {"a": 1})


async def test_a_single_user_server_says_so(http: ClientSession) -> None:
    async with http.get("/users") as response:
        assert (await response.json())["storage"] == "server"
