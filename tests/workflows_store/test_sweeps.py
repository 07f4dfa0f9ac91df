"""Sweeps and webhooks in the store, on both databases."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from server.webhooks.events import Occurrence
from server.webhooks.rows import KEPT, Webhook, Webhooks, tell_all
from tests.workflows_store.documents import document
from workflows.store import NotFound, Store
from workflows.sweeps import Axis, Counts, Result, Sweep, run_id_of
from workflows.sweeps.store import Outcome, Sweeps, settle


@pytest.fixture
def name(store: Store) -> str:
    store.create("Portrait", document(), author="me")
    return "Portrait"


def sweep(store: Store, name: str, count: int = 3, **more: Any) -> Sweep:
    version = store.version(name)
    fields: dict[str, Any] = {
        "id": str(uuid.uuid4()), "workflow": name, "version": version.id, "release": None, "queue": "here",
        "title": "T", "axes": (Axis("cfg", (1, 2.5)),), "varied": ("cfg",), "outputs": {"image": "IMAGE"},
        "total": count, "created": 1.0, "author": "me",
    }  # fmt: skip
    made = Sweep(**{**fields, **more})
    return Sweeps(store).add(made, [({"cfg": n}, run_id_of(made.id, n)) for n in range(count)])


def end(store: Store, *outcomes: tuple[str, str], now: float = 5.0) -> list[str]:
    """Settle runs with a status each; the ids of the sweeps that are over with it."""
    found = [Outcome(run, status, Result({"image": []}, 1.5)) for run, status in outcomes]
    return [one.id for one in store.write(lambda connection: settle(connection, found, now))]


def test_a_sweep_is_kept_with_all_it_was_asked_for(store: Store, name: str) -> None:
    made = sweep(store, name, request="abc", client_id="me")
    assert Sweeps(store).get(made.id) == made
    assert (made.axes, made.request, made.client_id) == ((Axis("cfg", (1, 2.5)),), "abc", "me")
    again = Sweeps(store).add(made, [({"cfg": 9}, "other")])
    assert again == made and len(Sweeps(store).items(made.id)) == 3
    with pytest.raises(NotFound):
        Sweeps(store).get(str(uuid.uuid4()))


def test_it_is_over_when_all_its_runs_are_and_each_end_counts_once(store: Store, name: str) -> None:
    made = sweep(store, name)
    runs = [run_id_of(made.id, n) for n in range(3)]
    assert end(store, (runs[0], "success"), (runs[1], "error"), ("a stranger", "success")) == []
    assert Sweeps(store).get(made.id).counts == Counts(1, 1, 0)
    assert end(store, (runs[0], "error")) == []
    assert [item.run for item in Sweeps(store).open_items(made.id, -1, 10)] == [runs[2]]
    assert Sweeps(store).unfinished("here")[0].id == made.id and Sweeps(store).unfinished("there") == []
    assert end(store, (runs[2], "cancelled"), now=7.0) == [made.id]
    assert end(store, (runs[2], "success")) == []
    found = Sweeps(store).get(made.id)
    assert (found.counts, found.finished, found.status) == (Counts(1, 1, 1), 7.0, "done")
    assert [one.id for one in Sweeps(store).finished_since(6.9)] == [made.id]
    assert Sweeps(store).finished_since(7.0) == [] == Sweeps(store).unfinished("here")
    first = Sweeps(store).items(made.id, limit=1)[0]
    assert (first.status, first.result.outputs, first.result.seconds) == ("success", {"image": []}, 1.5)


def test_cancelling_is_noted_once_and_not_after_the_end(store: Store, name: str) -> None:
    made = sweep(store, name, 1)
    assert Sweeps(store).cancel(made.id, 3.0).cancelled == 3.0
    assert Sweeps(store).cancel(made.id, 4.0).cancelled == 3.0
    other = sweep(store, name, 1)
    end(store, (run_id_of(other.id, 0), "success"))
    assert Sweeps(store).cancel(other.id, 9.0).status == "done"


def test_sweeps_follow_their_workflow_when_it_is_renamed(store: Store, name: str) -> None:
    store.create("Other", document(), author="me")
    sweep(store, "Other")
    old, new = sweep(store, name, created=1.0), sweep(store, name, created=2.0)
    store.change(name, new_name="Likeness")
    for asked in ("likeness", "PORTRAIT"):
        page = Sweeps(store).page(workflow=asked, limit=1)
        assert [one.id for one in page.items] == [new.id] and page.total == 2 and page.more
    assert Sweeps(store).page(workflow="Portrait", offset=1).items[0].id == old.id
    assert Sweeps(store).get(old.id).workflow == "Likeness" and Sweeps(store).page().total == 3


def hook(store: Store, *events: str, workflow: str | None = None, active: bool = True) -> Webhook:
    made = Webhook(str(uuid.uuid4()), "http://a/", "whsec_eA==", events, workflow, active, 1.0)
    return Webhooks(store).add(made)


def tell(store: Store, *occurrences: Occurrence, now: float = 10.0) -> None:
    store.write(lambda connection: tell_all(connection, occurrences, now))


def test_only_those_who_asked_are_told(store: Store, name: str) -> None:
    runs, both = hook(store, "run.finished"), hook(store, "run.finished", "sweep.finished", workflow=name)
    silent = hook(store, "run.finished", active=False)
    assert both.workflow == name and Webhooks(store).all() == [
        *sorted((runs, both, silent), key=lambda h: h.id)
    ]
    tell(store, Occurrence("run.finished", {}, None, "r1"), Occurrence("run.finished", {}, "portrait", "r2"))
    tell(store, Occurrence("sweep.finished", {}, name))
    counts = [Webhooks(store).deliveries(one.id, 0, 9)[1] for one in (runs, both, silent)]
    assert counts == [2, 2, 0]
    with pytest.raises(NotFound):
        hook(store, "run.finished", workflow="Nobody")


def test_a_message_is_taken_by_one_and_comes_back_if_nothing_came_of_it(store: Store, name: str) -> None:
    one = hook(store, "run.finished")
    tell(store, *(Occurrence("run.finished", {}, None, f"r{n}") for n in range(20)))

    def claim(_: int) -> list[str]:
        return [d.id for d, _ in Webhooks(store).claim("me", 11.0, 60.0, 4, 4, ())]

    with ThreadPoolExecutor(4) as threads:
        claimed = [delivery for found in threads.map(claim, range(4)) for delivery in found]
    assert len(claimed) == len(set(claimed)) <= 16
    rest = [d.id for _ in range(20) for d, _ in Webhooks(store).claim("me", 12.0, 60.0, 4, 4, ())]
    assert sorted(claimed + rest) == sorted(d.id for d in Webhooks(store).deliveries(one.id, 0, 50)[0])
    assert Webhooks(store).claim("me", 13.0, 60.0, 4, 4, ()) == [] and Webhooks(store).next_due() == 60.0
    Webhooks(store).take_up("another", 20.0)
    assert Webhooks(store).next_due() == 60.0
    Webhooks(store).take_up("me", 20.0)
    assert Webhooks(store).next_due() == 20.0
    again, _ = Webhooks(store).claim("me", 61.0, 99.0, 1, 1, ())[0]
    assert again.attempts == 2
    assert Webhooks(store).claim("me", 61.0, 99.0, 9, 9, (one.id,)) == []


def test_one_receiver_does_not_keep_the_others_waiting(store: Store) -> None:
    slow, quick = hook(store, "run.finished"), hook(store, "sweep.finished")
    tell(store, *(Occurrence("run.finished", {}, None, f"r{n}") for n in range(50)), now=1.0)
    tell(store, Occurrence("sweep.finished", {}), now=2.0)
    claimed = [found.webhook for found, _ in Webhooks(store).claim("me", 3.0, 9.0, 10, 4, ())]
    assert claimed.count(slow.id) == 4 and claimed.count(quick.id) == 1


def test_what_came_of_an_attempt_is_kept_until_it_is_old(store: Store) -> None:
    one, hooks = hook(store, "run.finished"), Webhooks(store)
    tell(store, Occurrence("run.finished", {"a": 1}, None, "r"), now=1.0)
    ((delivery, _),) = hooks.claim("me", 2.0, 9.0, 1, 1, ())
    hooks.settle(delivery, now=2.5, error="HTTP 500", next_at=7.0, gone=False)
    assert hooks.next_due() == 7.0 and hooks.delivery(delivery.id).last_error == "HTTP 500"
    hooks.settle(delivery, now=8.0, error=None, next_at=None, gone=False)
    found = hooks.delivery(delivery.id)
    assert (found.delivered, found.last_error, found.next_at, hooks.next_due()) == (8.0, None, None, None)
    tell(store, Occurrence("run.finished", {}, None, "r2"), now=2.0 + KEPT)
    assert [d.run for d in hooks.deliveries(one.id, 0, 9)[0]] == ["r2"]
    ((second, _),) = hooks.claim("me", 3.0 + KEPT, 9.0 + KEPT, 1, 1, ())
    hooks.settle(second, now=4.0 + KEPT, error="HTTP 410", next_at=None, gone=True)
    assert not hooks.get(one.id).active
    hooks.delete(one.id)
    assert hooks.all() == []
