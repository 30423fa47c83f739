"""Uploaded documents: kept once by their content, indexed as versions of their name."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.catalog.documents import DocumentState
from ingest.catalog.jobs import JobState
from ingest.formats.errors import DocumentTooLarge
from ingest.metadata import Metadata
from ingest.receiving import Upload
from ingest.uploads import UploadStore
from tests.ingest.bench import FULL, KEPT, NOT_UTF8, REFUNDS, TENTS, Bench

BOOTS = "# Refunds\n\nWorn boots.\n"
HOUR_S = 3600


def kept(bench: Bench) -> set[str]:
    """The contents in the upload store."""
    folder = bench.store.path / "uploads"
    return {file.name for file in folder.rglob("*") if file.is_file()}


def sha256(text: str | bytes) -> str:
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


def age(bench: Bench, seconds: float) -> None:
    for file in (bench.store.path / "uploads").rglob("*"):
        os.utime(file, (time.time() - seconds,) * 2)


# The store of contents


def test_content_is_kept_once_by_its_hash(tmp_path: Path) -> None:
    store = UploadStore(tmp_path)

    first = store.save([b"Ring ", b"us."], max_bytes=10)
    again = store.save([b"Ring us."], max_bytes=10)

    assert first == again == sha256(b"Ring us.")
    assert store.read(first) == b"Ring us."
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [first]


def test_content_over_the_limit_is_refused_before_it_is_there(tmp_path: Path) -> None:
    sent: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(1000):
            sent.append(number)
            yield b"x" * 100

    with pytest.raises(DocumentTooLarge, match=r"is over the limit of 0\.00025 MB"):
        UploadStore(tmp_path).save(pieces(), max_bytes=250)

    assert sent == [0, 1, 2]
    assert list(tmp_path.rglob("*")) == []


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"Ring "
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        UploadStore(tmp_path).save(pieces(), max_bytes=100)

    assert list(tmp_path.rglob("*")) == []


def test_what_nobody_refers_to_is_removed_unless_it_may_be_arriving(tmp_path: Path) -> None:
    store = UploadStore(tmp_path)
    needed, orphan = (store.save([text], max_bytes=100) for text in (b"needed", b"orphan"))
    (tmp_path / ".cut-off").write_bytes(b"half")
    for file in tmp_path.rglob("*"):
        os.utime(file, (time.time() - HOUR_S / 2,) * 2)

    store.remove_orphans({needed}, alone=False)
    assert store.read(orphan) == b"orphan"

    store.remove_orphans({needed}, alone=True)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [needed]


def test_nothing_to_remove_where_nothing_was_uploaded(tmp_path: Path) -> None:
    UploadStore(tmp_path / "nowhere").remove_orphans(set(), alone=True)


# As documents


def test_an_upload_is_indexed_under_its_name(empty: Bench) -> None:
    job = empty.done(empty.upload("refunds.md", REFUNDS))

    assert (job.state, job.done, job.target) == (JobState.DONE, 1, {"names": ["refunds.md"]})
    record = empty.record("refunds.md")
    assert (record.path, record.title, record.state) == (
        "upload:refunds.md",
        "Refunds",
        DocumentState.INDEXED,
    )
    assert empty.search("tents") == [TENTS]
    assert kept(empty) == {sha256(REFUNDS)}


def test_a_file_of_the_same_name_is_a_new_version(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS))
    before = empty.record("refunds.md")

    job = empty.done(empty.upload("refunds.md", BOOTS))

    after = empty.record("refunds.md")
    assert empty.did(job) == [("change", "refunds.md")]
    assert (after.id, after.revision) == (before.id, 2)
    assert empty.search("tents boots") == [("refunds.md", "Worn boots.")]
    assert len(empty.points()) == 1
    assert len(empty.catalog.documents.versions(after.id)) == 2


def test_two_uploads_of_one_name_in_a_row_end_with_the_second(empty: Bench) -> None:
    first, second = empty.upload("refunds.md", REFUNDS), empty.upload("refunds.md", BOOTS)

    jobs = empty.done(first), empty.done(second)

    assert [job.done for job in jobs] == [1, 1]
    assert empty.search("tents boots") == [("refunds.md", "Worn boots.")]
    assert empty.record("refunds.md").revision == 2


def test_they_end_with_the_second_even_if_the_first_has_to_be_tried_again(empty: Bench) -> None:
    first, second = empty.upload("refunds.md", REFUNDS), empty.upload("refunds.md", BOOTS)
    empty.break_index(FULL)

    empty.done(first)
    empty.done(second)

    assert empty.search("tents boots") == [("refunds.md", "Worn boots.")]


def test_a_sync_finds_uploads_unchanged(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS))
    empty.encoder.embedded.clear()

    job = empty.sync()

    assert (job.total, job.unchanged, job.notes) == (0, 1, {})
    assert empty.encoder.embedded == []


def test_a_sync_while_an_upload_waits_leaves_it_alone(empty: Bench) -> None:
    waiting = empty.upload("refunds.md", REFUNDS)
    sync = empty.admin.sync(asked_by="test")

    assert (empty.done(sync).failed, empty.done(waiting).done) == (0, 1)
    assert empty.search("tents") == [TENTS]


def test_uploads_can_be_read_again(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS))

    job = empty.done(empty.admin.reindex(asked_by="test"))

    assert empty.did(job) == [("reindex", "refunds.md")]
    assert empty.record("refunds.md").revision == 2
    assert empty.search("tents") == [TENTS]


def test_an_upload_that_cannot_be_read_keeps_the_version_before(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS))

    job = empty.done(empty.upload("refunds.md", b"\xff"))

    assert empty.failed(job) == {"refunds.md": NOT_UTF8 + KEPT}
    assert empty.search("tents") == [TENTS]
    assert empty.sync().notes == {"refunds.md": NOT_UTF8 + KEPT}
    assert empty.errors() == {"refunds.md": NOT_UTF8 + KEPT}


def test_a_good_upload_clears_the_error_of_a_bad_one(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", b"\xff"))
    assert empty.record("refunds.md").state is DocumentState.FAILED

    empty.done(empty.upload("refunds.md", REFUNDS))

    assert empty.errors() == {}
    assert empty.search("tents") == [TENTS]


def test_a_file_in_a_folder_and_an_upload_of_the_same_name_are_two_documents(
    indexed: Bench,
) -> None:
    indexed.done(indexed.upload("refunds.md", BOOTS))

    assert indexed.names() == ["refunds.md", "refunds.md", "staff/leave.md"]
    assert indexed.search("tents boots") == [TENTS, ("refunds.md", "Worn boots.")]


def test_a_cancelled_upload_leaves_no_document_behind(empty: Bench) -> None:
    job_id = empty.upload("refunds.md", REFUNDS)

    empty.admin.cancel(job_id)

    assert empty.done(job_id).state is JobState.CANCELLED
    assert empty.sync().failed == 0
    assert empty.names() == []


def test_a_cancelled_new_version_leaves_the_one_before(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS))
    job_id = empty.upload("refunds.md", BOOTS)

    empty.admin.cancel(job_id)
    empty.done(job_id)

    assert (empty.names(), empty.search("tents boots")) == (["refunds.md"], [TENTS])


# What is kept of them


def test_old_contents_are_removed_at_the_next_start(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS))
    empty.done(empty.upload("refunds.md", BOOTS))
    empty.upload("waiting.md", "# Waiting\n\nSoon.\n")
    empty.keep(b"never referred to")
    age(empty, HOUR_S)

    empty.restart()

    assert kept(empty) == {sha256(BOOTS), sha256("# Waiting\n\nSoon.\n")}


def test_deleting_a_document_deletes_its_content(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS))

    empty.admin.delete([empty.record("refunds.md").id], asked_by="ann")

    assert (kept(empty), empty.points(), empty.names()) == (set(), [], [])
    assert empty.sync().total == 0


def test_content_that_another_document_shares_stays(empty: Bench) -> None:
    for name in ("a.md", "b.md"):
        empty.done(empty.upload(name, REFUNDS))

    empty.admin.delete([empty.record("a.md").id], asked_by="ann")

    assert kept(empty) == {sha256(REFUNDS)}
    empty.done(empty.admin.reindex(asked_by="test"))
    assert empty.search("tents") == [("b.md", TENTS[1])]


def test_deleting_a_document_that_waits_deletes_its_content_and_calls_it_off(
    empty: Bench,
) -> None:
    job_id = empty.upload("refunds.md", REFUNDS)

    empty.admin.delete([empty.record("refunds.md").id], asked_by="ann")

    assert kept(empty) == set()
    job = empty.done(job_id)
    assert (job.state, job.cancelled) == (JobState.DONE, 1)
    assert empty.names() == []


def test_what_was_deleted_can_be_uploaded_again(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS))
    empty.admin.delete([empty.record("refunds.md").id], asked_by="ann")

    job = empty.done(empty.upload("refunds.md", REFUNDS))

    assert empty.did(job) == [("add", "refunds.md")]
    assert empty.search("tents") == [TENTS]


# What is said about them


def test_what_the_form_says_counts_more_than_what_the_document_says(empty: Bench) -> None:
    text = "---\nowner: Ann\ntitle: Old title\n---\n\n# Refunds\n\nUnused tents.\n"
    form = Metadata(title="Returns", groups=("staff",))

    empty.done(empty.upload("refunds.md", text, form))

    record = empty.record("refunds.md")
    assert (record.title, record.described.owner) == ("Returns", "Ann")
    assert record.described.groups == ("staff",)
    assert empty.search("tents") == []
    assert empty.search("tents", groups=("staff",)) == [("refunds.md", "Unused tents.")]


def test_several_files_are_one_job_and_each_has_its_own_form(empty: Bench) -> None:
    uploads = [
        Upload("a.md", empty.keep(REFUNDS), Metadata(owner="Ann")),
        Upload("b.md", empty.keep(BOOTS)),
    ]

    job = empty.done(empty.admin.upload(uploads, asked_by="ann"))

    assert empty.did(job) == [("add", "a.md"), ("add", "b.md")]
    assert empty.record("a.md").described.owner == "Ann"
    assert empty.record("b.md").described.owner is None
