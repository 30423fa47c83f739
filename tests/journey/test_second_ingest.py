"""All shared corpora, ingested twice: the second time exactly what has changed between is done."""

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

from ingest.settings import IndexSettings
from ingest.source import FolderSource
from ingest.store import open_store
from tests.journey.test_shared_corpora import CORPORA, WITHOUT_TEXT, pytestmark
from tests.process import run_pincite

__all__ = ["pytestmark"]

CHANGED, RENAMED, REMOVED, TOUCHED = 6, 5, 4, 5
ADDED_TEXT = "\n\nThe director of oversight approves every exception to this rule in writing.\n"


def ingest(folder: Path) -> dict[str, Any]:
    run = run_pincite("ingest", "corpora", "--json", folder=folder, timeout_s=1200)
    assert run.returncode == 1, run.stderr  # Pages of template tags alone cannot be read.
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def unlike_all_others(folder: Path) -> list[Path]:
    """Documents that are read, and of which there is one copy: a copy's new place would be no rename."""
    found = [
        (Path(item.path), item.name)
        for item in FolderSource(folder, max_file_mb=25).items().items
        if item.name not in WITHOUT_TEXT and not item.name.endswith(".pdf")
    ]
    contents = [path.read_bytes() for path, _ in found]
    return [
        path
        for (path, _), content in zip(found, contents, strict=True)
        if contents.count(content) == 1
    ]


def names(folder: Path, files: list[Path]) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in files)


def test_a_second_ingest_does_what_has_changed_and_reports_it(tmp_path: Path) -> None:
    folder = tmp_path / "corpora"
    shutil.copytree(CORPORA, folder)
    first = ingest(tmp_path)
    candidates = unlike_all_others(folder)
    chosen = random.Random(6).sample(candidates, len(candidates))
    # What is added behind the end of an HTML page is no part of it.
    changed = [file for file in chosen if file.suffix in (".md", ".txt")][:CHANGED]
    chosen = [file for file in chosen if file not in changed][: RENAMED + REMOVED + TOUCHED]
    renamed, chosen = chosen[:RENAMED], chosen[RENAMED:]
    removed, touched = chosen[:REMOVED], chosen[REMOVED:]
    for file in changed:
        file.write_text(file.read_text("utf-8") + ADDED_TEXT, "utf-8")
    moved = [file.rename(file.with_stem(f"{file.stem}-moved")) for file in renamed]
    for file in removed:
        file.unlink()
    for file in touched:
        file.touch()

    second = ingest(tmp_path)
    third = ingest(tmp_path)

    unchanged = len(first["added"]) - CHANGED - RENAMED - REMOVED
    assert len(touched) == TOUCHED
    assert sorted(second["changed"]) == names(folder, changed)
    assert sorted(second["renamed"]) == names(folder, moved)
    assert sorted(second["removed"]) == names(folder, removed)
    assert (second["added"], second["reindexed"], second["unchanged"]) == ([], [], unchanged)
    assert second["failed"].keys() == first["failed"].keys() == WITHOUT_TEXT
    nothing = {"changed": [], "renamed": [], "removed": [], "added": [], "chunks": 0}
    assert third.items() >= nothing.items()
    assert third["unchanged"] == len(first["added"]) - REMOVED
    check_index(tmp_path, folder, set(second["changed"]), second["chunks"])


def check_index(home: Path, folder: Path, changed: set[str], chunks: int) -> None:
    """It holds what the files say now, and only the changed ones were encoded again."""
    store = open_store(IndexSettings(path=home / ".pincite"))
    try:
        records = store.catalog.documents.find()
        indexed = {record.name: record for record in records if record.content_hash}
        assert {name: record.content_hash for name, record in indexed.items()} == {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in indexed
        }
        assert sum(indexed[name].chunks for name in changed) == chunks
        with store.generations.serving() as generation:
            assert generation.index.count() == sum(each.chunks for each in indexed.values())
            texts: dict[str, str] = {}
            for point in generation.index.points():
                texts[point.document.name] = texts.get(point.document.name, "") + point.chunk.text
        assert texts.keys() == indexed.keys()
        found = {name for name, text in texts.items() if ADDED_TEXT.strip() in text}
        assert found == changed
    finally:
        store.close()
