"""`/admin` over HTTP: uploads, deletions, jobs and generations, and who may change anything."""

import json
import socket
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from fastapi import FastAPI

from ingest.admin import Admin
from ingest.catalog.jobs import Job, JobState
from ingest.embed import Encoders
from ingest.settings import IndexSettings, IngestSettings
from service.app import create_app
from service.assemble import Assembled, assemble
from service.background import Background
from service.settings import ServiceSettings, Settings
from tests.service.live import finished, listening

TENTS = b"# Tents\n\nA tent that was slept in can be returned within ten days.\n"
ROPES = b"# Ropes\n\nA rope that bore a fall is never resold.\n"
TENT_QUESTION = "Can a tent that was slept in be returned?"

Files = list[tuple[str, tuple[str, bytes]]]


@pytest.fixture(scope="module")
def running(
    encoders: Encoders, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FastAPI, str]]:
    """The service over an index that is empty at first, on a port of its own."""
    settings = Settings(
        index=IndexSettings(path=tmp_path_factory.mktemp("routes") / "pincite"),
        ingest=IngestSettings(watch=False, max_file_mb=1),
        service=ServiceSettings(max_upload_mb=2.5, max_upload_files=3),
    )
    service = assemble(settings, create=True, encoders=encoders)
    app = create_app(service, settings, Background(service, settings))
    with listening(app) as address:
        yield app, address
    service.store.close()


@pytest.fixture
def client(running: tuple[FastAPI, str]) -> Iterator[httpx.Client]:
    """Afterwards every document is deleted again."""
    app, address = running
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as client:
        yield client
    admin: Admin = app.state.admin
    for job in admin.jobs(open_only=True):
        admin.cancel(job.id)
        finished(admin, job.id)
    for source in admin.sources():
        admin.remove_source(source.id, asked_by="clean")


@pytest.fixture
def admin(running: tuple[FastAPI, str]) -> Admin:
    admin: Admin = running[0].state.admin
    return admin


@pytest.fixture
def uploads(running: tuple[FastAPI, str]) -> Path:
    """The folder that uploads are kept in."""
    service: Assembled = running[0].state.service
    return service.store.path / "uploads"


def files(**contents: bytes) -> Files:
    return [("files", (name.replace("_", "."), content)) for name, content in contents.items()]


def upload(client: httpx.Client, sent: Files, metadata: object = None) -> httpx.Response:
    data = {} if metadata is None else {"metadata": json.dumps(metadata)}
    return client.post("/admin/documents", files=sent, data=data)


def uploaded(client: httpx.Client, admin: Admin, sent: Files, metadata: object = None) -> Job:
    response = upload(client, sent, metadata)
    assert response.status_code == 202, response.text
    return finished(admin, response.json()["job"]["id"])


def names(client: httpx.Client, **wanted: Any) -> list[str]:
    page = client.get("/admin/documents", params=wanted).json()
    return [document["name"] for document in page["documents"]]


def cited(client: httpx.Client, question: str) -> set[str]:
    answer = client.post("/ask", json={"question": question}).json()
    passages = answer["passages"] + answer["nearest"]
    return {passage["document"] for passage in passages}


def kept(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file()}


def error_of(response: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    return error


# Uploads


def test_an_empty_index_answers_and_is_ready(client: httpx.Client) -> None:
    assert client.get("/readyz").json()["passages"] == 0
    assert client.post("/ask", json={"question": TENT_QUESTION}).json()["refused"] is True


def test_several_files_are_uploaded_at_once(client: httpx.Client, admin: Admin) -> None:
    job = uploaded(client, admin, files(tents_md=TENTS, ropes_md=ROPES))

    assert (job.kind, job.state, job.asked_by, job.done) == ("upload", JobState.DONE, "local", 2)
    assert names(client) == ["ropes.md", "tents.md"]
    assert cited(client, TENT_QUESTION) >= {"tents.md"}


def test_a_file_of_a_known_name_is_a_new_version(client: httpx.Client, admin: Admin) -> None:
    uploaded(client, admin, files(tents_md=TENTS))
    uploaded(client, admin, files(tents_md=ROPES))

    (document,) = client.get("/admin/documents").json()["documents"]
    detail = client.get(f"/admin/documents/{document['id']}").json()
    assert document["title"] == "Ropes"
    assert [version["title"] for version in detail["versions"]] == ["Ropes", "Tents"]


def test_metadata_is_for_all_files_and_access_groups_hide_them(
    client: httpx.Client, admin: Admin
) -> None:
    said = {"owner": "Shops", "effective_from": "2026-03-01", "groups": ["managers"]}
    uploaded(client, admin, files(tents_md=TENTS, ropes_md=ROPES), said)

    documents = client.get("/admin/documents").json()["documents"]
    assert [document["form"]["owner"] for document in documents] == ["Shops", "Shops"]
    assert documents[0]["valid_from"] == "2026-03-01"
    assert cited(client, TENT_QUESTION) == set()
    assert client.get("/documents").json() == {"documents": []}


def test_metadata_may_differ_by_file(client: httpx.Client, admin: Admin) -> None:
    said = {"tents.md": {"owner": "Shops"}}
    uploaded(client, admin, files(tents_md=TENTS, ropes_md=ROPES), said)

    documents = client.get("/admin/documents").json()["documents"]
    owners = {document["name"]: document["form"]["owner"] for document in documents}
    assert owners == {"tents.md": "Shops", "ropes.md": None}


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ('{"owner": ', "metadata is not JSON: "),
        ("[" * 100_000, "metadata is not JSON: "),
        ('["HR"]', "metadata is not a JSON object"),
        ('{"ownr": "HR"}', "metadata: unknown key 'ownr': known are title, owner, "),
        ('{"effective_from": "soon"}', "metadata: effective_from cannot be 'soon'"),
        ('{"tents.md": {"tags": {}}}', "metadata of tents.md: tags cannot be a dict"),
        ('{"other.md": {"owner": "HR"}}', "metadata is for 'other.md', and no file of that name"),
    ],
)
def test_metadata_that_cannot_be_meant_is_refused(
    client: httpx.Client, uploads: Path, metadata: str, says: str
) -> None:
    before = kept(uploads)

    response = client.post(
        "/admin/documents", files=files(tents_md=TENTS), data={"metadata": metadata}
    )

    assert (response.status_code, error_of(response)["code"]) == (400, "bad_metadata")
    assert error_of(response)["message"].startswith(says)
    assert (names(client), kept(uploads)) == ([], before)


def workbook() -> bytes:
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
        archive.writestr("xl/workbook.xml", "")
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "status", "code", "says"),
    [
        ("../tents.md", TENTS, 400, "wrong_use", "send its name without a folder"),
        ("/etc/tents.md", TENTS, 400, "wrong_use", "send its name without a folder"),
        ("a\\tents.md", TENTS, 400, "wrong_use", "send its name without a folder"),
        (".tents.md", TENTS, 400, "wrong_use", "is a hidden file: rename it"),
        ("~$tents.docx", TENTS, 400, "wrong_use", "is a hidden file: rename it"),
        ("tents\x85.md", TENTS, 400, "wrong_use", "a character that cannot be shown"),
        ("tents\u202edm.md", TENTS, 400, "wrong_use", "a character that cannot be shown"),
        ("t" * 200 + ".md", TENTS, 400, "wrong_use", "A name has more than 200 bytes"),
        ("tents.md", b" \n", 400, "wrong_use", "tents.md is empty"),
        ("tents.exe", b"MZ", 415, "other_kind", "tents.exe has the unknown ending '.exe'"),
        ("tents", TENTS, 415, "other_kind", "tents has the unknown ending ''"),
        ("tents.pdf", TENTS, 415, "other_kind", "tents.pdf is named .pdf but is not a PDF"),
        ("tents.md", b"%PDF-1.7\n\0", 415, "other_kind", "tents.md is named .md but is a PDF file"),
        ("tents.docx", workbook(), 415, "other_kind", "tents.docx is named .docx but is an XLSX"),
        ("tents.md", b"x" * 1_000_001, 413, "too_large", "tents.md is over the limit of 1 MB"),
    ],
)
def test_a_file_that_is_no_good_keeps_the_others_out(
    client: httpx.Client,
    uploads: Path,
    name: str,
    content: bytes,
    status: int,
    code: str,
    says: str,
) -> None:
    before = kept(uploads)

    response = upload(client, [*files(ropes_md=ROPES), ("files", (name, content))])

    error = error_of(response)
    assert (response.status_code, error["code"]) == (status, code)
    assert says in error["message"]
    assert "Nothing was changed." in error["message"]
    assert (names(client), kept(uploads)) == ([], before)


def test_two_files_of_one_name_are_refused(client: httpx.Client, uploads: Path) -> None:
    before = kept(uploads)

    response = upload(client, [*files(tents_md=TENTS), *files(tents_md=ROPES)])

    assert response.status_code == 400
    assert "Several files are called tents.md." in error_of(response)["message"]
    assert (names(client), kept(uploads)) == ([], before)


def test_the_number_of_files_is_limited(client: httpx.Client) -> None:
    response = upload(client, [("files", (f"{n}.md", TENTS)) for n in range(4)])

    assert (response.status_code, error_of(response)["param"]) == (413, "files")
    assert error_of(response)["message"] == "These are 4 files; at most 3 are taken at a time."


def test_the_size_of_an_upload_is_limited(client: httpx.Client) -> None:
    response = upload(client, files(tents_md=b"x" * 4_000_000))

    assert (response.status_code, error_of(response)["code"]) == (413, "too_large")
    assert error_of(response)["message"] == "The request is over 3,500,000 bytes: send less."


def test_the_size_of_an_upload_is_limited_where_it_is_not_stated(client: httpx.Client) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.md"\r\n\r\n'

    def pieces() -> Iterator[bytes]:
        yield head
        for _ in range(40):
            yield b"x" * 100_000
        yield b"\r\n--b--\r\n"

    header = {"Content-Type": "multipart/form-data; boundary=b"}
    response = client.post("/admin/documents", content=pieces(), headers=header)

    assert (response.status_code, error_of(response)["code"]) == (413, "too_large")


def test_an_upload_without_files_says_what_is_missing(client: httpx.Client) -> None:
    response = client.post("/admin/documents", data={"metadata": "{}"})

    assert response.status_code == 400
    assert error_of(response)["param"] == "files"


def test_an_upload_that_is_cut_off_leaves_nothing(
    running: tuple[FastAPI, str], client: httpx.Client, uploads: Path
) -> None:
    before = kept(uploads)
    host, port = running[1].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /admin/documents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.md"\r\n\r\n# Tents'
        )
        time.sleep(0.2)

    assert client.get("/admin/jobs", params={"open_only": True}).json() == {"jobs": []}
    assert (names(client), kept(uploads)) == ([], before)


# Documents


def test_documents_come_in_pages(client: httpx.Client, admin: Admin) -> None:
    uploaded(client, admin, files(a_md=TENTS, b_md=ROPES, c_md=b"\xff\xfe\xff"))

    page = client.get("/admin/documents", params={"offset": 1, "limit": 1}).json()

    assert ([each["name"] for each in page["documents"]], page["total"]) == (["b.md"], 3)
    assert names(client, failing=True) == ["c.md"]
    assert names(client, state="failed") == ["c.md"]
    assert names(client, text="tent") == ["a.md"]
    assert client.get("/admin/documents", params={"limit": 1001}).status_code == 400


def test_a_deleted_document_is_not_found_from_the_answer_on(
    client: httpx.Client, admin: Admin, uploads: Path
) -> None:
    uploaded(client, admin, files(tents_md=TENTS, ropes_md=ROPES))
    (tents,) = client.get("/admin/documents", params={"text": "tents"}).json()["documents"]

    response = client.delete(f"/admin/documents/{tents['id']}")

    assert "tents.md" not in cited(client, TENT_QUESTION)
    assert response.json()["job"]["state"] == "done"
    assert client.get(f"/documents/{tents['id']}").status_code == 404
    assert client.get(f"/admin/documents/{tents['id']}").status_code == 404
    assert TENTS not in [file.read_bytes() for file in kept(uploads)]
    deletion = client.get("/admin/deletions", params={"limit": 1}).json()["deletions"][0]
    assert (deletion["name"], deletion["asked_by"]) == ("tents.md", "local")


def test_several_documents_are_deleted_all_or_none(client: httpx.Client, admin: Admin) -> None:
    uploaded(client, admin, files(tents_md=TENTS, ropes_md=ROPES))
    ids = [each["id"] for each in client.get("/admin/documents").json()["documents"]]

    refused = client.post("/admin/documents/delete", json={"ids": [ids[0], "none"]})
    before = names(client)
    client.post("/admin/documents/delete", json={"ids": ids})

    assert (refused.status_code, error_of(refused)["code"]) == (404, "not_found")
    assert before == ["ropes.md", "tents.md"]
    assert names(client) == []


def test_documents_are_read_anew(client: httpx.Client, admin: Admin) -> None:
    uploaded(client, admin, files(tents_md=TENTS))

    response = client.post("/admin/reindex", json={"all": True})

    assert response.status_code == 202
    assert finished(admin, response.json()["job"]["id"]).done == 1


@pytest.mark.parametrize("body", [{}, {"all": False}, {"all": True, "source": "x"}])
def test_what_is_read_anew_must_be_said_once(client: httpx.Client, body: object) -> None:
    response = client.post("/admin/reindex", json=body)

    assert response.status_code == 400
    assert "give one of documents, source or all: true" in error_of(response)["message"]


# Sources


def test_a_folder_is_added_synced_and_removed(
    client: httpx.Client, admin: Admin, tmp_path: Path
) -> None:
    (tmp_path / "tents.md").write_bytes(TENTS)

    added = client.post("/admin/sources", json={"paths": [str(tmp_path)]})
    finished(admin, added.json()["job"]["id"])
    (source,) = client.get("/admin/sources").json()["sources"]
    (tmp_path / "ropes.md").write_bytes(ROPES)
    synced = client.post(f"/admin/sources/{source['id']}/sync")
    finished(admin, synced.json()["job"]["id"])
    everything = client.post("/admin/sync")
    finished(admin, everything.json()["job"]["id"])
    listed = names(client)
    removed = client.delete(f"/admin/sources/{source['id']}")

    assert [each.status_code for each in (added, synced, everything)] == [202, 202, 202]
    assert (source["location"], source["added_by"]) == (str(tmp_path), "local")
    assert listed == ["ropes.md", "tents.md"]
    assert removed.json() == {"documents": 2}
    assert names(client) == []


def test_a_relative_folder_is_refused(client: httpx.Client) -> None:
    response = client.post("/admin/sources", json={"paths": ["policies"]})

    assert response.status_code == 400
    assert error_of(response)["message"] == "policies is relative: give the whole path."


# Jobs


def events(client: httpx.Client, job_id: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(event, id, data) of each."""
    text = client.get(f"/admin/jobs/{job_id}/events").text.replace("\r\n", "\n")
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line[0] != ":")
        if fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


def test_a_job_is_followed_to_its_end(client: httpx.Client) -> None:
    job_id = upload(client, files(tents_md=TENTS, ropes_md=ROPES)).json()["job"]["id"]

    seen = events(client, job_id)

    assert [event for event, _, _ in seen] == ["job"] * (len(seen) - 1) + ["end"]
    done = [data["done"] for _, _, data in seen]
    assert done == sorted(done)
    assert (seen[-1][2]["state"], seen[-1][2]["done"]) == ("done", 2)
    assert len({number for _, number, _ in seen}) == len(seen)


def test_who_comes_back_gets_the_job_as_it_is(client: httpx.Client, admin: Admin) -> None:
    job = uploaded(client, admin, files(tents_md=TENTS))

    ((event, number, data),) = events(client, job.id)
    again = client.get(f"/admin/jobs/{job.id}/events", headers={"Last-Event-ID": number})

    assert (event, data["state"]) == ("end", "done")
    assert (again.status_code, again.content) == (204, b"")
    assert client.get("/admin/jobs/none/events").status_code == 404


def test_a_follower_who_leaves_does_not_disturb(client: httpx.Client, admin: Admin) -> None:
    job_id = upload(client, files(tents_md=TENTS)).json()["job"]["id"]

    with client.stream("GET", f"/admin/jobs/{job_id}/events") as response:
        next(response.iter_lines())

    assert finished(admin, job_id).state is JobState.DONE


def test_a_job_shows_why_documents_failed(client: httpx.Client, admin: Admin) -> None:
    job = uploaded(client, admin, files(tents_md=TENTS, broken_md=b"\xff\xfe\xff"))

    detail = client.get(f"/admin/jobs/{job.id}", params={"state": "failed"}).json()
    second = client.get(f"/admin/jobs/{job.id}", params={"offset": 1, "limit": 1}).json()

    assert (detail["job"]["done"], detail["job"]["failed"]) == (1, 1)
    ((name, error),) = [(each["name"], each["error"]) for each in detail["outcomes"]]
    assert name == "broken.md"
    assert "save it as UTF-8" in error or "UTF-16" in error
    assert [each["name"] for each in second["outcomes"]] == ["broken.md"]


def test_a_cancelled_job_starts_nothing_more(
    client: httpx.Client, admin: Admin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(60):
        (tmp_path / f"{number:02}.md").write_bytes(TENTS + b"%d" % number)
    job_id = client.post("/admin/sources", json={"paths": [str(tmp_path)]}).json()["job"]["id"]

    response = client.post(f"/admin/jobs/{job_id}/cancel")
    job = finished(admin, job_id)

    assert response.status_code == 200
    assert job.state is JobState.CANCELLED
    assert job.done < 60
    assert len(names(client, state="indexed")) == job.done


# Generations


def test_an_index_is_rebuilt_rolled_back_and_dropped(client: httpx.Client, admin: Admin) -> None:
    uploaded(client, admin, files(tents_md=TENTS))
    before = client.get("/readyz").json()["generation"]

    rebuilt = client.post("/admin/index/rebuild", json={"target_tokens": 64, "max_tokens": 128})
    finished(admin, rebuilt.json()["job"]["id"])
    after = client.get("/readyz").json()["generation"]
    refused = client.delete(f"/admin/index/{after}")
    back = client.post("/admin/index/rollback")
    finished(admin, back.json()["job"]["id"])
    last = client.get("/readyz").json()["generation"]
    dropped = client.delete(f"/admin/index/{after}")

    assert (rebuilt.status_code, back.status_code) == (202, 202)
    assert after != before
    assert last == before
    assert (refused.status_code, dropped.status_code) == (400, 200)
    assert "tents.md" in cited(client, TENT_QUESTION)
    generations = client.get("/admin/index").json()["generations"]
    assert [each["record"]["name"] for each in generations] == [before]


def test_a_second_build_is_refused(client: httpx.Client, admin: Admin, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.md").write_bytes(TENTS + b"%d" % number)
    client.post("/admin/sources", json={"paths": [str(tmp_path)]})

    first = client.post("/admin/index/rebuild")
    second = client.post("/admin/index/rebuild")

    assert (first.status_code, second.status_code) == (202, 400)
    assert "is being built already" in error_of(second)["message"]


# Who may change anything


def changes(client: httpx.Client, **headers: str) -> list[httpx.Response]:
    """Every kind of change, asked for with these headers."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return [
        client.post("/admin/documents", files=files(tents_md=TENTS), headers=given),
        client.post("/admin/sync", headers=given),
        client.delete("/admin/documents/none", headers=given),
        client.post("/ask", json={"question": TENT_QUESTION}, headers=given),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_pages_of_other_sites_change_nothing(client: httpx.Client, headers: dict[str, str]) -> None:
    responses = changes(client, **headers)

    assert [response.status_code for response in responses] == [403] * 4
    assert {error_of(response)["code"] for response in responses} == {"cross_site"}
    assert names(client) == []


def test_the_services_own_pages_may(client: httpx.Client, admin: Admin) -> None:
    own = str(client.base_url).rstrip("/")

    responses = changes(client, Origin=own, Sec_Fetch_Site="same-origin")

    assert [response.status_code for response in responses] == [202, 202, 404, 200]


def test_a_link_from_another_site_may_be_followed(client: httpx.Client) -> None:
    response = client.get("/admin/jobs", headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 200
    assert response.headers["cross-origin-resource-policy"] == "same-origin"


# What the API says of itself


@pytest.mark.parametrize("broken", [b"{", b"[]", b'{"paths": "x"}', b'{"paths": [], "x": 1}'])
def test_a_broken_request_is_an_error_in_the_one_format(
    client: httpx.Client, broken: bytes
) -> None:
    header = {"Content-Type": "application/json"}

    response = client.post("/admin/sources", content=broken, headers=header)

    assert (response.status_code, error_of(response)["type"]) == (400, "invalid_request_error")


def test_every_route_is_described(client: httpx.Client) -> None:
    paths: dict[str, dict[str, Any]] = client.get("/openapi.json").json()["paths"]

    routes = {
        f"{method.upper()} {path}": route
        for path, methods in paths.items()
        for method, route in methods.items()
        if path.startswith("/admin")
    }
    assert len(routes) == 21
    assert [name for name, route in routes.items() if not route.get("description")] == []


class Unreachable:
    """Stands for a database that is locked for too long."""

    def __call__(self, *_: object, **__: object) -> None:
        import sqlite3

        from sqlalchemy.exc import OperationalError

        raise OperationalError("select", {}, sqlite3.OperationalError("database is locked"))


def test_a_catalog_that_does_not_answer_is_to_be_asked_again(
    running: tuple[FastAPI, str], client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.catalog.sources.Sources.all", Unreachable())

    response = client.get("/admin/sources")

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "database is locked" in error_of(response)["message"]
