"""Beside the service: the worker that indexes, and the watch of the folders."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from watchfiles import Change

from ingest.admin import Admin
from ingest.catalog.jobs import Job, JobState
from ingest.chunk import Chunk
from ingest.embed import Encoders
from ingest.settings import IndexSettings, IngestSettings
from service.app import create_app
from service.assemble import Assembled, assemble
from service.background import Background
from service.settings import Settings
from service.watch import News
from tests.process import PINCITE, environment, free_port, run_pincite
from tests.service.live import finished, listening

pytestmark = pytest.mark.slow

TENTS = "# Tents\n\nA tent that was slept in can be returned within ten days.\n"
ROPES = "# Ropes\n\nA rope that bore a fall is never resold.\n"
QUESTION = "Can a tent that was slept in be returned?"
HAPPENS_WITHIN_S = 90.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(index=IndexSettings(path=tmp_path / "pincite"))


@pytest.fixture
def service(settings: Settings, encoders: Encoders) -> Iterator[Assembled]:
    service = assemble(settings, create=True, encoders=encoders)
    yield service
    service.store.close()


@pytest.fixture
def admin(service: Assembled, settings: Settings) -> Admin:
    return Admin(service.store, service.encoders, settings.ingest)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "tents.md").write_text(TENTS)
    return folder


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HAPPENS_WITHIN_S
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen")
        time.sleep(0.05)


def names(admin: Admin) -> list[str]:
    return [record.name for record in admin.documents()[0]]


# The worker


def test_open_jobs_are_left_to_the_next_start(
    service: Assembled, settings: Settings, admin: Admin, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(300):
        (many / f"{number:03}.md").write_text(f"# Rule {number}\n\n" + f"It says {number}. " * 400)
    quiet = settings.model_copy(update={"ingest": IngestSettings(watch=False)})
    job_id = admin.add_folders([many], asked_by="test")

    first = Background(service, quiet)
    first.start()
    until(lambda: admin.job(job_id).done > 0)
    started = time.monotonic()
    first.stop()
    stopped_s = time.monotonic() - started
    between = admin.job(job_id)
    second = Background(service, quiet)
    second.start()
    admin.cancel(job_id)
    after = finished(admin, job_id)
    second.stop()

    assert stopped_s < 20
    assert (between.state, between.current) == (JobState.RUNNING, ())
    assert 0 < between.done < 300
    assert after.state is JobState.CANCELLED
    assert admin.index().documents["indexed"] == after.done


def test_a_worker_that_ended_shows_in_the_health(
    service: Assembled, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr("ingest.worker.Worker.run", crash)
    background = Background(service, settings)
    with listening(create_app(service, settings, background)) as address:
        until(lambda: background.crash is not None)
        health = httpx.get(f"{address}/healthz", trust_env=False)
        ready = httpx.get(f"{address}/readyz", trust_env=False)

    assert (health.status_code, health.json()["status"]) == (
        503,
        "the worker ended: MemoryError: no more",
    )
    assert (ready.status_code, ready.json()["worker"]) == (200, "MemoryError: no more")


def test_a_worker_that_fails_goes_on_and_says_why(
    service: Assembled,
    settings: Settings,
    admin: Admin,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk on fire")

    background = Background(service, settings)
    with monkeypatch.context() as patch:
        patch.setattr("ingest.worker.Worker.step", fail)
        background.start()
        until(lambda: background.fault is not None)
        fault = background.fault
    job = finished(admin, admin.add_folders([folder], asked_by="test"))
    until(lambda: background.fault is None)
    background.stop()

    assert fault == "OSError: disk on fire"
    assert (job.state, names(admin)) == (JobState.DONE, ["tents.md"])


# The watch


@pytest.fixture
def watched(
    service: Assembled, settings: Settings, admin: Admin, folder: Path
) -> Iterator[Background]:
    """The folder is registered while the service runs, indexed and followed."""
    background = Background(service, settings)
    background.start()
    finished(admin, admin.add_folders([folder], asked_by="test"))
    time.sleep(2)
    yield background
    background.stop()


def watch_jobs(admin: Admin) -> list[Job]:
    return [job for job in admin.jobs() if job.asked_by == "watch"]


def test_what_comes_changes_and_goes_is_followed(
    watched: Background, admin: Admin, folder: Path
) -> None:
    (folder / "ropes.md").write_text(ROPES)
    until(lambda: admin.index().documents == {"indexed": 2})
    (folder / "tents.md").write_text(TENTS.replace("ten", "twenty"))
    until(lambda: any("twenty" in c.text for c in _chunks(admin, "tents.md")))
    (folder / "ropes.md").rename(folder / "cords.md")
    until(lambda: names(admin) == ["cords.md", "tents.md"])
    (folder / "tents.md").unlink()
    until(lambda: names(admin) == ["cords.md"])

    assert {job.kind for job in watch_jobs(admin)} == {"sync"}
    assert all(job.target["only"] for job in watch_jobs(admin))


def test_folders_that_come_and_go_are_followed(
    watched: Background, admin: Admin, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "staff").mkdir()
    (tmp_path / "staff" / "ropes.md").write_text(ROPES)

    (tmp_path / "staff").rename(folder / "staff")
    until(lambda: names(admin) == ["staff/ropes.md", "tents.md"])
    (folder / "staff").rename(tmp_path / "staff")
    until(lambda: names(admin) == ["tents.md"])


def test_a_file_of_metadata_is_its_documents_change(
    watched: Background, admin: Admin, folder: Path
) -> None:
    (folder / "tents.md.meta.toml").write_text('owner = "Shops"\n')

    until(lambda: admin.documents()[0][0].described.owner == "Shops")


def test_what_says_nothing_new_makes_no_job(
    watched: Background, admin: Admin, folder: Path
) -> None:
    (folder / "notes.tmp").write_text("x")
    (folder / ".hidden.md").write_text(ROPES)
    (folder / "~$tents.docx").write_text("lock")
    (folder / "empty").mkdir()
    (folder / "tents.md").chmod(0o600)
    (folder / "gone.md").write_text(ROPES)
    (folder / "gone.md").unlink()
    time.sleep(4)

    assert [job.target["only"] for job in watch_jobs(admin)] in ([], [[str(folder / "tents.md")]])
    assert names(admin) == ["tents.md"]


def test_what_changed_while_nobody_watched_is_caught_up(
    service: Assembled, settings: Settings, admin: Admin, folder: Path
) -> None:
    first = Background(service, settings)
    first.start()
    finished(admin, admin.add_folders([folder], asked_by="test"))
    first.stop()
    (folder / "ropes.md").write_text(ROPES)

    second = Background(service, settings)
    second.start()
    until(lambda: admin.index().documents == {"indexed": 2})
    second.stop()


def test_a_folder_that_comes_back_is_read_and_followed_again(
    watched: Background, admin: Admin, folder: Path
) -> None:
    away = folder.with_name("away")
    folder.rename(away)
    time.sleep(3)
    (away / "ropes.md").write_text(ROPES)
    assert names(admin) == ["tents.md"]

    away.rename(folder)
    until(lambda: names(admin) == ["ropes.md", "tents.md"])


def test_one_file_is_followed_where_an_editor_replaces_it(
    service: Assembled, settings: Settings, admin: Admin, folder: Path
) -> None:
    file = folder / "tents.md"
    background = Background(service, settings)
    background.start()
    finished(admin, admin.add_folders([file], asked_by="test"))
    time.sleep(2)

    (folder / "new").write_text(ROPES)
    os.replace(folder / "new", file)
    until(lambda: [record.title for record in admin.documents()[0]] == ["Ropes"])
    background.stop()


def test_the_index_inside_a_followed_folder_is_no_news(service: Assembled, tmp_path: Path) -> None:
    news = News(tmp_path, service.store.catalog.documents, ignored=service.store.path)
    (service.store.path / "uploads").mkdir(exist_ok=True)
    (service.store.path / "uploads" / "a.md").write_text(ROPES)
    (tmp_path / "a.md").write_text(ROPES)

    found = news.of(
        [
            (Change.added, str(service.store.path / "uploads")),
            (Change.added, str(service.store.path / "uploads" / "a.md")),
            (Change.added, str(tmp_path / "a.md")),
            (Change.deleted, str(tmp_path / "b.md")),
        ]
    )

    assert found == {str(tmp_path / "a.md")}


def _chunks(admin: Admin, name: str) -> list[Chunk]:
    (record,) = [record for record in admin.documents()[0] if record.name == name]
    return list(admin.document(record.id).chunks)


# The command


def test_serve_begins_an_index_and_the_command_line_goes_through_it(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tents.md").write_text(TENTS)
    port = free_port()
    log = tmp_path / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [PINCITE, "serve", "--port", str(port)],
            cwd=tmp_path,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/readyz", process, log)
        found = json.loads((tmp_path / ".pincite" / "service.json").read_text())
        added = httpx.post(
            f"{address}/admin/sources", json={"paths": [str(tmp_path / "docs")]}, trust_env=False
        )
        job_id = added.json()["job"]["id"]
        with httpx.stream(
            "GET", f"{address}/admin/jobs/{job_id}/events", timeout=60, trust_env=False
        ) as followed:
            events = [line for line in followed.iter_lines() if line.startswith("event:")]
        asked = run_pincite("ask", QUESTION, "--json", folder=tmp_path)
        shown = run_pincite("ask", QUESTION, folder=tmp_path)
        with httpx.stream("GET", f"{address}/admin/jobs/{job_id}/events", trust_env=False):
            process.send_signal(signal.SIGINT)
            code = process.wait(60)
    finally:
        process.kill()
        process.wait()

    assert (found["url"], found["pid"]) == (address, process.pid)
    assert events[-1] == "event: end"
    assert json.loads(asked.stdout)["sentences"][0]["citations"][0]["document"] == "tents.md"
    assert "[1] tents.md: Tents" in shown.stdout
    assert code == 0
    printed = log.read_text()
    assert printed.startswith("Nothing is indexed yet: 'pincite ingest PATH…' adds documents.\n")
    assert "Traceback" not in printed
    assert not (tmp_path / ".pincite" / "service.json").exists()


def test_serve_ends_cleanly_when_it_is_terminated(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [PINCITE, "serve", "--port", str(port)],
            cwd=tmp_path,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz", process, log)
        process.terminate()
        code = process.wait(60)
    finally:
        process.kill()
        process.wait()

    assert (code, "Traceback" in log.read_text()) == (0, False)
    assert not (tmp_path / ".pincite" / "service.json").exists()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"pincite serve ended:\n{log.read_text()}")
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(log.read_text())
