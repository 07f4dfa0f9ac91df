"""The modules packs import, under ComfyUI's names. `nodes.comfy.installing` puts them into `sys.modules`."""
