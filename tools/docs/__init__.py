"""The generated reference of the nodes: a page for each, and the examples and pictures on them."""

from pathlib import Path

NODES = Path(__file__).resolve().parents[2] / "docs" / "reference" / "nodes"
"""Where the pages lie: `CLASS.md`, beside them `examples/CLASS.json` and `pictures/CLASS.webp`, and
`help.json`, what the canvas shows of them. `server/static/nodes` is a link to here: packages bring it."""
