"""Which training documents must not be trained on, since questions of a development set are about them.

python -m benchmarks.held_back ../shared >benchmarks/held_back_groups.txt
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlparse

from benchmarks.question_sets import SETS
from ingest.duplicates import normalised_words
from ingest.train.examples import read_examples

SHINGLE_WORDS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("shared", type=Path)
    shared = parser.parse_args().shared
    rules = (shared / "data" / "or_sharc" / "open_retrieval_sharc_dev.json").read_text("utf-8")
    pages = {_page(json.loads(line)["source_url"]) for line in rules.split("\n") if line.strip()}
    gold = {
        shingle
        for read in SETS.values()
        for question in read(shared).questions
        for words in question.gold
        for shingle in _shingles(words)
    }
    held_back = {
        example.group
        for example in read_examples(shared / "data" / "reranker_train.jsonl.gz")
        if _page(example.group) in pages
        or any(gold & set(_shingles(normalised_words(text))) for text in example.positives)
    }
    print("\n".join(sorted(held_back)))


def _page(url: str) -> tuple[str, str]:
    """Site and first folder: gov.uk divides one guide into pages below it."""
    address = urlparse(url)
    return address.netloc, address.path.strip("/").split("/")[0]


def _shingles(words: Iterable[str]) -> Iterator[tuple[str, ...]]:
    listed = tuple(words)
    return (listed[at : at + SHINGLE_WORDS] for at in range(len(listed) - SHINGLE_WORDS + 1))


if __name__ == "__main__":
    main()
