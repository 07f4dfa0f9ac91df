"""Hidden inputs: what a V1 class gets under the names it lists in `hidden`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from engine.context import Context, current_call

Read = Callable[[Context], Any]


def running() -> Context:
    """The context of the node whose code this is called from. Raises RuntimeError outside of nodes.

    Packs' classes are not handed it as an argument: one of their inputs may be called `context`.
    """
    call = current_call()
    if call is None:
        raise RuntimeError("this is to be called by a node while it runs")
    return call.context


def _prompt(context: Context) -> Any:
    return _live(context.prompt)


def _extra_pnginfo(context: Context) -> Any:
    # Packs take what is there for the canvas's: where there is only the stamp of the run, they get nothing.
    if context.extra_pnginfo is None or list(context.extra_pnginfo) == ["darkroom"]:
        return None
    return _live(context.extra_pnginfo)


def _live(mapping: Mapping[str, Any]) -> Any:
    # The run's own object: what one node writes into the workflow, saving nodes write into the picture.
    return mapping if isinstance(mapping, dict) else dict(mapping)


def _graph(context: Context) -> Any:
    from nodes.comfy.dynprompt import DynPrompt

    return DynPrompt(context.graph)


def _secret(name: str) -> Read:
    return lambda context: context.extra.secrets.get(name)


SPECIAL: Mapping[str, Read] = MappingProxyType(
    {
        "UNIQUE_ID": lambda context: str(context.node_id),
        "PROMPT": _prompt,
        "EXTRA_PNGINFO": _extra_pnginfo,
        "DYNPROMPT": _graph,
        "AUTH_TOKEN_COMFY_ORG": _secret("auth_token_comfy_org"),
        "API_KEY_COMFY_ORG": _secret("api_key_comfy_org"),
    }
)


def hidden_values(hidden: Mapping[str, str], context: Context, *, as_lists: bool) -> dict[str, Any]:
    """Argument name to value for the hidden inputs that stand for something; others come from the prompt."""
    values = {name: SPECIAL[word](context) for name, word in hidden.items() if word in SPECIAL}
    return {name: [value] for name, value in values.items()} if as_lists else values


def before_running(hidden: Mapping[str, str], *, as_lists: bool) -> dict[str, Any]:
    """The same for hooks called before a run, when there is neither a prompt nor a graph to show."""
    call = current_call()
    node = None if call is None else str(call.context.node_id)
    known: dict[str, Any] = {"UNIQUE_ID": node, "PROMPT": {}}
    values = {name: known.get(word) for name, word in hidden.items() if word in SPECIAL}
    return {name: [value] for name, value in values.items()} if as_lists else values
