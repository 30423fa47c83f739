"""The index is rebuilt, swapped, rolled back and dropped while questions are answered from it."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest.catalog.generations import GenerationState
from ingest.catalog.jobs import Job, Task
from ingest.index import Rankings
from ingest.index.edge import EdgeIndex
from ingest.indexing import Prepared
from ingest.worker import Worker
from tests.service.load import (
    SUBJECTS,
    Asked,
    Bench,
    Passage,
    at_work,
    question,
    under_load,
    wait_until,
)

QUESTIONS = [question(subject) for subject in SUBJECTS]
SMALLER = 40
"""Target tokens of the second generation: its passages are other ones."""

Answers = dict[str, tuple[Passage, ...]]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A policy on every subject, indexed."""
    with at_work(tmp_path) as opened:
        for subject in SUBJECTS:
            opened.put(subject)
        opened.done(opened.admin.add_folders([opened.folder], asked_by="test"))
        yield opened


def answers(bench: Bench) -> Answers:
    return {asked: bench.passages(asked) for asked in QUESTIONS}


def faults(asked: Sequence[Asked], before: Answers, after: Answers) -> list[str]:
    """Answers that are of neither generation, or of the former one though the later one had answered
    before they were asked."""
    later = [each for each in asked if each.passages == after[each.question]]
    switched = min((each.ended for each in later), default=float("inf"))
    return [
        f"{each.question} {each.passages}"
        for each in asked
        if each.passages != after[each.question]
        and (each.passages != before[each.question] or each.began > switched)
    ]


def test_answers_come_from_one_generation_or_the_other_during_rebuild_and_rollback(
    bench: Bench,
) -> None:
    first, before = bench.serving(), answers(bench)

    with under_load(bench, QUESTIONS) as load:
        bench.done(bench.admin.rebuild(asked_by="test", target_tokens=SMALLER, force=True))
        rebuilt_at = time.monotonic()
    second, after = bench.serving(), answers(bench)

    assert second != first
    assert set(before.values()).isdisjoint(after.values())
    assert load.errors == []
    assert [each.question for each in load.asked if each.is_refusal or not each.passages] == []
    assert faults(load.asked, before, after) == []
    asked_after = [each for each in load.asked if each.began > rebuilt_at]
    assert {each.passages == after[each.question] for each in asked_after} == {True}
    assert sum(each.passages == before[each.question] for each in load.asked) > 8

    with under_load(bench, QUESTIONS) as load:
        bench.done(bench.admin.use(asked_by="test"))

    assert bench.serving() == first
    assert answers(bench) == before
    assert load.errors == []
    assert faults(load.asked, after, before) == []

    with under_load(bench, QUESTIONS) as load:
        bench.admin.drop(second)

    assert [each.record.name for each in bench.admin.index().generations] == [first]
    assert load.errors == []
    assert faults(load.asked, before, before) == []


def test_a_generation_dropped_right_after_the_switch_leaves_no_answer_empty(bench: Bench) -> None:
    with under_load(bench, QUESTIONS) as load:
        for tokens in (SMALLER, 160):
            former = bench.serving()
            job = bench.admin.rebuild(asked_by="test", target_tokens=tokens, force=True)
            wait_until(lambda former=former: bench.serving() != former)  # type: ignore[misc]
            bench.admin.drop(former)
            bench.done(job)

    assert load.errors == []
    assert [each.question for each in load.asked if each.is_refusal or not each.passages] == []


def test_a_document_changed_during_a_rebuild_is_changed_in_both_generations(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bench.serving()
    rebuilt = Worker._rebuilt
    changes: list[str] = []

    def change_first(worker: Worker, task: Task) -> Prepared | None:
        if not changes:
            bench.put("tents", days=77)
            bench.put("anoraks", days=55)
            changes.append(bench.admin.sync(asked_by="test"))
        return rebuilt(worker, task)

    # One at a time, so that the change is read between two of them.
    monkeypatch.setattr("ingest.worker.BUILD_LIMIT", 1)
    monkeypatch.setattr(Worker, "_rebuilt", change_first)
    with under_load(bench, [question("tents")]) as load:
        bench.done(bench.admin.rebuild(asked_by="test", target_tokens=SMALLER, force=True))
        bench.done(changes[0])
    second = bench.serving()

    assert second != first
    assert load.errors == []
    assert {"tents.md" in {p.document for p in each.passages} for each in load.asked} == {True}
    for generation in (first, second):
        tents = " ".join(bench.texts(generation, "tents"))
        assert "for 77 days" in tents
        assert "for 30 days" not in tents
        assert "for 55 days" in " ".join(bench.texts(generation, "anoraks"))


def test_a_document_that_is_replaced_during_a_search_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = EdgeIndex.search
    replaced: list[Job] = []

    def slow_search(index: EdgeIndex, *arguments: Any, **named: Any) -> Rankings:
        found = search(index, *arguments, **named)
        if not replaced:
            bench.put("tents", days=77)
            replaced.append(bench.done(bench.admin.sync(asked_by="test")))
        return found

    monkeypatch.setattr(EdgeIndex, "search", slow_search)
    found = [p.text for p in bench.passages(question("tents")) if p.document == "tents.md"]

    assert len(found) == 2
    assert ["for 77 days" in text for text in found] == [True, True]


def test_what_is_read_when_a_rebuild_begins_is_in_the_new_generation(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So few that documents are still claimed when the first one has been divided.
    monkeypatch.setattr("ingest.worker.CLAIM_LIMIT", 1)
    monkeypatch.setattr("ingest.sandbox.LOOK_AHEAD_DOCUMENTS", 1)
    encoder = bench.service.encoders.get("bundled")
    rebuilds: list[str] = []
    count_tokens = encoder.count_tokens

    def counting(texts: list[str]) -> list[int]:
        # The document is divided for the serving generation alone by now.
        if not rebuilds and "anoraks" in texts[0]:
            rebuilds.append(bench.admin.rebuild(asked_by="test", target_tokens=SMALLER, force=True))
        return count_tokens(texts)

    monkeypatch.setattr(encoder, "count_tokens", counting)
    for subject in ("anoraks", "zithers"):
        bench.put(subject)
    bench.done(bench.admin.sync(asked_by="test"))
    (rebuild,) = rebuilds
    bench.done(rebuild)

    states = {each.record.name: each.record.state for each in bench.admin.index().generations}
    assert list(states.values()) == [GenerationState.RETAINED, GenerationState.SERVING]
    for _ in range(2):
        assert "Damaged anoraks" in " ".join(bench.texts(bench.serving(), "anoraks"))
        assert "Damaged zithers" in " ".join(bench.texts(bench.serving(), "zithers"))
        bench.done(bench.admin.use(asked_by="test"))
