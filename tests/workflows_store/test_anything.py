"""Any sequence of what people do: the store says what a plain list of everything that was saved says."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.workflows_store.documents import document
from workflows.store import BranchConflict, NameTaken, NotFound, ReleaseExists, Store, Version, VersionId

BRANCHES = st.sampled_from(["main", "side", "try", "tagged"])
TEXTS = st.sampled_from(["fog", "rain", "sun"])
ANY = st.integers(0, 10**6)


class Workflow(RuleBasedStateMachine):
    """One workflow, and what there should be of it."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="darkroom-store-"))
        path = self.folder / "workflows.sqlite"
        shutil.copy(self.empty, path)
        self.store = Store.open(path)
        self.saved: list[tuple[Version, str]] = []
        self.branches: dict[str, VersionId] = {}
        self.tags: dict[str, VersionId] = {}
        self.releases: dict[str, VersionId] = {}
        self.names = ["Harbour"]

    @property
    def name(self) -> str:
        return self.names[-1]

    def pick(self, choice: int) -> tuple[Version, str]:
        return self.saved[choice % len(self.saved)]

    @initialize()
    def begin(self) -> None:
        first = self.store.create("Harbour", document("first"), author="ann")
        self.saved, self.branches = [(first, "first")], {"main": first.id}

    @rule(branch=BRANCHES, text=TEXTS, choice=ANY, newest=st.booleans())
    def save(self, branch: str, text: str, choice: int, newest: bool) -> None:
        head = self.branches.get(branch)
        parent = head if newest and head else self.pick(choice)[0].id
        before = {version.id: text for version, text in self.saved}[head or parent]
        try:
            saved = self.store.commit(self.name, document(text), branch=branch, parent=parent, author="ann")
        except NameTaken:
            assert head is None and branch in self.tags
            return
        except BranchConflict as conflict:
            assert head not in (None, parent) and before != text and conflict.head.id == head
            self.branches[conflict.branch] = conflict.version.id
            self.saved.append((conflict.version, text))
            return
        assert saved.changed == (before != text)
        if saved.changed:
            assert head in (None, parent)
            self.saved.append((saved.version, text))
        self.branches[branch] = saved.version.id

    @rule(branch=BRANCHES, choice=ANY)
    def point(self, branch: str, choice: int) -> None:
        if branch not in self.tags:
            self.branches[branch] = self.pick(choice)[0].id
            self.store.set_branch(self.name, branch, self.branches[branch])

    @rule(branch=st.sampled_from(["side", "try"]))
    def forget(self, branch: str) -> None:
        try:
            self.store.delete_branch(self.name, branch)
        except NotFound:
            assert branch not in self.branches
        else:
            del self.branches[branch]

    @rule(choice=ANY)
    def tag(self, choice: int) -> None:
        if "tagged" not in self.branches:
            self.tags["tagged"] = self.pick(choice)[0].id
            self.store.set_tag(self.name, "tagged", self.tags["tagged"])

    @rule(number=st.sampled_from(["1.0.0", "1.0.1", "1.2.0", "2.0.0"]), choice=ANY)
    def release(self, number: str, choice: int) -> None:
        version = self.pick(choice)[0].id
        try:
            self.store.release(self.name, version, number, author="ann")
        except ReleaseExists:
            assert number in self.releases
        else:
            self.releases[number] = version

    @rule(name=st.sampled_from(["Harbour", "Pier", "PIER", "Quay"]))
    def rename(self, name: str) -> None:
        self.store.change(self.name, new_name=name)
        self.names.append(name)

    @rule()
    def start_again(self) -> None:
        self.store.close()
        self.store = Store.open(self.folder / "workflows.sqlite")

    @invariant()
    def everything_is_there(self) -> None:
        workflow = self.store.workflow(self.names[0])
        assert workflow.item.name == self.name
        assert {branch.name: branch.version.id for branch in workflow.branches} == self.branches
        assert {tag.name: tag.version for tag in workflow.tags} == self.tags
        assert {release.number: release.version for release in workflow.releases} == self.releases
        log = self.store.log(self.name, limit=1000)
        assert [each.id for each in reversed(log.items)] == [version.id for version, _ in self.saved]
        for version, text in self.saved:
            assert self.store.document(version.id) == document(text)

    def teardown(self) -> None:
        assert self.store.verify() == []
        self.store.close()
        shutil.rmtree(self.folder)


def test_whatever_is_done_nothing_is_lost(empty_file: Path) -> None:
    Workflow.empty = empty_file
    run_state_machine_as_test(Workflow, settings=settings(max_examples=12, stateful_step_count=15))
