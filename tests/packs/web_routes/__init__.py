"""An example pack with routes, browser files, messages to clients and a say in submitted prompts."""

from pathlib import Path

import folder_paths
from aiohttp import web

import nodes
from server import PromptServer

WEB_DIRECTORY = "./js"
nodes.EXTENSION_WEB_DIRS["more_of_web_routes"] = str(Path(__file__).parent / "more")
folder_paths.add_model_folder_path("glyphs", str(Path(__file__).parent / "glyphs"))
HEARD = []
FILES = ["first"]

routes = PromptServer.instance.routes


@routes.get("/web_routes/heard")
async def heard(request):
    return web.json_response({"heard": HEARD})


@routes.post("/web_routes/echo/{name}")
async def echo(request):
    body = await request.read()
    return web.Response(body=body, headers={"X-Name": request.match_info["name"], "X-Size": str(len(body))})


@routes.get("/web_routes/slowly")
async def slowly(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(3):
        await response.write(f"{number}\n".encode())
    return response


@routes.post("/web_routes/files")
async def add_file(request):
    FILES.append((await request.json())["name"])
    return web.json_response(FILES)


routes.static("/web_routes/files_of", Path(__file__).parent / "more")


@routes.get("/web_routes/half")
async def half(request):
    import os

    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    os._exit(6)


@routes.get("/web_routes/exit")
async def leave(request):
    import os

    os._exit(5)


@routes.get("/system_stats")
async def never(request):
    return web.json_response({"a pack": "cannot take over a route of the server"})


def louder(request):
    """Texts ending in `?` are answered before they are asked."""
    for node in request["prompt"].values():
        text = node["inputs"].get("text")
        if isinstance(text, str) and text.endswith("?"):
            node["inputs"]["text"] = text[:-1] + "!"
    return request


PromptServer.instance.add_on_prompt_handler(louder)


class Announce:
    """Tells clients a text; which file it goes with is chosen from a list that grows."""

    CATEGORY = "web routes"
    RETURN_TYPES = ("STRING",)
    OUTPUT_NODE = True
    FUNCTION = "announce"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"text": ("STRING", {"default": ""}), "file": (list(FILES),)},
            "hidden": {"unique_id": "UNIQUE_ID"},
        }

    def announce(self, text, file, unique_id):
        server = PromptServer.instance
        HEARD.append(text)
        server.send_sync("web_routes.said", {"node": unique_id, "text": text}, server.client_id)
        server.send_progress_text(f"saying {text}", unique_id)
        return {"ui": {"text": [text]}, "result": (text,)}


NODE_CLASS_MAPPINGS = {"WebRoutesAnnounce": Announce}
NODE_DISPLAY_NAME_MAPPINGS = {"WebRoutesAnnounce": "Announce"}
