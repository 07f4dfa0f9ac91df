"""`main.py run --dry-run`: what would run and why, as a table."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.progress import tell
from cli.workflow_file import Prompt, title_of
from engine.explain import Explanation, Step, explain
from engine.validate import validate
from server.worker.host import Host

_WORDS: Mapping[str, str] = {"run": "runs", "maybe": "runs if asked for", "hit": "hit", "twin": "runs once"}


def show_plan(host: Host, prompt: Prompt, console: Console, errors: Console) -> int:
    """Print the plan. Returns the exit status: 1 when the graph has problems."""
    checked = validate(prompt, host.registry, host.folders)
    for problem in checked.problems or filter(None, (checked.error,)):
        tell(errors, prompt, problem)
    if checked.graph is None:
        return 1
    found = explain(
        checked.graph, host.registry, host.cache, host.folders, host.journal, checked.good_targets
    )
    console.print(_table(prompt, found))
    console.print(_sum(found), highlight=False)
    return 1 if checked.problems else 0


def _table(prompt: Prompt, found: Explanation) -> Table:
    table = Table("Node", "Class", "What", "Why", "Last took", box=None, pad_edge=False)
    for step in found.steps:
        title = title_of(prompt.get(step.node_id, {})) or ""
        name = f"{step.node_id} {escape(title)}".rstrip()
        table.add_row(name, escape(step.class_type), _what(step), escape(_why(step)), _took(step))
    return table


def _what(step: Step) -> str:
    if step.fate == "behind_hit":
        return "not needed"
    word = _WORDS[step.fate]
    return f"{word} ({step.tier})" if step.tier else word


def _why(step: Step) -> str:
    if step.reason is None:
        return ""
    return f"{step.reason.input}: {step.reason.detail}" if step.reason.input else step.reason.detail


def _took(step: Step) -> str:
    return "" if step.usage is None else f"{step.usage.seconds:.2f} s"


def _sum(found: Explanation) -> str:
    running = sum(step.fate == "run" for step in found.steps)
    if not running:
        return "Nothing has to run."
    time = "how long that takes is not known yet" if found.seconds is None else f"about {found.seconds:.1f} s"
    peak = "" if found.peak_bytes is None else f", {found.peak_bytes / 2**20:.0f} MiB at most"
    more = f", not counting {found.unknown} never timed" if found.unknown and found.seconds else ""
    return f"{running} of {len(found.steps)} nodes would run: {time}{more}{peak}."
