"""A suite is asked sample by sample; what fails is recorded, and what was recorded is not lost."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from eval.dataset import EarlierTurn, Sample, Suite
from eval.folder import NoRun, OtherRun, RunFolder, RunUnreadable
from eval.record import Record, RunInfo
from eval.run import Ask, Asking, Interrupted, ask_suite
from generator.model import Draft, Usage
from service.access import LOCAL_READER, Reader
from service.conversation import Turn
from service.pipeline import UNVERIFIED, Answer, Refusal, Trace
from tests.eval.records import GOLD, INFO, sample
from tests.passages import prompt

SAMPLES = tuple(sample(name, GOLD) for name in ("a", "b", "c"))
SUITE = Suite("s", SAMPLES)


def trace(question: str, draft: str = f"{GOLD} [1]", *, answerability: float = 1.0) -> Trace:
    return Trace(
        question=question,
        standalone=question,
        retrieved=(),
        reranked=(),
        answerability=answerability,
        prompt=prompt(question, GOLD),
        draft=Draft(draft, "fake", Usage(100, 10)),
        verified=(),
        answer=Answer((), Refusal("No.", ())),
        timings={"total": 0.5},
        versions={},
    )


def answering(question: str, turns: Sequence[Turn], reader: Reader) -> Trace:
    return trace(question)


def failing_at(name: str, error: Exception | None = None) -> Ask:
    def ask(question: str, turns: Sequence[Turn], reader: Reader) -> Trace:
        if question == name:
            raise error or RuntimeError("the model is gone")
        return trace(question)

    return ask


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def ask(
    folder: RunFolder, how: Ask = answering, suite: Suite = SUITE, **asking: object
) -> list[Record]:
    ask_suite(suite, how, folder, INFO, Asking(**asking))  # type: ignore[arg-type]
    return folder.records()


def outcomes(records: Sequence[Record]) -> list[tuple[str, str | None]]:
    return [(record.sample_id, record.error) for record in records]


def test_every_sample_is_answered_in_the_order_of_the_suite(folder: RunFolder) -> None:
    records = ask(folder)

    assert outcomes(records) == [("a", None), ("b", None), ("c", None)]
    assert records[0].answer is not None
    assert records[0].answer.draft == f"{GOLD} [1]"
    assert [each.stages_s for each in folder.timings_by_sample()] == [{"total": 0.5}] * 3


def test_a_question_is_asked_in_its_conversation_by_its_reader(folder: RunFolder) -> None:
    earlier = (EarlierTurn(role="user", text="And Gold?"),)
    asked = SAMPLES[0].model_copy(update={"conversation": earlier, "reader": ("hr",)})
    seen: list[tuple[str, Sequence[Turn], Reader]] = []

    def how(question: str, turns: Sequence[Turn], reader: Reader) -> Trace:
        seen.append((question, turns, reader))
        return trace(question)

    ask(folder, how, Suite("s", (asked, SAMPLES[1])))

    assert seen == [
        ("a", (Turn("user", "And Gold?"),), Reader("sample", frozenset({"hr"}))),
        ("b", (), LOCAL_READER),
    ]


def test_paraphrases_and_repeats_are_asked_too(folder: RunFolder) -> None:
    asked = SAMPLES[0].model_copy(update={"paraphrases": ("a, please", "say a")})

    (record,) = ask(folder, suite=Suite("s", (asked,)), repeats=2)

    assert [each.question for each in record.paraphrases] == ["a, please", "say a"]
    assert [each.question for each in record.repeats] == ["a", "a"]


def test_a_sample_that_fails_is_recorded_with_its_error_and_the_others_are_asked(
    folder: RunFolder,
) -> None:
    records = ask(folder, failing_at("b"))

    assert outcomes(records) == [
        ("a", None),
        ("b", "RuntimeError: the model is gone"),
        ("c", None),
    ]


def test_an_error_without_words_and_one_of_many_lines_are_one_line(folder: RunFolder) -> None:
    assert outcomes(ask(folder, failing_at("a", KeyError())))[0] == ("a", "KeyError")

    other = RunFolder(folder.path.with_name("other"))
    (first, *_) = ask(other, failing_at("a", OSError("x\n" * 1000 + "\ud800")))
    assert first.error is not None
    assert "\n" not in first.error
    assert len(first.error) == 500


def test_a_score_that_is_no_number_makes_its_sample_unscored(folder: RunFolder) -> None:
    def how(question: str, turns: Sequence[Turn], reader: Reader) -> Trace:
        return trace(question, answerability=float("nan") if question == "b" else 1.0)

    records = ask(folder, how)

    assert outcomes(records)[1] == (
        "b",
        "ValidationError: answerability: Input should be a finite number",
    )
    assert "NaN" not in (folder.path / "records.jsonl").read_text()


def test_a_generator_that_hangs_fails_its_sample_only(folder: RunFolder) -> None:
    forever = threading.Event()

    def how(question: str, turns: Sequence[Turn], reader: Reader) -> Trace:
        if question == "b":
            forever.wait(30)
        return trace(question)

    records = ask(folder, how, timeout_s=0.05)
    forever.set()

    assert outcomes(records) == [
        ("a", None),
        ("b", "AnswerTimeout: no answer within 0.05 s"),
        ("c", None),
    ]


def files(folder: RunFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.path.iterdir())}


def test_an_answer_that_nobody_could_verify_is_no_verdict_on_the_generator(
    folder: RunFolder,
) -> None:
    def how(question: str, turns: Sequence[Turn], reader: Reader) -> Trace:
        refused = Answer((), Refusal(UNVERIFIED, ()))
        return replace(trace(question), answer=refused) if question == "b" else trace(question)

    assert outcomes(ask(folder, how))[1] == ("b", f"VerifierUnavailable: {UNVERIFIED}")


def test_several_threads_write_what_one_does(tmp_path: Path) -> None:
    many = Suite("s", tuple(sample(f"q{number}", GOLD) for number in range(20)))
    one, several = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "several")

    ask(one, suite=many)
    ask(several, suite=many, concurrency=4)

    assert files(one) == files(several)


def test_threads_ask_at_the_same_time(folder: RunFolder) -> None:
    both = threading.Barrier(2, timeout=10)

    def how(question: str, turns: Sequence[Turn], reader: Reader) -> Trace:
        both.wait()
        return trace(question)

    two = Suite("s", SAMPLES[:2])
    assert outcomes(ask(folder, how, two, concurrency=2)) == [("a", None), ("b", None)]


def interrupt_after(folder: RunFolder, answers: int) -> None:
    """A run that the user stops once so many samples are answered."""

    def on_progress(done: int, total: int) -> None:
        if done == answers:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=rf"Stopped with {answers} of 3 samples in .*goes on"):
        ask_suite(SUITE, answering, folder, INFO, Asking(), on_progress=on_progress)


def test_a_stopped_run_goes_on_and_ends_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    whole, stopped = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "stopped")
    ask(whole)
    asked: list[str] = []

    def how(question: str, turns: Sequence[Turn], reader: Reader) -> Trace:
        asked.append(question)
        return trace(question)

    interrupt_after(stopped, 2)
    already = ask_suite(SUITE, how, stopped, INFO, Asking())

    assert (already, asked) == (2, ["c"])
    assert files(whole) == files(stopped)


@pytest.mark.parametrize("cut", [1, 100])
def test_a_line_half_written_when_the_process_was_killed_is_asked_again(
    tmp_path: Path, cut: int
) -> None:
    whole, killed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "killed")
    ask(whole)
    ask(killed)
    for name in ("records.jsonl", "timings.jsonl"):
        content = (killed.path / name).read_bytes()
        lines = content.splitlines(keepends=True)
        size = len(content) - min(cut, len(lines[-1]) - 1)
        (killed.path / name).write_bytes(content[:size] + b"\0" * 8)

    ask(killed)

    assert files(whole) == files(killed)


def test_a_damaged_line_inside_the_records_is_named(folder: RunFolder) -> None:
    ask(folder)
    path = folder.path / "records.jsonl"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"{broken", lines[2], b""]))

    with pytest.raises(RunUnreadable, match=r"records\.jsonl:2 is damaged"):
        ask(folder)


def test_another_run_is_not_mixed_with_what_is_there(folder: RunFolder) -> None:
    ask(folder)
    other = INFO.model_copy(
        update={"suite_sha256": "1", "versions": {"verifier": "other", "commit": "free to differ"}}
    )

    with pytest.raises(
        OtherRun,
        match=r"differs in suite_sha256 \(0, now 1\); "
        r"versions\.verifier \(word overlap, now other\)\. Replace it with --fresh",
    ):
        ask_suite(SUITE, answering, folder, other, Asking())
    assert outcomes(folder.records()) == [("a", None), ("b", None), ("c", None)]

    assert ask_suite(SUITE, answering, folder, other, Asking(), fresh=True) == 0
    assert folder.info() == other


def test_what_failed_is_asked_again_on_demand_only(folder: RunFolder) -> None:
    ask(folder, failing_at("b"))

    assert outcomes(ask(folder))[1] == ("b", "RuntimeError: the model is gone")
    assert outcomes(ask(folder, retry_failed=True))[1] == ("b", None)


def test_from_the_cost_limit_on_nothing_more_is_asked(folder: RunFolder) -> None:
    def asked_up_to(limit: float) -> list[tuple[str, str | None]]:
        return outcomes(ask(folder, cost_limit=limit, price=lambda each: each.prompt_tokens / 100))

    assert asked_up_to(2.0) == [("a", None), ("b", None), ("c", "cost limit reached")]
    # What was spent before counts, and a higher limit lets the run go on.
    assert asked_up_to(2.0)[2] == ("c", "cost limit reached")
    assert asked_up_to(3.0)[2] == ("c", None)


def test_a_folder_without_a_run_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoRun, match=r"There is no run\.json in .*'pincite eval run'"):
        RunFolder(tmp_path).info()


def test_progress_is_told_from_the_first_sample_to_the_last(folder: RunFolder) -> None:
    told: list[tuple[int, int]] = []

    ask_suite(SUITE, answering, folder, INFO, Asking(), on_progress=lambda *done: told.append(done))

    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_the_samples_are_kept_beside_the_answers(folder: RunFolder) -> None:
    ask(folder)

    assert folder.samples() == list[Sample](SAMPLES)
    assert isinstance(folder.info(), RunInfo)
