"""What an admin sees and may do, beyond what the contract of `Admin` and `RemoteAdmin` says."""

from io import BytesIO

import pytest

from ingest.admin import Admin
from ingest.catalog.jobs import JobKind, JobState
from ingest.embed import Encoders
from ingest.errors import PinciteError, WrongUse
from ingest.metadata import Metadata
from ingest.receiving import Incoming
from tests.ingest.bench import REFUNDS, TENTS, Bench

BOOTS = "# Refunds\n\nWorn boots.\n"


def incoming(name: str, content: str = REFUNDS) -> Incoming:
    return Incoming(name, BytesIO(content.encode()), Metadata(owner="Ann"))


def test_every_change_wakes_the_worker(indexed: Bench) -> None:
    woken: list[str] = []
    at = ""
    admin = Admin(
        indexed.store,
        Encoders(indexed.load),
        indexed.settings.ingest,
        wake=lambda: woken.append(at),
    )

    at = "sync"
    job = admin.sync(asked_by="test")
    at = "cancel"
    admin.cancel(job)
    at = "upload"
    admin.receive([incoming("a.md")], asked_by="test")
    at = "rebuild"
    admin.rebuild(asked_by="test")
    at = "reading"
    admin.documents()
    admin.index()

    assert list(dict.fromkeys(woken)) == ["sync", "cancel", "upload", "rebuild"]


def test_who_asked_for_what_is_kept(indexed: Bench) -> None:
    indexed.admin.sync(asked_by="ann")
    indexed.admin.reindex(asked_by="ben")
    indexed.admin.delete([indexed.record("refunds.md").id], asked_by="eve")

    latest = indexed.admin.jobs(limit=3)
    assert [(job.kind, job.asked_by) for job in latest] == [
        (JobKind.REMOVE, "eve"),
        (JobKind.REINDEX, "ben"),
        (JobKind.SYNC, "ann"),
    ]
    (source,) = indexed.admin.sources()
    assert (source.added_by, source.synced_at is not None) == ("test", True)
    (deletion,) = indexed.admin.deletions()
    assert deletion.asked_by == "eve"


def test_a_deletion_is_done_when_the_call_returns_whatever_else_is_waiting(indexed: Bench) -> None:
    waiting = indexed.admin.reindex(asked_by="test")

    job = indexed.admin.delete([indexed.record("refunds.md").id], asked_by="ann")

    assert indexed.admin.job(job).state is JobState.DONE
    assert (indexed.search("tents"), len(indexed.points())) == ([], 2)
    assert (indexed.done(waiting).done, indexed.admin.job(waiting).cancelled) == (1, 1)


def test_a_deletion_that_names_one_unknown_document_deletes_none(indexed: Bench) -> None:
    with pytest.raises(PinciteError, match="There is no document unknown"):
        indexed.admin.delete([indexed.record("refunds.md").id, "unknown"], asked_by="ann")

    assert indexed.search("tents") == [TENTS]


def test_a_document_shows_its_history_and_the_passages_that_count(indexed: Bench) -> None:
    first = indexed.record("refunds.md")
    indexed.put("refunds.md", BOOTS)
    indexed.ingest()

    detail = indexed.admin.document(first.id)

    assert [chunk.text for chunk in detail.chunks] == ["Worn boots."]
    assert [(each.version.split(".")[1], each.text_kept) for each in detail.versions] == [
        ("2", True),
        ("1", False),
    ]
    assert detail.elements == {"title": 1, "text": 1}
    assert detail.source == indexed.admin.sources()[0]


def test_a_failing_document_shows_no_passages(empty: Bench) -> None:
    empty.put("cards.md", b"\xff")
    empty.ingest()

    detail = empty.admin.document(empty.record("cards.md").id)

    assert (detail.chunks, detail.versions, detail.elements) == ((), (), {})


def test_the_index_is_told_in_figures(indexed: Bench) -> None:
    indexed.put("cards.md", b"\xff")
    indexed.ingest()

    info = indexed.admin.index()

    assert info.documents == {"failed": 1, "indexed": 2}
    (generation,) = info.generations
    assert (generation.documents, generation.chunks) == (2, 3)
    assert info.words == sum(record.words for record in indexed.catalog.documents.find())
    assert generation.size_bytes is not None
    assert 10_000 < generation.size_bytes < info.size_bytes


# What is handed in


def test_files_that_are_handed_in_are_one_job(empty: Bench) -> None:
    job_id = empty.admin.receive([incoming("a.md"), incoming("b.md", BOOTS)], asked_by="ann")

    job = empty.done(job_id)

    assert (job.kind, job.done) == (JobKind.UPLOAD, 2)
    assert empty.record("a.md").described.owner == "Ann"
    assert empty.search("tents boots") == [("a.md", TENTS[1]), ("b.md", "Worn boots.")]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "There is no file to index"),
        (["a.md", "b.md", "a.md"], r"Several files are called a\.md"),
        (["../a.md"], r"A file is called '\.\./a\.md': send its name without a folder"),
        (["a\n.md"], "with a character that cannot be shown: rename it"),
        ([".a.md"], "is a hidden file: rename it"),
        (["a" * 200 + ".md"], "A name has more than 200 bytes"),
        (["a.md", "b.exe"], r"b\.exe has the unknown ending '\.exe'"),
    ],
)
def test_what_cannot_be_taken_is_refused_whole(empty: Bench, names: list[str], reason: str) -> None:
    with pytest.raises(WrongUse, match=reason):
        empty.admin.receive([incoming(name) for name in names], asked_by="ann")

    assert (empty.names(), empty.admin.jobs()) == ([], [])
    assert not list((empty.store.path / "uploads").rglob("*"))


def test_one_name_written_in_two_ways_is_one_document(empty: Bench) -> None:
    composed, decomposed = "caf\u00e9.md", "cafe\u0301.md"

    empty.done(empty.admin.receive([incoming(composed)], asked_by="ann"))
    empty.done(empty.admin.receive([incoming(decomposed, BOOTS)], asked_by="ann"))

    assert empty.names() == [composed]
    assert empty.record(composed).revision == 2
