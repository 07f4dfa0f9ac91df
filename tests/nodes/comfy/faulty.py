"""Packs that go wrong in the ways packs do, written into a folder."""

from __future__ import annotations

from pathlib import Path

GOOD = """
class {name}:
    CATEGORY = "faulty"
    RETURN_TYPES = ("STRING",)
    OUTPUT_NODE = True
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {{"required": {{"text": ("STRING", {{}})}}}}

    def go(self, text):
        return {{"ui": {{"text": ["{says}" + text]}}, "result": (text,)}}


NODE_CLASS_MAPPINGS = {{"{name}": {name}}}
"""

PACKS = {
    "a_import_error": "import there_is_no_such_module\n",
    "b_no_network": "import comfy.ldm.modules.attention\n",
    "c_exit": "import sys\nsys.exit('not today')\n",
    "d_syntax": "def broken(:\n",
    "e_nothing": "x = 1\n",
    "f_list": "NODE_CLASS_MAPPINGS = ['not', 'a', 'dict']\n",
    "g_no_node_module": "raise BaseException.__subclasses__()[0]('odd')\n",
    "h_prints": "import os\nprint('not a frame')\nos.write(1, b'\\x00\\x00\\x00\\x05garbage')\n"
    + GOOD.format(name="Printed", says="printed "),
    "i_slow": "import time\ntime.sleep(1.5)\n" + GOOD.format(name="Slow", says="slow "),
    "j_raises_inputs": GOOD.format(name="Halves", says="") + "class Bad(Halves):\n"
    "    @classmethod\n    def INPUT_TYPES(cls):\n        raise OSError('no folder')\n"
    "NODE_CLASS_MAPPINGS['Bad'] = Bad\n",
    "k_first": GOOD.format(name="Twice", says="first "),
    "l_second": GOOD.format(name="Twice", says="second "),
    "m_steals": GOOD.format(name="KSampler", says="stolen ")
    + GOOD.format(name="Thief", says="")
    + "NODE_CLASS_MAPPINGS['KSampler'] = Thief\n",
    "n_socket": "import socket\nlistening = socket.create_server(('127.0.0.1', 0))\n"
    + GOOD.format(name="Socket", says="socket "),
    "p_dies": "import os\nos._exit(3)\n",
    "o_patches": "import json, nodes\nnodes.NODE_CLASS_MAPPINGS.clear()\n"
    + GOOD.format(name="Patches", says="patched "),
}


def write_packs(folder: Path) -> None:
    """One folder for each, and a file, a disabled one and a cache that is no pack."""
    for name, code in PACKS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(code)
    (folder / "z_file.py").write_text(GOOD.format(name="OneFile", says="file "))
    (folder / "gone.disabled").mkdir()
    (folder / "__pycache__").mkdir()
    early = folder / "h_prints" / "prestartup_script.py"
    early.write_text("import os\nos.environ['PRESTARTED'] = 'yes'\n")
    (folder / "i_slow" / "prestartup_script.py").write_text("raise RuntimeError('too early')\n")
