"""Open a job database and end this process, as a crash would, before the k-th statement of its migration."""

import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from server.jobs.database import open_database


def main() -> None:
    left = int(sys.argv[2])

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(9)

    event.listen(Engine, "before_cursor_execute", count)
    open_database(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
