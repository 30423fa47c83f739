"""What a run over a folder does: afterwards the index equals the folder."""

import os
import threading
import time
from pathlib import Path

import pytest

from ingest.catalog.documents import DocumentState
from ingest.catalog.jobs import Job, JobState
from ingest.settings import IngestSettings
from tests.ingest.bench import KEPT, NOT_UTF8, REFUNDS, TENTS, Bench, with_ingest
from tests.ingest.files import encrypted_pdf, pdf, png

# What a run does


def test_a_first_run_adds_every_document(bench: Bench) -> None:
    bench.put("logo.png", png())

    job = bench.ingest()

    assert (job.state, job.total, job.done, job.failed) == (JobState.DONE, 2, 2, 0)
    assert (job.unchanged, job.other_files, job.chunks) == (0, 1, 3)
    assert bench.did(job) == [("add", "refunds.md"), ("add", "staff/leave.md")]
    assert bench.points() == [
        ("refunds.md", 0, "Unused tents go back within 30 days."),
        ("staff/leave.md", 0, "Ten weeks are paid."),
        ("staff/leave.md", 1, "Ring before nine."),
    ]


def test_the_catalog_says_what_was_indexed(indexed: Bench) -> None:
    refunds, leave = indexed.catalog.documents.find()

    assert (refunds.name, refunds.title, refunds.state) == (
        "refunds.md",
        "Refunds",
        DocumentState.INDEXED,
    )
    assert (refunds.chunks, refunds.words, refunds.revision, refunds.error) == (1, 8, 1, None)
    assert leave.path == str(indexed.folder / "staff" / "leave.md")
    document = indexed.catalog.documents.document(leave.id)
    assert document is not None
    assert (
        document.text == "Leave\n\nAdoption\n\nTen weeks are paid.\n\nSickness\n\nRing before nine."
    )


def test_a_second_run_reads_and_embeds_nothing(indexed: Bench) -> None:
    before = indexed.points()

    job = indexed.ingest()

    assert (job.state, job.total, job.unchanged) == (JobState.DONE, 0, 2)
    assert indexed.encoder.embedded == []
    assert indexed.points() == before


def test_a_touched_file_is_unchanged_and_read_only_once_more(indexed: Bench) -> None:
    os.utime(indexed.folder / "refunds.md", (0, 0))

    job = indexed.ingest()

    assert (job.total, job.unchanged) == (0, 2)
    assert indexed.encoder.embedded == []
    (item, _) = indexed.source().items().items
    assert indexed.record("refunds.md").signature == item.signature


def test_a_changed_file_is_replaced_and_only_it_is_embedded(indexed: Bench) -> None:
    indexed.put("refunds.md", "# Refunds\n\nWorn boots go back within 14 days.\n")

    job = indexed.ingest()

    assert (job.unchanged, job.chunks) == (1, 1)
    assert indexed.did(job) == [("change", "refunds.md")]
    assert indexed.encoder.embedded == ["Refunds\nWorn boots go back within 14 days."]
    assert indexed.search("tents boots") == [("refunds.md", "Worn boots go back within 14 days.")]
    assert indexed.points()[0] == ("refunds.md", 0, "Worn boots go back within 14 days.")
    assert len(indexed.points()) == 3


def test_a_file_replaced_by_one_of_the_same_size_and_date_is_noticed(indexed: Bench) -> None:
    path = indexed.folder / "refunds.md"
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    path.write_text(REFUNDS.replace("30", "14"))
    os.utime(path, ns=times)

    indexed.ingest()

    assert indexed.search("tents") == [("refunds.md", "Unused tents go back within 14 days.")]


def test_a_vanished_file_is_removed(indexed: Bench) -> None:
    indexed.remove("staff/leave.md")

    job = indexed.ingest()

    assert indexed.did(job) == [("remove", "staff/leave.md")]
    assert indexed.names() == ["refunds.md"]
    assert indexed.points() == [("refunds.md", 0, TENTS[1])]


def test_a_text_that_stands_in_two_files_is_embedded_once(bench: Bench) -> None:
    bench.put("copy.md", REFUNDS)

    bench.ingest()

    assert sorted(bench.encoder.embedded) == sorted(set(bench.encoder.embedded))
    assert bench.search("tents") == [("copy.md", TENTS[1]), TENTS]


def test_reindexing_reads_anew_what_has_not_changed(indexed: Bench) -> None:
    refunds = indexed.record("refunds.md")

    job = indexed.done(indexed.admin.reindex(ids=[refunds.id], asked_by="test"))

    assert indexed.did(job) == [("reindex", "refunds.md")]
    assert indexed.encoder.embedded == ["Refunds\nUnused tents go back within 30 days."]
    assert indexed.record("refunds.md").revision == 2
    assert len(indexed.points()) == 3


def test_progress_can_be_followed_document_by_document(bench: Bench) -> None:
    seen: list[Job] = []

    bench.worker.work_off(bench.add(), on_progress=seen.append)

    done = [job.done for job in seen]
    assert done == sorted(done)
    assert (seen[0].state, seen[0].total) == (JobState.RUNNING, 2)
    assert (seen[-1].state, seen[-1].done, seen[-1].chunks) == (JobState.DONE, 2, 3)


# Folders that are empty, gone or cannot be read


def test_an_emptied_folder_keeps_its_documents(indexed: Bench) -> None:
    indexed.remove("refunds.md", "staff/leave.md")

    job = indexed.ingest()

    assert job.notes == {
        str(indexed.folder): "holds no document, the 2 documents indexed from it are kept "
        "(--allow-empty removes them)"
    }
    assert indexed.search("tents") == [TENTS]


def test_an_emptied_folder_loses_its_documents_when_that_is_allowed(indexed: Bench) -> None:
    indexed.remove("refunds.md", "staff/leave.md")

    job = indexed.ingest(allow_empty=True)

    assert indexed.did(job) == [("remove", "refunds.md"), ("remove", "staff/leave.md")]
    assert (indexed.points(), indexed.names()) == ([], [])


def test_a_folder_without_documents_is_reported(indexed: Bench, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "photo.png").write_bytes(png())

    job = indexed.ingest(empty)

    assert (job.notes, job.other_files) == ({str(empty): "holds no document"}, 1)
    assert indexed.search("tents") == [TENTS]


def test_a_folder_that_is_gone_keeps_its_documents_in_a_sync(indexed: Bench) -> None:
    indexed.folder.rename(indexed.folder.with_name("unmounted"))

    job = indexed.sync()

    assert job.state is JobState.DONE
    assert job.notes == {
        f"There is no file or folder {indexed.folder}.": "what was indexed from it is kept "
        "(--allow-empty removes it)"
    }
    assert indexed.search("tents") == [TENTS]


@pytest.mark.parametrize("mode", [0o000, 0o444], ids=["no listing", "listing without entering"])
def test_a_folder_that_must_not_be_read_keeps_its_documents(indexed: Bench, mode: int) -> None:
    (indexed.folder / "staff").chmod(mode)

    with indexed.as_another_user():
        job = indexed.ingest()

    assert (job.total, job.unchanged) == (0, 1)
    assert [reason for name, reason in job.notes.items() if name.startswith("staff")] == [
        "could not be opened (Permission denied)"
    ]
    assert indexed.names() == ["refunds.md", "staff/leave.md"]
    assert len(indexed.points()) == 3


def test_a_file_that_must_not_be_read_keeps_its_old_version(indexed: Bench) -> None:
    indexed.put("refunds.md", "# Refunds\n\nWorn boots.\n").chmod(0o000)

    with indexed.as_another_user():
        job = indexed.ingest()

    assert indexed.failed(job) == {"refunds.md": f"could not be read (Permission denied){KEPT}"}
    assert indexed.search("tents boots") == [TENTS]


# Files that become unreadable


def test_an_unreadable_new_version_is_reported_and_the_old_one_stays(indexed: Bench) -> None:
    indexed.put("refunds.md", b"\xff")

    job = indexed.ingest()

    assert (job.state, job.failed, job.unchanged) == (JobState.DONE, 1, 1)
    assert indexed.failed(job) == {"refunds.md": NOT_UTF8 + KEPT}
    assert indexed.search("tents") == [TENTS]
    assert indexed.errors() == {"refunds.md": NOT_UTF8 + KEPT}
    assert indexed.record("refunds.md").state is DocumentState.INDEXED


def test_an_unreadable_version_is_reported_in_every_run_but_not_read_again(indexed: Bench) -> None:
    indexed.put("refunds.md", b"\xff")
    indexed.ingest()

    job = indexed.ingest()

    assert (job.total, job.notes) == (0, {"refunds.md": NOT_UTF8 + KEPT})


def test_a_failing_file_is_tried_again_when_it_changes(indexed: Bench) -> None:
    indexed.put("cards.md", b"\xff")
    indexed.ingest()
    indexed.put("cards.md", b"\xff\xff")

    job = indexed.ingest()

    assert indexed.failed(job) == {"cards.md": NOT_UTF8.replace("of 1", "of 2")}


def test_going_back_to_the_indexed_version_clears_the_error(indexed: Bench) -> None:
    indexed.put("refunds.md", b"\xff")
    indexed.ingest()
    indexed.put("refunds.md", REFUNDS)
    indexed.encoder.embedded.clear()

    job = indexed.ingest()

    assert (job.total, job.unchanged) == (0, 2)
    assert indexed.errors() == {}
    assert indexed.encoder.embedded == []
    assert indexed.search("tents") == [TENTS]


def test_a_repaired_file_is_indexed_and_its_error_cleared(indexed: Bench) -> None:
    indexed.put("cards.md", b"\xff")
    assert indexed.failed(indexed.ingest()) == {"cards.md": NOT_UTF8}
    assert indexed.catalog.documents.count_by_state() == {
        DocumentState.FAILED: 1,
        DocumentState.INDEXED: 2,
    }

    indexed.put("cards.md", "# Cards\n\nCards expire.\n")

    assert indexed.did(indexed.ingest()) == [("add", "cards.md")]
    assert indexed.errors() == {}
    assert indexed.search("cards") == [("cards.md", "Cards expire.")]


def test_a_vanished_file_that_failed_is_forgotten(indexed: Bench) -> None:
    indexed.put("cards.md", b"\xff")
    indexed.ingest()
    indexed.remove("cards.md")

    indexed.ingest()

    assert indexed.errors() == {}
    assert indexed.names() == ["refunds.md", "staff/leave.md"]


def test_a_file_that_disappears_before_it_is_read_is_reported(bench: Bench) -> None:
    job_id = bench.add()
    bench.plan()
    bench.remove("refunds.md")

    job = bench.done(job_id)

    assert bench.failed(job) == {"refunds.md": "disappeared while it was read"}
    assert bench.did(job) == [("add", "staff/leave.md")]
    bench.put("refunds.md", REFUNDS)
    assert bench.did(bench.ingest()) == [("add", "refunds.md")]


def test_the_old_version_of_a_file_that_disappears_while_it_is_read_stays(indexed: Bench) -> None:
    indexed.put("refunds.md", "# Refunds\n\nWorn boots.\n")
    job_id = indexed.add()
    indexed.plan()
    indexed.remove("refunds.md")

    job = indexed.done(job_id)

    assert indexed.failed(job) == {"refunds.md": "disappeared while it was read" + KEPT}
    assert indexed.search("tents boots") == [TENTS]


def test_a_file_that_the_system_does_not_let_read_is_reported(indexed: Bench) -> None:
    job = indexed.ingest(Path("/proc/self/mem"))

    assert indexed.failed(job) == {"mem": "could not be read (Input/output error)"}


# Bad input


BAD: dict[str, tuple[bytes, str]] = {
    "empty.md": (b"", "is empty"),
    "encrypted.pdf": (encrypted_pdf(), "is encrypted: save a copy without a password"),
    "pdf.txt": (
        pdf("Ring us."),
        "is named .txt but is a PDF file: give it the ending of its format",
    ),
    "latin.txt": (b"caf\xe9 bar", "is not valid UTF-8 (byte 3 of 8): save it as UTF-8"),
}


def test_each_bad_file_has_one_line_and_the_rest_is_indexed(indexed: Bench) -> None:
    for name, (content, _) in BAD.items():
        indexed.put(name, content)
    os.truncate(indexed.put("huge.txt", b""), 50_000_000)
    indexed.put("cards.md", "# Cards\n\nCards expire.\n")
    expected = {name: reason for name, (_, reason) in BAD.items()} | {
        "huge.txt": "is 50.0 MB, over the limit of 25 MB: divide it, or raise [ingest] max_file_mb"
    }

    job = indexed.ingest()

    assert indexed.failed(job) == expected
    assert (job.done, job.failed, job.unchanged) == (1, len(expected), 2)
    assert indexed.search("tents cards") == [("cards.md", "Cards expire."), TENTS]
    assert indexed.errors() == expected


def test_links_that_must_not_be_followed_are_reported(indexed: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# Secret\n\nNobody reads this.\n")
    (indexed.folder / "out.md").symlink_to("../secret.md")
    (indexed.folder / "loop.md").symlink_to("loop.md")
    (indexed.folder / "staff" / "up").symlink_to("..")

    job = indexed.ingest()

    assert job.notes == {
        "out.md": "is a link out of the folder: put a copy there instead",
        "loop.md": "is a link that leads nowhere or in a circle: remove it",
    }
    assert (job.total, job.unchanged) == (0, 2)
    assert indexed.search("secret nobody") == []


def test_a_file_that_becomes_a_link_out_after_it_was_listed_is_not_read(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "secret.md").write_text("# Secret\n\nNobody reads this.\n")
    job_id = bench.add()
    bench.plan()
    bench.remove("refunds.md")
    (bench.folder / "refunds.md").symlink_to("../secret.md")

    job = bench.done(job_id)

    assert bench.failed(job) == {
        "refunds.md": "could not be read (is a link out of the folder: put a copy there instead)"
    }
    assert bench.search("secret nobody") == []


def test_odd_names_are_names_like_others(bench: Bench) -> None:
    odd = ["a b.md", 'it\'s "quoted".md', "line\nbreak.md", "🧾 receipts.md"]
    for number, name in enumerate(odd):
        bench.put(name, f"# Odd\n\nRule {number} is odd.\n")

    job = bench.ingest()

    assert [name for _, name in bench.did(job)] == sorted([*odd, "refunds.md", "staff/leave.md"])
    assert bench.search("odd") == sorted(
        (name, f"Rule {number} is odd.") for number, name in enumerate(odd)
    )


def test_a_limit_on_size_can_be_raised(bench: Bench) -> None:
    bench.settings = with_ingest(bench.settings, IngestSettings(max_file_mb=0.00006))
    bench.restart()
    assert bench.failed(bench.ingest()) == {
        "staff/leave.md": "is 0.0 MB, over the limit of 6e-05 MB: divide it, or raise [ingest] "
        "max_file_mb"
    }

    bench.settings = with_ingest(bench.settings, IngestSettings())
    bench.restart()
    bench.done(bench.admin.reindex(asked_by="test"))

    assert bench.errors() == {}
    assert len(bench.points()) == 3


# A worker that goes on for ever


def test_a_running_worker_does_what_is_asked_when_it_is_woken(bench: Bench) -> None:
    stop, wake = threading.Event(), threading.Event()
    thread = threading.Thread(target=bench.worker.run, args=(stop, wake))
    thread.start()
    try:
        job_id = bench.add()
        wake.set()
        deadline = time.monotonic() + 20
        while bench.admin.job(job_id).is_open and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        stop.set()
        wake.set()
        thread.join(20)

    assert bench.admin.job(job_id).state is JobState.DONE
    assert bench.search("tents weeks") == [TENTS, ("staff/leave.md", "Ten weeks are paid.")]
