"""Generators that cheat in known ways, and the metric that is meant to catch each.

python -m benchmarks.cheats INDEX SUITE
"""

import argparse
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.measure import markdown_table
from eval.asked import run_info
from eval.compare import Difference, compare_runs, read_scored
from eval.dataset import Suite, load_suite
from eval.folder import RunFolder
from eval.gold import find_document_in
from eval.judge import build_judges, served_by
from eval.run import Asking, ask_suite
from eval.scored import score_folder
from generator.draft import draft_sentences
from generator.extractive import ExtractiveGenerator
from generator.model import Usage
from generator.prompt import NO_ANSWER, Prompt
from generator.settings import GeneratorSettings
from ingest.embed import Encoder
from ingest.settings import IndexSettings
from service.assemble import assemble
from service.settings import Settings, VerifierSettings
from service.train.planted import change_number

NEVER_SHOWN = 99


class Rewrite(Protocol):
    def __call__(self, draft: str, prompt: Prompt) -> str: ...


def cites_everything(draft: str, prompt: Prompt) -> str:
    """Every sentence cites every passage."""
    marks = "".join(f"[{passage.number}]" for passage in prompt.passages)
    return "\n".join(f"{sentence.text} {marks}" for sentence in draft_sentences(draft))


def cites_nothing(draft: str, prompt: Prompt) -> str:
    return "\n".join(sentence.text for sentence in draft_sentences(draft))


def invents_citations(draft: str, prompt: Prompt) -> str:
    """Every sentence cites a passage that there is not."""
    return "\n".join(f"{sentence.text} [{NEVER_SHOWN}]" for sentence in draft_sentences(draft))


def always_refuses(draft: str, prompt: Prompt) -> str:
    return NO_ANSWER


def never_refuses_on_topic(draft: str, prompt: Prompt) -> str:
    """Claims that share no sentence with the passages and cite the first."""
    subject = prompt.question.rstrip("?")
    return f"Yes, that is right: {subject[:1].lower()}{subject[1:]}, without any condition. [1]"


def copies_passages(draft: str, prompt: Prompt) -> str:
    """All that it was shown."""
    return "\n".join(f"{passage.text.strip()} [{passage.number}]" for passage in prompt.passages)


def changes_numbers(draft: str, prompt: Prompt) -> str:
    """A number of every sentence is another one; a sentence without any gets one."""
    rng = random.Random(prompt.question)  # noqa: S311 - no secret
    lines = []
    for sentence in draft_sentences(draft):
        changed = change_number(sentence.text, rng) or f"{sentence.text.rstrip('.')}, for 17 days."
        lines.append(f"{changed} {''.join(f'[{number}]' for number in sentence.numbers)}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Cheat:
    """How a draft is spoilt, and by which metric of which table that is to be seen, lower or higher."""

    name: str
    rewrite: Rewrite
    metric: str
    falls: bool = True


CHEATS = (
    Cheat("cites everything", cites_everything, "alce_precision"),
    Cheat("cites nothing", cites_nothing, "uncited", falls=False),
    Cheat("invents citations", invents_citations, "fabricated", falls=False),
    Cheat("always refuses", always_refuses, "refusal_precision"),
    Cheat("affirms everything", never_refuses_on_topic, "support"),
    Cheat("copies the passages", copies_passages, "token_f1"),
    Cheat("changes numbers", changes_numbers, "support"),
)


class Cheater:
    """Spoils the drafts of the quoting generator."""

    def __init__(self, cheat: Cheat, honest: ExtractiveGenerator) -> None:
        self.name = cheat.name
        self._rewrite = cheat.rewrite
        self._honest = honest

    def stream(self, prompt: Prompt) -> Iterator[str | Usage]:
        pieces = [each for each in self._honest.stream(prompt) if isinstance(each, str)]
        yield self._rewrite("".join(pieces), prompt)
        yield Usage()


def run(index: Path, suite: Suite, cheat: Cheat | None, out: Path, judge: str) -> RunFolder:
    """The suite, asked and scored; of the quoting generator itself where there is no cheat."""
    settings = Settings(
        index=IndexSettings(path=index),
        judge=VerifierSettings(model=judge),
        verifier=VerifierSettings(model=judge),
    )

    def make(generator: GeneratorSettings, encoder: Encoder) -> ExtractiveGenerator | Cheater:
        honest = ExtractiveGenerator(encoder, generator.extractive)
        return Cheater(cheat, honest) if cheat else honest

    service = assemble(settings, make_generator=make)
    try:
        folder = RunFolder(out)
        verifier, _ = served_by(service)
        info = run_info(suite, settings, service.store, verifier.name, repeats=0)
        ask_suite(
            suite,
            lambda question, turns, reader: service.pipeline.answer(
                question, turns, reader, draft_always=True
            ),
            folder,
            info,
            Asking(),
        )
        judges = build_judges(settings, service, "none")
        score_folder(folder, find_document_in(service.store.catalog), judges, {})
    finally:
        service.store.close()
    return folder


def differences(index: Path, suite: Suite, judge: str) -> dict[str, dict[str, Difference]]:
    """For every cheat what it has more or less than the honest generator, by metric of drafts."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        honest = read_scored(run(index, suite, None, Path(scratch) / "honest", judge))
        for cheat in CHEATS:
            folder = run(index, suite, cheat, Path(scratch) / cheat.name, judge)
            (comparison,) = compare_runs(honest, [read_scored(folder)])
            found[cheat.name] = {
                each.metric: each for each in comparison.differences if each.table == "draft"
            }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--judge", default="bundled")
    options = parser.parse_args()
    found = differences(options.index, load_suite(options.suite), options.judge)
    rows = []
    for cheat in CHEATS:
        each = found[cheat.name][cheat.metric]
        rows.append(
            (
                cheat.name,
                cheat.metric,
                f"{each.baseline:.3f}",
                f"{each.run:.3f}",
                f"{each.difference:+.3f} [{each.low:+.3f}, {each.high:+.3f}]",
            )
        )
    print(markdown_table(("cheat", "caught by", "honest", "cheat", "difference"), rows))


if __name__ == "__main__":
    main()
