"""`pincite ingest` and `pincite status` as users run them: output and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.embed import SentenceTransformerEncoder
from ingest.settings import ChunkingSettings, EncoderSettings, IngestSettings
from ingest.source import list_files
from ingest.store import open_or_create_store, open_store
from ingest.worker import Worker
from tests.ingest.bench import contents
from tests.ingest.test_store import held_by_another_process

PINCITE = Path(sys.executable).parent / "pincite"
CHUNKING = ChunkingSettings()
NOTHING_CHANGED = (
    "Nothing was changed. If it is gone for good, --allow-empty removes what was indexed from it.\n"
)


def pincite(
    cwd: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PINCITE_")}
    return subprocess.run(
        [PINCITE, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        env=clean | (environment or {}),
        timeout=120,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with two documents in `policies`."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "refunds.md").write_text("# Refunds\n\nUnused tents go back within 30 days.\n")
    (policies / "leave.txt").write_text("Leave\n=====\n\nRing before nine.\n")
    return tmp_path


@pytest.fixture
def indexed(home: Path, encoder: SentenceTransformerEncoder) -> Path:
    """The same with the index that `pincite ingest policies` makes."""
    store = open_or_create_store(home / ".pincite", EncoderSettings(), CHUNKING, lambda: encoder)
    worker = Worker(store.catalog, store.index, lambda: encoder, CHUNKING, IngestSettings())
    worker.run([list_files(home / "policies")])
    store.close()
    return home


def in_index(home: Path, encoder: SentenceTransformerEncoder) -> list[tuple[str, int, str]]:
    store = open_store(home / ".pincite", EncoderSettings(), CHUNKING)
    found = contents(store.index, encoder)
    names = [record.name for record in store.catalog.records()]
    store.close()
    assert names == sorted({name for name, _, _ in found})
    return found


BOTH = [
    ("leave.txt", 0, "Ring before nine."),
    ("refunds.md", 0, "Unused tents go back within 30 days."),
]


# 0: all is indexed


def test_ingesting_a_folder_from_nothing(home: Path, encoder: SentenceTransformerEncoder) -> None:
    done = pincite(home, "ingest", "policies")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()[:5]] == [
        ["added", "2"],
        ["changed", "0"],
        ["unchanged", "0"],
        ["removed", "0"],
        ["failed", "0"],
    ]
    assert done.stdout.endswith("\nThe index holds 2 documents in 2 passages.\n")
    assert in_index(home, encoder) == BOTH


def test_ingesting_again_changes_nothing(indexed: Path) -> None:
    done = pincite(indexed, "ingest", "--json", "policies")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "added": [],
        "changed": [],
        "unchanged": ["leave.txt", "refunds.md"],
        "removed": [],
        "failed": {},
        "other_files": 0,
        "chunks": 0,
    }


def test_status_says_what_is_indexed_with_what(indexed: Path) -> None:
    done = pincite(indexed, "status", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    assert summary.pop("size_mb") > 0
    assert summary == {
        "path": ".pincite",
        "documents": {"indexed": 2},
        "chunks": 2,
        "words": 12,
        "manifest": {
            "encoder": "bundled",
            "dimension": 384,
            "target_tokens": 160,
            "max_tokens": 256,
            "parsing_version": 1,
        },
        "roots": [str(indexed / "policies")],
        "failed": {},
    }
    table = pincite(indexed, "status")
    assert table.returncode == 0
    assert "indexed: 2" in table.stdout


@pytest.mark.slow
def test_rebuilding_with_other_settings(indexed: Path, encoder: SentenceTransformerEncoder) -> None:
    done = pincite(indexed, "--set", "chunking.target_tokens=100", "ingest", "--rebuild", "--json")

    assert done.returncode == 0
    assert json.loads(done.stdout)["added"] == ["leave.txt", "refunds.md"]
    status = json.loads(
        pincite(indexed, "--set", "chunking.target_tokens=100", "status", "--json").stdout
    )
    assert (status["manifest"]["target_tokens"], status["chunks"]) == (100, 2)


# 1: some documents could not be indexed


def test_a_document_that_cannot_be_indexed_is_named_with_the_reason(
    indexed: Path, encoder: SentenceTransformerEncoder
) -> None:
    odd = indexed / "policies" / "a [b]\n\x1b[31m 🧾.txt"
    odd.touch()
    os.truncate(odd, 50_000_000)

    done = pincite(indexed, "ingest", "policies")

    assert (done.returncode, done.stderr) == (1, "")
    assert (
        "failed  a [b]\\n\\x1b[31m 🧾.txt is 50.0 MB, over the limit of 25 MB: divide it, "
        "or raise [ingest] max_file_mb\n"
    ) in done.stdout
    store = open_store(indexed / ".pincite", EncoderSettings(), CHUNKING)
    assert contents(store.index, encoder) == BOTH
    store.close()


def test_an_emptied_folder_keeps_its_documents_and_says_so(
    indexed: Path, encoder: SentenceTransformerEncoder
) -> None:
    for file in (indexed / "policies").iterdir():
        file.unlink()

    kept = pincite(indexed, "ingest", "--json", "policies")

    assert kept.returncode == 1
    assert json.loads(kept.stdout)["failed"] == {
        str(indexed / "policies"): "holds no document, the 2 indexed from it are kept "
        "(--allow-empty removes them)"
    }
    assert in_index(indexed, encoder) == BOTH
    removed = pincite(indexed, "ingest", "--allow-empty", "--json", "policies")
    assert removed.returncode == 0
    assert json.loads(removed.stdout)["removed"] == ["leave.txt", "refunds.md"]
    assert in_index(indexed, encoder) == []


def test_the_report_for_programs_is_json_whatever_the_names(indexed: Path) -> None:
    (indexed / "policies" / os.fsdecode(b"b\xff.md")).touch()

    done = pincite(
        indexed, "ingest", "--json", "policies", environment={"PYTHONIOENCODING": "utf-8:strict"}
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["failed"] == {
        "b\udcff.md": "has a name that is not valid UTF-8: rename it"
    }


# 2: wrong use


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "nowhere"], f"There is no file or folder nowhere. {NOTHING_CHANGED}"),
        (
            ["ingest", "policies", "nowhere", "gone.md"],
            f"There is no file or folder nowhere, gone.md. {NOTHING_CHANGED}",
        ),
        (
            ["ingest", "--rebuild", "nowhere"],
            f"There is no file or folder nowhere. {NOTHING_CHANGED}",
        ),
        (["ingest"], "Name at least one folder or file to index.\n"),
        (["--set", "chunking.target_tokens", "ingest", "policies"], "--set needs KEY=VALUE"),
    ],
)
def test_wrong_use_changes_nothing(
    indexed: Path, encoder: SentenceTransformerEncoder, arguments: list[str], message: str
) -> None:
    (indexed / "policies" / "refunds.md").write_text("# Refunds\n\nWorn boots.\n")

    done = pincite(indexed, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert in_index(indexed, encoder) == BOTH


def test_wrong_use_leaves_no_index_behind(home: Path) -> None:
    assert pincite(home, "ingest", "nowhere").returncode == 2
    assert pincite(home, "ingest", "--rebuild").returncode == 2
    assert [path.name for path in home.iterdir()] == ["policies"]


def test_a_folder_that_is_gone_for_good_is_removed_when_that_is_allowed(
    indexed: Path, encoder: SentenceTransformerEncoder
) -> None:
    (indexed / "policies").rename(indexed / "moved")

    done = pincite(indexed, "ingest", "--allow-empty", "policies")

    assert done.returncode == 0, done.stderr
    assert in_index(indexed, encoder) == []


def test_rebuilding_keeps_the_index_where_a_known_folder_is_gone(
    indexed: Path, encoder: SentenceTransformerEncoder
) -> None:
    (indexed / "policies").rename(indexed / "moved")

    done = pincite(indexed, "ingest", "--rebuild")

    assert done.returncode == 2
    assert done.stderr == f"There is no file or folder {indexed / 'policies'}. {NOTHING_CHANGED}"
    assert in_index(indexed, encoder) == BOTH


# 3: it cannot be done as things are


def test_status_without_an_index_says_how_to_make_one(home: Path) -> None:
    done = pincite(home, "status")

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "There is no index in .pincite/index. Make one with 'pincite ingest PATH…'.\n"
    )


def test_other_settings_are_refused_with_both_values_and_the_way_out(
    indexed: Path, encoder: SentenceTransformerEncoder
) -> None:
    done = pincite(indexed, "--set", "chunking.target_tokens=100", "ingest", "policies")

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "The index was built with target tokens 160 (now wanted: 100). Change the settings back, or "
        "run 'pincite ingest --rebuild' to build it anew.\n"
    )
    assert in_index(indexed, encoder) == BOTH


@pytest.mark.parametrize("command", [["ingest", "policies"], ["ingest", "--rebuild"], ["status"]])
def test_an_index_in_use_is_left_alone(
    indexed: Path, encoder: SentenceTransformerEncoder, command: list[str]
) -> None:
    with held_by_another_process(indexed / ".pincite"):
        done = pincite(indexed, *command)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Another process (pincite serve or ingest) uses the index in ")
    assert in_index(indexed, encoder) == BOTH
