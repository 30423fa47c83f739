"""What every generator promises."""

import pytest

from generator.extractive import ExtractiveGenerator
from generator.model import FakeGenerator, Generator, Usage
from generator.prompt import Prompt
from generator.settings import ExtractiveSettings
from ingest.embed import SentenceTransformerEncoder
from tests.passages import prompt

PROMPTS = [
    prompt("What do Gold tier users get?", "Gold tier users get a full refund. Others do not."),
    prompt("What do Gold tier users get?"),
    prompt("{}", "{question} is a word like any other."),
]


@pytest.fixture(params=["extractive", "fake"])
def generator(request: pytest.FixtureRequest, encoder: SentenceTransformerEncoder) -> Generator:
    if request.param == "fake":
        return FakeGenerator(["They get ", "a full refund. [1]"])
    return ExtractiveGenerator(encoder, ExtractiveSettings())


@pytest.mark.parametrize("asked", PROMPTS)
def test_text_comes_first_and_the_usage_once_and_last(generator: Generator, asked: Prompt) -> None:
    *deltas, usage = generator.stream(asked)

    assert isinstance(usage, Usage)
    assert [type(delta) for delta in deltas] == [str] * len(deltas)
    assert "".join(str(delta) for delta in deltas).strip()


@pytest.mark.parametrize("asked", PROMPTS)
def test_the_same_prompt_gives_the_same_draft(generator: Generator, asked: Prompt) -> None:
    first = list(generator.stream(asked))

    assert list(generator.stream(asked)) == first


def test_it_has_a_name(generator: Generator) -> None:
    assert generator.name in ("extractive", "fake")
