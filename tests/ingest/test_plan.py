"""What changes in the folders ask of the index: moves, overlaps, named paths, kept-out documents."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.admin import NotFound
from ingest.catalog.jobs import JobState
from ingest.errors import WrongUse
from ingest.plan import KEPT_OUT, version_name
from ingest.settings import IngestSettings
from tests.ingest.bench import LEAVE, NOT_UTF8, REFUNDS, TENTS, Bench, with_ingest

# Moves


def test_a_moved_file_keeps_its_document_and_nothing_is_encoded(indexed: Bench) -> None:
    before = indexed.record("refunds.md")
    (indexed.folder / "shop").mkdir()
    (indexed.folder / "refunds.md").rename(indexed.folder / "shop" / "returns.md")

    job = indexed.ingest()

    assert indexed.did(job) == [("rename", "shop/returns.md")]
    after = indexed.record("shop/returns.md")
    assert (after.id, after.revision, after.title) == (before.id, 1, "Refunds")
    assert after.path == str(indexed.folder / "shop" / "returns.md")
    assert indexed.encoder.embedded == []
    assert indexed.search("tents") == [("shop/returns.md", TENTS[1])]
    assert indexed.points()[0] == ("shop/returns.md", 0, TENTS[1])
    assert (indexed.ingest().total, indexed.ingest().unchanged) == (0, 2)


def test_a_moved_file_whose_name_is_its_title_is_read_again(bench: Bench) -> None:
    bench.put("tents.txt", "unused tents go back within 30 days.\n")
    bench.ingest()
    before = bench.record("tents.txt")
    assert before.title == "tents"
    (bench.folder / "tents.txt").rename(bench.folder / "kayaks.txt")

    job = bench.ingest()

    assert bench.did(job) == [("rename", "kayaks.txt")]
    after = bench.record("kayaks.txt")
    assert (after.id, after.title, after.revision) == (before.id, "kayaks", 2)
    assert ("kayaks.txt", 0, "unused tents go back within 30 days.") in bench.points()
    assert len(bench.points()) == 4


def test_a_moved_file_whose_name_tells_its_version_is_read_again(bench: Bench) -> None:
    bench.put("travel-v1.md", "# Travel\n\nFly in economy class.\n")
    bench.ingest()
    assert bench.record("travel-v1.md").described.version == "1"
    (bench.folder / "travel-v1.md").rename(bench.folder / "travel-v2.md")

    bench.ingest()

    assert bench.record("travel-v2.md").described.version == "2"


def test_a_file_moved_with_other_content_is_another_document(indexed: Bench) -> None:
    before = indexed.record("refunds.md")
    indexed.remove("refunds.md")
    indexed.put("returns.md", "# Refunds\n\nWorn boots.\n")

    job = indexed.ingest()

    assert indexed.did(job) == [("add", "returns.md"), ("remove", "refunds.md")]
    assert indexed.record("returns.md").id != before.id


def test_a_copy_is_another_document(indexed: Bench) -> None:
    indexed.put("copy.md", REFUNDS)

    job = indexed.ingest()

    assert indexed.did(job) == [("add", "copy.md")]
    assert indexed.search("tents") == [("copy.md", TENTS[1]), TENTS]


def test_of_two_copies_in_new_places_one_carries_the_document_on(indexed: Bench) -> None:
    before = indexed.record("refunds.md")
    indexed.remove("refunds.md")
    indexed.put("a.md", REFUNDS)
    indexed.put("b.md", REFUNDS)

    job = indexed.ingest()

    assert indexed.did(job) == [("rename", "a.md"), ("add", "b.md")]
    assert indexed.record("a.md").id == before.id


def test_a_new_file_where_one_was_moved_away_is_another_document(indexed: Bench) -> None:
    moved = indexed.record("refunds.md")
    (indexed.folder / "refunds.md").rename(indexed.folder / "old.md")
    indexed.ingest()
    indexed.put("refunds.md", "# Refunds\n\nWorn boots.\n")

    indexed.ingest()

    assert indexed.record("old.md").id == moved.id
    assert indexed.record("refunds.md").id != moved.id
    assert indexed.search("tents boots") == [("old.md", TENTS[1]), ("refunds.md", "Worn boots.")]


def test_two_files_that_change_places_are_both_right_afterwards(indexed: Bench) -> None:
    indexed.put("refunds.md", LEAVE)
    indexed.put("staff/leave.md", REFUNDS)

    indexed.ingest()

    assert indexed.search("tents") == [("staff/leave.md", TENTS[1])]
    assert len(indexed.points()) == 3


def test_a_place_that_is_taken_before_a_move_is_done_holds_nothing_up(indexed: Bench) -> None:
    (indexed.folder / "refunds.md").rename(indexed.folder / "returns.md")
    first = indexed.add()
    indexed.plan()
    (indexed.folder / "returns.md").rename(indexed.folder / "elsewhere.md")
    indexed.put("returns.md", "# Returns\n\nWorn boots.\n")
    second = indexed.add()
    indexed.plan()

    jobs = indexed.done(first), indexed.done(second)
    indexed.ingest()

    assert [job.state for job in jobs] == [JobState.DONE, JobState.DONE]
    assert indexed.failed(first) == {"returns.md": "has moved on: the next run finds where to"}
    assert indexed.names() == ["elsewhere.md", "returns.md", "staff/leave.md"]
    assert indexed.search("tents boots") == [
        ("elsewhere.md", TENTS[1]),
        ("returns.md", "Worn boots."),
    ]
    assert indexed.errors() == {}


# Overlapping folders


def test_another_folder_does_not_touch_the_documents_of_the_first(
    indexed: Bench, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "cards.md").write_text("# Cards\n\nCards expire.\n")

    job = indexed.ingest(tmp_path / "other")

    assert indexed.did(job) == [("add", "cards.md")]
    assert indexed.search("tents cards") == [("cards.md", "Cards expire."), TENTS]
    assert len(indexed.admin.sources()) == 2


def test_a_folder_inside_a_registered_one_is_read_again_and_no_source(indexed: Bench) -> None:
    indexed.put("staff/bonus.md", "# Bonus\n\nTwo hundred pounds.\n")
    indexed.remove("refunds.md")

    job = indexed.ingest(indexed.folder / "staff")

    assert indexed.did(job) == [("add", "staff/bonus.md")]
    assert (job.unchanged, len(indexed.admin.sources())) == (1, 1)
    assert "refunds.md" in indexed.names()


def test_a_file_inside_a_registered_folder_is_read_alone(indexed: Bench) -> None:
    path = indexed.put("new/bonus.txt", "Bonus\n=====\n\nTwo hundred pounds.\n")
    indexed.put("cards.md", "# Cards\n\nCards expire.\n")

    job = indexed.ingest(path)

    assert indexed.did(job) == [("add", "new/bonus.txt")]
    assert indexed.names() == ["new/bonus.txt", "refunds.md", "staff/leave.md"]


def test_a_folder_takes_over_the_documents_of_folders_and_files_inside_it(bench: Bench) -> None:
    bench.ingest(bench.folder / "staff")
    bench.ingest(bench.folder / "refunds.md")
    before = {record.name: record.id for record in bench.catalog.documents.find()}
    assert set(before) == {"leave.md", "refunds.md"}
    bench.encoder.embedded.clear()

    job = bench.ingest()

    assert bench.did(job) == [("rename", "staff/leave.md")]
    assert (job.unchanged, bench.encoder.embedded) == (1, [])
    after = {record.name: record.id for record in bench.catalog.documents.find()}
    assert after == {"staff/leave.md": before["leave.md"], "refunds.md": before["refunds.md"]}
    (source,) = bench.admin.sources()
    assert source.location == str(bench.folder)
    assert bench.search("weeks") == [("staff/leave.md", "Ten weeks are paid.")]
    with bench.store.generations.serving() as generation:
        assert {point.document.source for point in generation.index.points()} == {source.id}


def test_a_folder_registered_again_behind_a_link_is_the_same_source(
    indexed: Bench, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(indexed.folder)

    job = indexed.ingest(tmp_path / "link")

    assert (job.total, job.unchanged, len(indexed.admin.sources())) == (0, 2, 1)


def test_whole_folders_and_parts_of_others_can_be_named_together(
    indexed: Bench, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "cards.md").write_text("# Cards\n\nCards expire.\n")
    bonus = indexed.put("bonus.md", "# Bonus\n\nTwo hundred pounds.\n")

    indexed.ingest(tmp_path / "other", bonus)

    assert indexed.names() == ["bonus.md", "cards.md", "refunds.md", "staff/leave.md"]


# Some paths only


def test_a_named_path_that_is_gone_is_removed_and_nothing_else(indexed: Bench) -> None:
    indexed.remove("refunds.md", "staff/leave.md")

    job = indexed.sync(indexed.folder / "refunds.md")

    assert indexed.did(job) == [("remove", "refunds.md")]
    assert indexed.names() == ["staff/leave.md"]


def test_a_named_folder_that_is_gone_takes_its_documents_along(indexed: Bench) -> None:
    indexed.remove("staff/leave.md")
    (indexed.folder / "staff").rmdir()

    job = indexed.sync(indexed.folder / "staff")

    assert indexed.did(job) == [("remove", "staff/leave.md")]


def test_both_ends_of_a_move_named_together_are_a_move(indexed: Bench) -> None:
    old, new = indexed.folder / "refunds.md", indexed.folder / "returns.md"
    old.rename(new)

    job = indexed.sync(old, new)

    assert indexed.did(job) == [("rename", "returns.md")]


def test_named_paths_are_looked_for_in_every_source(indexed: Bench, tmp_path: Path) -> None:
    single = tmp_path / "single.md"
    single.write_text("# Cards\n\nCards expire.\n")
    indexed.ingest(single)
    indexed.put("refunds.md", "# Refunds\n\nWorn boots.\n")

    job = indexed.sync(indexed.folder / "refunds.md")

    assert (job.state, job.error) == (JobState.DONE, None)
    assert indexed.did(job) == [("change", "refunds.md")]
    assert indexed.names() == ["refunds.md", "single.md", "staff/leave.md"]


def test_a_path_outside_the_sources_is_refused(indexed: Bench, tmp_path: Path) -> None:
    outside = f"{indexed.folder}/../elsewhere"
    with pytest.raises(WrongUse, match="does not lie in a folder that is to be read"):
        indexed.admin.sync(asked_by="test", only=[outside])


# Kept out


def test_a_document_deleted_by_hand_does_not_come_back_with_its_folder(indexed: Bench) -> None:
    indexed.admin.delete([indexed.record("refunds.md").id], asked_by="ann")

    job = indexed.ingest()

    assert (job.total, job.notes) == (0, {"refunds.md": KEPT_OUT})
    indexed.put("refunds.md", "# Refunds\n\nWorn boots.\n")
    assert indexed.ingest().notes == {"refunds.md": KEPT_OUT}
    assert indexed.names() == ["staff/leave.md"]


def test_naming_the_file_itself_brings_it_back(indexed: Bench) -> None:
    indexed.admin.delete([indexed.record("refunds.md").id], asked_by="ann")

    job = indexed.ingest(indexed.folder / "refunds.md")

    assert indexed.did(job) == [("add", "refunds.md")]
    assert indexed.search("tents") == [TENTS]
    assert indexed.ingest().notes == {}


def test_naming_its_folder_does_not_bring_it_back(indexed: Bench) -> None:
    indexed.admin.delete([indexed.record("staff/leave.md").id], asked_by="ann")

    job = indexed.ingest(indexed.folder / "staff")

    assert job.notes == {"staff/leave.md": KEPT_OUT}


def test_a_file_that_is_a_source_of_its_own_comes_back_when_named(bench: Bench) -> None:
    path = bench.folder / "refunds.md"
    bench.ingest(path)
    bench.admin.delete([bench.record("refunds.md").id], asked_by="ann")
    assert bench.sync().notes == {"refunds.md": KEPT_OUT}

    bench.ingest(path)

    assert bench.search("tents") == [TENTS]


def test_a_file_that_vanished_and_came_back_is_indexed_again(indexed: Bench) -> None:
    indexed.remove("refunds.md")
    indexed.ingest()
    indexed.put("refunds.md", REFUNDS)

    assert indexed.did(indexed.ingest()) == [("add", "refunds.md")]
    assert indexed.search("tents") == [TENTS]


# Sources


def test_removing_a_source_deletes_what_came_from_it(indexed: Bench, tmp_path: Path) -> None:
    other = tmp_path / "cards.md"
    other.write_text("# Cards\n\nCards expire.\n")
    indexed.ingest(other)
    source = next(s for s in indexed.admin.sources() if s.location == str(indexed.folder))

    assert indexed.admin.remove_source(source.id, asked_by="ann") == 2

    assert indexed.search("tents cards") == [("cards.md", "Cards expire.")]
    assert indexed.points() == [("cards.md", 0, "Cards expire.")]
    assert [s.location for s in indexed.admin.sources()] == [str(other)]
    assert sorted(each.name for each in indexed.admin.deletions()) == [
        "refunds.md",
        "staff/leave.md",
    ]


def test_a_source_removed_and_registered_again_is_indexed_whole(indexed: Bench) -> None:
    (source,) = indexed.admin.sources()
    indexed.admin.remove_source(source.id, asked_by="ann")

    assert indexed.did(indexed.ingest()) == [("add", "refunds.md"), ("add", "staff/leave.md")]


def test_a_source_removed_before_its_job_is_planned_adds_nothing(bench: Bench) -> None:
    job_id = bench.add()
    (source,) = bench.admin.sources()
    bench.admin.remove_source(source.id, asked_by="ann")

    job = bench.done(job_id)

    assert (job.state, job.total, bench.names()) == (JobState.DONE, 0, [])


def test_folders_that_are_not_there_change_nothing(indexed: Bench, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no file or folder .*missing\. Nothing was changed\."):
        indexed.ingest(indexed.folder, tmp_path / "missing")

    assert len(indexed.admin.jobs()) == 1


def test_only_folders_below_the_allowed_ones_can_be_registered(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "secret").mkdir()
    (bench.folder / "way-out").symlink_to("../secret")
    allowed = IngestSettings(allowed_roots=(bench.folder,))
    bench.settings = with_ingest(bench.settings, allowed)
    bench.restart()

    for place in (tmp_path / "secret", tmp_path, bench.folder / "way-out", bench.folder / ".."):
        with pytest.raises(WrongUse, match=r"is not below the folders that may be indexed"):
            bench.ingest(place)

    assert bench.ingest().done == 2


def test_an_unknown_source_is_named_in_the_error(indexed: Bench) -> None:
    with pytest.raises(NotFound, match=r"There is no source nowhere; 'pincite sources list'"):
        indexed.admin.sync(["nowhere"], asked_by="test")


# Small rules


def test_a_document_whose_indexing_was_called_off_is_added_by_the_next_run(bench: Bench) -> None:
    job_id = bench.add()
    bench.plan()
    bench.admin.cancel(job_id)
    assert bench.done(job_id).state is JobState.CANCELLED

    assert bench.did(bench.ingest()) == [("add", "refunds.md"), ("add", "staff/leave.md")]


def test_the_same_listing_planned_twice_does_nothing_twice(bench: Bench) -> None:
    first, second = bench.add(), bench.add()
    bench.plan()

    bench.done(first)
    bench.done(second)

    assert bench.names() == ["refunds.md", "staff/leave.md"]
    assert len(bench.points()) == 3


def test_a_touched_file_with_an_error_noted_is_read_again(indexed: Bench) -> None:
    indexed.put("cards.md", b"\xff")
    indexed.ingest()
    os.utime(indexed.folder / "cards.md", (1, 1))

    assert indexed.failed(indexed.ingest()) == {"cards.md": NOT_UTF8}


def test_a_version_is_named_by_content_and_revision() -> None:
    assert version_name("0123456789abcdef" * 4, 3) == "0123456789abcdef.3"


def test_form_metadata_outlives_a_change_of_the_file(indexed: Bench) -> None:
    refunds = indexed.record("refunds.md")
    form = replace(refunds.form, groups=("staff",))
    indexed.catalog.documents.change(refunds.id, form=form)
    indexed.put("refunds.md", "# Refunds\n\nWorn boots.\n")

    indexed.ingest()

    assert indexed.search("boots") == []
    assert indexed.search("boots", groups=("staff",)) == [("refunds.md", "Worn boots.")]
