"""What an admin can do is the same in the process that holds the index and over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from fastapi import FastAPI

from ingest.admin import Admin, NotFound
from ingest.catalog.documents import DocumentRecord, DocumentState
from ingest.catalog.generations import GenerationState
from ingest.catalog.jobs import Action, Job, JobKind, JobState
from ingest.catalog.sources import SourceKind
from ingest.embed import Encoders
from ingest.errors import PinciteError, WrongUse
from ingest.metadata import Metadata
from ingest.receiving import UploadOfOtherKind, UploadTooLarge
from ingest.remote import (
    RemoteAdmin,
    ServiceFailed,
    ServiceUnreachable,
    announced,
    find_service,
)
from ingest.settings import IndexSettings, IngestSettings
from service.app import create_app
from service.assemble import assemble
from service.background import Background
from service.settings import Settings
from tests.process import free_port
from tests.service.live import finished, listening

TENTS = "# Tents\n\nA tent that was slept in can be returned within ten days.\n"
ROPES = "# Ropes\n\nA rope that bore a fall is never resold.\n"
STOVES = "# Stoves\n\nA stove is returned without its fuel.\n"


@dataclass(frozen=True, slots=True)
class Bench:
    """An admin, and how to wait for its jobs. `local` is that of the process with the index."""

    admin: Admin | RemoteAdmin
    wait: Callable[[str], Job]
    local: Admin
    folder: Path
    address: str

    def ingest(self, **texts: str) -> Job:
        """Put files into the folder, which is a source, and index it."""
        self.folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (self.folder / f"{name}.md").write_text(text)
        return self.wait(self.admin.add_folders([self.folder], asked_by="test"))

    def named(self, name: str) -> DocumentRecord:
        found, _ = self.admin.documents(text=name)
        (record,) = [record for record in found if record.name == name]
        return record


@pytest.fixture(scope="module")
def running(
    encoders: Encoders, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FastAPI, str]]:
    path = tmp_path_factory.mktemp("admin") / "pincite"
    ingest = IngestSettings(watch=False, max_file_mb=1)
    settings = Settings(index=IndexSettings(path=path), ingest=ingest)
    service = assemble(settings, create=True, encoders=encoders)
    app = create_app(service, settings, Background(service, settings))
    with listening(app) as address:
        yield app, address
    service.store.close()


@pytest.fixture(params=["local", "remote"])
def bench(
    request: pytest.FixtureRequest, running: tuple[FastAPI, str], tmp_path: Path
) -> Iterator[Bench]:
    """Over one store for all tests: each has a folder of its own, and clears up."""
    app, address = running
    local: Admin = app.state.admin
    with RemoteAdmin(address) as remote:
        if request.param == "local":
            yield Bench(local, lambda job: finished(local, job), local, tmp_path / "docs", address)
        else:
            yield Bench(remote, remote.wait, local, tmp_path / "docs", address)
    for source in local.sources():
        local.remove_source(source.id, asked_by="clean")


def test_folders_are_indexed(bench: Bench) -> None:
    job = bench.ingest(tents=TENTS, ropes=ROPES)

    assert (job.kind, job.state, job.total, job.done, job.failed) == (
        JobKind.SYNC,
        JobState.DONE,
        2,
        2,
        0,
    )
    (source,) = bench.admin.sources()
    assert (source.kind, source.location) == (SourceKind.FOLDER, str(bench.folder))
    records, total = bench.admin.documents()
    assert [(record.name, record.title, record.state) for record in records] == [
        ("ropes.md", "Ropes", DocumentState.INDEXED),
        ("tents.md", "Tents", DocumentState.INDEXED),
    ]
    assert total == 2


def test_documents_are_filtered_and_paged(bench: Bench) -> None:
    bench.ingest(tents=TENTS, ropes=ROPES, stoves=STOVES, broken="\0")

    def names(**wanted: object) -> list[str]:
        return [record.name for record in bench.admin.documents(**wanted)[0]]  # type: ignore[arg-type]

    assert names(text="OP") == ["ropes.md"]
    assert names(failing=True) == ["broken.md"]
    assert names(state=DocumentState.FAILED) == ["broken.md"]
    assert names(offset=1, limit=2) == ["ropes.md", "stoves.md"]
    assert bench.admin.documents(offset=1, limit=2)[1] == 4
    assert names(source_id="elsewhere") == []


def test_a_document_shows_versions_chunks_and_elements(bench: Bench) -> None:
    bench.ingest(tents=TENTS)

    detail = bench.admin.document(bench.named("tents.md").id)

    assert detail.document == bench.named("tents.md")
    assert detail.source in bench.admin.sources()
    assert [chunk.text for chunk in detail.chunks] == [
        "A tent that was slept in can be returned within ten days."
    ]
    assert detail.chunks[0].heading_path == ("Tents",)
    assert [version.title for version in detail.versions] == ["Tents"]
    assert detail.elements == {"title": 1, "text": 1}


def test_a_folder_is_read_again(bench: Bench) -> None:
    bench.ingest(tents=TENTS, ropes=ROPES)
    (bench.folder / "ropes.md").unlink()
    (bench.folder / "tents.md").write_text(STOVES)

    job = bench.wait(bench.admin.sync(asked_by="test"))

    outcomes = bench.admin.outcomes(job.id)
    assert {(outcome.name, outcome.action) for outcome in outcomes} == {
        ("tents.md", Action.CHANGE),
        ("ropes.md", Action.REMOVE),
    }
    assert [record.title for record in bench.admin.documents()[0]] == ["Stoves"]


def test_only_some_paths_are_read_again(bench: Bench) -> None:
    bench.ingest(tents=TENTS, ropes=ROPES)
    for name in ("tents", "ropes"):
        (bench.folder / f"{name}.md").write_text(STOVES)
    (source,) = bench.admin.sources()

    only = [str(bench.folder / "tents.md")]
    bench.wait(bench.admin.sync([source.id], only=only, asked_by="test"))

    assert [record.title for record in bench.admin.documents()[0]] == ["Ropes", "Stoves"]


def test_paths_outside_the_sources_are_refused(bench: Bench) -> None:
    bench.ingest(tents=TENTS)

    with pytest.raises(WrongUse, match="does not lie in a folder that is to be read"):
        bench.admin.sync(only=[f"{bench.folder}/../../etc"], asked_by="test")


def test_files_are_uploaded_with_what_is_said_about_them(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "stoves.md"
    file.write_text(STOVES)
    said = Metadata(owner="Shops", effective_from=date(2026, 3, 1), groups=("shops",))

    first = bench.wait(bench.admin.upload_files([file], said, asked_by="test"))
    file.write_text(TENTS)
    second = bench.wait(bench.admin.upload_files([file], said, asked_by="test"))

    assert [first.kind, first.done, second.done] == [JobKind.UPLOAD, 1, 1]
    record = bench.named("stoves.md")
    assert (record.title, record.form) == ("Tents", said)
    assert (record.valid_from, record.described.groups) == (date(2026, 3, 1), ("shops",))
    titles = [version.title for version in bench.admin.document(record.id).versions]
    assert titles == ["Tents", "Stoves"]


def test_what_is_deleted_is_gone_and_noted(bench: Bench) -> None:
    bench.ingest(tents=TENTS, ropes=ROPES)
    record = bench.named("tents.md")

    job = bench.admin.job(bench.admin.delete([record.id], asked_by="test"))

    assert (job.kind, job.state) == (JobKind.REMOVE, JobState.DONE)
    assert [each.name for each in bench.admin.documents()[0]] == ["ropes.md"]
    deletion = bench.admin.deletions()[0]
    assert (deletion.document_id, deletion.name) == (record.id, "tents.md")


@pytest.mark.parametrize("by", ["ids", "source", "all"])
def test_documents_are_read_anew(bench: Bench, by: str) -> None:
    bench.ingest(tents=TENTS, ropes=ROPES)
    wanted = {
        "ids": {"ids": [bench.named("tents.md").id]},
        "source": {"source_id": bench.admin.sources()[0].id},
        "all": {},
    }[by]

    job = bench.wait(bench.admin.reindex(asked_by="test", **wanted))  # type: ignore[arg-type]

    assert (job.kind, job.done, job.failed) == (JobKind.REINDEX, 1 if by == "ids" else 2, 0)


def test_jobs_are_listed_the_latest_first(bench: Bench) -> None:
    first = bench.ingest(tents=TENTS)
    second = bench.wait(bench.admin.sync(asked_by="test"))

    assert [job.id for job in bench.admin.jobs(limit=2)] == [second.id, first.id]
    assert bench.admin.jobs(open_only=True) == []
    assert bench.admin.job(first.id) == first


def test_outcomes_are_filtered_and_paged(bench: Bench) -> None:
    job = bench.ingest(a="\0", b=TENTS, c=ROPES, d=STOVES)

    def names(**wanted: object) -> list[str]:
        return [outcome.name for outcome in bench.admin.outcomes(job.id, **wanted)]  # type: ignore[arg-type]

    assert names() == ["a.md", "b.md", "c.md", "d.md"]
    assert names(offset=1, limit=2) == ["b.md", "c.md"]
    assert names(state="failed") == ["a.md"]
    (failed,) = bench.admin.outcomes(job.id, state="failed")
    assert "ending of its format" in (failed.error or "")


def test_progress_is_told_until_a_job_is_over(bench: Bench) -> None:
    if isinstance(bench.admin, Admin):
        pytest.skip("The worker's own progress is tested with the worker.")
    seen: list[Job] = []
    job_id = bench.admin.add_folders([_folder(bench, tents=TENTS)], asked_by="test")

    job = bench.admin.wait(job_id, seen.append)

    assert seen[-1] == job
    assert all(before.is_open for before in seen[:-1])


def test_a_job_that_is_over_stays_as_it_is_when_cancelled(bench: Bench) -> None:
    job = bench.ingest(tents=TENTS)

    assert bench.admin.cancel(job.id) == job


def test_an_index_is_rebuilt_rolled_back_and_dropped(bench: Bench) -> None:
    bench.ingest(tents=TENTS)
    before = _serving(bench)

    rebuilt = bench.wait(bench.admin.rebuild(asked_by="test", target_tokens=64))
    after = _serving(bench)
    back = bench.wait(bench.admin.use(asked_by="test"))

    assert (rebuilt.state, rebuilt.error) == (JobState.DONE, None)
    assert after != before
    assert (back.state, _serving(bench)) == (JobState.DONE, before)
    bench.admin.drop(after)
    assert after not in [each.record.name for each in bench.admin.index().generations]


def test_a_source_is_removed_with_its_documents(bench: Bench) -> None:
    bench.ingest(tents=TENTS, ropes=ROPES)
    (source,) = bench.admin.sources()

    assert bench.admin.remove_source(source.id, asked_by="test") == 2

    assert bench.admin.sources() == []
    assert bench.admin.documents() == ([], 0)


@pytest.mark.parametrize(
    ("use", "kind", "says"),
    [
        (lambda b: b.admin.document("none"), NotFound, "There is no document none; "),
        (lambda b: b.admin.delete(["none"], asked_by="x"), NotFound, "There is no document none; "),
        (lambda b: b.admin.job("none"), NotFound, "There is no job none; "),
        (lambda b: b.wait("none"), NotFound, "There is no job none; "),
        (lambda b: b.admin.outcomes("none"), NotFound, "There is no job none; "),
        (lambda b: b.admin.cancel("none"), NotFound, "There is no job none; "),
        (lambda b: b.admin.sync(["none"], asked_by="x"), NotFound, "There is no source none; "),
        (lambda b: b.admin.remove_source("none", asked_by="x"), NotFound, "There is no source "),
        (
            lambda b: b.admin.reindex(source_id="none", asked_by="x"),
            NotFound,
            "There is no source none; ",
        ),
        (
            lambda b: b.admin.add_folders([Path("/nowhere")], asked_by="x"),
            WrongUse,
            "There is no file or folder /nowhere. Nothing was changed.",
        ),
        (
            lambda b: b.admin.upload_files([Path("/nowhere/a.md")], asked_by="x"),
            WrongUse,
            "There is no file /nowhere/a.md. Nothing was changed.",
        ),
        (
            lambda b: b.admin.upload_files([_file(b, "a.exe", b"MZ")], asked_by="x"),
            UploadOfOtherKind,
            "a.exe has the unknown ending '.exe'",
        ),
        (
            lambda b: b.admin.upload_files([_file(b, "a.md", b"x" * 1_000_001)], asked_by="x"),
            UploadTooLarge,
            "a.md is over the limit of 1 MB: divide it, or raise [ingest] max_file_mb.",
        ),
        (lambda b: b.admin.drop("g9999"), WrongUse, "There is no generation g9999; "),
        (lambda b: b.admin.drop(_serving(b)), WrongUse, "is the generation that answers."),
        (
            lambda b: b.admin.use("g9999", asked_by="x"),
            WrongUse,
            "There is no kept generation g9999; ",
        ),
    ],
)
def test_what_cannot_be_done_is_the_same_error(
    bench: Bench, use: Callable[[Bench], object], kind: type[PinciteError], says: str
) -> None:
    with pytest.raises(PinciteError) as raised:
        use(bench)

    assert type(raised.value) is kind
    assert says in str(raised.value)


def test_every_value_comes_over_the_wire_as_it_is(running: tuple[FastAPI, str]) -> None:
    app, address = running
    local: Admin = app.state.admin

    with RemoteAdmin(address) as remote:
        assert remote.sources() == local.sources()
        assert remote.documents(limit=1000) == local.documents(limit=1000)
        assert remote.jobs() == local.jobs()
        assert remote.deletions() == local.deletions()
        assert remote.index().generations == local.index().generations


def test_a_question_is_passed_on(bench: Bench) -> None:
    bench.ingest(tents=TENTS)

    with RemoteAdmin(bench.address) as remote:
        answer = remote.ask("Can a tent that was slept in be returned?")
        refused = remote.ask("Can a tent that was slept in be returned?", date(1999, 1, 1))

    assert answer["sentences"][0]["citations"][0]["document"] == "tents.md"
    assert "1999-01-01" in refused["text"]


def test_a_service_that_is_not_there_is_an_error_of_its_own() -> None:
    address = f"http://127.0.0.1:{free_port()}"

    with RemoteAdmin(address) as remote, pytest.raises(ServiceUnreachable, match="pincite serve"):
        remote.sources()


def test_an_answer_of_something_else_is_a_failure(running: tuple[FastAPI, str]) -> None:
    with RemoteAdmin(f"{running[1]}/elsewhere") as remote, pytest.raises(ServiceFailed):
        remote.sources()


def test_the_service_of_an_index_is_found_while_it_runs(
    running: tuple[FastAPI, str], tmp_path: Path
) -> None:
    app, address = running

    with announced(tmp_path, address, app.state.instance):
        found = find_service(tmp_path)
        mode = (tmp_path / "service.json").stat().st_mode & 0o777

    assert (found, mode) == (address, 0o600)
    assert list(tmp_path.iterdir()) == []
    assert find_service(tmp_path) is None


@pytest.mark.parametrize(
    "left_behind",
    [
        b"",
        b"[]",
        b'{"url": "http://127.0.0.1:1", "pid": 1, "instance": "gone"}',
        b'{"url": "http://192.0.2.1:80", "pid": 1, "instance": "elsewhere"}',
    ],
)
def test_what_a_killed_service_left_behind_finds_none(tmp_path: Path, left_behind: bytes) -> None:
    (tmp_path / "service.json").write_bytes(left_behind)

    assert find_service(tmp_path) is None


def test_another_service_at_the_same_address_is_not_taken_for_it(
    running: tuple[FastAPI, str], tmp_path: Path
) -> None:
    with announced(tmp_path, running[1], "another"):
        assert find_service(tmp_path) is None


def _serving(bench: Bench) -> str:
    (name,) = [
        each.record.name
        for each in bench.admin.index().generations
        if each.record.state is GenerationState.SERVING
    ]
    return name


def _folder(bench: Bench, **texts: str) -> Path:
    bench.folder.mkdir()
    for name, text in texts.items():
        (bench.folder / f"{name}.md").write_text(text)
    return bench.folder


def _file(bench: Bench, name: str, content: bytes) -> Path:
    bench.folder.mkdir()
    (bench.folder / name).write_bytes(content)
    return bench.folder / name
