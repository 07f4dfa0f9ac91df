"""`python -m tools.docs` writes the pages and graphs; with `pictures [CLASS ...]` it makes pictures first."""

import argparse

from tools.docs import NODES
from tools.docs.pages import pages, pictures


def main() -> None:
    from nodes import builtin

    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["pages", "pictures"], default="pages")
    parser.add_argument("nodes", nargs="*", help="classes whose pictures to make; all when left out")
    options = parser.parse_args()
    registry = builtin()
    if options.what == "pictures":
        from tools.docs.pictures import make

        make(registry, options.nodes)
    written = pages(registry)
    kept = {NODES / name for name in written} | {NODES / picture for picture in pictures(registry)}
    for old in {path for path in NODES.rglob("*") if path.is_file()} - kept:
        old.unlink()
    for name, text in written.items():
        (NODES / name).parent.mkdir(parents=True, exist_ok=True)
        (NODES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
