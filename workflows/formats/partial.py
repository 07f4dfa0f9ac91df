"""Running what can be run of a workflow some classes of which are not installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.graph import as_list
from workflows.formats.convert import Converted, Prompt
from workflows.formats.report import Finding


def without_unknown(found: Converted, is_output: Callable[[str], bool]) -> tuple[Prompt, Sequence[Finding]]:
    """The prompt without nodes of unknown classes and all that depends on them, each finding naming what is
    left out for it; the whole prompt if no output would be left.
    """
    unknown = {finding.node for finding in found.findings if finding.code == "unknown_class"}
    if not unknown:
        return found.prompt, found.findings
    spoiled: dict[str, str] = {}
    for node, entry in found.prompt.items():  # sources come first; on a cycle nothing runs anyway
        links = [link for value in entry["inputs"].values() if (link := as_list(value))]
        cause = (
            node
            if node in unknown
            else next((spoiled[link[0]] for link in links if link[0] in spoiled), None)
        )
        if cause is not None:
            spoiled[node] = cause
    kept = {node: entry for node, entry in found.prompt.items() if node not in spoiled}
    if not any(is_output(entry["class_type"]) for entry in kept.values()):
        return found.prompt, found.findings
    findings: list[Finding] = []
    for finding in found.findings:
        lost = [node for node, cause in spoiled.items() if cause == finding.node and node != cause]
        if finding.code == "unknown_class":
            text = f"{finding.message}; it is left out" + (f", and so is {', '.join(lost)}" if lost else "")
            finding = replace(finding, message=text, details={**finding.details, "left_out": lost})
        findings.append(finding)
    return kept, findings
