"""`pincite eval make` and `pincite eval rate` as commands."""

import shutil
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval.dataset import SuiteError, load_suite, read_samples
from eval.rating.cli import app
from eval.rating.drafts import Changes, Drafts
from eval.rating.serve import PORT, address, listening
from ingest.errors import WrongUse
from service.cli import PortInUse
from service.settings import LoadedSettings, load_settings
from tests.eval.rating.runs import gold_answer, three_answers, write_run


def run(*arguments: str | Path, index: Path | None = None) -> Result:
    """The command with these arguments, over this index; what it raises is raised."""

    def load() -> LoadedSettings:
        flags = {"index.path": str(index)} if index else {}
        return load_settings(environment={}, flags=flags, config=None)

    done = CliRunner(env={"COLUMNS": "300"}).invoke(
        app, [str(each) for each in arguments], obj=load
    )
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_nothing_drafted_counts_until_it_is_accepted(
    example_store_path: Path, tmp_path: Path
) -> None:
    index, drafts_path = tmp_path / "pincite", tmp_path / "questions.draft.jsonl"
    shutil.copytree(example_store_path, index)

    made = run("make", "--per-document", "2", "--out", drafts_path, index=index)

    assert made.exit_code == 0
    assert "None counts until it is accepted" in made.output
    assert "travel-and-expenses-2023.md: it applied until" in made.output
    with pytest.raises(SuiteError, match="no accepted sample"):
        load_suite(drafts_path)
    with pytest.raises(WrongUse, match="is there already"):
        run("make", "--out", drafts_path, index=index)
    with pytest.raises(WrongUse, match=r"No draft of .* is accepted yet"):
        run("make", "--accept", drafts_path)

    drafts = Drafts(drafts_path)
    first, second, third, *_ = drafts.samples
    drafts.accept("Ada", first, None)
    drafts.accept("Ada", second, Changes(question="In other words?", reference_answer="Yes."))
    drafts.reject("Ada", third)
    written = run("make", "--accept", drafts_path)

    assert "2 accepted questions are in" in written.output
    suite = load_suite(tmp_path / "questions.jsonl")
    assert [sample.id for sample in suite.samples] == [first, second]
    assert (suite.samples[1].question, suite.samples[1].accepted) == ("In other words?", True)
    assert suite.samples[1].gold == read_samples(drafts_path)[1].gold


def test_agreement_is_printed(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", three_answers())
    with pytest.raises(WrongUse, match="Nobody has rated"):
        run("rate", folder, "--agreement")

    from eval.rating.deck import read_deck
    from eval.rating.session import Ratings

    ratings = Ratings(read_deck([folder], "shown", None, 0), 0)
    for rater, tones in {"Ada": (1, 3, 5), "Bo": (1, 3, 5)}.items():
        for answer, points in zip(ratings.answers, tones, strict=True):
            ratings.mark(rater, answer.key, "tone", points)

    printed = run("rate", folder, "--agreement").output

    (tone,) = [line for line in printed.splitlines() if line.startswith("│ tone ")]
    cells = [cell.strip() for cell in tone.strip("│").split("│")]
    assert cells == ["tone", "6", "0", "2", "3", "3.00", "1.00", "–"]
    assert "the judge cannot be compared with people" in printed


def test_a_file_of_drafts_is_decided_on_alone(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", {"gold": gold_answer()})
    with pytest.raises(WrongUse, match="is a file of drafts"):
        run("rate", folder, folder / "suite.jsonl")
    with pytest.raises(WrongUse, match="--out is for a file of drafts"):
        run("rate", folder, "--out", tmp_path / "x.jsonl")


def test_a_port_that_was_asked_for_must_be_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortInUse, match="Choose another with --port"):
            listening(taken.getsockname()[1])


def test_without_a_port_any_free_one_is_taken() -> None:
    with listening(None) as first, listening(None) as second:
        assert address(second, "Ada & Bo").endswith("/?rater=Ada+%26+Bo")
        ports = {opened.getsockname()[1] for opened in (first, second)}
    assert len(ports) == 2
    assert ports == ports | {PORT} or PORT not in ports
