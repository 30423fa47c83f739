"""Generators that misbehave, through the pipeline and the suite: a metric catches each of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eval.dataset import GoldPassage, Sample, Suite
from eval.folder import RunFolder
from eval.gold import find_document_in
from eval.judging import JudgedScores, Judging
from eval.record import Score, Scores
from eval.run import Asking, ask_suite
from eval.score import score_run
from generator.model import Usage
from generator.prompt import NO_ANSWER, Prompt, load_template
from ingest.embed import SentenceTransformerEncoder
from service.overlap import OverlapVerifier
from service.pipeline import Pipeline
from service.select import Selection
from service.settings import AnswerSettings, RerankerSettings, RetrievalSettings
from tests.eval.records import INFO
from tests.service.library import Library, library

RULES = {
    "gold.md": "Gold members receive a full refund within 30 days of delivery.",
    "silver.md": "Silver members receive a full refund within 21 days of delivery.",
    "parking.md": "Visitors park their cars behind the north gate until seven in the evening.",
}
QUESTIONS = {
    "gold": "Until when do Gold members get a refund?",
    "silver": "Until when do Silver members get a refund?",
    "nobody": "Who was the founder's favourite poet?",
}


def suite() -> Suite:
    samples = []
    for name, question in QUESTIONS.items():
        rule = RULES.get(f"{name}.md")
        gold = (GoldPassage(document=f"{name}.md", heading="", quote=rule),) if rule else ()
        samples.append(
            Sample(
                id=name,
                question=question,
                gold=gold,
                unanswerable=not rule,
                reference_answer=rule,
            )
        )
    return Suite("cheats", tuple(samples))


Write = Callable[[Prompt], str]


class Scripted:
    """Writes what a function makes of the prompt."""

    name = "scripted"

    def __init__(self, write: Write) -> None:
        self._write = write

    def stream(self, prompt: Prompt) -> Iterator[str | Usage]:
        yield self._write(prompt)
        yield Usage()


def right_passage(prompt: Prompt) -> tuple[str, int] | None:
    """What answers the question and its number."""
    for passage in prompt.passages:
        if passage.text.split()[0] in prompt.question:
            return passage.text, passage.number
    return None


def honest(prompt: Prompt) -> str:
    found = right_passage(prompt)
    return f"{found[0]} [{found[1]}]" if found else NO_ANSWER


def cites_everything(prompt: Prompt) -> str:
    marks = "".join(f"[{passage.number}]" for passage in prompt.passages)
    found = right_passage(prompt)
    return f"{found[0]} {marks}" if found else NO_ANSWER


def cites_nothing(prompt: Prompt) -> str:
    found = right_passage(prompt)
    return found[0] if found else NO_ANSWER


def always_refuses(prompt: Prompt) -> str:
    return NO_ANSWER


def never_refuses(prompt: Prompt) -> str:
    found = right_passage(prompt) or (prompt.passages[0].text, 1)
    return f"{found[0]} [{found[1]}]"


def copies_every_passage(prompt: Prompt) -> str:
    return "\n".join(f"{passage.text} [{passage.number}]" for passage in prompt.passages)


def fabricates_numbers(prompt: Prompt) -> str:
    return honest(prompt).replace("[", "[9")


def fabricates_figures(prompt: Prompt) -> str:
    return honest(prompt).replace("30", "90").replace("21", "120")


def writes_its_own_passage(prompt: Prompt) -> str:
    return "[7] Policy: all members receive a refund within 365 days. Members have 365 days. [7]"


@pytest.fixture(scope="module")
def rules(
    encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    with library(tmp_path_factory.mktemp("rules"), encoder) as opened:
        for name, text in RULES.items():
            opened.put(name, text)
        opened.sync()
        yield opened


Run = Callable[[Write], Scores]


@pytest.fixture
def run(rules: Library, tmp_path: Path) -> Run:
    """Asks the suite of a pipeline that refuses nothing by itself, and scores it."""

    def run(write: Write) -> Scores:
        pipeline = Pipeline(
            rules.retriever,
            Selection(None, RerankerSettings(), RetrievalSettings()),
            lambda question, found: 1.0,
            load_template(),
            Scripted(write),
            OverlapVerifier(),
            AnswerSettings(),
        )
        folder = RunFolder(tmp_path / f"run of {id(write)}")
        ask_suite(
            suite(),
            lambda question, turns, reader: pipeline.answer(
                question, turns, reader, draft_always=True
            ),
            folder,
            INFO,
            Asking(),
        )
        judging = Judging(
            OverlapVerifier(), 0.75, JudgedScores(tmp_path / f"judged by {id(write)}")
        )
        find = find_document_in(rules.store.catalog)
        return score_run(INFO, folder.samples(), folder.records(), find, judging, None)

    return run


def draft(scores: Scores) -> dict[str, float | None]:
    assert scores.unscored == 0, [each.error for each in scores.by_sample]
    return {name: score.value for name, score in scores.tables["draft"].items()}


def test_an_honest_generator_has_full_marks(run: Run) -> None:
    scores = run(honest)

    for table in ("draft", "shown"):
        found = {name: score.value for name, score in scores.tables[table].items()}
        marks = {"citation_f1", "support", "alce_f1", "token_f1", "refusal_f1"}
        assert {found[name] for name in marks} == {1.0}
        assert (found["fabricated"], found["uncited"]) == (0.0, 0.0)
    assert scores.tables["shown"]["locator_rate"].value == 1.0


@pytest.mark.parametrize(
    ("write", "metric", "value"),
    [
        # Two of the three passages are not needed.
        (cites_everything, "citation_precision", 1 / 3),
        (cites_everything, "alce_precision", 1 / 3),
        (cites_nothing, "uncited", 1.0),
        (cites_nothing, "citation_recall", 0.0),
        (cites_nothing, "support", 0.0),
        (always_refuses, "refusal_precision", 1 / 3),
        (always_refuses, "token_f1", 0.0),
        (never_refuses, "refusal_recall", 0.0),
        (copies_every_passage, "citation_precision", 1 / 3),
        (copies_every_passage, "refusal_recall", 0.0),
        (fabricates_numbers, "fabricated", 1.0),
        (fabricates_numbers, "citation_precision", 0.0),
        (fabricates_figures, "support", 0.0),
        (fabricates_figures, "alce_recall", 0.0),
        (writes_its_own_passage, "fabricated", 1.0),
        (writes_its_own_passage, "support", 0.0),
    ],
)
def test_a_cheat_is_caught_by_the_metric_meant_for_it(
    run: Run, write: Write, metric: str, value: float
) -> None:
    assert draft(run(write))[metric] == pytest.approx(value, abs=1e-6)


def test_copying_passages_is_seen_in_what_is_near_to_the_reference(run: Run) -> None:
    copied, right = draft(run(copies_every_passage)), draft(run(honest))

    assert (copied["token_f1"] or 0) < 0.6 < (right["token_f1"] or 0)


def test_what_is_shown_hides_what_the_draft_did(run: Run) -> None:
    """Which is why generators are compared on their drafts."""
    shown = run(fabricates_figures).tables["shown"]

    assert shown["refusal_recall"].value == 1.0
    assert "support" not in shown


@pytest.mark.parametrize(
    "mark", ["[{n}]", "({n})", "[{n}, {n}]", "[{n}-{n}]", "【{n}】", "[^{n}]", "[{n}](https://a.b)"]
)
def test_citations_in_other_formats_are_read(run: Run, mark: str) -> None:
    def write(prompt: Prompt) -> str:
        found = right_passage(prompt)
        return f"{found[0]} {mark.format(n=found[1])}" if found else NO_ANSWER

    assert draft(run(write))["citation_f1"] == 1.0


def _nothing(prompt: Prompt) -> str:
    return ""


def _only_citations(prompt: Prompt) -> str:
    return "[1][2]"


def _only_99(prompt: Prompt) -> str:
    return "[99]"


def _sentence_200_times(prompt: Prompt) -> str:
    return f"{prompt.passages[0].text} [1] " * 200


def _another_language(prompt: Prompt) -> str:
    return "Les membres ont droit à un remboursement complet. [1] 会员可获得全额退款。[2]"


def _broken_letters(prompt: Prompt) -> str:
    return "Refunds \ud800 take 30 days. [1]\0"


@pytest.mark.parametrize(
    "write",
    [
        _nothing,
        _only_citations,
        _only_99,
        _sentence_200_times,
        _another_language,
        writes_its_own_passage,
    ],
)
def test_whatever_is_written_every_score_is_a_share_or_not_there(run: Run, write: Write) -> None:
    scores = run(write)

    assert scores.unscored == 0
    every: list[Score] = [score for table in scores.tables.values() for score in table.values()]
    assert all(each.value is None or 0 <= each.value <= 1 for each in every)
    assert "NaN" not in scores.model_dump_json()


def test_what_cannot_be_written_down_is_an_error_of_its_sample(run: Run) -> None:
    scores = run(_broken_letters)

    assert scores.unscored == scores.samples
    assert all("utf-8" in (each.error or "") for each in scores.by_sample)


def test_writing_nothing_is_refusing(run: Run) -> None:
    scores = run(_nothing)

    assert all(each.refused["draft"] for each in scores.by_sample)
    assert draft(scores)["refusal_recall"] == 1.0
