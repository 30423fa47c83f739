"""`pincite train`."""

import json
from pathlib import Path

import pytest

import pincite
from tests.service.train.colours import DIVISION


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["pincite", "train", "reranker", *arguments])
    with pytest.raises(SystemExit) as exit_:
        pincite.main()
    return int(exit_.value.code or 0)


@pytest.mark.slow
def test_a_reranker_is_trained_and_its_gain_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    examples = [*DIVISION.training, *DIVISION.held_out] * 2
    rows = [each.model_dump() | {"group": f"{number // 2}"} for number, each in enumerate(examples)]
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (tmp_path / "not.txt").write_text("1\n2\n", "utf-8")

    code = run(
        monkeypatch,
        str(path),
        "--out",
        str(tmp_path / "out"),
        "--exclude",
        str(tmp_path / "not.txt"),
    )

    assert code == 0
    told = capfd.readouterr().out
    assert f"in {tmp_path / 'out'}: MRR@10 on" in told
    assert "95% interval of the gain" in told
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["data"][0] | {"sha256": ""} == {
        "name": "mine.jsonl",
        "sha256": "",
        "rows": 96,
        "licences": {"own": 96},
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("", "holds no example"),
        ('{"query": "When?"}', "positives: Field required"),
        ('{"query": "When?", "positives": ["Now."], "group": "a"}', "of more documents"),
    ],
)
def test_what_cannot_be_trained_on_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    content: str | None,
    says: str,
) -> None:
    path = tmp_path / "mine.jsonl"
    if content is not None:
        path.write_text(content, "utf-8")

    code = run(monkeypatch, str(path), "--out", str(tmp_path / "out"))

    assert code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
