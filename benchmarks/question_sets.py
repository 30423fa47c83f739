"""The development sets: documents, and questions with the words of what answers them."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from eval.dataset import load_suite
from ingest.duplicates import normalised_words
from ingest.parse import parse


@dataclass(frozen=True, slots=True)
class Question:
    """`gold` are the words of each text that answers; questions of one `cluster` are not independent."""

    id: str
    text: str
    gold: tuple[tuple[str, ...], ...]
    cluster: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Documents as (file name, content), and questions about them."""

    documents: tuple[tuple[str, bytes], ...]
    questions: tuple[Question, ...]


def examples(_: Path) -> QuestionSet:
    """The example policies with the answerable questions of their suite."""
    folder = Path("examples/policies")
    questions = [
        Question(
            sample.id,
            sample.question,
            tuple(_words(passage.quote) for passage in sample.gold),
            sample.gold[0].document,
        )
        for sample in load_suite(Path("examples/questions.jsonl")).samples
        if sample.gold
    ]
    return QuestionSet(tuple(_files(folder)), tuple(questions))


def faq(corpus: str) -> Callable[[Path], QuestionSet]:
    """Headings in question form. Their lines are taken out of the pages: the match would be trivial."""

    def read(shared_folder: Path) -> QuestionSet:
        rows = _json_lines(shared_folder / "data" / f"faq_{corpus}.jsonl")
        asked: dict[str, set[str]] = {}
        for row in rows:
            asked.setdefault(row["path"], set()).add(_plain(row["question"]))
        folder = shared_folder / "corpora" / corpus
        documents = [
            (name, _without_headings(content, asked.get(name, set())))
            for name, content in _files(folder)
        ]
        questions = [
            Question(
                f"{row['path']}:{row['start']}",
                row["question"],
                (_words(parse(row["section"].encode(), name="section.md").text),),
                row["path"],
            )
            for row in rows
        ]
        return QuestionSet(tuple(documents), tuple(questions))

    return read


def or_sharc(shared_folder: Path) -> QuestionSet:
    """Government rules, each a document; the user's situation goes with the question."""
    folder = shared_folder / "data" / "or_sharc"
    snippets = json.loads((folder / "id2snippet.json").read_text("utf-8"))
    rows = _json_lines(folder / "open_retrieval_sharc_dev.json")
    questions = [
        Question(
            row["utterance_id"],
            f"{row['question']} {row['scenario']}".strip(),
            (_words(parse(snippets[row["gold_snippet_id"]].encode(), name="rule.md").text),),
            row["gold_snippet_id"],
        )
        for row in rows
    ]
    documents = tuple((f"{number}.md", text.encode()) for number, text in snippets.items())
    return QuestionSet(documents, tuple(questions))


SETS: dict[str, Callable[[Path], QuestionSet]] = {
    "examples": examples,
    "18f_handbook": faq("18f_handbook"),
    "github_site_policy": faq("github_site_policy"),
    "or_sharc": or_sharc,
}


def _words(text: str) -> tuple[str, ...]:
    return tuple(normalised_words(text))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".md", ".html", ".docx", ".pdf", ".txt"):
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _json_lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


def _without_headings(content: bytes, headings: set[str]) -> bytes:
    lines = content.decode("utf-8").split("\n")
    kept = [line for line in lines if not (line.startswith("#") and _plain(line) in headings)]
    return "\n".join(kept).encode()


def _plain(heading: str) -> str:
    return " ".join(re.findall(r"\w+", heading.casefold()))
