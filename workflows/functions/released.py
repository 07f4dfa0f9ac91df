"""Functions as the store has them: each version is read, converted and completed once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

from engine.folders import nearest
from workflows.formats.definitions import Definition, Definitions
from workflows.functions.bind import Bound, bind
from workflows.functions.choices import chosen, texts_to_choose
from workflows.functions.declared import declared
from workflows.functions.expand import UnknownFunction
from workflows.functions.function import Function
from workflows.functions.kept import Kept
from workflows.functions.node import class_name, is_pinned, is_workflow, object_info, parse_class
from workflows.functions.parts import FunctionError, Json, Target, Trouble
from workflows.functions.prompts import Prompt, installed, prompt_of
from workflows.functions.template import FunctionPrompt

if TYPE_CHECKING:
    from workflows.store import NotFound, Store, Version, VersionId

log = logging.getLogger("darkroom.workflows")
MOST_NODES_KEPT = 50_000
"""Nodes of versions that are kept, some kilobytes each: thousands of usual workflows, or a few huge ones."""
DEEPEST = 32
"""How deep functions may be nested."""


@dataclass(frozen=True)
class Classes:
    """The node classes at one moment. What was made with a `state` holds as long as it is the same object."""

    plain: Definitions
    """All but workflows."""
    state: object
    workflows: dict[str, Definition] = field(default_factory=dict[str, Definition])
    """Those that were looked up at that moment."""


@dataclass(frozen=True)
class Called:
    """A version, ready to be called."""

    version: Version
    release: str | None
    """The release that was asked for, else the newest it is."""
    prompt: Prompt
    """Workflows inside it are still single nodes."""
    function: Function
    document: Json
    """What the prompt was made of; shared, not to be changed."""
    texts: tuple[Target, ...] = ()
    """Texts of the prompt with alternatives to choose among."""

    def bound(
        self,
        values: Mapping[str, Any],
        *,
        text: Collection[str] = (),
        prefix: str = "",
        random: Random | None = None,
    ) -> Bound:
        """The call with these values, what is left to chance decided; see `bind`."""
        chance = random or SystemRandom()
        prompt = chosen(self.prompt, self.texts, chance)
        return bind(prompt, self.function, values, text=text, prefix=prefix, random=chance)


@dataclass(frozen=True)
class _Ready:
    """What is kept of a version."""

    state: object
    document: Json
    prompt: Prompt
    function: Function
    texts: tuple[Target, ...]
    template: FunctionPrompt


class Released:
    """The functions of a store. Threads may share it; all methods may read files and the database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Kept[VersionId, _Ready] = Kept(MOST_NODES_KEPT)
        self._versions: dict[str, VersionId] = {}
        """Class to version id: names and releases never come to mean another version."""
        self._told: set[str] = set()

    def called(self, name: str, ref: str, classes: Classes, *, fresh: bool = False) -> Called:
        """The version a call of NAME@REF means. `fresh` looks anew which files can be chosen.

        Raises FunctionError if it declares no function or its nodes are not there, StoreError.
        """
        version = self._store.version(name, ref, calling=True)
        if not version.has_function:
            text = f"{name} #{version.number} declares no inputs and outputs; publish it as a function first"
            raise FunctionError([Trouble("function", text)])
        ready = self._ready(version.id, classes, fresh=fresh)
        release = ref if ref in version.releases else next(iter(version.releases), None)
        return Called(version, release, ready.prompt, ready.function, ready.document, ready.texts)

    def find(self, class_type: str, classes: Classes) -> FunctionPrompt:
        """The function of a class such as `workflow/NAME@1.2.0`. Raises UnknownFunction, StoreError."""
        try:
            return self._ready(self._version_of(class_type), classes).template
        except FunctionError as error:
            raise UnknownFunction(f"{class_type} cannot be used here: {error}") from error

    def definitions(self, classes: Classes) -> Definitions:
        """The node classes, workflows among them."""
        return partial(self._definition, classes, ())

    def info(self, class_type: str, classes: Classes) -> Json | None:
        """The `/object_info` entry of such a class; None if there is none."""
        try:
            return self._info(class_type, self._version_of(class_type), classes, ())
        except UnknownFunction:
            return None

    def object_info(self, classes: Classes) -> dict[str, Json]:
        """The entries of the newest of each major release."""
        from workflows.store.published import published

        found: dict[str, Json] = {}
        for one in self._store.read(published):
            name = class_name(one.name, one.number)
            self._versions[name] = one.version
            if (info := self._info(name, one.version, classes, ())) is not None:
                found[name] = info
        return found

    def _definition(self, classes: Classes, within: tuple[VersionId, ...], name: str) -> Definition | None:
        if not is_workflow(name):
            return classes.plain(name)
        if (known := classes.workflows.get(name)) is not None:
            return known
        try:
            info = self._info(name, self._version_of(name), classes, within)
        except UnknownFunction:
            return None
        if info is not None:
            classes.workflows[name] = Definition.of(info)
        return classes.workflows.get(name)

    def _info(
        self, name: str, version: VersionId, classes: Classes, within: tuple[VersionId, ...]
    ) -> Json | None:
        if version in within or len(within) >= DEEPEST:
            return None
        title, release = parse_class(name)
        try:
            ready = self._ready(version, classes, within)
            # Which files can be chosen is looked up anew: somebody wants to choose now.
            definitions: Definitions = partial(self._definition, classes, (*within, version))
            function = declared(ready.document, definitions, prompt=ready.prompt, released=True)
        except FunctionError as error:
            self._tell_once(f"{name} cannot be used as a node: {error}")
            return None
        return object_info(function, name=title, release=release)

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            log.warning(text)

    def _version_of(self, class_type: str) -> VersionId:
        from workflows.store import NotFound, StoreError

        if (known := self._versions.get(class_type)) is not None:
            return known
        name, release = parse_class(class_type)
        try:
            if not is_pinned(release):
                raise UnknownFunction(*self._unpinned(name, release))
            found = self._store.version(name, release)
        except NotFound as error:
            raise UnknownFunction(str(error), self._near(name, release, error)) from error
        except StoreError as error:
            raise UnknownFunction(f"{class_type} cannot be looked up: {error}") from error
        if found.workflow == name:  # there is no end of other ways to write a name
            self._versions[class_type] = found.id
        return found.id

    def _unpinned(self, name: str, release: str) -> tuple[str, list[str]]:
        found = self._store.workflow(name)
        latest = found.item.latest
        near = [class_name(found.item.name, latest.number)] if latest else []
        named = f"{release!r} is no release number" if release else "it names no release"
        return f"{named}: a workflow as a node is pinned to one, as workflow/NAME@1.2.0", near

    def _near(self, name: str, release: str, error: NotFound) -> list[str]:
        """The classes that may have been meant."""
        if error.what != "workflow":
            numbers = [one.number for one in self._store.workflow(name).releases]
            return [class_name(name, number) for number in nearest(release, numbers) or numbers[:1]]
        latest = [(other, self._store.workflow(other).item.latest) for other in error.nearest]
        return [class_name(other, found.number) for other, found in latest if found is not None]

    def _ready(
        self, version: VersionId, classes: Classes, within: tuple[VersionId, ...] = (), *, fresh: bool = False
    ) -> _Ready:
        known = self._known.get(version)
        if known is not None and known.state is classes.state and not fresh:
            return known
        document = self._store.document(version) if known is None else known.document
        inside = (*within, version)
        definitions: Definitions = partial(self._definition, classes, inside)
        prompt = prompt_of(document, definitions)
        function = declared(document, definitions, prompt=prompt, released=True)
        prompt = installed(prompt, function, definitions)
        template = FunctionPrompt.bound(function, prompt, Function.of(document), definitions)
        texts = texts_to_choose(prompt, definitions)
        ready = _Ready(classes.state, document, prompt, function, texts, template)
        self._known.put(version, ready, len(prompt))
        return ready
