"""The container's files: well formed, closed to the network, and true to the repository."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import load_settings

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

    packages = {folder.parent.name for folder in ROOT.glob("*/cli.py")}

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
    assert "[bundled]" in instructions("RUN")[2]


def test_only_serve_publishes_a_port_and_only_on_loopback() -> None:
    ports = {name: service.get("ports") for name, service in services().items()}

    assert ports == {"serve": ["127.0.0.1:8420:8420"], "ingest": None}


@pytest.mark.parametrize("name", ["serve", "ingest"])
def test_service_can_write_only_its_volume_and_gains_no_rights(name: str) -> None:
    service = services()[name]

    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == [
        "index:/data"
    ]


def test_ingest_runs_only_when_asked_for_and_reads_the_policies() -> None:
    ingest = services()["ingest"]

    assert ingest["profiles"] == ["ingest"]
    assert ingest["command"] == ["ingest", "/policies"]
    assert "${POLICIES:-../examples/policies}:/policies:ro" in ingest["volumes"]
    assert (COMPOSE.parent / "../examples/policies").is_dir()


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


def services() -> dict[str, Any]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return loaded["services"]
