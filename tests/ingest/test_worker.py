"""Runs over a real folder with a real index: afterwards the index equals the folder."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ingest.catalog import Catalog, DocumentRecord, DocumentState
from ingest.chunk import Chunk
from ingest.document import Document
from ingest.embed import SentenceTransformerEncoder, Vectors
from ingest.index import IndexedDocument
from ingest.index.edge import EdgeIndex
from ingest.settings import IngestSettings
from ingest.worker import IngestReport, Progress
from tests.ingest.bench import Bench
from tests.ingest.files import encrypted_pdf, pdf, pdf_of_pictures, png

REFUNDS = "# Refunds\n\nUnused tents go back within 30 days.\n"
LEAVE = "# Leave\n\n## Adoption\n\nTen weeks are paid.\n\n## Sickness\n\nRing before nine.\n"
KEPT = " (the version indexed before stays in use)"
NOT_UTF8 = "is not valid UTF-8 (byte 0 of 1): save it as UTF-8"


@pytest.fixture
def bench(tmp_path: Path, encoder: SentenceTransformerEncoder) -> Iterator[Bench]:
    opened = Bench(tmp_path, encoder)
    opened.put("refunds.md", REFUNDS)
    opened.put("staff/leave.md", LEAVE)
    yield opened
    opened.close()


@pytest.fixture
def indexed(bench: Bench) -> Bench:
    bench.run()
    bench.encoder.embedded.clear()
    bench.loads = 0
    return bench


TENTS = ("refunds.md", "Unused tents go back within 30 days.")


# What a run does


def test_a_first_run_adds_every_document(bench: Bench) -> None:
    bench.put("logo.png", png())

    report = bench.run()

    assert report == IngestReport(added=["refunds.md", "staff/leave.md"], other_files=1, chunks=3)
    assert bench.everything() == [
        ("refunds.md", 0, "Unused tents go back within 30 days."),
        ("staff/leave.md", 0, "Ten weeks are paid."),
        ("staff/leave.md", 1, "Ring before nine."),
    ]


def test_the_catalog_says_what_was_indexed(indexed: Bench) -> None:
    refunds, leave = indexed.catalog.records()

    assert (refunds.name, refunds.title, refunds.state) == (
        "refunds.md",
        "Refunds",
        DocumentState.INDEXED,
    )
    assert (refunds.chunks, refunds.words, refunds.error) == (1, 8, None)
    assert (leave.root, leave.path) == (
        str(indexed.folder),
        str(indexed.folder / "staff" / "leave.md"),
    )
    document = indexed.catalog.document(leave.id)
    assert document is not None
    assert (
        document.text == "Leave\n\nAdoption\n\nTen weeks are paid.\n\nSickness\n\nRing before nine."
    )


def test_a_second_run_embeds_nothing_and_does_not_load_the_encoder(indexed: Bench) -> None:
    before = indexed.everything()
    indexed.encoder.embedded.clear()

    report = indexed.run()

    assert report == IngestReport(unchanged=["refunds.md", "staff/leave.md"])
    assert indexed.encoder.embedded == []
    assert indexed.loads == 0
    assert indexed.everything() == before


def test_a_touched_file_is_unchanged(indexed: Bench) -> None:
    os.utime(indexed.folder / "refunds.md", (0, 0))

    assert indexed.run().unchanged == ["refunds.md", "staff/leave.md"]
    assert indexed.encoder.embedded == []


def test_a_changed_file_is_replaced_and_only_it_is_embedded(indexed: Bench) -> None:
    indexed.put("refunds.md", "# Refunds\n\nWorn boots go back within 14 days.\n")

    report = indexed.run()

    assert report == IngestReport(changed=["refunds.md"], unchanged=["staff/leave.md"], chunks=1)
    assert indexed.encoder.embedded == ["Refunds\nWorn boots go back within 14 days."]
    assert indexed.search("tents") == []
    assert indexed.search("boots") == [("refunds.md", "Worn boots go back within 14 days.")]


def test_a_vanished_file_is_removed(indexed: Bench) -> None:
    (indexed.folder / "staff" / "leave.md").unlink()

    report = indexed.run()

    assert report == IngestReport(removed=["staff/leave.md"], unchanged=["refunds.md"])
    assert indexed.search("adoption weeks nine") == []
    assert [record.name for record in indexed.catalog.records()] == ["refunds.md"]


def test_a_moved_file_is_found_under_its_new_name_alone(indexed: Bench) -> None:
    (indexed.folder / "refunds.md").rename(indexed.folder / "returns.md")

    report = indexed.run()

    assert (report.added, report.removed) == (["returns.md"], ["refunds.md"])
    assert indexed.search("tents") == [("returns.md", TENTS[1])]


def test_a_text_that_stands_in_two_files_is_embedded_once(bench: Bench) -> None:
    bench.put("copy.md", REFUNDS)

    bench.run()

    assert sorted(bench.encoder.embedded) == sorted(set(bench.encoder.embedded))
    assert bench.search("tents") == [("copy.md", TENTS[1]), TENTS]


def test_progress_counts_documents_and_chunks(bench: Bench) -> None:
    seen: list[Progress] = []

    bench.run(on_progress=seen.append)

    assert seen == [
        Progress(0, 2, 0, "refunds.md"),
        Progress(1, 2, 0, "staff/leave.md"),
        Progress(2, 2, 3, ""),
    ]


def test_a_single_file_can_be_ingested_and_leaves_others_alone(indexed: Bench) -> None:
    path = indexed.put("new/bonus.txt", "Bonus\n=====\n\nTwo hundred pounds.\n")

    assert indexed.run(path).added == ["bonus.txt"]
    assert indexed.search("tents pounds") == [("bonus.txt", "Two hundred pounds."), TENTS]


def test_another_folder_does_not_remove_the_documents_of_the_first(
    indexed: Bench, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "cards.md").write_text("# Cards\n\nCards expire.\n")

    report = indexed.run(other)

    assert report == IngestReport(added=["cards.md"], chunks=1)
    assert indexed.search("tents cards") == [("cards.md", "Cards expire."), TENTS]


def test_a_file_that_was_ingested_alone_is_removed_with_its_folder(indexed: Bench) -> None:
    path = indexed.put("bonus.md", "# Bonus\n\nTwo hundred pounds.\n")
    indexed.run(path)
    indexed.run()

    path.unlink()

    assert indexed.run().removed == ["bonus.md"]


# Roots that are empty


def test_an_emptied_root_keeps_its_documents(indexed: Bench) -> None:
    for name in ("refunds.md", "staff/leave.md"):
        (indexed.folder / name).unlink()

    report = indexed.run()

    reason = "holds no document, the 2 indexed from it are kept (--allow-empty removes them)"
    assert report == IngestReport(failed={str(indexed.folder): reason})
    assert indexed.search("tents") == [TENTS]


def test_an_emptied_root_loses_its_documents_when_that_is_allowed(indexed: Bench) -> None:
    for name in ("refunds.md", "staff/leave.md"):
        (indexed.folder / name).unlink()

    report = indexed.run(allow_empty=True)

    assert report == IngestReport(removed=["refunds.md", "staff/leave.md"])
    assert indexed.index.count() == 0
    assert indexed.catalog.records() == []


def test_a_folder_without_documents_is_reported(indexed: Bench, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "photo.png").write_bytes(png())

    assert indexed.run(empty) == IngestReport(
        failed={str(empty): "holds no document"}, other_files=1
    )
    assert indexed.search("tents") == [TENTS]


# Files that become unreadable


def test_an_unreadable_new_version_is_reported_and_the_old_one_stays(indexed: Bench) -> None:
    indexed.put("refunds.md", b"\xff")

    report = indexed.run()

    assert report == IngestReport(
        unchanged=["staff/leave.md"], failed={"refunds.md": NOT_UTF8 + KEPT}
    )
    assert indexed.search("tents") == [TENTS]
    assert indexed.errors() == {"refunds.md": NOT_UTF8 + KEPT}


def test_an_unreadable_version_is_reported_in_every_run_but_read_once(indexed: Bench) -> None:
    indexed.put("refunds.md", b"\xff")
    indexed.run()
    indexed.loads = 0

    assert indexed.run().failed == {"refunds.md": NOT_UTF8 + KEPT}
    assert indexed.loads == 0


def test_going_back_to_the_indexed_version_clears_the_error(indexed: Bench) -> None:
    indexed.put("refunds.md", b"\xff")
    indexed.run()
    indexed.put("refunds.md", REFUNDS)
    indexed.encoder.embedded.clear()

    assert indexed.run() == IngestReport(unchanged=["refunds.md", "staff/leave.md"])
    assert indexed.errors() == {}
    assert indexed.encoder.embedded == []
    assert indexed.search("tents") == [TENTS]


def test_a_repaired_file_is_indexed_and_its_error_cleared(indexed: Bench) -> None:
    indexed.put("cards.md", b"\xff")
    assert indexed.run().failed == {"cards.md": NOT_UTF8}
    assert indexed.catalog.count_by_state() == {DocumentState.FAILED: 1, DocumentState.INDEXED: 2}

    indexed.put("cards.md", "# Cards\n\nCards expire.\n")

    assert indexed.run().added == ["cards.md"]
    assert indexed.errors() == {}
    assert indexed.search("cards") == [("cards.md", "Cards expire.")]


def test_a_vanished_file_that_failed_is_forgotten(indexed: Bench) -> None:
    path = indexed.put("cards.md", b"\xff")
    indexed.run()
    path.unlink()

    indexed.run()

    assert indexed.errors() == {}


def test_a_file_that_disappears_while_it_is_read_is_reported(bench: Bench) -> None:
    def delete(progress: Progress) -> None:
        if progress.current == "refunds.md":
            (bench.folder / "refunds.md").unlink()

    report = bench.run(on_progress=delete)

    assert report.failed == {"refunds.md": "disappeared while it was read: run the command again"}
    assert report.added == ["staff/leave.md"]
    assert bench.search("tents weeks") == [("staff/leave.md", "Ten weeks are paid.")]


def test_the_old_version_of_a_file_that_disappears_while_it_is_read_stays(indexed: Bench) -> None:
    indexed.put("refunds.md", "# Refunds\n\nWorn boots.\n")

    report = indexed.run(on_progress=lambda _: (indexed.folder / "refunds.md").unlink(True))

    assert report.failed == {
        "refunds.md": "disappeared while it was read: run the command again" + KEPT
    }
    assert indexed.search("tents boots") == [TENTS]


def test_a_file_that_the_system_does_not_let_read_is_reported(indexed: Bench) -> None:
    memory = Path("/proc/self/mem")

    assert indexed.run(memory).failed == {"mem": "could not be opened (Input/output error)"}


def test_a_limit_on_size_can_be_raised(bench: Bench) -> None:
    low = IngestSettings(max_file_mb=0.00006)

    report = bench.run(limits=low)

    assert report.added == ["refunds.md"]
    assert report.failed == {
        "staff/leave.md": "is 0.0 MB, over the limit of 6e-05 MB: divide it, or raise [ingest] "
        "max_file_mb"
    }
    assert bench.run().added == ["staff/leave.md"]


# Bad input


BAD: dict[str, tuple[bytes, str]] = {
    "empty.md": (b"", "is empty"),
    "empty.pdf": (b"", "is empty"),
    "encrypted.pdf": (encrypted_pdf(), "is encrypted: save a copy without a password"),
    "scan.pdf": (
        pdf_of_pictures(),
        "has no text layer (1 pages of images): run OCR on it first, e.g. with ocrmypdf",
    ),
    "pdf.txt": (
        pdf("Ring us."),
        "is named .txt but is a PDF file: give it the ending of its format",
    ),
    "text.pdf": (b"Ring us.", "is named .pdf but is not a PDF: give it the ending of its format"),
    "picture.md": (
        png(),
        f"is not valid UTF-8 (byte 0 of {len(png())}): save it as UTF-8",
    ),
    "latin.txt": (b"caf\xe9 bar", "is not valid UTF-8 (byte 3 of 8): save it as UTF-8"),
    "words.docx": (
        b"Ring us.",
        "is not a Word document (not a zip archive): save it as .docx again",
    ),
    "deep.html": (
        b"<div>" * 10_000 + b"Ring us." + b"</div>" * 10_000,
        "has tags nested more than 200 deep: save it again from its editor",
    ),
}


def test_each_bad_file_has_one_line_and_the_rest_is_indexed(indexed: Bench) -> None:
    for name, (content, _) in BAD.items():
        indexed.put(name, content)
    os.truncate(indexed.put("huge.txt", b""), 50_000_000)
    indexed.put("cards.md", "# Cards\n\nCards expire.\n")
    expected = {name: reason for name, (_, reason) in BAD.items()} | {
        "huge.txt": "is 50.0 MB, over the limit of 25 MB: divide it, or raise [ingest] max_file_mb"
    }
    start = time.monotonic()

    report = indexed.run()

    assert report.failed == expected
    assert all("\n" not in reason for reason in report.failed.values())
    assert report.added == ["cards.md"]
    assert report.unchanged == ["refunds.md", "staff/leave.md"]
    assert time.monotonic() - start < 20
    assert indexed.search("tents cards") == [("cards.md", "Cards expire."), TENTS]
    assert indexed.errors() == expected


def test_links_that_must_not_be_followed_are_reported(indexed: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# Secret\n\nNobody reads this.\n")
    (indexed.folder / "out.md").symlink_to("../secret.md")
    (indexed.folder / "loop.md").symlink_to("loop.md")
    (indexed.folder / "staff" / "up").symlink_to("..")

    report = indexed.run()

    assert report.failed == {
        "out.md": "is a link out of the folder: put a copy there instead",
        "loop.md": "is a link that leads nowhere or in a circle: remove it",
    }
    assert report.unchanged == ["refunds.md", "staff/leave.md"]
    assert indexed.search("secret nobody") == []


def test_a_line_of_a_megabyte_without_spaces_takes_seconds(bench: Bench) -> None:
    bench.put("noise.txt", b"x" * 1_000_000)
    start = time.monotonic()

    report = bench.run()

    assert report.added == ["noise.txt", "refunds.md", "staff/leave.md"]
    assert report.failed == {}
    assert time.monotonic() - start < 20
    assert bench.catalog.records()[0].title == "noise"
    assert bench.search("tents") == [TENTS]


def test_odd_names_are_names_like_others(bench: Bench) -> None:
    odd = ["a b.md", 'it\'s "quoted".md', "line\nbreak.md", "🧾 receipts.md"]
    for number, name in enumerate(odd):
        bench.put(name, f"# Odd\n\nRule {number} is odd.\n")

    report = bench.run()

    assert report.added == sorted([*odd, "refunds.md", "staff/leave.md"])
    assert bench.search("odd") == sorted(
        (name, f"Rule {number} is odd.") for number, name in enumerate(odd)
    )


# Interruption


class Interrupted(Exception):
    """The process ended here."""


class CatalogThatStops(Catalog):
    """Stops when it is to say that the second document is indexed."""

    saved = 0

    def save_indexed(self, record: DocumentRecord, document: Document) -> None:
        self.saved += 1
        if self.saved == 2:
            raise Interrupted
        super().save_indexed(record, document)


class IndexThatStops(EdgeIndex):
    """Stops when it is to write the second document."""

    written = 0

    def replace(self, document: IndexedDocument, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        self.written += 1
        if self.written == 2:
            raise Interrupted
        super().replace(document, chunks, vectors)


def stop(bench: Bench, tmp_path: Path, where: str) -> None:
    """A run that ends at the second document, before or after its chunks are in the index."""
    catalog, index = bench.catalog, bench.index
    if where == "after":
        catalog = CatalogThatStops(tmp_path / "catalog.sqlite")
    else:
        index.close()
        index = IndexThatStops.open(tmp_path / "index")
    with pytest.raises(Interrupted):
        bench.run(catalog=catalog, index=index)
    if where == "after":
        catalog.close()
    else:
        index.close()
        bench.index = EdgeIndex.open(tmp_path / "index")


WHERE = pytest.mark.parametrize("where", ["before", "after"])


@WHERE
def test_an_interrupted_first_run_is_finished_by_the_next(
    bench: Bench, tmp_path: Path, encoder: SentenceTransformerEncoder, where: str
) -> None:
    bench.put("z.md", "# Zoo\n\nNo lions.\n")
    undisturbed = Bench(tmp_path / "undisturbed", encoder, folder=bench.folder)
    undisturbed.run()

    stop(bench, tmp_path, where)
    assert bench.catalog.count_by_state() == {DocumentState.INDEXED: 1, DocumentState.INDEXING: 2}
    report = bench.run()

    assert report == IngestReport(
        added=["staff/leave.md", "z.md"], unchanged=["refunds.md"], chunks=3
    )
    assert bench.everything() == undisturbed.everything()
    assert bench.catalog.count_by_state() == {DocumentState.INDEXED: 3}
    undisturbed.close()


@WHERE
@pytest.mark.parametrize("then", ["Worn boots.", "Unused tents go back within 30 days."])
def test_an_interrupted_change_is_finished_or_taken_back(
    indexed: Bench, tmp_path: Path, where: str, then: str
) -> None:
    indexed.put("a.md", "# Answers\n\nFirst of all.\n")
    indexed.put("refunds.md", "# Refunds\n\nWorn boots.\n")
    stop(indexed, tmp_path, where)

    indexed.put("refunds.md", f"# Refunds\n\n{then}\n")
    report = indexed.run()

    assert report.changed == ["refunds.md"]
    assert indexed.search("boots tents") == [("refunds.md", then)]
    assert indexed.index.count() == 4


def test_what_an_interrupted_run_left_of_a_file_goes_when_it_cannot_be_read(
    bench: Bench, tmp_path: Path
) -> None:
    stop(bench, tmp_path, "after")
    assert bench.search("adoption") == [("staff/leave.md", "Ten weeks are paid.")]

    bench.put("staff/leave.md", b"\xff")

    assert bench.run().failed == {"staff/leave.md": NOT_UTF8}
    assert bench.search("adoption") == []


def test_what_an_interrupted_run_left_of_a_file_goes_when_it_is_gone(
    bench: Bench, tmp_path: Path
) -> None:
    stop(bench, tmp_path, "after")

    (bench.folder / "staff" / "leave.md").unlink()

    assert bench.run().removed == ["staff/leave.md"]
    assert bench.everything() == [("refunds.md", 0, TENTS[1])]
