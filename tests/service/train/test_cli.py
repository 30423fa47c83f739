"""`pincite train`."""

import json
import shutil
from pathlib import Path

import pytest

import pincite
from ingest.settings import IndexSettings
from ingest.store import open_store
from tests.service.train.colours import DIVISION

SUITE = Path(__file__).parents[3] / "examples" / "questions.jsonl"


def run(
    monkeypatch: pytest.MonkeyPatch,
    *arguments: object,
    part: str = "reranker",
    index: object = "no",
) -> int:
    command = ["pincite", "--index", str(index), "train", part, *map(str, arguments)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as exit_:
        pincite.main()
    return int(exit_.value.code or 0)


def colours(path: Path) -> Path:
    examples = [*DIVISION.training, *DIVISION.held_out] * 2
    rows = [each.model_dump() | {"group": f"{number // 2}"} for number, each in enumerate(examples)]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def questions(path: Path, *, every: int) -> Path:
    """Each so many of the example questions."""
    rows = [json.loads(line) for line in SUITE.read_text("utf-8").split("\n") if line]
    chosen = [row for row in rows if row["gold"]][::every]
    path.write_text("\n".join(map(json.dumps, chosen)), "utf-8")
    return path


@pytest.fixture
def index(example_store_path: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(example_store_path, tmp_path / "pincite"))


@pytest.mark.slow
def test_a_reranker_is_trained_and_its_gain_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path, out = colours(tmp_path / "mine.jsonl"), tmp_path / "out"
    (tmp_path / "not.txt").write_text("1\n2\n", "utf-8")

    code = run(monkeypatch, path, "--out", out, "--exclude", tmp_path / "not.txt")

    assert code == 0
    told = capfd.readouterr()
    assert f"in {out}, measured on" in told.out
    assert "mrr@10 over search: " in told.out
    assert "95% interval of the gain" in told.out
    assert "steps take about" in told.err
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["data"][0] | {"sha256": ""} == {
        "name": "mine.jsonl",
        "sha256": "",
        "rows": 96,
        "licences": {"own": 96},
    }


@pytest.mark.slow
def test_a_reranker_is_trained_further_on_own_questions(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    index: Path,
    trained_reranker: Path,
) -> None:
    own, out = questions(tmp_path / "mine.jsonl", every=8), tmp_path / "out"

    code = run(
        monkeypatch,
        *("--questions", own, "--from", trained_reranker, "--repeat", 1, "--out", out),
        index=index,
    )

    assert code == 0
    told = capfd.readouterr()
    assert "Training 1 of 6, without" in told.err
    assert "measured on 23 own questions held out" in told.out
    assert "own mrr@10 over search: " in told.out
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert [each["name"] for each in manifest["data"]] == ["colours.jsonl", "mine.jsonl"]
    assert manifest["recipe"]["started from"].startswith("reranker-")


@pytest.mark.slow
def test_own_questions_go_with_general_examples(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path, index: Path
) -> None:
    own, out = questions(tmp_path / "mine.jsonl", every=8), tmp_path / "out"
    general = colours(tmp_path / "colours.jsonl")

    code = run(
        monkeypatch,
        *(general, "--limit", 20, "--questions", own, "--repeat", 1, "--out", out),
        index=index,
    )

    assert code == 0
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    held_out = manifest["metrics"]["own questions held out"]
    assert 3 <= held_out <= 9
    # A few questions are about a document held out and another: neither trained on nor measured.
    assert 20 < manifest["recipe"]["queries"] <= 20 + 23 - held_out
    assert f"measured on {held_out:.0f} own questions" in capfd.readouterr().out


@pytest.mark.slow
def test_an_encoder_is_trained_and_its_gain_told_by_stage(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path, index: Path
) -> None:
    own, out = questions(tmp_path / "mine.jsonl", every=8), tmp_path / "out"

    code = run(
        monkeypatch,
        *(colours(tmp_path / "colours.jsonl"), "--questions", own, "--repeat", 1, "--out", out),
        part="encoder",
        index=index,
    )

    assert code == 0
    told = capfd.readouterr().out
    stages = [line.split(":")[0].strip() for line in told.split("\n") if "interval" in line]
    by_stage = ["mrr@10 dense", "mrr@10 fused", "mrr@10 reranked"]
    assert stages == [*by_stage, *(f"own {stage}" for stage in by_stage)]
    assert json.loads((out / "manifest.json").read_text("utf-8"))["kind"] == "encoder"


def test_too_few_own_questions_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, index: Path
) -> None:
    own = questions(tmp_path / "mine.jsonl", every=20)

    code = run(monkeypatch, "--questions", own, "--out", tmp_path / "out", index=index)

    assert code == 2
    assert "9 questions with a passage that is in the index" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_index_in_use_is_told_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, index: Path
) -> None:
    store = open_store(IndexSettings(path=index))
    try:
        code = run(monkeypatch, "--questions", SUITE, "--out", tmp_path / "out", index=index)
    finally:
        store.close()

    assert code == 3
    assert "stop it first" in capsys.readouterr().err


def test_an_adapter_to_train_further_is_checked_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = run(monkeypatch, "--questions", SUITE, "--from", tmp_path, "--out", tmp_path / "out")

    assert code == 3
    assert f"There is no adapter in {tmp_path}" in capsys.readouterr().err


def test_nothing_to_train_on_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 2
    assert "Name a file of EXAMPLES" in capsys.readouterr().err


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

    code = run(monkeypatch, path, "--out", tmp_path / "out")

    assert code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
