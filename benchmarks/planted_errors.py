"""True sentences of policies with one planted error each: how many does a verifier catch?

python -m benchmarks.planted_errors FOLDER … [--adapter FOLDER] [--count 300]
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.draft import DraftSentence
from generator.prompt import Passage
from ingest.chunk import Chunk
from ingest.document import one_line
from ingest.embed import BUNDLED, Encoder, SentenceTransformerEncoder
from ingest.index import IndexedDocument
from ingest.settings import ChunkingSettings
from service.claims import content_stems
from service.entailment import SHIPPED_ADAPTER
from service.overlap import OverlapVerifier
from service.support import SupportVerifier
from service.train.documents import read_passages
from service.train.pairs import passage_sentences
from service.train.planted import Change, planted
from service.train.rephrase import rephrased
from service.verify import Verdict, Verifier, verify

SEED = 20
PER_DOCUMENT = 12
CITATION_SHARE = 1 / 7


@dataclass(frozen=True, slots=True)
class Case:
    """A claim as a draft makes it, citing `cited`, which is one of `passages`; `original` is the
    sentence that `right` says."""

    change: Change
    claim: str
    original: str
    cited: int
    right: int
    passages: tuple[Passage, ...]


def cases(folders: Sequence[Path], encoder: Encoder, count: int) -> list[Case]:
    """So many cases, the same for the same folders; kinds of change are as even as the sentences
    allow."""
    rng = random.Random(SEED)  # noqa: S311 - no secret
    found: dict[Change, list[Case]] = {change: [] for change in Change}
    for folder in folders:
        for name, chunks in read_passages(folder, encoder, ChunkingSettings()):
            for case in _cases_of(name, chunks, rng):
                found[case.change].append(case)
    chosen: list[Case] = []
    rarest_first = sorted(found.values(), key=len)
    for number, of_kind in enumerate(rarest_first):
        share = -(-(count - len(chosen)) // (len(rarest_first) - number))
        chosen += rng.sample(of_kind, min(share, len(of_kind)))
    return chosen[:count]


def _cases_of(name: str, chunks: Sequence[Chunk], rng: random.Random) -> Iterator[Case]:
    sentences = list(passage_sentences(chunks))
    sentences = rng.sample(sentences, min(PER_DOCUMENT, len(sentences)))
    moved = [each for each in sentences if rng.random() < CITATION_SHARE]
    kept = [each for each in sentences if each not in moved]
    by_text = {chunk.text: chunk for chunk in chunks}
    for each in planted([(sentence, chunk.text) for sentence, chunk in kept], rng):
        passages = _passages(name, by_text[each.evidence], chunks)
        yield Case(each.change, each.claim, each.original, 1, 1, passages)
    for sentence, chunk in moved:
        passages = _passages(name, chunk, chunks)
        if len(passages) > 1 and not any(
            sentence in one_line(passage.text) for passage in passages[1:]
        ):
            yield Case(Change.CITATION, sentence, sentence, 2, 1, passages)


def _passages(name: str, right: Chunk, chunks: Sequence[Chunk]) -> tuple[Passage, ...]:
    """The right passage first, then the two of the document that share most words with it."""
    wanted = content_stems(right.text)
    others = sorted(
        (chunk for chunk in chunks if chunk != right),
        key=lambda chunk: (-len(wanted & content_stems(chunk.text)), chunk.start),
    )
    document = IndexedDocument(name, "1", name, name)
    return tuple(
        Passage(number, document, chunk)
        for number, chunk in enumerate((right, *others[:2]), start=1)
    )


def is_caught(case: Case, verifier: Verifier, min_support: float) -> bool:
    """Whether the claim is not shown as it was written: it is left out, or its citation is corrected."""
    judged = verify(
        DraftSentence(case.claim, (case.cited,)), case.passages, verifier, min_support=min_support
    )
    if judged.verdict is not Verdict.SUPPORTED:
        return True
    return case.change is Change.CITATION and case.cited not in {c.number for c in judged.citations}


def is_flagged(claim: str, case: Case, verifier: Verifier, min_support: float) -> bool:
    """Whether a true claim, citing the right passage, is left out or cited elsewhere."""
    judged = verify(
        DraftSentence(claim, (case.right,)), case.passages, verifier, min_support=min_support
    )
    return case.right not in {citation.number for citation in judged.citations}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="None may have been trained on.")
    parser.add_argument("--adapter", type=Path, default=SHIPPED_ADAPTER)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--show", action="store_true", help="List what was missed and flagged.")
    options = parser.parse_args()
    made = cases(options.folders, SentenceTransformerEncoder(BUNDLED), options.count)
    rng = random.Random(SEED)  # noqa: S311 - no secret
    others = [rephrased(case.original, rng) for case in made]
    counts = Counter(case.change for case in made)
    print(f"{len(made)} cases: {', '.join(f'{n} {change}' for change, n in counts.items())}")
    for verifier, min_support in (
        (OverlapVerifier(), 0.75),
        (SupportVerifier(options.adapter), 0.5),
    ):
        caught = [is_caught(case, verifier, min_support) for case in made]
        flagged = [is_flagged(case.original, case, verifier, min_support) for case in made]
        in_words = [
            is_flagged(other, case, verifier, min_support)
            for case, other in zip(made, others, strict=True)
            if other != case.original
        ]
        print(f"\n{verifier.name} at {min_support}")
        for change in counts:
            of_kind = [hit for case, hit in zip(made, caught, strict=True) if case.change is change]
            print(f"  {change:10} caught {sum(of_kind):3} of {len(of_kind):3}")
        print(f"  caught   {sum(caught) / len(made):.3f}")
        print(f"  flagged  {sum(flagged) / len(made):.3f} of the unchanged ones")
        print(f"  flagged  {sum(in_words) / len(in_words):.3f} of {len(in_words)} in other words")
        if options.show:
            for case, hit, false in zip(made, caught, flagged, strict=True):
                if not hit:
                    print(f"  missed {case.change}: {case.claim}\n         was: {case.original}")
                if false:
                    print(f"  flagged: {case.original}")


if __name__ == "__main__":
    main()
