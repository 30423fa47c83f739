"""LlamaIndex's data sets become samples whose gold is in the index, or a reason why not."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from eval.dataset import GoldPassage, read_samples
from eval.interop.cli import app
from eval.interop.llama_index import DatasetUnreadable, Imported, read_llama_index
from ingest.document import Block, Document, ElementKind, assemble
from ingest.errors import WrongUse
from ingest.settings import IndexSettings


def document(*paragraphs: str) -> Document:
    blocks = [Block(ElementKind.TITLE, "Refunds", level=1)]
    blocks += [Block(ElementKind.TEXT, paragraph) for paragraph in paragraphs]
    return assemble(blocks, fallback_title="")


DOCUMENTS = {
    "refunds.md": document(
        "Gold refunds take 30 days. Silver refunds take 21 days.",
        "Refunds go to the original payment method.",
    ),
    "copy.md": document("Gold refunds take 30 days."),
}


def example(**changes: Any) -> dict[str, Any]:
    return {
        "query": "How long do gold refunds take?",
        "query_by": {"model_name": "gpt-4", "type": "ai"},
        # As a splitter leaves it: cut inside a sentence, white space and marks its own.
        "reference_contexts": [
            "s.\n# Refunds\n**Gold** refunds take\n30 days. Silver refunds take 21 days.\n\nRefunds go"
        ],
        "reference_answer": "Gold refunds take 30 days.",
        "reference_answer_by": {"model_name": "gpt-4", "type": "ai"},
    } | changes


def imported(tmp_path: Path, *examples: dict[str, Any]) -> Imported:
    path = tmp_path / "rag_dataset.json"
    path.write_text(json.dumps({"examples": examples}), "utf-8")
    return read_llama_index(path, DOCUMENTS)


def test_an_example_becomes_a_draft_with_the_sentence_nearest_to_its_answer(tmp_path: Path) -> None:
    (sample,) = imported(tmp_path, example()).samples

    assert sample.question == "How long do gold refunds take?"
    assert sample.gold == (
        GoldPassage(document="refunds.md", heading="Refunds", quote="Gold refunds take 30 days."),
    )
    assert sample.reference_answer == "Gold refunds take 30 days."
    assert (sample.id, sample.drafted_by) == ("rag_dataset-1", "rag_dataset (gpt-4)")
    assert not sample.accepted


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"query": " "}, "it asks nothing"),
        (
            {"reference_contexts": None},
            "it names no reference, so that nothing says whether an answer is right",
        ),
        (
            {"reference_contexts": ["Bronze refunds take 14 days."]},
            "no indexed document says: Bronze refunds take 14 days.",
        ),
    ],
)
def test_a_row_that_can_be_no_sample_says_why(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    found = imported(tmp_path, example(), example(**changes))

    assert found.faults == (f"rag_dataset.json, example 2: {reason}",)
    assert len(found.samples) == 1


def test_queries_of_an_embedding_set_find_their_documents(tmp_path: Path) -> None:
    path = tmp_path / "qa.json"
    content = {
        "queries": {"a": "Where do refunds go?", "b": "How long is silver?", "c": "Who?"},
        "corpus": {
            "1": "Refunds go to the original payment method.",
            "2": "Nobody says this here.",
        },
        "relevant_docs": {"a": ["1"], "b": ["2"], "c": ["3"]},
        "mode": "text",
    }
    path.write_text(json.dumps(content), "utf-8")

    found = read_llama_index(path, DOCUMENTS)

    (sample,) = found.samples
    assert sample.gold[0].quote == "Refunds go to the original payment method."
    assert sample.reference_answer is None
    assert found.faults == (
        "qa.json, query b: no indexed document says: Nobody says this here.",
        "qa.json, query c: the corpus has no 3",
    )


@pytest.mark.parametrize("content", ["[]", "{", '{"examples": [{"text": 1}]}'])
def test_another_file_is_refused_with_what_is_understood(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, "utf-8")

    with pytest.raises(DatasetUnreadable, match="neither a LabelledRagDataset"):
        read_llama_index(path, DOCUMENTS)


def test_the_command_writes_a_suite_of_drafts_from_the_index(
    example_store_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "rag.json"
    said = (
        "Moving up a tier afterwards does not change the terms of an order you have already placed"
    )
    rows = [
        example(query="Does it?", reference_contexts=[f"{said}, and nor does moving down."]),
        example(),
    ]
    path.write_text(json.dumps({"examples": rows}), "utf-8")
    settings = SimpleNamespace(index=IndexSettings(path=example_store_path))

    done = CliRunner().invoke(
        app, ["import", str(path)], obj=lambda: SimpleNamespace(settings=settings)
    )

    assert done.exit_code == 0, done.output
    assert "1 samples written to" in done.stdout
    assert "rag.json, example 2: no indexed document says" in done.stderr
    (sample,) = read_samples(tmp_path / "rag.jsonl")
    assert sample.gold[0].document == "refund-policy.md"


def test_the_command_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "rag.jsonl").touch()

    done = CliRunner().invoke(
        app, ["import", str(tmp_path / "rag.json")], obj=lambda: SimpleNamespace()
    )

    assert isinstance(done.exception, WrongUse)
    assert str(done.exception).startswith(f"{tmp_path / 'rag.jsonl'} exists.")
