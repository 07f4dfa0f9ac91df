"""Sweeps: a workflow run over many inputs. What is to run, what came of it, as a grid and as a table.

`plan` and `table` are plain; `store` needs the workflow store and `grid` Pillow: import these where needed.
"""

from workflows.sweeps.plan import MOST_RUNS, Axis, Plan, Row, Seeds, Spec, SweepError, planned
from workflows.sweeps.records import CANCELLED, LOST, Counts, Item, Result, Sweep, run_id_of

__all__ = [
    "CANCELLED",
    "LOST",
    "MOST_RUNS",
    "Axis",
    "Counts",
    "Item",
    "Plan",
    "Result",
    "Row",
    "Seeds",
    "Spec",
    "Sweep",
    "SweepError",
    "planned",
    "run_id_of",
]
