"""Generations: built beside the one that serves, put to service, kept, rolled back, dropped."""

import threading
import time

import pytest

from ingest.catalog.documents import DocumentState
from ingest.catalog.generations import GenerationState
from ingest.catalog.jobs import Action, Job, JobState
from ingest.errors import WrongUse
from ingest.index import NoIndex
from tests.ingest.bench import SHAPELESS, TENTS, Bench

SERVING, BUILDING, RETAINED, REJECTED = (
    GenerationState.SERVING,
    GenerationState.BUILDING,
    GenerationState.RETAINED,
    GenerationState.REJECTED,
)
BOOTS = "# Refunds\n\nWorn boots.\n"
LONG = "# Long\n\n" + "\n\n".join(
    f"Rule {number} says that everyone waits for {number} days before asking once more."
    for number in range(4)
)


def rebuild(bench: Bench, *, tokens: int = 32, force: bool = False) -> str:
    return bench.admin.rebuild(asked_by="test", target_tokens=tokens, force=force)


@pytest.fixture
def rebuilt(indexed: Bench) -> Bench:
    """Two generations, the second of which serves."""
    indexed.put("long.md", LONG)
    indexed.ingest()
    assert indexed.done(rebuild(indexed)).state is JobState.DONE
    indexed.encoder.embedded.clear()
    return indexed


# The first one, and rebuilding


def test_the_first_generation_serves(indexed: Bench) -> None:
    assert indexed.generations() == {"g0001": SERVING}
    (info,) = indexed.admin.index().generations
    assert (info.documents, info.chunks, info.record.manifest.target_tokens) == (2, 3, 160)


def test_without_a_generation_there_is_no_index(empty: Bench) -> None:
    empty.catalog.generations.drop("g0001")

    with (
        pytest.raises(NoIndex, match=r"There is no index yet\. Make one with 'pincite ingest"),
        empty.store.generations.serving(),
    ):
        pass


def test_a_rebuild_with_other_chunking_is_put_to_service_and_the_old_one_kept(
    indexed: Bench,
) -> None:
    indexed.put("long.md", LONG)
    indexed.ingest()
    before = len(indexed.points())

    job = indexed.done(rebuild(indexed))

    assert (job.state, job.total, job.done, job.error) == (JobState.DONE, 3, 3, None)
    assert indexed.generations() == {"g0001": RETAINED, "g0002": SERVING}
    assert len(indexed.points("g0001")) == before
    assert len(indexed.points("g0002")) > before
    assert indexed.search("tents") == [TENTS]
    assert indexed.catalog.generations.all()[1].manifest.target_tokens == 32


def test_a_rebuild_needs_no_files(indexed: Bench) -> None:
    indexed.folder.rename(indexed.folder.with_name("unmounted"))

    assert indexed.done(rebuild(indexed)).state is JobState.DONE

    assert indexed.search("tents") == [TENTS]


def test_while_a_generation_is_built_the_old_one_serves_and_changes_reach_both(
    indexed: Bench,
) -> None:
    job_id = rebuild(indexed)
    indexed.plan()
    assert indexed.generations() == {"g0001": SERVING, "g0002": BUILDING}
    indexed.put("refunds.md", BOOTS)
    indexed.put("cards.md", "# Cards\n\nCards expire.\n")
    indexed.remove("staff/leave.md")

    change = indexed.add()
    indexed.done(change)
    assert indexed.done(job_id).state is JobState.DONE

    expected = [("cards.md", 0, "Cards expire."), ("refunds.md", 0, "Worn boots.")]
    assert indexed.serving() == "g0002"
    assert indexed.points("g0001") == indexed.points("g0002") == expected
    assert indexed.search("boots") == [("refunds.md", "Worn boots.")]


def test_changes_do_not_wait_for_a_long_rebuild(
    indexed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.worker.BUILD_LIMIT", 1)
    job_id = rebuild(indexed)
    indexed.plan()
    indexed.worker.step()
    indexed.put("refunds.md", BOOTS)
    change = indexed.add()

    indexed.worker.step()

    assert not indexed.admin.job(change).is_open
    indexed.done(job_id)
    assert indexed.points("g0002")[0] == ("refunds.md", 0, "Worn boots.")


def test_what_was_read_before_the_building_and_committed_after_it_is_built_too(
    bench: Bench,
) -> None:
    def begin_building() -> None:
        bench.encoder.before = lambda: None
        rebuild(bench)
        bench.plan()

    bench.encoder.before = begin_building
    bench.ingest()
    (job, _) = bench.admin.jobs()

    assert bench.done(job.id).state is JobState.DONE
    assert bench.serving() == "g0002"
    assert len(bench.points("g0002")) == 3
    assert bench.search("tents") == [TENTS]


def test_a_document_deleted_during_a_rebuild_is_in_neither_generation(indexed: Bench) -> None:
    job_id = rebuild(indexed)
    indexed.plan()

    indexed.admin.delete([indexed.record("refunds.md").id], asked_by="ann")
    job = indexed.done(job_id)

    assert (job.state, job.done, job.cancelled) == (JobState.DONE, 1, 1)
    assert indexed.serving() == "g0002"
    assert len(indexed.points("g0001")) == len(indexed.points("g0002")) == 2


def test_a_second_rebuild_at_a_time_is_refused(indexed: Bench) -> None:
    job_id = rebuild(indexed)

    with pytest.raises(WrongUse, match="is being built already: wait for that job, or cancel it"):
        rebuild(indexed)

    indexed.done(job_id)
    indexed.done(rebuild(indexed, tokens=64))
    assert indexed.serving() == "g0003"


def test_documents_that_are_failing_do_not_stop_a_rebuild(indexed: Bench) -> None:
    indexed.put("cards.md", b"\xff")
    indexed.put("refunds.md", b"\xff")
    indexed.ingest()

    job = indexed.done(rebuild(indexed))

    assert (job.state, job.total) == (JobState.DONE, 2)
    assert indexed.search("tents") == [TENTS]
    assert sorted(indexed.errors()) == ["cards.md", "refunds.md"]


def test_a_generation_that_lacks_a_document_is_not_put_to_service(indexed: Bench) -> None:
    job_id = rebuild(indexed)
    indexed.plan()
    indexed.break_index(ValueError("odd"), ValueError("odd"), generation="g0002")

    job = indexed.done(job_id)

    assert job.state is JobState.FAILED
    assert job.error == "1 documents could not be indexed into g0002: refunds.md"
    assert indexed.generations() == {"g0001": SERVING, "g0002": REJECTED}
    assert indexed.errors() == {}


def test_an_unknown_encoder_fails_the_job_with_the_reason(indexed: Bench) -> None:
    job = indexed.done(indexed.admin.rebuild(asked_by="test", encoder="no-such-model"))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "no-such-model" in job.error
    assert indexed.generations() == {"g0001": SERVING}


# Cancelled and interrupted


@pytest.mark.parametrize("moment", ["queued", "planned", "half done"])
def test_a_cancelled_rebuild_leaves_the_old_one_serving_and_drops_the_new(
    indexed: Bench, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.worker.BUILD_LIMIT", 1)
    job_id = rebuild(indexed)
    if moment != "queued":
        indexed.plan()
    if moment == "half done":
        indexed.worker.step()
        assert len(indexed.points("g0002")) == 1

    indexed.admin.cancel(job_id)

    assert indexed.done(job_id).state is JobState.CANCELLED
    assert indexed.generations() == {"g0001": SERVING}
    assert not (indexed.store.path / "generations" / "g0002").exists()
    assert indexed.search("tents") == [TENTS]


def test_an_interrupted_rebuild_goes_on_with_the_same_generation(
    indexed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.worker.BUILD_LIMIT", 1)
    job_id = rebuild(indexed)
    indexed.plan()
    indexed.worker.step()
    assert indexed.admin.job(job_id).done == 1
    indexed.catalog.jobs.claim("killed", [Action.BUILD], limit=1, lease_s=600)
    indexed.restart()
    indexed.encoder.embedded.clear()

    job = indexed.done(job_id)

    assert (job.state, job.done) == (JobState.DONE, 2)
    assert indexed.generations() == {"g0001": RETAINED, "g0002": SERVING}
    assert indexed.encoder.embedded[0].startswith("Leave")
    assert len(indexed.points()) == 3


def test_a_rebuild_interrupted_before_it_was_planned_uses_what_was_made(indexed: Bench) -> None:
    job_id = rebuild(indexed)
    indexed.plan()
    indexed.catalog.jobs.cancel(job_id)  # As if its plan had never been stored.
    assert indexed.generations()["g0002"] is BUILDING

    again = rebuild_after(indexed)

    assert again.state is JobState.DONE
    assert indexed.generations() == {"g0001": RETAINED, "g0002": SERVING}


def rebuild_after(indexed: Bench) -> Job:
    indexed.catalog.jobs.close(indexed.admin.jobs()[0].id)
    return indexed.done(rebuild(indexed))


# Judged by its answers


def test_a_generation_that_answers_worse_is_kept_for_a_look_and_does_not_serve(
    indexed: Bench,
) -> None:
    many(indexed)

    job = indexed.done(indexed.admin.rebuild(asked_by="test", encoder=SHAPELESS))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.startswith("g0002 answers the probe questions worse (")
    assert "'pincite index use g0002' puts it to service all the same" in job.error
    assert indexed.generations() == {"g0001": SERVING, "g0002": REJECTED}
    check = indexed.catalog.generations.all()[1].check
    assert check is not None
    assert check["probe"] < check["probe_before"] == 1.0
    assert indexed.search("tents") == [TENTS]


def test_a_rejected_generation_can_be_used_all_the_same(indexed: Bench) -> None:
    many(indexed)
    indexed.done(indexed.admin.rebuild(asked_by="test", encoder=SHAPELESS))

    job = indexed.done(indexed.admin.use("g0002", asked_by="test"))

    assert job.state is JobState.DONE
    assert indexed.generations() == {"g0001": RETAINED, "g0002": SERVING}


def test_a_rejected_generation_whose_use_is_cancelled_stays_rejected(indexed: Bench) -> None:
    many(indexed)
    indexed.done(indexed.admin.rebuild(asked_by="test", encoder=SHAPELESS))
    indexed.put("refunds.md", BOOTS)
    indexed.ingest()
    job_id = indexed.admin.use("g0002", asked_by="test")
    indexed.plan()

    indexed.admin.cancel(job_id)
    indexed.done(job_id)

    assert indexed.generations() == {"g0001": SERVING, "g0002": REJECTED}


def test_force_puts_it_to_service_at_once(indexed: Bench) -> None:
    many(indexed)

    job_id = indexed.admin.rebuild(asked_by="test", encoder=SHAPELESS, force=True)

    assert indexed.done(job_id).state is JobState.DONE
    assert indexed.serving() == "g0002"


def many(bench: Bench) -> None:
    """More documents than a search returns passages."""
    for number in range(12):
        text = f"Item number {number} is handled by the office on floor {number} of the building."
        bench.put(f"items/{number:02}.md", f"# Item {number}\n\n{text}\n")
    bench.ingest()


# Rolling back


def test_rolling_back_returns_to_the_generation_before(rebuilt: Bench) -> None:
    job = rebuilt.done(rebuilt.admin.use(asked_by="test"))

    assert (job.state, job.total) == (JobState.DONE, 0)
    assert rebuilt.generations() == {"g0001": SERVING, "g0002": RETAINED}
    assert rebuilt.encoder.embedded == []


def test_rolling_back_catches_up_with_what_changed_meanwhile(rebuilt: Bench) -> None:
    rebuilt.put("refunds.md", BOOTS)
    rebuilt.put("cards.md", "# Cards\n\nCards expire.\n")
    rebuilt.remove("staff/leave.md")
    rebuilt.ingest()
    assert ("refunds.md", 0, TENTS[1]) in rebuilt.points("g0001")

    job = rebuilt.done(rebuilt.admin.use(asked_by="test"))

    assert sorted(rebuilt.did(job)) == [("build", "cards.md"), ("build", "refunds.md")]
    assert rebuilt.serving() == "g0001"
    assert rebuilt.search("tents boots cards weeks") == [
        ("cards.md", "Cards expire."),
        ("refunds.md", "Worn boots."),
    ]


def test_what_is_said_of_documents_is_the_same_in_every_generation(rebuilt: Bench) -> None:
    (rebuilt.folder / "refunds.md").rename(rebuilt.folder / "returns.md")
    rebuilt.ingest()

    rebuilt.done(rebuilt.admin.use(asked_by="test"))

    assert rebuilt.search("tents") == [("returns.md", TENTS[1])]


def test_groups_that_changed_meanwhile_hold_after_rolling_back(rebuilt: Bench) -> None:
    rebuilt.put("refunds.md.meta.toml", 'groups = ["staff"]')
    rebuilt.ingest()

    assert rebuilt.search("tents") == []
    rebuilt.done(rebuilt.admin.use(asked_by="test"))
    assert rebuilt.search("tents") == []
    assert rebuilt.search("tents", groups=("staff",)) == [TENTS]


def test_a_cancelled_rollback_changes_nothing(rebuilt: Bench) -> None:
    rebuilt.put("refunds.md", BOOTS)
    rebuilt.ingest()
    job_id = rebuilt.admin.use(asked_by="test")
    rebuilt.plan()

    rebuilt.admin.cancel(job_id)

    assert rebuilt.done(job_id).state is JobState.CANCELLED
    assert rebuilt.generations() == {"g0001": RETAINED, "g0002": SERVING}


def test_without_an_earlier_generation_there_is_nothing_to_return_to(indexed: Bench) -> None:
    with pytest.raises(WrongUse, match="No earlier generation is kept"):
        indexed.admin.use(asked_by="test")


def test_only_a_kept_generation_can_be_used(indexed: Bench) -> None:
    for name in ("g0001", "g0009"):
        with pytest.raises(WrongUse, match=rf"There is no kept generation {name}; 'pincite index"):
            indexed.admin.use(name, asked_by="test")


# Deleting reaches all of them


def test_a_deletion_reaches_retained_generations(rebuilt: Bench) -> None:
    rebuilt.admin.delete([rebuilt.record("refunds.md").id], asked_by="ann")

    for name in ("g0001", "g0002"):
        assert not [point for point in rebuilt.points(name) if point[0] == "refunds.md"]


def test_a_removal_from_the_folder_reaches_retained_generations(rebuilt: Bench) -> None:
    rebuilt.remove("refunds.md")
    rebuilt.ingest()

    for name in ("g0001", "g0002"):
        assert not [point for point in rebuilt.points(name) if point[0] == "refunds.md"]


# Texts that are kept


def test_an_old_text_is_kept_while_a_generation_holds_it_and_forgotten_after(
    rebuilt: Bench,
) -> None:
    rebuilt.put("refunds.md", BOOTS)
    rebuilt.ingest()
    refunds = rebuilt.record("refunds.md").id

    def texts_kept() -> list[bool]:
        return [each.text_kept for each in rebuilt.catalog.documents.versions(refunds)]

    assert texts_kept() == [True, True]
    rebuilt.admin.drop("g0001")
    assert texts_kept() == [True, False]
    document = rebuilt.catalog.documents.document(refunds)
    assert document is not None
    assert document.text == "Refunds\n\nWorn boots."


# Dropping


def test_a_kept_generation_can_be_dropped(rebuilt: Bench) -> None:
    rebuilt.admin.drop("g0001")

    assert rebuilt.generations() == {"g0002": SERVING}
    assert not (rebuilt.store.path / "generations" / "g0001").exists()
    assert rebuilt.search("tents") == [TENTS]


def test_the_serving_generation_cannot_be_dropped(indexed: Bench) -> None:
    with pytest.raises(WrongUse, match="g0001 is the generation that answers"):
        indexed.admin.drop("g0001")

    assert indexed.search("tents") == [TENTS]


def test_a_generation_that_is_being_built_cannot_be_dropped(indexed: Bench) -> None:
    job_id = rebuild(indexed)
    indexed.plan()

    with pytest.raises(WrongUse, match="g0002 is being built: cancel that job first"):
        indexed.admin.drop("g0002")

    indexed.done(job_id)


def test_an_unknown_generation_cannot_be_dropped(indexed: Bench) -> None:
    with pytest.raises(WrongUse, match="There is no generation g0009; 'pincite index show'"):
        indexed.admin.drop("g0009")


def test_dropping_waits_for_those_who_still_read_the_generation(rebuilt: Bench) -> None:
    rebuilt.done(rebuilt.admin.use(asked_by="test"))
    finished: list[float] = []

    def drop() -> None:
        rebuilt.admin.drop("g0001")
        finished.append(time.monotonic())

    with rebuilt.store.generations.serving() as generation:
        assert generation.name == "g0001"
        rebuilt.done(rebuilt.admin.use("g0002", asked_by="test"))
        thread = threading.Thread(target=drop)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert generation.index.count() > 0
        let_go = time.monotonic()
    thread.join(20)

    assert finished[0] >= let_go
    assert rebuilt.generations() == {"g0002": SERVING}


def test_names_are_not_given_twice_while_an_older_one_is_kept(rebuilt: Bench) -> None:
    rebuilt.done(rebuilt.admin.use(asked_by="test"))
    rebuilt.admin.drop("g0002")

    rebuilt.done(rebuild(rebuilt, tokens=64))

    assert rebuilt.generations() == {"g0001": RETAINED, "g0002": SERVING}
    assert rebuilt.catalog.documents.count_by_state() == {DocumentState.INDEXED: 3}
