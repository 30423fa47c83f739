"""LlamaIndex readers of the settings as sources: what they load is indexed as files are."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest.catalog.jobs import Job, JobState
from ingest.catalog.sources import SourceKind
from ingest.errors import WrongUse
from ingest.llamaindex import source as reader_source
from ingest.llamaindex.source import ReaderSource
from ingest.settings import IngestSettings, ReaderSettings
from ingest.source import Content, Item, SourceUnreachable
from tests.ingest.bench import KEPT, LEAVE, REFUNDS, TENTS, Bench, with_ingest
from tests.ingest.files import pdf
from tests.ingest.readers import SECRET, Pictures, Shelf, Typed, loads, stacked

FOLDER_READER = "llama_index.core.readers.SimpleDirectoryReader"
SHELF = f"{Shelf.__module__}.Shelf"

TENTS_TEXT = {"text": REFUNDS, "id_": "refunds"}
LEAVE_TEXT = {"text": LEAVE, "id_": "leave"}


def equipped(bench: Bench, **readers: ReaderSettings) -> Bench:
    """The bench, begun anew with these readers in its settings."""
    ingest = IngestSettings(attempts=2, retry_s=0.001, readers=readers)
    bench.settings = with_ingest(bench.settings, ingest)
    bench.restart()
    return bench


@pytest.fixture
def wiki(empty: Bench) -> Bench:
    """LlamaIndex's reader of folders over the bench's folder, which holds two documents."""
    empty.put("refunds.md", REFUNDS)
    empty.put("staff/leave.md", LEAVE)
    options = {"input_dir": str(empty.folder), "recursive": True}
    return equipped(empty, wiki=ReaderSettings(reader=FOLDER_READER, options=options))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shelf.json"


def shelf_settings(path: Path) -> ReaderSettings:
    options = {"path": str(path), "api_key": SECRET}
    return ReaderSettings(reader=SHELF, options=options, load={"shelf": "top"})


@pytest.fixture
def shelf(empty: Bench, path: Path) -> Bench:
    """The tests' own reader, which gives two documents."""
    stacked(path, TENTS_TEXT, LEAVE_TEXT)
    return equipped(empty, shelf=shelf_settings(path))


def read(bench: Bench, *, allow_empty: bool = False) -> Job:
    """`pincite ingest --reader …` of all readers."""
    names = list(bench.settings.ingest.readers)
    return bench.done(bench.admin.add_readers(names, asked_by="test", allow_empty=allow_empty))


# A folder, through LlamaIndex


def test_what_a_reader_loads_is_indexed(wiki: Bench) -> None:
    job = read(wiki)

    assert (job.state, job.notes) == (JobState.DONE, {})
    assert wiki.did(job) == [("add", "refunds.md"), ("add", "staff/leave.md")]
    assert wiki.search("tents") == [TENTS]
    assert wiki.record("refunds.md").path == f"reader:wiki/{wiki.folder}/refunds.md"
    assert wiki.record("refunds.md").title == "Refunds"
    (source,) = wiki.admin.sources()
    assert (source.kind, source.location) == (SourceKind.READER, "reader:wiki")


def test_a_second_run_costs_nothing(wiki: Bench) -> None:
    read(wiki)
    wiki.encoder.embedded.clear()

    job = read(wiki)

    assert (job.total, job.unchanged, job.notes) == (0, 2, {})
    assert wiki.encoder.embedded == []


def test_what_changed_vanished_and_came_is_told_apart(wiki: Bench) -> None:
    read(wiki)
    wiki.put("refunds.md", "# Refunds\n\nWorn boots stay.\n")
    wiki.remove("staff/leave.md")
    wiki.put("cards.md", "# Cards\n\nCards expire.\n")

    job = read(wiki)

    assert sorted(wiki.did(job)) == [
        ("add", "cards.md"),
        ("change", "refunds.md"),
        ("remove", "staff/leave.md"),
    ]
    assert wiki.search("tents boots cards weeks") == [
        ("cards.md", "Cards expire."),
        ("refunds.md", "Worn boots stay."),
    ]


def test_a_file_that_moved_keeps_its_document(wiki: Bench) -> None:
    read(wiki)
    before = wiki.record("refunds.md").id
    wiki.encoder.embedded.clear()
    (wiki.folder / "refunds.md").rename(wiki.folder / "returns.md")

    job = read(wiki)

    assert wiki.did(job) == [("rename", "returns.md")]
    assert (wiki.record("returns.md").id, wiki.encoder.embedded) == (before, [])


def test_all_sources_are_those_of_the_settings_too(wiki: Bench, tmp_path: Path) -> None:
    other = tmp_path / "cards.md"
    other.write_text("# Cards\n\nCards expire.\n")
    wiki.ingest(other)

    job = wiki.sync()

    assert (job.unchanged, wiki.did(job)) == (1, [("add", "refunds.md"), ("add", "staff/leave.md")])


def test_a_document_is_read_again_on_demand(wiki: Bench) -> None:
    read(wiki)

    job = wiki.done(wiki.admin.reindex(asked_by="test", ids=[wiki.record("refunds.md").id]))

    assert wiki.did(job) == [("reindex", "refunds.md")]
    assert wiki.record("refunds.md").revision == 2
    assert read(wiki).unchanged == 2


def test_bytes_that_are_no_text_are_named_with_the_way_out(wiki: Bench) -> None:
    wiki.put("handbook.pdf", pdf("Ring before nine."))

    job = read(wiki)

    assert wiki.failed(job) == {
        "handbook.pdf": "is no text but the bytes of a file: pip install llama-index-readers-file, "
        "or have the reader pass it over"
    }
    assert wiki.names() == ["handbook.pdf", "refunds.md", "staff/leave.md"]


# What is asked of a reader


def test_a_reader_is_asked_once_for_each_listing(shelf: Bench, path: Path) -> None:
    read(shelf)
    assert loads(path) == ["top"]

    stacked(path, {**TENTS_TEXT, "text": "# Refunds\n\nWorn boots.\n"}, LEAVE_TEXT)
    read(shelf)

    assert loads(path) == ["top", "top"]
    assert shelf.search("boots") == [("refunds", "Worn boots.")]


def test_a_reader_is_not_asked_where_only_files_are_to_be_read(shelf: Bench, path: Path) -> None:
    read(shelf)
    refunds = shelf.put("refunds.md", REFUNDS)
    shelf.ingest()

    shelf.sync(refunds)

    assert loads(path) == ["top"]


def test_one_document_can_be_asked_for(shelf: Bench, path: Path) -> None:
    read(shelf)
    stacked(path)

    job = shelf.done(shelf.admin.sync(asked_by="test", only=["reader:shelf/leave"]))

    assert shelf.did(job) == [("remove", "leave")]
    assert shelf.names() == ["refunds"]


def source(path: Path) -> ReaderSource:
    return ReaderSource("shelf", shelf_settings(path), max_file_mb=1)


def test_a_worker_that_did_not_list_reads_what_is_there(path: Path) -> None:
    stacked(path, TENTS_TEXT, LEAVE_TEXT)
    opened = source(path)

    contents = [opened.read(f"reader:shelf/{key}").data for key in ("refunds", "leave")]

    assert contents == [REFUNDS.encode(), LEAVE.encode()]
    assert loads(path) == ["top"]


def test_what_was_loaded_long_ago_is_loaded_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_source, "KEPT_S", 0.0)
    monkeypatch.setattr(reader_source, "KEPT_TIMES", 0)
    stacked(path, TENTS_TEXT)
    opened = source(path)
    opened.items()
    stacked(path, {**TENTS_TEXT, "text": "Worn boots."})

    assert opened.read("reader:shelf/refunds").data == b"Worn boots."


def test_a_document_that_is_not_given_any_more_cannot_be_read(path: Path) -> None:
    stacked(path, TENTS_TEXT)

    with pytest.raises(SourceUnreachable, match="does not give it any more"):
        source(path).read("reader:shelf/leave")


def test_an_item_is_known_by_its_content_and_what_is_said_of_it(path: Path) -> None:
    def listed(**metadata: str) -> Item:
        stacked(path, {**TENTS_TEXT, "metadata": metadata})
        (item,) = source(path).items().items
        return item

    plain = listed()

    assert (plain.path, plain.name, len(plain.signature)) == ("reader:shelf/refunds", "refunds", 64)
    assert listed(last_accessed_date="2026-03-01") == plain
    assert listed(groups="hr").signature != plain.signature


@pytest.mark.parametrize(
    ("key", "name", "file_name"),
    [
        ("https://wiki.test/hr/leave?v=2", "https://wiki.test/hr/leave?v=2", "leave?v=2.txt"),
        ("/srv/wiki/hr/leave.pdf", "/srv/wiki/hr/leave.pdf", "leave.txt"),
        ("notes v1.2", "notes v1.2", "notes v1.2.txt"),
        ("a\0b\ud800\n", "ab", "ab.txt"),
        ("/", "/", "document.txt"),
    ],
)
def test_any_key_gives_a_name(path: Path, key: str, name: str, file_name: str) -> None:
    stacked(path, {"text": "Ring.", "metadata": {"source": key}})
    opened = source(path)

    (item,) = opened.items().items
    content = opened.read(item.path)

    assert (item.name, content.file_name) == (name, file_name)
    assert content == Content(b"Ring.", None, file_name, item.signature)
    assert item.path.encode().startswith(b"reader:shelf/")


def test_a_name_leaves_out_the_address_that_an_argument_gives(path: Path) -> None:
    stacked(path, {"text": "Ring.", "metadata": {"url": "https://wiki.test/hr/leave"}})
    settings = shelf_settings(path).model_copy(update={"load": {"shelf": "https://wiki.test"}})

    (item,) = ReaderSource("shelf", settings, max_file_mb=1).items().items

    assert (item.name, item.path) == ("hr/leave", "reader:shelf/https://wiki.test/hr/leave")


# What readers say of documents


def test_what_a_reader_says_of_a_document_is_believed(shelf: Bench, path: Path) -> None:
    metadata = {
        "title": "Returns of tents",
        "effective_date": "2026-03-01",
        "groups": ["shop", "staff"],
        "keywords": "tents, shop",
        "owner": {"name": "no text"},
        "page_id": 7,
    }
    stacked(path, {**TENTS_TEXT, "metadata": metadata})

    read(shelf)

    record = shelf.record("refunds")
    assert (record.title, record.valid_from) == ("Returns of tents", date(2026, 3, 1))
    assert (record.described.tags, record.described.owner) == (("tents", "shop"), None)
    assert shelf.search("tents") == []
    assert shelf.search("tents", groups=("staff",), as_of=date(2026, 4, 1)) == [
        ("refunds", TENTS[1])
    ]


def test_a_document_moves_to_other_groups_though_its_text_stays(shelf: Bench, path: Path) -> None:
    read(shelf)
    stacked(path, {**TENTS_TEXT, "metadata": {"groups": "staff"}}, LEAVE_TEXT)

    job = read(shelf)

    assert (shelf.did(job), job.unchanged) == ([("change", "refunds")], 1)
    assert shelf.search("tents") == []


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (
            [{"groups": {"hr": True}}],
            "has metadata that cannot be used: groups cannot be a dict: text is allowed",
        ),
        (
            [{"groups": "staff"}, {}],
            "has parts with different groups: have the reader tell them apart",
        ),
    ],
)
def test_a_document_that_may_be_secret_is_not_indexed(
    shelf: Bench, path: Path, parts: list[Mapping[str, Any]], why: str
) -> None:
    texts = [
        {"text": f"Ring {number}.", "metadata": {"source": "bell", **part}}
        for number, part in enumerate(parts)
    ]
    stacked(path, *texts, LEAVE_TEXT)

    job = read(shelf)

    assert (shelf.failed(job), shelf.did(job)) == ({"bell": why}, [("add", "leave")])
    assert [name for name, _ in shelf.search("ring")] == ["leave"]
    assert shelf.failed(read(shelf)) == {"bell": why}


def test_a_document_over_the_limit_is_refused(path: Path) -> None:
    stacked(path, {"text": "x" * 1_200_000, "id_": "long"})

    with pytest.raises(Exception, match=r"is 1\.2 MB, over the limit of 1 MB"):
        source(path).read("reader:shelf/long")


# Readers that fail


def test_a_reader_that_fails_keeps_its_documents_and_stops_no_other(
    shelf: Bench, path: Path
) -> None:
    read(shelf)
    path.unlink()
    shelf.put("cards.md", "# Cards\n\nCards expire.\n")
    shelf.ingest()
    shelf.put("cards.md", "# Cards\n\nCards last.\n")

    job = shelf.sync()

    assert (job.state, shelf.did(job)) == (JobState.DONE, [("change", "cards.md")])
    assert job.notes == {
        "reader:shelf": "could not be read (TimeoutError: no answer to **********): what was indexed "
        "from it is kept"
    }
    assert shelf.names() == ["cards.md", "leave", "refunds"]
    assert shelf.search("tents") == [("refunds", TENTS[1])]


def test_a_reader_that_fails_is_not_taken_for_an_empty_one(shelf: Bench, path: Path) -> None:
    read(shelf)
    path.unlink()

    job = read(shelf, allow_empty=True)

    assert (list(job.notes), shelf.names()) == (["reader:shelf"], ["leave", "refunds"])


def test_a_reader_that_gives_nothing_keeps_its_documents_until_that_is_allowed(
    shelf: Bench, path: Path
) -> None:
    read(shelf)
    stacked(path)

    assert read(shelf).notes == {
        "reader:shelf": "holds no document, the 2 documents indexed from it are kept (--allow-empty "
        "removes them)"
    }
    assert shelf.did(read(shelf, allow_empty=True)) == [("remove", "leave"), ("remove", "refunds")]


def test_a_document_whose_reader_failed_is_read_at_the_next_run(shelf: Bench, path: Path) -> None:
    read(shelf)
    shelf.restart()  # Nothing is loaded by now.
    path.unlink()
    refunds = shelf.record("refunds").id

    failed = shelf.done(shelf.admin.reindex(asked_by="test", ids=[refunds]))
    stacked(path, TENTS_TEXT, LEAVE_TEXT)
    again = read(shelf)

    assert shelf.failed(failed) == {
        "refunds": f"could not be read (TimeoutError: no answer to **********){KEPT}"
    }
    assert loads(path) == ["top", "top", "top"]
    assert (again.unchanged, again.failed, shelf.errors()) == (2, 0, {})


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (
            {"reader": "llama_index.readers.google_maps.MapsReader"},
            "ingest.readers.odd.reader = 'llama_index.readers.google_maps.MapsReader' cannot be "
            "imported: correct it, or pip install llama-index-readers-google-maps "
            "(ModuleNotFoundError: No module named 'llama_index.readers')",
        ),
        (
            {"reader": "tests.ingest.readers.Nothing"},
            "ingest.readers.odd.reader = 'tests.ingest.readers.Nothing' cannot be imported: correct "
            "it, or pip install the package that it is in (AttributeError: module "
            "'tests.ingest.readers' has no attribute 'Nothing')",
        ),
        (
            {"reader": "Shelf"},
            "ingest.readers.odd.reader = 'Shelf' cannot be imported: correct it, or pip install the "
            "package that it is in (ValueError: Empty module name)",
        ),
        (
            {"reader": f"{Pictures.__module__}.Pictures"},
            "ingest.readers.odd.reader = 'tests.ingest.readers.Pictures' has no load_data: name a "
            "LlamaIndex reader",
        ),
        (
            {"reader": SHELF, "options": {"place": "here"}},
            "ingest.readers.odd.options does not suit tests.ingest.readers.Shelf: change it "
            "(TypeError: Shelf.__init__() got an unexpected keyword argument 'place')",
        ),
        (
            {"reader": SHELF, "options": {"path": "x"}, "load": {"row": 1}},
            "ingest.readers.odd.load does not suit tests.ingest.readers.Shelf: change it (TypeError: "
            "got an unexpected keyword argument 'row')",
        ),
        (
            {"reader": FOLDER_READER, "options": {"input_dir": "/nowhere"}},
            "ingest.readers.odd.options does not suit llama_index.core.readers.SimpleDirectoryReader: "
            "change it (ValueError: Directory /nowhere does not exist.)",
        ),
        (
            {"reader": f"{Typed.__module__}.Typed", "options": {"token": [SECRET]}},
            "ingest.readers.odd.options does not suit tests.ingest.readers.Typed: change it "
            "(ValidationError: token: Input should be a valid string)",
        ),
    ],
)
def test_a_reader_that_cannot_be_used_says_what_to_change(
    empty: Bench, settings: dict[str, Any], why: str
) -> None:
    empty.put("refunds.md", REFUNDS)
    empty.ingest()
    bench = equipped(empty, odd=ReaderSettings(**settings))
    bench.put("staff/leave.md", LEAVE)

    job = bench.sync()

    kept = "what was indexed from it is kept"
    assert job.notes == {"reader:odd": f"could not be read ({why}): {kept}"}
    assert (job.state, bench.did(job)) == (JobState.DONE, [("add", "staff/leave.md")])


def test_a_reader_taken_out_of_the_settings_keeps_its_documents(shelf: Bench) -> None:
    read(shelf)
    bench = equipped(shelf)

    job = bench.sync()

    assert job.notes == {
        "reader:shelf": "could not be read ([ingest.readers.shelf] is not in the settings; 'pincite "
        "sources remove reader:shelf' removes its documents, too): what was indexed from it is kept"
    }
    assert bench.names() == ["leave", "refunds"]
    (registered,) = bench.admin.sources()
    assert bench.admin.remove_source(registered.id, asked_by="test") == 2
    assert (bench.names(), bench.sync().notes) == ([], {})


def test_only_readers_of_the_settings_can_be_named(shelf: Bench) -> None:
    with pytest.raises(WrongUse, match=r"no \[ingest\.readers\.wiki\] in the settings; .* shelf\."):
        shelf.admin.add_readers(["shelf", "wiki"], asked_by="test")

    assert shelf.admin.sources() == []
