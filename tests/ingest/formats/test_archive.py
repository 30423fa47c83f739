"""Zip archives: what is refused before anything is unpacked."""

import zipfile
from io import BytesIO

import pytest

from ingest.formats import archive
from ingest.formats.archive import open_archive, parse_xml, read_member, refuse_declared_entities
from ingest.formats.errors import CorruptDocument, DocumentTooLarge, EncryptedDocument
from tests.ingest import containers

LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
FETCHES = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'


def opened(content: bytes) -> zipfile.ZipFile:
    return open_archive(content, kind="a Word document", suffix=".docx")


def test_a_harmless_archive_is_opened() -> None:
    with opened(containers.archive({"a.xml": "<x>words</x>"})) as found:
        refuse_declared_entities(found)
        assert read_member(found, "a.xml") == b"<x>words</x>"


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(CorruptDocument, match=r"^is not a Word document \(not a zip .*as \.docx"):
        opened(b"PK\x03\x04 cut short")


def test_an_archive_that_would_burst_is_refused_by_its_directory() -> None:
    with pytest.raises(DocumentTooLarge, match=r"^holds 29 MiB unpacked, 1,0\d\d times its size"):
        opened(containers.archive({"word/document.xml": b" " * 30_000_000}))


def test_a_small_part_may_shrink_as_it_likes() -> None:
    opened(containers.archive({"word/document.xml": b" " * 1_000_000}))


def test_too_many_parts_too_much_markup_and_too_much_of_all_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = containers.archive({"a.xml": b"x" * 200, "b.xml": b"x", "c.png": b"x" * 300})
    monkeypatch.setattr(archive, "MAX_MARKUP_BYTES", 201)
    opened(content)
    monkeypatch.setattr(archive, "MAX_MARKUP_BYTES", 200)
    with pytest.raises(DocumentTooLarge, match="of markup"):
        opened(content)
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 500)
    with pytest.raises(DocumentTooLarge, match="unpacked, of which"):
        opened(content)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    with pytest.raises(DocumentTooLarge, match=r"^holds 3 parts, of which 2 are read"):
        opened(content)


def test_a_member_behind_a_password_is_refused() -> None:
    content = bytearray(containers.archive({"a.xml": "<x/>"}))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 8] |= 1
    with pytest.raises(EncryptedDocument, match=r"^is protected by a password"):
        opened(bytes(content))


@pytest.mark.parametrize("bomb", [LAUGHS, FETCHES])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-7"])
@pytest.mark.parametrize("name", ["word/document.xml", "word/picture.png"])
def test_a_part_that_declares_entities_is_refused(bomb: str, encoding: str, name: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?>'.encode(
        "ascii" if encoding == "utf-7" else encoding
    ) + bomb.encode({"utf-16": "utf-16-le"}.get(encoding, encoding))
    with (
        opened(containers.archive({name: content})) as found,
        pytest.raises(CorruptDocument, match=f"^declares a document type in its part '{name}'"),
    ):
        refuse_declared_entities(found)


def test_words_about_document_types_are_no_declaration() -> None:
    text = "<!-- " + "word " * 10_000 + "--><x>&lt;!DOCTYPE x [ ]&gt;<![CDATA[<!DOCTYPE y>]]></x>"
    with opened(containers.archive({"a.xml": text, "b.png": b"\x89PNG \0 <!DOCTYPE"})) as found:
        refuse_declared_entities(found)


@pytest.mark.parametrize("bomb", [LAUGHS, FETCHES])
def test_xml_with_entities_of_its_own_is_not_read(bomb: str) -> None:
    with pytest.raises(CorruptDocument, match=r"^declares entities of its own"):
        parse_xml(bomb.encode())


def test_an_old_book_may_name_its_document_type() -> None:
    assert parse_xml(b'<!DOCTYPE x PUBLIC "a" "http://x.example/x.dtd"><x>ha</x>').text == "ha"


def test_what_is_no_xml_or_missing_or_damaged_is_corrupt() -> None:
    with pytest.raises(CorruptDocument, match=r"^is damaged: one of its parts is not XML"):
        parse_xml(b"<x>")
    stream = BytesIO(containers.archive({"a.xml": "<x>words</x>"}, stored=("a.xml",)))
    damaged = stream.getvalue().replace(b"words", b"wards")
    with opened(damaged) as found:
        with pytest.raises(CorruptDocument, match=r"^is cut short: its part 'b\.xml' is missing"):
            read_member(found, "b.xml")
        with pytest.raises(CorruptDocument, match=r"^is damaged: its part 'a\.xml' cannot be unp"):
            read_member(found, "a.xml")
