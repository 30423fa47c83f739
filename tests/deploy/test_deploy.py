"""The container's files: well formed, closed to the network, and true to the repository."""

import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from service.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
COMPOSE = ROOT / "deploy" / "compose.yaml"


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")

    run = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def test_compose_file_fits_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]

    run = subprocess.run([*check, COMPOSE], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


def test_everything_that_is_copied_exists_and_is_sent_to_the_build() -> None:
    copied = [path for line in instructions("COPY") for path in sources(line)]

    sent = (ROOT / ".dockerignore").read_text("utf-8").splitlines()

    assert len(copied) == 9
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert [path for path in copied if f"!{path.rstrip('/')}" not in sent] == []


def test_every_package_of_the_distribution_is_copied() -> None:
    copied = {path.rstrip("/") for line in instructions("COPY") for path in sources(line)}

    packages = {
        module.relative_to(ROOT).parts[0]
        for pattern in ("*/cli.py", "*/cli/__init__.py")
        for module in ROOT.glob(pattern)
    }

    assert packages == {"ingest", "service", "eval"}
    assert packages | {"generator"} <= copied


def test_settings_of_the_image_are_real_ones() -> None:
    settings = load_settings(environment=image_environment(), flags={}).settings

    assert str(settings.index.path) == "/data"
    assert settings.service.host == "0.0.0.0"  # noqa: S104
    assert settings.service.behind_published_port is True
    assert f"EXPOSE {settings.service.port}" in DOCKERFILE.read_text("utf-8")
    assert f"127.0.0.1:{settings.service.port}/readyz" in instructions("HEALTHCHECK")[0]


def test_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    user, group = instructions("USER")[-1].split(":")

    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_image_asks_no_network_for_models() -> None:
    assert image_environment(prefix="HF_") == {"HF_HUB_OFFLINE": "1"}
    assert ".[bundled,postgres]" in instructions("RUN")[2]


def test_only_the_service_publishes_a_port_and_only_on_loopback() -> None:
    ports = {name: each["ports"] for name, each in services().items() if "ports" in each}

    assert ports == {name: ["127.0.0.1:8420:8420"] for name in ("serve", "serve-shared")}


def test_without_a_profile_there_is_one_service() -> None:
    profiles = {name: each.get("profiles") for name, each in services().items()}

    assert profiles.pop("serve") is None
    assert set(profiles) == {"serve-shared", "worker", "qdrant", "catalog"}
    assert all(each == ["server"] for each in profiles.values())


@pytest.mark.parametrize(
    ("name", "writable"),
    [
        ("serve", "index:/data"),
        ("serve-shared", "uploads:/data"),
        ("worker", "uploads:/data"),
        ("qdrant", "qdrant:/qdrant/storage"),
        ("catalog", "catalog:/var/lib/postgresql/data"),
    ],
)
def test_service_can_write_only_its_volume_and_gains_no_rights(name: str, writable: str) -> None:
    service = services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == [writable]


@pytest.mark.parametrize("name", ["serve", "serve-shared", "worker"])
def test_what_indexes_reads_the_policies_and_nothing_beside(name: str) -> None:
    service = services()[name]

    assert "${POLICIES:-../examples/policies}:/policies:ro" in service["volumes"]
    assert (COMPOSE.parent / "../examples/policies").is_dir()
    assert settings_of(name).ingest.allowed_roots == (Path("/policies"),)


@pytest.mark.parametrize("name", ["serve-shared", "worker"])
def test_shared_processes_find_index_and_catalog_by_the_names_of_their_services(name: str) -> None:
    index = settings_of(name).index

    assert index.server_url == "http://qdrant:6333"
    assert make_url(index.catalog_url or "").host == "catalog"
    assert make_url(index.catalog_url or "").password is None
    assert set(services()[name]["depends_on"]) == {"qdrant", "catalog"}
    assert "inside" in services()[name]["networks"]


def test_nothing_reaches_the_databases_from_outside_nor_they_the_network() -> None:
    assert compose()["networks"]["inside"] == {"internal": True}
    assert {name: services()[name]["networks"] for name in ("worker", "qdrant", "catalog")} == {
        name: ["inside"] for name in ("worker", "qdrant", "catalog")
    }


def test_default_service_holds_its_index_itself() -> None:
    index = settings_of("serve").index

    assert (index.server_url, index.catalog_url) == (None, None)


def test_qdrant_server_is_as_new_as_its_client() -> None:
    _, _, server = services()["qdrant"]["image"].partition(":v")
    (client,) = re.findall(
        r"^qdrant-client==([\d.]+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
    )

    assert server.split(".")[:2] == client.split(".")[:2]


def test_start_of_the_catalog_fails_without_a_password_and_that_of_the_rest_does_not() -> None:
    # "${NAME:?message}" would be asked for by every command, also without the profile.
    assert ":?" not in COMPOSE.read_text("utf-8")
    asked_for = "${CATALOG_PASSWORD:-}"
    assert services()["catalog"]["environment"]["POSTGRES_PASSWORD"] == asked_for
    assert services()["worker"]["environment"]["PGPASSWORD"] == asked_for


@pytest.mark.parametrize(
    ("line", "healthy"), [("HTTP/1.1 200 OK", True), ("HTTP/1.1 503 X", False)]
)
def test_health_check_of_qdrant_reads_its_answer(line: str, healthy: bool) -> None:
    # As Compose hands it on: "$$" is one "$".
    *command, script = services()["qdrant"]["healthcheck"]["test"][1:]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = script.replace("$$", "$").replace("6333", str(port))
        with subprocess.Popen([*command, script]) as check:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as received:
                asked = [received.readline(), received.readline()]
                connection.sendall(f"{line}\r\n\r\n".encode())
                assert (check.wait(10) == 0) is healthy

    assert asked == [b"GET /readyz HTTP/1.0\r\n", b"\r\n"]


def instructions(name: str) -> list[str]:
    """The arguments of every instruction of that name in the Dockerfile, on one line each."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text("utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]


def sources(copy: str) -> list[str]:
    """The paths in the repository that a COPY takes; none for one from an earlier stage."""
    words = shlex.split(copy)
    return [] if words[0].startswith("--from") else words[:-1]


def image_environment(prefix: str = "PINCITE_") -> dict[str, str]:
    pairs = (word.partition("=") for line in instructions("ENV") for word in shlex.split(line))
    return {name: value for name, _, value in pairs if name.startswith(prefix)}


def settings_of(name: str) -> Settings:
    """The settings that a service of the compose file starts with."""
    chosen = services()[name]["environment"]
    own = {key: value for key, value in chosen.items() if key.startswith("PINCITE_")}
    return load_settings(environment=image_environment() | own, flags={}).settings


def services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return loaded
