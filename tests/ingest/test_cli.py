"""The commands for admins as they run them: output, JSON and exit codes.

0: it is done. 1: some documents could not be indexed. 2: the command is wrong, and nothing was changed.
3: it cannot be done as things are.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from ingest.embed import Encoders
from pincite import main
from tests.process import PINCITE, environment, run_pincite, serving
from tests.stores import indexed as index_folder

REFUNDS = "# Refunds\n\nUnused tents go back within 30 days.\n"
LEAVE = "Leave\n=====\n\nRing before nine.\n"
NOTHING_CHANGED = (
    "Nothing was changed. If it is gone for good, --allow-empty removes what was indexed from it.\n"
)


@dataclass(frozen=True, slots=True)
class Run:
    returncode: int
    stdout: str
    stderr: str


def pincite(home: Path, *arguments: str) -> Run:
    """A command in the folder, in this process: the encoder's library is loaded only once."""
    stdout, stderr = StringIO(), StringIO()
    code: object = 0
    with (
        chdir(home),
        patch.object(sys, "argv", ["pincite", *arguments]),
        patch.dict(os.environ, environment(), clear=True),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    return Run(code if isinstance(code, int) else 0, stdout.getvalue(), stderr.getvalue())


def done(home: Path, *arguments: str) -> str:
    """What a command printed that went well."""
    run = pincite(home, *arguments)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def refused(home: Path, *arguments: str, code: int) -> str:
    """Why a command was refused; it printed nothing else."""
    run = pincite(home, *arguments)
    assert (run.returncode, run.stdout) == (code, ""), run.stderr
    return run.stderr


def report(home: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    run = pincite(home, *arguments, "--json")
    assert (run.returncode, run.stderr) == (code, "")
    loaded: dict[str, Any] = json.loads(run.stdout)
    return loaded


def documents(home: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The documents that `pincite documents list` knows, by name."""
    listed = report(home, "documents", "list", *arguments)["documents"]
    return {document["name"]: document for document in listed}


def generations(home: Path) -> dict[str, str]:
    listed = report(home, "index", "show")["generations"]
    return {each["record"]["name"]: each["record"]["state"] for each in listed}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with two documents in `policies`."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "refunds.md").write_text(REFUNDS)
    (policies / "leave.txt").write_text(LEAVE)
    return tmp_path


@pytest.fixture
def indexed(home: Path, encoders: Encoders) -> Path:
    """The same with the index that `pincite ingest policies` makes."""
    job = index_folder(home / ".pincite", home / "policies", encoders)
    assert (job.done, job.failed) == (2, 0)
    return home


# ingest


def test_ingesting_a_folder_from_nothing(home: Path) -> None:
    run = run_pincite("ingest", "policies", folder=home)

    assert (run.returncode, run.stderr) == (0, "")
    assert [line.split() for line in run.stdout.splitlines()[:5]] == [
        ["added", "2"],
        ["changed", "0"],
        ["unchanged", "0"],
        ["removed", "0"],
        ["failed", "0"],
    ]
    assert run.stdout.endswith("\nThe index holds 2 documents in 2 passages.\n")
    assert sorted(documents(home)) == ["leave.txt", "refunds.md"]


def test_ingesting_again_tells_what_has_changed(indexed: Path) -> None:
    policies = indexed / "policies"
    (policies / "refunds.md").write_text("# Refunds\n\nWorn boots stay.\n")
    (policies / "travel.md").write_text("# Travel\n\nBy train.\n")
    (policies / "leave.txt").unlink()

    found = report(indexed, "ingest")

    assert found.pop("job")
    assert found == {
        "state": "done",
        "added": ["travel.md"],
        "changed": ["refunds.md"],
        "renamed": [],
        "reindexed": [],
        "removed": ["leave.txt"],
        "unchanged": 0,
        "kept_out": [],
        "failed": {},
        "in_part": {},
        "other_files": 0,
        "chunks": 2,
    }
    assert report(indexed, "ingest")["unchanged"] == 2


READERS = """
[ingest.readers.wiki]
reader = "llama_index.core.readers.SimpleDirectoryReader"
options = { input_dir = "policies" }

[ingest.readers.lost]
reader = "llama_index.readers.lost.LostReader"
options = { password = "sesame" }
"""


def test_readers_of_the_settings_are_ingested_as_folders_are(home: Path) -> None:
    (home / "pincite.toml").write_text(READERS)

    first = report(home, "ingest", code=1)
    (home / "policies" / "travel.md").write_text("# Travel\n\nBy train.\n")
    second = report(home, "ingest", "--reader", "wiki")

    assert first["added"] == ["leave.txt", "refunds.md"]
    assert list(first["failed"]) == ["reader:lost"]
    assert "pip install llama-index-readers-lost" in first["failed"]["reader:lost"]
    assert (second["added"], second["unchanged"], second["failed"]) == (["travel.md"], 2, {})
    assert report(home, "reindex", "travel.md")["reindexed"] == ["travel.md"]
    assert [
        (source["location"], source["kind"])
        for source in report(home, "sources", "list")["sources"]
    ] == [("reader:lost", "reader"), ("reader:wiki", "reader")]
    assert done(home, "sources", "remove", "reader:wiki") == "Removed, with 3 documents.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--reader", "mail"], "There is no [ingest.readers.mail] in the settings; those there: "),
        (["--reader", "wiki", "policies"], "Name folders and files, or a --reader, but not both."),
    ],
)
def test_a_wrong_reader_is_refused(home: Path, arguments: list[str], says: str) -> None:
    (home / "pincite.toml").write_text(READERS)

    assert refused(home, "ingest", *arguments, code=2).startswith(says)


def test_settings_show_readers_without_their_secrets(home: Path) -> None:
    (home / "pincite.toml").write_text(READERS)

    shown = done(home, "settings")

    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    assert ["ingest.readers.wiki.options.input_dir", "policies", "pincite.toml"] in rows
    assert ["ingest.readers.lost.options.password", "**********", "pincite.toml"] in rows
    assert "sesame" not in shown


def test_a_document_that_was_read_in_part_says_so(indexed: Path) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "ann@example.org", "Parcels"
    message.set_content("Parcels are fetched on Mondays.")
    message.add_attachment(b"\0", "application", "zip", filename="all.zip")
    (indexed / "policies" / "parcels.eml").write_bytes(message.as_bytes())

    printed = done(indexed, "ingest", "policies")

    warning = "was read in part: the attachment all.zip has the unknown ending '.zip'"
    assert f"in part  parcels.eml {warning}" in printed
    assert warning in done(indexed, "documents", "show", "parcels.eml")


def test_a_document_that_cannot_be_indexed_is_named_with_the_reason(indexed: Path) -> None:
    odd = indexed / "policies" / "a [b]\n\x1b[31m 🧾.txt"
    odd.touch()
    os.truncate(odd, 50_000_000)

    run = pincite(indexed, "ingest", "policies")

    assert (run.returncode, run.stderr) == (1, "")
    assert (
        "failed  a [b]\\n\\x1b[31m 🧾.txt is 50.0 MB, over the limit of 25 MB: divide it, "
        "or raise [ingest] max_file_mb\n"
    ) in run.stdout
    assert "The index holds 2 documents in 2 passages." in run.stdout


def test_the_report_for_programs_is_json_whatever_the_names(indexed: Path) -> None:
    (indexed / "policies" / os.fsdecode(b"b\xff.md")).touch()

    run = run_pincite(
        *("ingest", "--json", "policies"),
        folder=indexed,
        env=environment(PYTHONIOENCODING="utf-8:strict"),
    )

    assert (run.returncode, run.stderr) == (1, "")
    assert json.loads(run.stdout)["failed"] == {
        r"b\udcff.md": "has a name that is not valid UTF-8: rename it"
    }


def test_an_emptied_folder_keeps_its_documents_until_that_is_allowed(indexed: Path) -> None:
    for file in (indexed / "policies").iterdir():
        file.unlink()

    kept = report(indexed, "ingest", "policies", code=1)

    assert kept["failed"] == {
        str(indexed / "policies"): "holds no document, the 2 documents indexed from it are kept "
        "(--allow-empty removes them)"
    }
    assert len(documents(indexed)) == 2
    assert report(indexed, "ingest", "--allow-empty", "policies")["removed"] == [
        "leave.txt",
        "refunds.md",
    ]
    assert documents(indexed) == {}


def test_a_folder_that_is_gone_for_good_is_removed_when_that_is_allowed(indexed: Path) -> None:
    (indexed / "policies").rename(indexed / "moved")

    assert refused(indexed, "ingest", "policies", code=2) == (
        f"There is no file or folder policies. {NOTHING_CHANGED}"
    )
    done(indexed, "ingest", "--allow-empty", "policies")
    assert documents(indexed) == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "nowhere"], "There is no file or folder nowhere. Nothing was changed."),
        (["ingest", "policies", "gone.md"], "There is no file or folder gone.md."),
        (["--set", "chunking.target_tokens", "ingest", "policies"], "--set needs KEY=VALUE"),
        (["--set", "ingest.retries=3", "ingest", "policies"], "flag: unknown key ingest.retries"),
    ],
)
def test_a_wrong_command_changes_nothing(indexed: Path, arguments: list[str], message: str) -> None:
    (indexed / "policies" / "refunds.md").unlink()

    said = refused(indexed, *arguments, code=2)

    assert said.startswith(message)
    assert sorted(documents(indexed)) == ["leave.txt", "refunds.md"]


def test_only_what_lies_in_the_allowed_folders_is_read(home: Path) -> None:
    allowed = f'ingest.allowed_roots=["{home / "policies"}"]'
    (home / "other").mkdir()

    said = refused(home, "--set", allowed, "ingest", "other", code=2)

    assert "is not below the folders that may be indexed" in said
    done(home, "--set", allowed, "ingest", "policies")


# Where there is no index, or another process holds it


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "documents list",
        "documents delete refunds.md",
        "sources list",
        "jobs list",
        "index show",
        "index rebuild",
        "reindex --all",
        "ingest",
    ],
)
def test_without_an_index_a_command_says_how_to_make_one(home: Path, command: str) -> None:
    assert refused(home, *command.split(), code=3) == (
        "There is no index in .pincite. Make one with 'pincite ingest PATH…'.\n"
    )
    assert [path.name for path in home.iterdir()] == ["policies"]


def test_an_index_that_another_command_holds_is_left_alone(indexed: Path) -> None:
    hold = (
        "import sys\nfrom pathlib import Path\nfrom ingest.settings import IndexSettings\n"
        "from ingest.store import open_store\n"
        "store = open_store(IndexSettings(path=Path('.pincite')))\n"
        "print('held', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=indexed,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        said = refused(indexed, "ingest", "policies", code=3)
        holder.communicate()

    assert said.startswith("Another process (pincite serve, ingest or worker) uses the index in ")
    assert report(indexed, "ingest")["unchanged"] == 2


# status, sources


def test_status_says_what_is_indexed_with_what(indexed: Path) -> None:
    summary = report(indexed, "status")

    assert summary.pop("size_mb") > 0
    assert summary.pop("manifest").items() >= {"encoder": "bundled", "target_tokens": 160}.items()
    assert summary == {
        "path": ".pincite",
        "documents": {"indexed": 2},
        "words": 12,
        "chunks": 2,
        "generation": "g0001",
        "sources": [str(indexed / "policies")],
        "open_jobs": [],
        "failed": {},
    }
    assert "indexed: 2" in done(indexed, "status")


def test_settings_that_want_another_index_are_pointed_out(indexed: Path) -> None:
    printed = done(indexed, "--set", "chunking.target_tokens=100", "status")

    assert "target tokens 160 (now wanted: 100)" in printed
    assert "'pincite index rebuild'" in printed


def test_a_source_is_removed_with_its_documents(indexed: Path) -> None:
    (source,) = report(indexed, "sources", "list")["sources"]
    assert (source["location"], source["kind"]) == (str(indexed / "policies"), "folder")

    assert done(indexed, "sources", "remove", "policies") == "Removed, with 2 documents.\n"

    assert report(indexed, "sources", "list") == {"sources": []}
    assert documents(indexed) == {}
    assert refused(indexed, "ingest", code=2) == "Name at least one folder or file to index.\n"
    assert "is not registered" in refused(indexed, "sources", "remove", "policies", code=2)


# documents


def test_documents_are_listed_by_page_state_source_and_text(indexed: Path) -> None:
    (indexed / "policies" / "bad.txt").write_bytes(b"\xff")
    pincite(indexed, "ingest")

    everything = report(indexed, "documents", "list", "--limit", "1", "--offset", "1")

    assert ([d["name"] for d in everything["documents"]], everything["total"]) == (["leave.txt"], 3)
    assert list(documents(indexed, "--text", "REFUND")) == ["refunds.md"]
    assert list(documents(indexed, "--state", "failed")) == ["bad.txt"]
    assert list(documents(indexed, "--source", "policies", "--failing")) == ["bad.txt"]
    assert "is not valid UTF-8" in done(indexed, "documents", "list", "--failing")
    assert refused(indexed, "documents", "list", "--state", "odd", code=2) == (
        "--state is one of pending, indexed, failed, not 'odd'.\n"
    )


def test_a_document_is_shown_with_what_is_said_of_it(home: Path) -> None:
    (home / "policies" / "refunds.md").write_text(
        f"---\neffective_from: 2026-03-01\n---\n{REFUNDS}"
    )
    done(home, "ingest", "policies")

    shown = report(home, "documents", "show", "refunds.md")

    assert shown["document"]["valid_from"] == "2026-03-01"
    assert [chunk["text"] for chunk in shown["chunks"]] == ["Unused tents go back within 30 days."]
    assert [version["text_kept"] for version in shown["versions"]] == [True]
    printed = done(home, "documents", "show", shown["document"]["id"])
    assert "applies from  2026-03-01" in printed
    assert refused(home, "documents", "show", "nosuch", code=2) == (
        "There is no document nosuch; 'pincite documents list' shows them.\n"
    )


def test_an_upload_is_kept_and_one_of_the_same_name_is_a_new_version(home: Path) -> None:
    file = home / "visitors.md"
    file.write_text("# Visitors\n\nVisitors sign in.\n")
    first = report(home, "documents", "upload", "visitors.md", "--metadata", "owner=Security")
    file.write_text("# Visitors\n\nVisitors sign in and out.\n")
    again = report(home, "documents", "upload", "visitors.md")
    file.unlink()

    shown = report(home, "documents", "show", "visitors.md")

    assert (first["added"], again["changed"]) == (["visitors.md"], ["visitors.md"])
    assert [chunk["text"] for chunk in shown["chunks"]] == ["Visitors sign in and out."]
    assert len(shown["versions"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.md"], "There is no file gone.md."),
        (["policies/refunds.md", "--metadata", "color=red"], "unknown key 'color'"),
        (["policies/refunds.md", "--metadata", "effective_from=soon"], "effective_from"),
    ],
)
def test_an_upload_that_is_not_understood_changes_nothing(
    indexed: Path, arguments: list[str], message: str
) -> None:
    assert message in refused(indexed, "documents", "upload", *arguments, code=2)
    assert sorted(documents(indexed)) == ["leave.txt", "refunds.md"]


def test_a_deleted_document_stays_away_until_its_file_is_named(indexed: Path) -> None:
    assert done(indexed, "documents", "delete", "refunds.md") == "1 deleted.\n"

    assert list(documents(indexed)) == ["leave.txt"]
    passed_over = report(indexed, "ingest")
    assert (passed_over["kept_out"], passed_over["failed"]) == (["refunds.md"], {})
    assert "passed over  refunds.md" in done(indexed, "ingest")
    assert report(indexed, "ingest", "policies/refunds.md")["added"] == ["refunds.md"]


def test_uploads_that_are_all_deleted_are_no_failure(indexed: Path) -> None:
    (indexed / "visitors.md").write_text("# Visitors\n\nVisitors sign in.\n")
    done(indexed, "documents", "upload", "visitors.md")
    done(indexed, "documents", "delete", "visitors.md")

    assert report(indexed, "ingest")["failed"] == {}


def test_a_name_that_several_documents_have_must_be_told_apart(home: Path) -> None:
    for folder in ("a", "b"):
        (home / "policies" / folder).mkdir()
        (home / "policies" / folder / "rules.md").write_text(f"# Rules\n\nRule {folder} holds.\n")
    done(home, "ingest", "policies/a", "policies/b")

    said = refused(home, "documents", "delete", "rules.md", code=2)

    assert said.startswith("Several documents are called rules.md: name one by its id: ")
    assert len(report(home, "documents", "list")["documents"]) == 2


def test_documents_are_read_anew_by_name_by_source_or_all(indexed: Path) -> None:
    assert report(indexed, "reindex", "leave.txt")["reindexed"] == ["leave.txt"]
    assert report(indexed, "reindex", "--source", "policies")["reindexed"] == [
        "leave.txt",
        "refunds.md",
    ]
    wrong = "Name documents, or a --source, or say --all.\n"
    assert refused(indexed, "reindex", code=2) == wrong
    assert refused(indexed, "reindex", "--all", "leave.txt", code=2) == wrong


# jobs


def test_jobs_are_listed_and_shown_with_what_failed(indexed: Path) -> None:
    (indexed / "policies" / "bad.txt").write_bytes(b"\xff")
    job = report(indexed, "ingest", code=1)["job"]

    listed = report(indexed, "jobs", "list")["jobs"]

    assert [(each["kind"], each["done"], each["failed"]) for each in listed] == [
        ("sync", 0, 1),
        ("sync", 2, 0),
    ]
    assert listed[0]["id"] == job
    shown = report(indexed, "jobs", "show", job[:8])
    assert [outcome["name"] for outcome in shown["failed"]] == ["bad.txt"]
    assert "failed  bad.txt is not valid UTF-8" in done(indexed, "jobs", "show", job)
    watched = pincite(indexed, "jobs", "watch", job[:8])
    assert (watched.returncode, watched.stdout) == (1, "done: 0 done, 1 failed of 1\n")
    assert report(indexed, "jobs", "list", "--open") == {"jobs": []}
    assert refused(indexed, "jobs", "show", "zzz", code=2) == (
        "There is no job zzz; 'pincite jobs list' shows them.\n"
    )


# index


def test_an_index_is_rebuilt_returned_from_and_dropped(indexed: Path) -> None:
    done(indexed, "index", "rebuild", "--target-tokens", "100")
    assert generations(indexed) == {"g0001": "retained", "g0002": "serving"}
    assert report(indexed, "status")["manifest"]["target_tokens"] == 100

    assert done(indexed, "index", "rollback") == "done: g0001 serves 2 documents.\n"
    assert done(indexed, "index", "use", "g0002") == "done: g0002 serves 2 documents.\n"

    assert done(indexed, "index", "drop", "g0001") == "g0001 is deleted.\n"
    assert generations(indexed) == {"g0002": "serving"}
    assert "No earlier generation is kept" in refused(indexed, "index", "rollback", code=2)
    assert "There is no kept generation g9" in refused(indexed, "index", "use", "g9", code=2)
    assert "g0002" in refused(indexed, "index", "drop", "g0002", code=2)


def test_rebuilding_with_the_settings_while_ingesting(indexed: Path) -> None:
    (indexed / "policies" / "travel.md").write_text("# Travel\n\nBy train.\n")

    found = report(indexed, "--set", "chunking.target_tokens=100", "ingest", "--rebuild")

    assert (found["added"], found["rebuilt"]) == (["travel.md"], 3)
    assert report(indexed, "status")["manifest"]["target_tokens"] == 100


def test_copying_an_index_needs_one_direction(indexed: Path) -> None:
    assert refused(indexed, "index", "copy", code=2) == (
        "Say either --to-server URL or --from-server URL.\n"
    )


# worker


def test_a_worker_of_its_own_needs_an_index_that_can_be_shared(indexed: Path) -> None:
    said = refused(indexed, "worker", code=2)

    assert "set index.server_url" in said
    assert "'pincite serve' works off the jobs itself" in said


# While the service holds the index


@pytest.fixture(scope="module")
def served(encoders: Encoders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose index a service holds."""
    home = tmp_path_factory.mktemp("served")
    (home / "policies").mkdir()
    (home / "policies" / "refunds.md").write_text(REFUNDS)
    index_folder(home / ".pincite", home / "policies", encoders)
    with serving("--set", "ingest.watch=false", folder=home):
        yield home


def test_commands_are_carried_out_by_the_service_that_holds_the_index(served: Path) -> None:
    (served / "policies" / "leave.txt").write_text(LEAVE)
    (served / "visitors.md").write_text("# Visitors\n\nVisitors sign in.\n")
    (served / "policies" / "bad.txt").write_bytes(b"\xff")

    ingested = report(served, "ingest", "policies", code=1)
    uploaded = report(served, "documents", "upload", "visitors.md", "--metadata", "owner=Security")

    assert (ingested["added"], list(ingested["failed"])) == (["leave.txt"], ["bad.txt"])
    assert uploaded["added"] == ["visitors.md"]
    assert report(served, "documents", "show", "visitors.md")["document"]["form"]["owner"] == (
        "Security"
    )
    assert done(served, "documents", "delete", "visitors.md") == "1 deleted.\n"
    assert sorted(documents(served, "--state", "indexed")) == ["leave.txt", "refunds.md"]
    assert report(served, "reindex", "leave.txt")["reindexed"] == ["leave.txt"]
    assert done(served, "index", "rebuild") == "done: g0002 serves 2 documents.\n"
    assert done(served, "index", "rollback") == "done: g0001 serves 2 documents.\n"
    assert done(served, "index", "drop", "g0002") == "g0002 is deleted.\n"
    assert report(served, "status")["documents"] == {"failed": 1, "indexed": 2}


@pytest.mark.parametrize(
    "command", ["documents show nosuch", "sources remove nosuch", "index use g9", "ingest nowhere"]
)
def test_the_service_refuses_what_a_command_alone_would_refuse(served: Path, command: str) -> None:
    assert refused(served, *command.split(), code=2)


# --help


@pytest.mark.parametrize("command", ["", "ingest", "documents upload", "index rebuild", "worker"])
def test_help_loads_nothing_that_takes_long(command: str, tmp_path: Path) -> None:
    code = (
        "import sys, pincite\n"
        f"sys.argv = ['pincite', *{command.split()!r}, '--help']\n"
        "try:\n    pincite.main()\nexcept SystemExit:\n    pass\n"
        "slow = {'torch', 'sqlalchemy', 'qdrant_client', 'fastapi', 'unstructured', 'numpy'}\n"
        "print('loaded:', sorted(slow & set(sys.modules)))\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert "Usage: " in run.stdout
    assert run.stdout.splitlines()[-1] == "loaded: []"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("group", ["documents", "sources", "jobs", "index"])
def test_a_group_without_a_command_shows_those_it_has(group: str, tmp_path: Path) -> None:
    run = pincite(tmp_path, group)

    assert run.returncode == 2
    assert "Commands" in run.stdout + run.stderr


def test_the_program_is_installed() -> None:
    assert shutil.which(PINCITE) == PINCITE
