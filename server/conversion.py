"""Workflows of the canvas made into prompts, with the nodes this server has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from server.jobs.records import Json
from server.known import node_specs
from server.submission import Refused, refusal
from server.workflows.functions import FUNCTIONS
from workflows.formats import Converted, Finding, FormatError, convert
from workflows.formats.partial import without_unknown


@dataclass(frozen=True)
class Prepared:
    """A prompt made from a workflow."""

    prompt: Json
    report: list[Json]
    """What there is to say about the file."""
    node_errors: Json
    """The nodes that were left out because their class is unknown."""


async def prompt_of(app: web.Application, workflow: Json) -> Prepared:
    """The prompt of a UI workflow. Raises Refused if it is damaged.

    Branches with classes nobody knows are left out if others can run, and the report says so.
    """
    specs = await node_specs(app)
    await app[FUNCTIONS].ready_for(workflow)
    try:  # it looks file names up in folders that may be large or far away
        found = await asyncio.to_thread(convert, workflow, app[FUNCTIONS].definitions())
    except FormatError as error:
        raise Refused(refusal("invalid_workflow", str(error), "workflow")) from error
    if found.errors:
        raise _refused(found)

    def is_output(class_type: str) -> bool:
        spec = specs.registry.get(class_type)
        return spec is not None and spec.output_node

    prompt, findings = without_unknown(found, is_output)
    errors: Json = {}
    for finding in findings:
        if finding.node is not None and "left_out" in finding.details:
            lost = [
                node for node in finding.details["left_out"] if is_output(found.prompt[node]["class_type"])
            ]
            problem = refusal("missing_node_type", finding.message, "")
            errors[finding.node] = {
                "errors": [problem], "dependent_outputs": lost, "class_type": finding.class_type
            }  # fmt: skip
    return Prepared(prompt, reported(findings), errors)


def _refused(found: Converted) -> Refused:
    """Every fault of the file, by node where there is one."""
    nodes: Json = {}
    for finding in found.errors:
        if finding.node is not None:
            blank: Json = {"errors": [], "dependent_outputs": [], "class_type": finding.class_type or ""}
            error = refusal(finding.code, finding.message, finding.input or "")
            nodes.setdefault(finding.node, blank)["errors"].append(error)
    first = found.errors[0]
    refused = Refused(refusal("invalid_workflow", first.message, first.code), nodes)
    refused.body["report"] = reported(found.findings)
    return refused


def reported(findings: Sequence[Finding]) -> list[Json]:
    """Findings as answers have them."""
    return [finding.to_json() for finding in findings]
