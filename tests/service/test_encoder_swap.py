"""An adapted encoder is swapped in as a generation of its own, and out again."""

import json
import shutil
from pathlib import Path

import pytest

from ingest.adapter import WEIGHTS_FILE, sha256_of
from tests.service.test_adapters import run, wanting

POLICIES = {
    "refunds.md": "# Refunds\n\nUnused tents go back within 30 days of delivery.\n",
    "leave.md": "# Leave\n\nEverybody has 28 days of paid leave in a year of service.\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    for name, text in POLICIES.items():
        (tmp_path / "policies" / name).write_text(text)
    return tmp_path


def generations(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], index: Path
) -> dict[str, str]:
    """Each generation's state by its encoder."""
    capsys.readouterr()
    assert run(monkeypatch, "--index", index, "index", "show", "--json") == 0
    shown = json.loads(capsys.readouterr().out)["generations"]
    return {
        f"{each['record']['manifest']['encoder']} {each['record']['manifest']['adapter_sha256']}": each[
            "record"
        ]["state"]
        for each in shown
    }


def test_an_adapter_is_swapped_in_rolled_back_and_lost(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    trained_encoder: Path,
) -> None:
    adapter = Path(shutil.copytree(trained_encoder, folder / "adapter"))
    adapted = f"bundled {sha256_of(adapter / WEIGHTS_FILE)}"
    index = folder / "pincite"

    def pincite(*arguments: object) -> int:
        return run(monkeypatch, "--index", index, *arguments)

    assert pincite("ingest", folder / "policies") == 0
    assert pincite("index", "rebuild", "--encoder-adapter", adapter) == 0
    assert generations(monkeypatch, capsys, index) == {
        "bundled None": "retained",
        adapted: "serving",
    }

    # The settings still want the encoder without it, and the generation is searched with its own.
    assert pincite("ask", "How many days of leave are there?") == 0
    assert "28 days of paid leave" in capsys.readouterr().out
    assert pincite("index", "rollback") == 0
    assert generations(monkeypatch, capsys, index)["bundled None"] == "serving"
    assert pincite("index", "rollback") == 0

    shutil.rmtree(adapter)
    assert pincite("ask", "How many days of leave are there?") == 3
    told = capsys.readouterr().err
    assert f"adapter {adapted.split()[1]}. There is no adapter in {adapter}" in told
    assert pincite("index", "rebuild") == 0
    assert pincite("ask", "How many days of leave are there?") == 0


def test_an_adapter_in_the_settings_is_noticed_until_the_index_is_rebuilt(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    trained_encoder: Path,
) -> None:
    index = folder / "pincite"
    name = f"bundled+encoder-{sha256_of(trained_encoder / WEIGHTS_FILE)[:8]}"
    assert run(monkeypatch, "--index", index, "ingest", folder / "policies") == 0
    wanted = ["--index", index, *wanting("encoder", trained_encoder)]
    capsys.readouterr()

    assert run(monkeypatch, *wanted, "ingest") == 0
    assert f"encoder bundled (now wanted: {name})" in capsys.readouterr().out
    assert run(monkeypatch, *wanted, "index", "rebuild") == 0
    capsys.readouterr()

    assert run(monkeypatch, *wanted, "ingest") == 0
    assert "now wanted" not in capsys.readouterr().out
    # The same weights elsewhere are the same encoder.
    moved = shutil.copytree(trained_encoder, folder / "elsewhere")
    assert run(monkeypatch, "--index", index, *wanting("encoder", Path(moved)), "ingest") == 0
    assert "now wanted" not in capsys.readouterr().out


def test_an_adapter_beside_another_encoder_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    trained_encoder: Path,
) -> None:
    index = folder / "pincite"
    assert run(monkeypatch, "--index", index, "ingest", folder / "policies") == 0

    code = run(
        monkeypatch,
        "--index",
        index,
        "index",
        "rebuild",
        "--encoder",
        "mine",
        "--encoder-adapter",
        trained_encoder,
    )

    assert code == 2
    assert "An adapter is for the encoder 'bundled'" in capsys.readouterr().err
