"""Adapters that do not fit are refused when `pincite` starts, with what is wrong and both hashes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import pincite
from ingest.adapter import MANIFEST_FILE, WEIGHTS_FILE, base_sha256, sha256_of
from ingest.embed import bundled_path

BASE = base_sha256(bundled_path())
ADAPTERS = ("reranker", "encoder")


@pytest.fixture
def index(example_store_path: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(example_store_path, tmp_path / "pincite"))


@pytest.fixture
def adapters(trained_reranker: Path, trained_encoder: Path, tmp_path: Path) -> dict[str, Path]:
    """A copy of an adapter of each kind."""
    trained = {"reranker": trained_reranker, "encoder": trained_encoder}
    return {
        kind: Path(shutil.copytree(folder, tmp_path / kind)) for kind, folder in trained.items()
    }


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["pincite", *map(str, arguments)])
    try:
        pincite.main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def wanting(kind: str, folder: Path) -> list[str]:
    model = ["--set", "reranker.model=bundled"] if kind == "reranker" else []
    return [*model, "--set", f"{kind}.adapter={folder}"]


def remove(folder: Path) -> str:
    shutil.rmtree(folder)
    return f"There is no adapter in {folder}"


def empty(folder: Path) -> str:
    for file in folder.iterdir():
        file.unlink()
    return f"There is no adapter in {folder}"


def exchange_base(folder: Path) -> str:
    manifest = folder / MANIFEST_FILE
    manifest.write_text(manifest.read_text().replace(BASE, "c" * 64))
    return f"({'c' * 64}), the base that is configured has {BASE}"


def change_weights(folder: Path) -> str:
    before = sha256_of(folder / WEIGHTS_FILE)
    content = bytearray((folder / WEIGHTS_FILE).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(content)
    return f"manifest names weights {before}, the file has {sha256_of(folder / WEIGHTS_FILE)}"


def cut_off(folder: Path) -> str:
    before = sha256_of(folder / WEIGHTS_FILE)
    content = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(content[: len(content) // 2])
    return f"manifest names weights {before}, the file has {sha256_of(folder / WEIGHTS_FILE)}"


def remove_weights(folder: Path) -> str:
    (folder / WEIGHTS_FILE).unlink()
    return f"has no {WEIGHTS_FILE}"


def exchange_kind(folder: Path) -> str:
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest | {"kind": "verifier"}))
    return "is one of a verifier, and is named for a"


def garble(folder: Path) -> str:
    (folder / MANIFEST_FILE).write_text("no JSON")
    return f"{folder / MANIFEST_FILE} cannot be read"


DAMAGES = [
    remove,
    empty,
    exchange_base,
    change_weights,
    cut_off,
    remove_weights,
    exchange_kind,
    garble,
]


@pytest.mark.parametrize("kind", ADAPTERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_an_adapter_that_does_not_fit_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    index: Path,
    adapters: dict[str, Path],
    kind: str,
    damage: Callable[[Path], str],
) -> None:
    expected = damage(adapters[kind])

    code = run(monkeypatch, "--index", index, *wanting(kind, adapters[kind]), "ask", "Gold tier?")

    assert code == 3
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("kind", ADAPTERS)
def test_the_service_does_not_start_with_an_adapter_that_does_not_fit(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    index: Path,
    adapters: dict[str, Path],
    kind: str,
) -> None:
    expected = change_weights(adapters[kind])

    code = run(
        monkeypatch, "--index", index, *wanting(kind, adapters[kind]), "serve", "--port", "18429"
    )

    assert code == 3
    told = capsys.readouterr()
    assert expected in told.err
    assert "Open http" not in told.out


@pytest.mark.parametrize("damaged", ["adapter_config.json", WEIGHTS_FILE])
def test_what_peft_cannot_read_is_told_though_its_hash_is_right(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    index: Path,
    adapters: dict[str, Path],
    damaged: str,
) -> None:
    folder = adapters["reranker"]
    (folder / damaged).write_text("{}")
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    hash_ = sha256_of(folder / WEIGHTS_FILE)
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest | {"weights_sha256": hash_}))

    code = run(monkeypatch, "--index", index, *wanting("reranker", folder), "ask", "Gold tier?")

    assert code == 3
    assert f"The adapter in {folder} cannot be put on its base" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ADAPTERS)
def test_an_adapter_of_the_other_kind_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    index: Path,
    adapters: dict[str, Path],
    kind: str,
) -> None:
    (other,) = set(ADAPTERS) - {kind}

    code = run(monkeypatch, "--index", index, *wanting(kind, adapters[other]), "ask", "Gold tier?")

    assert code == 3
    assert f"is one of a {other}, and is named for a {kind}" in capsys.readouterr().err


def test_an_encoder_adapter_is_for_the_bundled_model_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], adapters: dict[str, Path]
) -> None:
    code = run(
        monkeypatch,
        "--set",
        "encoder.model=mine",
        *wanting("encoder", adapters["encoder"]),
        "settings",
    )

    assert code == 2
    assert "adapter is for the model 'bundled', and model is 'mine'" in capsys.readouterr().err
