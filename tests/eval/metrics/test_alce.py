"""ALCE's scores: the original's, its holes included, and ours without them.

In these cases a passage entails a claim where it has all of the claim's words.
"""

import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eval.metrics.alce import AlceScores, Statement, alce, alce_of_text

PASSAGES = {1: "amber blue", 2: "blue coral", 3: "coral", 4: "dun", 5: "amber blue coral"}


def entails(premise: str, claim: str) -> bool:
    return words(claim) <= words(premise)


def words(text: str) -> set[str]:
    return set(re.findall("[a-z]+", text.lower()))


def split(text: str) -> list[str]:
    return [sentence for sentence in re.split(r"(?<=\.) +", text) if sentence]


def as_published(answer: str) -> tuple[float, float] | None:
    """Recall and precision by the paper's definition, with what its script does on the way.

    Gao et al. 2023, section 3: a statement has recall 1 iff it has a citation and the concatenation of
    its citations entails it; a citation is irrelevant iff it does not entail the statement by itself
    and the statement's other citations still do; a citation has precision 1 iff its statement has
    recall 1 and it is not irrelevant.
    """
    documents = [PASSAGES[number] for number in (1, 2, 3, 4, 5)]

    def phi(cited: Sequence[int], claim: str) -> bool:
        return bool(cited) and entails("\n".join(documents[c - 1] for c in cited), claim)

    recalls: list[bool] = []
    precisions: list[bool] = []
    for sentence in split(answer.strip().split("\n")[0]):
        claim = re.sub(r"\[\d+\]?", "", sentence)
        cited = [int(number) for number in re.findall(r"\[(\d+)", sentence)]
        if any(number > len(documents) for number in cited):
            cited = []
        cited = cited[:3]
        recalls.append(phi(cited, claim))
        for place, number in enumerate(cited):
            others = cited[:place] + cited[place + 1 :]
            irrelevant = not phi([number], claim) and phi(others, claim)
            precisions.append(recalls[-1] and not irrelevant)
    if not recalls:
        return None
    return (
        sum(recalls) / len(recalls),
        sum(precisions) / len(precisions) if precisions else 0.0,
    )


# Each with (recall, precision) of the original, and ours.
CASES: list[tuple[str, tuple[float, float], tuple[float, float | None]]] = [
    # Both sentences entailed: 2/2. [1] is the only one; [2] and [3] each entail coral alone: 3/3.
    ("Amber blue [1]. Coral [2][3].", (1, 1), (1, 1)),
    # Neither [1] nor [2] has both words, and without either the other does not: both needed, 2/2.
    ("Amber coral [1][2].", (1, 1), (1, 1)),
    # [4] does not entail it, and [1][2] do without it: irrelevant, 2/3.
    ("Amber coral [1][2][4].", (1, 2 / 3), (1, 2 / 3)),
    # Not entailed by both together: 0/1, and neither citation is right: 0/2.
    ("Dun [1][3].", (0, 0), (0, 0)),
    # The second sentence cites nothing: 1/2; of one citation one is right: 1/1.
    ("Amber blue [1]. Blue.", (1 / 2, 1), (1 / 2, 1)),
    # Nothing cited: 0/2; precision 0 there, unscored here.
    ("Amber. Blue.", (0, 0), (0, None)),
    # A repeated number. There 2 of 3 citations are right; here [1] counts once in a sentence: 1 of 2.
    ("Amber blue [1][1]. Dun [1].", (1 / 2, 2 / 3), (1 / 2, 1 / 2)),
    # Hole: a number that no passage has. There the second sentence is out, 1/2, and its citations with
    # it, 1/1. Here [3] entails it, 2/2, and of three citations two are right.
    ("Amber blue [1]. Coral [3][9].", (1 / 2, 1), (1, 2 / 3)),
    # Invented throughout: there no citation counts, 0; here 0 of 2.
    ("Amber blue [7]. Coral [8].", (0, 0), (0, 0)),
    # Inventing costs nothing there, 1/1; here one of four is right.
    ("Amber blue [1]. Dun [6]. Coral [7]. Blue [8].", (1 / 4, 1), (1 / 4, 1 / 4)),
    # [0] is the last passage there, which entails it. Here nobody was shown it.
    ("Amber blue [0].", (1, 1), (0, 0)),
    # Hole: only three citations of a sentence are read. There: [1] is needed, [2] and [3] stand in for
    # each other and are both irrelevant, 1/3. Here [4] is irrelevant, too: 1/4.
    ("Amber blue coral [1][2][3][4].", (1, 1 / 3), (1, 1 / 4)),
    # There the passage that has the fourth mark is not read: 0/1 and 0/3. Here [1] and [4] are needed
    # and [2] and [3] are not: 2/4.
    ("Amber dun [1][2][3][4].", (0, 0), (1, 2 / 4)),
    # Hole: cut at the line break. There 1/1 and 1/1; here the second line is wrong: 1/2 and 1/2.
    ("Amber blue [1].\nDun [1].", (1, 1), (1 / 2, 1 / 2)),
    # Of "[1, 2]" only the 1 is read there: 0/1 and 0/1. Here both are, and both are needed.
    ("Amber coral [1, 2].", (0, 0), (1, 1)),
    # A mark behind the full stop. There it is the second sentence's: 1/2, where [1] is irrelevant beside
    # [3]: 1/2. Here it is the first's.
    ("Amber blue. [1] Coral [3].", (1 / 2, 1 / 2), (1, 1)),
]


@pytest.mark.parametrize(("answer", "original", "ours"), CASES)
def test_worked_cases(
    answer: str, original: tuple[float, float], ours: tuple[float, float | None]
) -> None:
    compatible = alce_of_text(
        answer, PASSAGES, entails, split_sentences=split, alce_compatible=True
    )
    scores = alce_of_text(answer, PASSAGES, entails)

    assert compatible is not None
    assert scores is not None
    assert (compatible.recall, compatible.precision) == pytest.approx(original)
    assert (scores.recall, scores.precision) == pytest.approx(ours)
    if "[0]" not in answer:
        assert as_published(answer) == pytest.approx(original)


_WORDS = st.lists(st.sampled_from(["Amber", "blue", "coral", "dun"]), min_size=1, max_size=3)
_MARKS = st.lists(st.integers(1, 7), max_size=5)
_SENTENCES = st.tuples(_WORDS, _MARKS).map(
    lambda parts: " ".join(parts[0]) + " " + "".join(f"[{n}]" for n in parts[1]) + "."
)
_ANSWERS = st.lists(st.tuples(_SENTENCES, st.sampled_from([" ", "\n"])), max_size=6).map(
    lambda parts: "".join(sentence + end for sentence, end in parts)
)


@settings(deadline=None)
@given(_ANSWERS)
@example("Amber blue coral [1][2][2].")
def test_the_compatible_scores_are_the_papers(answer: str) -> None:
    scores = alce_of_text(answer, PASSAGES, entails, split_sentences=split, alce_compatible=True)

    expected = as_published(answer)
    assert (scores and (scores.recall, scores.precision)) == (expected and pytest.approx(expected))


_STATEMENTS = st.lists(
    st.builds(Statement, _WORDS.map(" ".join), st.lists(st.integers(-1, 7)).map(tuple)), max_size=5
)


@settings(deadline=None)
@given(_STATEMENTS, st.booleans())
def test_every_score_is_none_or_from_0_to_1(statements: list[Statement], compatible: bool) -> None:
    scores = alce(statements, PASSAGES, entails, alce_compatible=compatible)

    assert (scores is None) == (not statements)
    if scores:
        assert 0 <= scores.recall <= 1
        assert scores.precision is None or 0 <= scores.precision <= 1
        assert 0 <= scores.f1 <= 1


@settings(deadline=None)
@given(_STATEMENTS.filter(bool))
def test_an_invented_number_never_pays(statements: list[Statement]) -> None:
    first = statements[0]
    invented = [Statement(first.text, (*first.cited, 99)), *statements[1:]]

    before, after = alce(statements, PASSAGES, entails), alce(invented, PASSAGES, entails)

    assert before is not None
    assert after is not None
    assert after.recall == before.recall
    assert after.precision is not None
    assert after.precision <= (1.0 if before.precision is None else before.precision)
    assert after.f1 <= before.f1


def test_f1_is_the_harmonic_mean_and_0_where_nothing_is_cited() -> None:
    scores = alce_of_text("Amber coral [1][2][4].", PASSAGES, entails)

    assert scores is not None
    assert scores.f1 == pytest.approx(0.8)  # 2 x 1 x 2/3 / (5/3)
    assert alce_of_text("Amber.", PASSAGES, entails) == AlceScores(0, None, 0)


def test_an_answer_without_a_sentence_is_unscored() -> None:
    assert alce_of_text(" \n", PASSAGES, entails) is None
    assert alce_of_text("", PASSAGES, entails, alce_compatible=True) is None
    assert alce([], PASSAGES, entails) is None


def test_without_passages_nothing_is_entailed() -> None:
    said = [Statement("amber", (1,))]

    assert alce(said, {}, entails) == AlceScores(0, 0, 0)
    assert alce(said, {}, entails, alce_compatible=True) == AlceScores(0, 0, 0)


def test_a_number_too_long_to_be_one_is_no_passage() -> None:
    answer = "Amber blue [" + "1" * 5000 + "]."

    for compatible in (True, False):
        scores = alce_of_text(answer, PASSAGES, entails, alce_compatible=compatible)
        assert scores is not None
        assert scores.recall == 0
