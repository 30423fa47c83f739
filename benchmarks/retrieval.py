"""How high the right passage stands, by stage: dense, BM25, fused, reranked.

python -m benchmarks.retrieval [--shared ../shared] [--sets NAME…] [--set KEY=VALUE…] [--over KEY=VALUE…]
"""

import argparse
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, fields
from difflib import SequenceMatcher
from pathlib import Path

from benchmarks.measure import markdown_table, write_result
from eval.dataset import load_suite
from eval.metrics.retrieval import RankingScores, mean_scores, ranking_scores
from ingest.chunk import chunk_document
from ingest.duplicates import normalised_words
from ingest.embed import Encoder, SentenceTransformerEncoder, encoder_adapter
from ingest.formats.errors import ParseError
from ingest.index import EVERYONE, Index, IndexedDocument, Manifest, Scope
from ingest.index.edge import EdgeIndex
from ingest.parse import parse
from service.rerank import build_reranker, rerank
from service.retrieve import Retrieved, fuse
from service.settings import Settings, load_settings
from service.train.gain import paired_gain

DEPTH = 50
RUN_WORDS = 3
"""So many words in a row must be shared to count: single ones are everywhere."""

EVERYTHING = Scope(frozenset({EVERYONE}))


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=tuple(SETS))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting")
    parser.add_argument(
        "--over",
        action="append",
        metavar="KEY=VALUE",
        help="compare each stage with the same one under these settings; 'none' for the defaults",
    )
    arguments = parser.parse_args()
    flags = dict(each.split("=", 1) for each in arguments.set)
    settings = load_settings(environment={}, flags=flags).settings
    other = None
    if arguments.over:
        other_flags = dict(each.split("=", 1) for each in arguments.over if each != "none")
        other = load_settings(environment={}, flags=other_flags).settings
    rows: list[list[object]] = []
    kept = {}
    for name in arguments.sets:
        questions = SETS[name](arguments.shared)
        by_stage = measure(questions, settings)
        before = measure(questions, other) if other else None
        rows += table_rows(name, questions.questions, by_stage, before)
        kept[name] = {
            stage: {
                question.id: " ".join(f"{value:.4g}" for value in astuple(each))
                for question, each in zip(questions.questions, scores, strict=True)
            }
            for stage, scores in by_stage.items()
        }
    header = ["set", "stage", "hit@1", "hit@5", "hit@10", "hit@50", "MRR@10", "nDCG@10", "MAP@10"]
    scores = [field.name for field in fields(RankingScores)]
    result = {"settings": flags, "rows": rows, "scores": scores, "questions": kept}
    compared = (
        f"MRR@10 over {' '.join(arguments.over)}" if other else "MRR@10 over the stage before"
    )
    print(markdown_table([*header, compared], rows))
    print(f"\nWritten to {write_result('retrieval', result)}.")


def measure(questions: QuestionSet, settings: Settings) -> dict[str, list[RankingScores]]:
    """Each question's scores, by stage."""
    encoder = SentenceTransformerEncoder(
        settings.encoder.model, encoder_adapter(settings.encoder.adapter)
    )
    reranker = build_reranker(settings.reranker)
    rankings: dict[str, list[list[frozenset[int]]]] = {}
    with indexed(questions.documents, encoder, settings) as index:
        vectors = encoder.encode([question.text for question in questions.questions])
        for question, vector in zip(questions.questions, vectors, strict=True):
            dense = index.search_dense(vector, top_k=DEPTH, scope=EVERYTHING)
            sparse = index.search_sparse(question.text, top_k=DEPTH, scope=EVERYTHING)
            fused = fuse(dense, sparse, bm25_weight=settings.retrieval.bm25_weight)[:DEPTH]
            stages = {
                "dense": fuse(dense, [], bm25_weight=0),
                "BM25": fuse([], sparse, bm25_weight=1),
                "fused": fused,
            }
            if reranker is not None:
                stages["reranked"] = rerank(question.text, fused, reranker, settings.reranker)
            for stage, found in stages.items():
                answered = [_answered(each, question) for each in found]
                rankings.setdefault(stage, []).append(answered)
    gold = [len(question.gold) for question in questions.questions]
    return {stage: ranking_scores(ranked, gold) for stage, ranked in rankings.items()}


@contextmanager
def indexed(
    documents: Iterable[tuple[str, bytes]], encoder: Encoder, settings: Settings
) -> Iterator[Index]:
    """An index of the documents, in a folder that goes with the block."""
    sizes = settings.chunking.target_tokens, settings.chunking.max_tokens
    with tempfile.TemporaryDirectory() as folder:
        index = EdgeIndex.create(Path(folder), Manifest(encoder.name, encoder.dimension, *sizes))
        for name, content in documents:
            try:
                document = parse(content, name=name)
            except ParseError:
                continue  # Pages of nothing but template tags.
            chunks = chunk_document(
                document,
                count_tokens=encoder.count_tokens,
                target_tokens=sizes[0],
                max_tokens=min(sizes[1], encoder.max_tokens),
            )
            vectors = encoder.encode([chunk.embedded_text for chunk in chunks])
            index.write(IndexedDocument(name, "1", name, document.title), chunks, vectors)
        try:
            yield index
        finally:
            index.close()


def table_rows(
    name: str,
    questions: Sequence[Question],
    by_stage: Mapping[str, Sequence[RankingScores]],
    other: Mapping[str, Sequence[RankingScores]] | None,
) -> Iterator[list[object]]:
    """A row for each stage. It is compared with the same one of `other`; without, `fused` is with the
    better of its parts, and the others with the one before. Intervals are drawn over clusters."""
    clusters = [question.cluster for question in questions]
    better = max(("dense", "BM25"), key=lambda stage: mean_scores(by_stage[stage]).mrr)
    for stage, scores in by_stage.items():
        earlier = {"fused": better, "reranked": "fused"}.get(stage, "")
        before = by_stage.get(earlier) if other is None else other.get(stage)
        gain = ""
        if before:
            got = paired_gain(
                [each.mrr for each in before], [each.mrr for each in scores], clusters
            )
            gain = f"{got.after - got.before:+.3f} [{got.low:+.3f}, {got.high:+.3f}]"
        yield [
            name,
            stage,
            *(f"{value:.3f}" for value in asdict(mean_scores(scores)).values()),
            gain,
        ]


def _answered(found: Retrieved, question: Question) -> frozenset[int]:
    """The numbers of the gold texts of which the passage holds at least half."""
    words = normalised_words(found.chunk.text)
    return frozenset(
        number for number, gold in enumerate(question.gold) if 2 * shared(gold, words) >= len(gold)
    )


def shared(gold: Sequence[str], words: Sequence[str]) -> int:
    """How many of the gold text's words stand in the other in the same order."""
    matcher = SequenceMatcher(None, gold, words, autojunk=False)
    shortest = min(RUN_WORDS, len(gold))
    return sum(size for _, _, size in matcher.get_matching_blocks() if size >= shortest)


# ---- The sets ------------------------------------------------------------------------------------


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


if __name__ == "__main__":
    main()
