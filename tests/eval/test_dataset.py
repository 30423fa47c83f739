"""A suite's file is read whole, or every fault in it is named at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.dataset import (
    FormatRule,
    GoldPassage,
    KeyFact,
    Sample,
    Suite,
    SuiteError,
    load_suite,
    read_samples,
    write_samples,
)
from service.access import LOCAL_READER, Reader
from service.conversation import Turn
from tests.conftest import POLICIES

GOLD = {"document": "a.md", "heading": "1 Scope", "quote": "30 days"}
SAMPLE = {"id": "q1", "question": "How long?", "gold": [GOLD]}


def line(**changes: Any) -> str:
    return json.dumps(SAMPLE | changes, ensure_ascii=False)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "small.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_a_suite_is_named_after_its_file(tmp_path: Path) -> None:
    path = written(
        tmp_path, line(), "", line(id="q2", gold=[], unanswerable=True, tags=["plain"]), ""
    )

    assert load_suite(path) == Suite(
        "small",
        (
            Sample(id="q1", question="How long?", gold=(GoldPassage.model_validate(GOLD),)),
            Sample(id="q2", question="How long?", gold=(), unanswerable=True, tags=("plain",)),
        ),
    )


def test_a_sample_may_have_a_conversation_before_its_question(tmp_path: Path) -> None:
    turns = [{"role": "user", "text": "Who?"}, {"role": "assistant", "text": "You."}]
    path = written(tmp_path, line(conversation=turns, standalone="How long do I?"), line(id="q2"))

    with_turns, without = load_suite(path).samples

    assert with_turns.turns == (Turn("user", "Who?"), Turn("assistant", "You."))
    assert (with_turns.standalone, without.standalone, without.turns) == (
        "How long do I?",
        None,
        (),
    )


def test_line_separators_inside_a_question_are_no_line_ends(tmp_path: Path) -> None:
    path = written(tmp_path, line(question="How\u2028long?"))

    assert load_suite(path).samples[0].question == "How\u2028long?"


def test_all_faults_are_named_with_their_lines(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        line(),
        "{broken",
        line(id="q3", answer="yes"),
        line(),
        line(id="q5", gold=[]),
        line(id="q6", unanswerable=True),
        line(id="q7", gold=[{"document": "", "heading": "x"}]),
        '["no object"]',
        json.dumps({"id": "q9"}),
        line(id="q10", conversation=[{"role": "system", "text": "x"}]),
    )

    with pytest.raises(SuiteError) as raised:
        load_suite(path)

    both = (
        "sample: Value error, an answerable question needs a gold passage, an unanswerable one none"
    )
    assert [fault.removeprefix(f"{path}:") for fault in str(raised.value).splitlines()] == [
        "2: not valid JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)",
        "3: answer: Extra inputs are not permitted",
        "4: the id q1 stands twice",
        f"5: {both}",
        f"6: {both}",
        "7: gold.0.document: String should have at least 1 character; gold.0.quote: Field required",
        "8: sample: Input should be a valid dictionary or instance of Sample",
        "9: question: Field required; gold: Field required",
        "10: conversation.0.role: Input should be 'user' or 'assistant'",
    ]


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_a_sample_is_a_fault(tmp_path: Path, content: str) -> None:
    with pytest.raises(SuiteError, match=r"small\.jsonl has no sample\.$"):
        load_suite(written(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="No such file or directory"):
        load_suite(tmp_path / "none.jsonl")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    path.write_bytes(b"\xff")

    with pytest.raises(SuiteError, match="cannot be read: 'utf-8' codec"):
        load_suite(path)


def test_everything_that_a_sample_may_say_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        line(
            schema=1,
            key_facts=[{"text": "30 days"}, {"text": "of delivery", "vital": False}],
            paraphrases=["Until when?"],
            format={
                "max_sentences": 2,
                "max_words": 40,
                "must_match": "days?",
                "must_not_match": "I",
            },
            kind="lookup",
            reader=["everyone", "hr"],
            drafted_by="headings",
        ),
        line(id="q2"),
    )

    full, bare = load_suite(path).samples

    assert full.key_facts == (KeyFact(text="30 days"), KeyFact(text="of delivery", vital=False))
    assert (full.paraphrases, full.kind, full.drafted_by) == (
        ("Until when?",),
        "lookup",
        "headings",
    )
    assert full.format == FormatRule(
        max_sentences=2, max_words=40, must_match="days?", must_not_match="I"
    )
    assert full.asked_by == Reader("sample", frozenset({"everyone", "hr"}))
    assert bare.asked_by == LOCAL_READER


def test_a_sample_is_written_as_it_was_read(tmp_path: Path) -> None:
    samples = read_samples(POLICIES.parent / "questions.jsonl")
    again = tmp_path / "again.jsonl"

    write_samples(again, samples)

    assert read_samples(again) == samples
    assert again.read_text("utf-8").startswith('{"schema": 1, "id": "q001"')


def test_a_suite_is_the_same_however_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one = load_suite(written(tmp_path, line(), line(id="q2")))
    same = load_suite(written(tmp_path / "other", line(unanswerable=False), "", line(id="q2")))
    other = load_suite(written(tmp_path, line(question="How long ago?"), line(id="q2")))

    assert one.sha256 == same.sha256
    assert one.sha256 != other.sha256


def test_faults_of_the_newer_fields_are_named_too(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        line(schema=2),
        line(id="q2", format={"must_match": "("}),
        line(id="q3", paraphrases=[""]),
        line(id="q4", key_facts=["30 days"]),
    )

    with pytest.raises(SuiteError) as raised:
        load_suite(path)

    assert [fault.removeprefix(f"{path}:") for fault in str(raised.value).splitlines()] == [
        "1: schema: Value error, schema 2 is not known here, only 1: update Pincite, or write the "
        "sample by schema 1",
        "2: format.must_match: Value error, not a regular expression: missing ), unterminated "
        "subpattern at position 0",
        "3: paraphrases.0: String should have at least 1 character",
        "4: key_facts.0: Input should be a valid dictionary or instance of KeyFact",
    ]


def test_drafted_samples_count_once_a_person_has_accepted_them(tmp_path: Path) -> None:
    path = written(tmp_path, line(), line(id="q2", accepted=False, drafted_by="headings"))

    suite = load_suite(path)

    assert ([sample.id for sample in suite.samples], suite.waiting) == (["q1"], 1)
    assert [sample.id for sample in read_samples(path)] == ["q1", "q2"]


def test_a_suite_in_which_nothing_is_accepted_says_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path, line(accepted=False), line(id="q2", accepted=False))

    with pytest.raises(SuiteError, match=r"no accepted sample; 2 drafted .*'pincite eval rate "):
        load_suite(path)
