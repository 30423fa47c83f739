"""Which files a folder holds for ingestion."""

import os
from collections.abc import Collection
from pathlib import Path

import pytest

from ingest.formats.errors import DocumentTooLarge
from ingest.source import FolderSource, Item, Listing, Refused, document_id, file_signature


def put(path: Path, text: str = "# Title\n\nText.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def source(path: Path, *, max_file_mb: float = 1) -> FolderSource:
    return FolderSource(path, max_file_mb=max_file_mb)


def listed(path: Path, only: Collection[Path] = ()) -> Listing:
    return source(path).items([str(each) for each in only])


def names(listing: Listing) -> list[str]:
    return [item.name for item in listing.items]


def test_documents_are_listed_by_name_and_other_kinds_counted(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.TXT", "a/c.docx", "photo.bmp", "notes", "z.pdf"):
        put(tmp_path / name)

    listing = listed(tmp_path)

    assert names(listing) == ["a/c.docx", "a/z.TXT", "b.md", "z.pdf"]
    b = tmp_path / "b.md"
    assert listing.items[2] == Item(str(b), "b.md", file_signature(b))
    assert (listing.refused, listing.other_files, listing.unreadable) == ((), 2, ())


def test_hidden_files_and_folders_and_locks_of_open_files_are_passed_over(tmp_path: Path) -> None:
    for name in (".secret.md", ".git/a.md", "~$draft.docx", "open.md"):
        put(tmp_path / name)

    assert names(listed(tmp_path)) == ["open.md"]
    assert listed(tmp_path).other_files == 0


def test_sidecars_are_neither_documents_nor_other_files(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    put(tmp_path / "a.md.meta.toml", 'groups = ["staff"]')

    listing = listed(tmp_path)

    assert (names(listing), listing.other_files) == (["a.md"], 0)


def test_a_file_can_be_a_source_whatever_its_ending(tmp_path: Path) -> None:
    path = put(tmp_path / "plan.anything")

    assert names(listed(path)) == ["plan.anything"]
    assert source(path).read(str(path)).data == b"# Title\n\nText."


@pytest.mark.parametrize("name", ["missing", "missing/deeper.md"])
def test_a_missing_path_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match="There is no file or folder"):
        listed(tmp_path / name)


def test_a_link_in_a_circle_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(FileNotFoundError, match="There is no file or folder"):
        listed(tmp_path / "loop")


def test_a_folder_that_links_to_its_parent_is_entered_once(tmp_path: Path) -> None:
    put(tmp_path / "sub" / "a.md")
    (tmp_path / "sub" / "up").symlink_to("..")
    (tmp_path / "sub" / "self").symlink_to(".")

    assert names(listed(tmp_path)) == ["sub/a.md"]


def test_links_within_the_folder_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    (tmp_path / "b.md").symlink_to("a.md")

    assert names(listed(tmp_path)) == ["a.md", "b.md"]


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "outside" / "secret.md")
    root = tmp_path / "root"
    put(root / "a.md")
    (root / "file.md").symlink_to("../outside/secret.md")
    (root / "folder").symlink_to("../outside")
    (root / ".hidden").symlink_to("../outside")
    (root / "picture.bmp").symlink_to("../outside/secret.md")

    listing = listed(root)

    reason = "is a link out of the folder: put a copy there instead"
    assert names(listing) == ["a.md"]
    assert set(listing.refused) == {Refused("file.md", reason), Refused("folder", reason)}
    assert listing.other_files == 1
    with pytest.raises(PermissionError, match="is a link out of the folder"):
        source(root).read(str(root / "file.md"))


def test_links_in_a_circle_or_to_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("b.md")
    (tmp_path / "b.md").symlink_to("a.md")
    (tmp_path / "c.md").symlink_to("nowhere.md")

    listing = listed(tmp_path)

    reason = "is a link that leads nowhere or in a circle: remove it"
    assert listing.items == ()
    assert listing.refused == tuple(Refused(name, reason) for name in ("a.md", "b.md", "c.md"))


def test_a_pipe_is_refused_since_reading_it_would_never_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")

    assert listed(tmp_path).refused == (Refused("pipe.md", "is no regular file: remove it"),)


def test_names_with_spaces_quotes_emoji_and_line_breaks_are_kept(tmp_path: Path) -> None:
    odd = ["a \"quoted\" 'name'.md", "line\nbreak.md", "two  spaces .md", "🧾 receipts.md"]
    for name in odd:
        put(tmp_path / name)

    assert names(listed(tmp_path)) == sorted(odd)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    put(tmp_path / os.fsdecode(b"b\xff.md"))

    assert listed(tmp_path).refused == (
        Refused(r"b\udcff.md", "has a name that is not valid UTF-8: rename it"),
    )


# Some paths only


def test_only_what_lies_at_or_below_the_named_paths_is_listed(tmp_path: Path) -> None:
    for name in ("a.md", "b/c.md", "b/d.md", "e.md"):
        put(tmp_path / name)

    assert names(listed(tmp_path, [tmp_path / "b", tmp_path / "e.md"])) == [
        "b/c.md",
        "b/d.md",
        "e.md",
    ]
    assert names(listed(tmp_path, [tmp_path / "b" / "gone.md"])) == []


def test_a_named_path_above_the_source_names_all_of_it(tmp_path: Path) -> None:
    path = put(tmp_path / "sub" / "a.md")

    assert names(listed(tmp_path / "sub", [tmp_path])) == ["a.md"]
    assert names(listed(path, [tmp_path])) == ["a.md"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_named_path_of_another_source_names_nothing_of_this_one(
    tmp_path: Path, kind: str
) -> None:
    elsewhere = put(tmp_path / "elsewhere" / "b.md")
    here = put(tmp_path / "here" / "a.md")

    assert listed(here if kind == "file" else here.parent, [elsewhere]) == Listing()


def test_naming_a_hidden_file_does_not_list_it_since_the_next_listing_would_not(
    tmp_path: Path,
) -> None:
    hidden = [put(tmp_path / name) for name in (".secret.md", ".git/a.md", "~$draft.docx")]

    assert listed(tmp_path, hidden) == Listing()


def test_a_named_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "outside" / "secret.md")
    root = tmp_path / "root"
    root.mkdir()
    (root / "folder").symlink_to("../outside")

    listing = listed(root, [root / "folder" / "secret.md"])

    reason = "is a link out of the folder: put a copy there instead"
    assert listing == Listing(refused=(Refused("folder/secret.md", reason),))


# What is read


def test_a_document_is_read_with_its_sidecar_and_the_signature_from_before(tmp_path: Path) -> None:
    path = put(tmp_path / "a.md", "Text.")
    put(tmp_path / "a.meta.toml", 'title = "Less specific"')
    signature = file_signature(path)
    assert source(tmp_path).read(str(path)).sidecar == b'title = "Less specific"'

    put(tmp_path / "a.md.meta.toml", 'title = "A"')
    content = source(tmp_path).read(str(path))

    assert (content.data, content.sidecar, content.file_name) == (b"Text.", b'title = "A"', "a.md")
    assert content.signature == file_signature(path) != signature


def test_a_sidecar_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    path = put(tmp_path / "a.md")
    put(tmp_path / "secret.toml", 'title = "Secret"')
    (tmp_path / "a.md.meta.toml").symlink_to("secret.toml")

    assert source(tmp_path).read(str(path)).sidecar is None


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = put(tmp_path / "a.md", "x" * 2000)

    with pytest.raises(DocumentTooLarge, match=r"is 0\.0 MB, over the limit of 0\.001 MB: divide"):
        source(tmp_path, max_file_mb=0.001).read(str(path))


def test_a_file_that_is_gone_is_not_found(tmp_path: Path) -> None:
    put(tmp_path / "a.md").unlink()

    with pytest.raises(FileNotFoundError):
        source(tmp_path).read(str(tmp_path / "a.md"))


def test_the_signature_changes_with_content_and_sidecar_and_cannot_be_set_back(
    tmp_path: Path,
) -> None:
    path = put(tmp_path / "a.md", "old")
    seen = {file_signature(path)}
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)

    path.write_text("new")
    os.utime(path, ns=times)
    seen.add(file_signature(path))
    sidecar = put(tmp_path / "a.md.meta.toml", 'title = "A"')
    seen.add(file_signature(path))
    sidecar.write_text('title = "B"')
    seen.add(file_signature(path))

    assert len(seen) == 4
    path.unlink()
    assert file_signature(path) == ""


def test_a_place_has_one_id_whatever_lies_there(tmp_path: Path) -> None:
    assert document_id(str(tmp_path / "a.md")) == document_id(str(tmp_path / "a.md"))
    assert document_id(str(tmp_path / "a.md")) != document_id(str(tmp_path / "b.md"))
    assert document_id("upload:a.md") == document_id("upload:a.md")
