"""What is said about documents in files beside them, and where that leaves each among the others."""

import json
from datetime import date, timedelta

import numpy as np
import pytest
import qdrant_edge as qdrant

from ingest.catalog.documents import DocumentState
from ingest.clock import today
from ingest.index import EVERYONE, Scope
from ingest.index.edge import EdgeIndex
from ingest.metadata import Metadata
from tests.ingest.bench import KEPT, LEAVE, REFUNDS, TENTS, Bench

BESIDE = "has a .meta.toml file beside it that cannot be used: "
TOMORROW = today() + timedelta(days=1)
LAST_YEAR = today() - timedelta(days=365)
LONG = " ".join(f"Rule {number} lets members return tent number {number}." for number in range(60))


def said(**fields: object) -> str:
    """A sidecar of these fields."""
    return "\n".join(f"{name} = {value!r}".replace("'", '"') for name, value in fields.items())


def found(bench: Bench, words: str, *, as_of: date | None = None) -> list[str]:
    return [name for name, _ in bench.search(words, as_of=as_of or today())]


# Sidecars


def test_a_file_beside_a_document_says_who_may_read_it_and_what_it_is_called(
    bench: Bench,
) -> None:
    bench.put("refunds.md.meta.toml", said(title="Returns", groups=["staff"], owner="Ann"))

    job = bench.ingest()

    record = bench.record("refunds.md")
    assert (job.done, job.other_files) == (2, 0)
    assert (record.title, record.described.owner) == ("Returns", "Ann")
    assert bench.search("tents") == []
    assert bench.search("tents", groups=("staff",)) == [TENTS]
    assert bench.encoder.embedded[0].startswith("Returns")


def test_a_sidecar_that_changes_changes_the_document(indexed: Bench) -> None:
    indexed.put("refunds.md.meta.toml", said(groups=["staff"]))
    assert indexed.did(indexed.ingest()) == [("change", "refunds.md")]
    assert indexed.search("tents") == []

    indexed.put("refunds.md.meta.toml", said(groups=["staff", "members"]))
    indexed.ingest()
    assert indexed.search("tents", groups=("members",)) == [TENTS]

    indexed.remove("refunds.md.meta.toml")
    indexed.ingest()
    assert indexed.search("tents") == [TENTS]


BAD_SIDECARS = {
    "no TOML": ("groups = [", "is not TOML: Invalid value (at end of document)"),
    "unknown key": ('group = "staff"', "unknown key 'group': known are title, owner, version, "),
    "no date": ('effective_from = "soon"', "effective_from cannot be 'soon': a date like"),
    "not UTF-8": (b"\xff", "is not UTF-8 (byte 0): save it as UTF-8"),
}


def scoped(bench: Bench, **narrower: str) -> list[str]:
    """Names of the documents about tents in a scope."""
    asked = {name: frozenset({value}) for name, value in narrower.items()}
    with bench.store.generations.serving() as generation:
        hits = generation.index.search_sparse(
            "tents", top_k=9, scope=Scope(frozenset({EVERYONE}), None, **asked)
        )
    return sorted({hit.document.name for hit in hits})


def test_tags_source_and_language_of_a_document_reach_its_points(bench: Bench) -> None:
    text = "Members of the club may send unused tents back to the shop within thirty days. "
    bench.put("long.md", f"# Returns\n\n{text * 3}\n")
    bench.put("long.md.meta.toml", said(tags=["returns", "gold tier"]))
    bench.ingest()
    (source,) = bench.admin.sources()

    assert scoped(bench, tags="gold tier") == ["long.md"]
    assert scoped(bench, languages="en") == ["long.md"]
    assert scoped(bench, sources=source.id) == ["long.md", "refunds.md"]
    assert scoped(bench, documents=bench.record("refunds.md").id) == ["refunds.md"]


def test_changed_tags_are_searched_and_nothing_is_encoded_for_them(indexed: Bench) -> None:
    before = indexed.points()
    indexed.put("refunds.md.meta.toml", said(tags=["returns"]))
    indexed.ingest()

    assert scoped(indexed, tags="returns") == ["refunds.md"]
    indexed.put("refunds.md.meta.toml", said(tags=["tents"]))
    indexed.ingest()

    assert scoped(indexed, tags="returns") == []
    assert scoped(indexed, tags="tents") == ["refunds.md"]
    assert indexed.encoder.embedded == []
    assert indexed.points() == before


def test_of_a_changed_document_only_the_changed_passages_are_encoded(indexed: Bench) -> None:
    indexed.put("staff/leave.md", LEAVE.replace("before nine", "before ten"))
    with indexed.store.generations.serving() as generation:
        leave = indexed.record("staff/leave.md").id
        before = {p.chunk.text: p.vector for p in generation.index.points(leave)}

        indexed.ingest()

        after = {p.chunk.text: p.vector for p in generation.index.points(leave)}
    assert indexed.encoder.embedded == ["Leave > Sickness\nRing before ten."]
    assert set(after) == {"Ten weeks are paid.", "Ring before ten."}
    kept = "Ten weeks are paid."
    np.testing.assert_allclose(after[kept], before[kept], atol=1e-6)


def test_an_index_of_an_earlier_version_is_brought_up_to_date_without_encoding(
    indexed: Bench,
) -> None:
    indexed.put("refunds.md.meta.toml", said(tags=["returns"]))
    indexed.ingest()
    as_of_an_earlier_version(indexed)
    assert scoped(indexed, tags="returns") == []

    indexed.restart()

    assert scoped(indexed, tags="returns") == ["refunds.md"]
    assert scoped(indexed, sources=indexed.record("refunds.md").source_id) == ["refunds.md"]
    assert indexed.encoder.embedded == []


def as_of_an_earlier_version(bench: Bench) -> None:
    """Take from points and catalog what earlier versions did not write."""
    with bench.store.generations.serving() as generation:
        assert isinstance(generation.index, EdgeIndex)
        fields = ["source", "tags", "language"]
        for operation in (
            qdrant.UpdateOperation.delete_payload_by_filter(qdrant.Filter(), fields),
            *map(qdrant.UpdateOperation.delete_field_index, fields),
        ):
            generation.index._shard.update(operation)
        written = bench.catalog.documents.written(generation.name)
        former = {
            id: json.dumps(list(json.loads(each.payload).values())[:5])
            for id, each in written.items()
        }
        bench.catalog.documents.save_payloads(generation.name, former)


@pytest.mark.parametrize(("content", "reason"), BAD_SIDECARS.values(), ids=BAD_SIDECARS)
def test_a_bad_sidecar_fails_its_document_which_is_not_taken_for_public(
    bench: Bench, content: str | bytes, reason: str
) -> None:
    bench.put("refunds.md.meta.toml", content)

    job = bench.ingest()

    (error,) = bench.failed(job).values()
    assert error is not None
    assert error.startswith(BESIDE + reason)
    assert bench.record("refunds.md").state is DocumentState.FAILED
    assert bench.search("tents") == []
    bench.put("refunds.md.meta.toml", said(groups=["staff"]))
    assert bench.did(bench.ingest()) == [("add", "refunds.md")]
    assert (bench.errors(), bench.search("tents")) == ({}, [])


def test_a_sidecar_that_goes_bad_leaves_the_document_as_it_was(bench: Bench) -> None:
    bench.put("refunds.md.meta.toml", said(groups=["staff"]))
    bench.ingest()
    bench.put("refunds.md.meta.toml", "groups = [")

    job = bench.ingest()

    (error,) = bench.failed(job).values()
    assert error is not None
    assert error.endswith(KEPT)
    assert bench.search("tents") == []
    assert bench.search("tents", groups=("staff",)) == [TENTS]


def test_a_document_moved_with_its_sidecar_keeps_what_it_says(bench: Bench) -> None:
    bench.put("refunds.md.meta.toml", said(groups=["staff"]))
    bench.ingest()
    bench.encoder.embedded.clear()
    for name in ("refunds.md", "refunds.md.meta.toml"):
        (bench.folder / name).rename(bench.folder / name.replace("refunds", "returns"))

    bench.ingest()

    assert bench.encoder.embedded == []
    assert bench.search("tents") == []
    assert bench.search("tents", groups=("staff",)) == [("returns.md", TENTS[1])]


def test_a_document_moved_without_its_sidecar_is_another_one(bench: Bench) -> None:
    bench.put("refunds.md.meta.toml", said(groups=["staff"]))
    bench.ingest()
    (bench.folder / "refunds.md").rename(bench.folder / "returns.md")

    job = bench.ingest()

    assert bench.did(job) == [("add", "returns.md"), ("remove", "refunds.md")]
    assert bench.search("tents") == [("returns.md", TENTS[1])]


def test_what_the_document_says_itself_counts_less_than_its_sidecar(bench: Bench) -> None:
    bench.put("card.md", "---\nowner: Ann\nversion: 1.0\n---\n\n# Cards\n\nCards expire.\n")
    bench.put("card.md.meta.toml", said(version="2.0"))

    bench.ingest()

    described = bench.record("card.md").described
    assert (described.owner, described.version) == ("Ann", "2.0")


# When they apply


def test_a_document_of_tomorrow_is_not_found_today(bench: Bench) -> None:
    bench.put("refunds.md.meta.toml", f"effective_from = {TOMORROW}")

    bench.ingest()

    assert bench.record("refunds.md").valid_from == TOMORROW
    assert found(bench, "tents") == []
    assert found(bench, "tents", as_of=TOMORROW) == ["refunds.md"]


def test_a_document_that_ended_is_found_in_its_time_only(bench: Bench) -> None:
    bench.put("refunds.md.meta.toml", f"effective_until = {today()}")

    bench.ingest()

    assert found(bench, "tents") == []
    assert found(bench, "tents", as_of=LAST_YEAR) == ["refunds.md"]


def two_versions(bench: Bench, *, begins: date = LAST_YEAR) -> None:
    """v1, and v2 which replaces it on the day `begins`."""
    bench.put("refunds.md", REFUNDS)
    bench.put("returns.md", REFUNDS.replace("30", "14"))
    bench.put("returns.md.meta.toml", f'supersedes = ["refunds.md"]\neffective_from = {begins}')
    bench.ingest()


def test_a_document_ends_when_the_one_that_supersedes_it_begins(bench: Bench) -> None:
    two_versions(bench)

    old, new = bench.record("refunds.md"), bench.record("returns.md")
    assert (old.superseded_by, old.valid_until) == (new.id, LAST_YEAR)
    assert (new.superseded_by, new.valid_from) == (None, LAST_YEAR)
    assert found(bench, "tents") == ["returns.md"]
    assert found(bench, "tents", as_of=LAST_YEAR - timedelta(days=1)) == ["refunds.md"]


def test_until_then_the_old_one_is_found(bench: Bench) -> None:
    two_versions(bench, begins=TOMORROW)

    assert found(bench, "tents") == ["refunds.md"]
    assert found(bench, "tents", as_of=TOMORROW) == ["returns.md"]


def test_a_successor_that_comes_later_ends_what_is_indexed_already(indexed: Bench) -> None:
    two_versions(indexed)

    assert indexed.record("refunds.md").superseded_by == indexed.record("returns.md").id
    assert found(indexed, "tents") == ["returns.md"]


@pytest.mark.parametrize("how", ["deleted by hand", "gone from the folder", "saying no more"])
def test_without_its_successor_a_document_applies_again(bench: Bench, how: str) -> None:
    two_versions(bench)
    if how == "deleted by hand":
        bench.admin.delete([bench.record("returns.md").id], asked_by="ann")
    elif how == "gone from the folder":
        bench.remove("returns.md", "returns.md.meta.toml")
        bench.ingest()
    else:
        bench.put("returns.md.meta.toml", f"effective_from = {LAST_YEAR}")
        bench.ingest()

    old = bench.record("refunds.md")
    assert (old.superseded_by, old.valid_until) == (None, None)
    assert "refunds.md" in found(bench, "tents")


def test_a_successor_that_was_deleted_and_comes_back_ends_it_again(bench: Bench) -> None:
    two_versions(bench)
    bench.admin.delete([bench.record("returns.md").id], asked_by="ann")

    bench.ingest(bench.folder / "returns.md")

    assert found(bench, "tents") == ["returns.md"]


def test_validity_is_the_same_in_every_generation(bench: Bench) -> None:
    two_versions(bench)
    bench.done(bench.admin.rebuild(asked_by="test", target_tokens=80))
    assert found(bench, "tents") == ["returns.md"]
    bench.admin.delete([bench.record("returns.md").id], asked_by="ann")

    assert found(bench, "tents") == ["refunds.md"]
    bench.done(bench.admin.use(asked_by="test"))
    assert found(bench, "tents") == ["refunds.md"]


def test_numbered_versions_of_one_text_follow_one_another(bench: Bench) -> None:
    for number, text in ((1, REFUNDS), (2, REFUNDS.replace("30", "14"))):
        front = f"---\nversion: {number}.0\neffective_from: 202{number}-01-01\n---\n\n"
        bench.put(f"refund-policy-v{number}.md", front + text)
    bench.remove("refunds.md")

    bench.ingest()

    assert found(bench, "tents") == ["refund-policy-v2.md"]
    assert found(bench, "tents", as_of=date(2021, 5, 1)) == ["refund-policy-v1.md"]


def test_a_crash_between_catalog_and_index_is_made_good_at_the_next_start(bench: Bench) -> None:
    two_versions(bench)
    new = bench.record("returns.md")
    bench.catalog.documents.change(
        bench.record("refunds.md").id, valid_until=None, superseded_by=None
    )
    bench.catalog.documents.change(new.id, valid_from=None)

    bench.restart()

    assert bench.record("refunds.md").superseded_by == new.id
    assert found(bench, "tents") == ["returns.md"]


def test_what_a_text_says_of_others_does_not_end_them(bench: Bench) -> None:
    bench.put(
        "mine.md", "# Mine\n\nThis policy supersedes Refunds.\n\nTents are never taken back.\n"
    )

    bench.ingest()

    assert bench.record("refunds.md").superseded_by is None
    assert sorted(found(bench, "tents")) == ["mine.md", "refunds.md"]


# The same text twice


def test_copies_know_which_of_them_stands_for_all(bench: Bench) -> None:
    for name in ("a.md", "b.txt"):
        bench.put(name, f"# Tents\n\n{LONG}\n")
    bench.ingest()

    assert bench.record("b.txt").same_as == bench.record("a.md").id
    assert bench.record("a.md").same_as is None


@pytest.mark.parametrize("by_hand", [True, False])
def test_when_the_one_that_stands_for_them_goes_another_does(bench: Bench, by_hand: bool) -> None:
    for name in ("a.md", "b.txt", "c.txt"):
        bench.put(name, f"# Tents\n\n{LONG}\n")
    bench.ingest()
    if by_hand:
        bench.admin.delete([bench.record("a.md").id], asked_by="ann")
    else:
        bench.remove("a.md")
        bench.ingest()

    b, c = bench.record("b.txt"), bench.record("c.txt")
    assert sorted([b.same_as or "", c.same_as or ""]) == ["", min(b.id, c.id)]


# What forms say


def test_form_metadata_can_make_a_document_apply_later(empty: Bench) -> None:
    empty.done(empty.upload("refunds.md", REFUNDS, Metadata(effective_from=TOMORROW)))

    assert found(empty, "tents") == []
    assert found(empty, "tents", as_of=TOMORROW) == ["refunds.md"]
