"""Which files a folder holds for ingestion."""

import os
from pathlib import Path

import pytest

from ingest.source import Listing, RefusedFile, SourceFile, list_files


def put(path: Path, text: str = "# Title\n\nText.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(listing: Listing) -> list[str]:
    return [file.name for file in listing.files]


def test_documents_are_listed_by_name_and_other_kinds_counted(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.TXT", "a/c.docx", "photo.png", "notes", "z.pdf"):
        put(tmp_path / name)

    listing = list_files(tmp_path)

    assert names(listing) == ["a/c.docx", "a/z.TXT", "b.md", "z.pdf"]
    assert listing.files[2] == SourceFile(tmp_path, tmp_path / "b.md", "b.md")
    assert (listing.root, listing.refused, listing.other_files) == (tmp_path, (), 2)


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    for name in (".secret.md", ".git/a.md", "~$draft.txt", "open.md"):
        put(tmp_path / name)

    assert names(list_files(tmp_path)) == ["open.md", "~$draft.txt"]
    assert list_files(tmp_path).other_files == 0


def test_a_file_is_its_own_root_whatever_its_ending(tmp_path: Path) -> None:
    path = put(tmp_path / "plan.odt")

    assert list_files(path) == Listing(path, (SourceFile(path, path, "plan.odt"),), (), 0)


@pytest.mark.parametrize("name", ["missing", "missing/deeper.md"])
def test_a_missing_path_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match="There is no file or folder"):
        list_files(tmp_path / name)


def test_a_root_that_is_a_link_in_a_circle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(FileNotFoundError, match="There is no file or folder"):
        list_files(tmp_path / "loop")


def test_a_root_behind_a_link_is_known_by_its_real_place(tmp_path: Path) -> None:
    put(tmp_path / "real" / "a.md")
    (tmp_path / "link").symlink_to("real")

    assert list_files(tmp_path / "link") == list_files(tmp_path / "real")


def test_a_folder_that_links_to_its_parent_is_entered_once(tmp_path: Path) -> None:
    put(tmp_path / "sub" / "a.md")
    (tmp_path / "sub" / "up").symlink_to("..")
    (tmp_path / "sub" / "self").symlink_to(".")

    assert names(list_files(tmp_path)) == ["sub/a.md"]


def test_links_within_the_folder_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    (tmp_path / "b.md").symlink_to("a.md")

    assert names(list_files(tmp_path)) == ["a.md", "b.md"]


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "outside" / "secret.md")
    root = tmp_path / "root"
    put(root / "a.md")
    (root / "file.md").symlink_to("../outside/secret.md")
    (root / "folder").symlink_to("../outside")
    (root / ".hidden").symlink_to("../outside")
    (root / "picture.png").symlink_to("../outside/secret.md")

    listing = list_files(root)

    reason = "is a link out of the folder: put a copy there instead"
    assert names(listing) == ["a.md"]
    assert set(listing.refused) == {RefusedFile("file.md", reason), RefusedFile("folder", reason)}
    assert listing.other_files == 1


def test_links_in_a_circle_or_to_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("b.md")
    (tmp_path / "b.md").symlink_to("a.md")
    (tmp_path / "c.md").symlink_to("nowhere.md")

    listing = list_files(tmp_path)

    reason = "is a link that leads nowhere or in a circle: remove it"
    assert listing.files == ()
    assert listing.refused == tuple(RefusedFile(name, reason) for name in ("a.md", "b.md", "c.md"))


def test_a_pipe_is_refused_since_reading_it_would_never_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")

    assert list_files(tmp_path).refused == (
        RefusedFile("pipe.md", "is no regular file: remove it"),
    )


def test_names_with_spaces_quotes_emoji_and_line_breaks_are_kept(tmp_path: Path) -> None:
    odd = ["a \"quoted\" 'name'.md", "line\nbreak.md", "two  spaces .md", "🧾 receipts.md"]
    for name in odd:
        put(tmp_path / name)

    assert names(list_files(tmp_path)) == sorted(odd)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    put(tmp_path / os.fsdecode(b"b\xff.md"))

    assert list_files(tmp_path).refused == (
        RefusedFile("b\udcff.md", "has a name that is not valid UTF-8: rename it"),
    )


def test_a_document_keeps_its_id_when_it_changes_and_each_place_has_its_own(tmp_path: Path) -> None:
    path = put(tmp_path / "a.md", "old")
    put(tmp_path / "b.md", "old")
    before = [file.document_id for file in list_files(tmp_path).files]

    path.write_text("new")

    assert [file.document_id for file in list_files(tmp_path).files] == before
    assert before[0] != before[1]
    assert list_files(path).files[0].document_id == before[0]
