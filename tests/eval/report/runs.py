"""A run's folder over the example policies, made without asking anything: its answers quote, paraphrase,
invent and refuse by turns."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from pydantic import BaseModel

from eval.dataset import Sample, load_suite
from eval.folder import RECORDS, RUN, SCORES, SUITE, TIMINGS, TIMINGS_BY_SAMPLE
from eval.record import (
    AnswerRecord,
    CheckRecord,
    CitationRecord,
    DraftSentenceRecord,
    Judge,
    JudgeQuality,
    PassageRecord,
    Place,
    Quantiles,
    Record,
    RunInfo,
    SampleScores,
    Score,
    Scores,
    Table,
    Timing,
    Timings,
    VerifiedSentenceRecord,
)
from eval.report.calibration import Curves, calibration_curve
from eval.report.run import CALIBRATION
from service.verify import locate

EXAMPLES = Path(__file__).parents[3] / "examples"
SUITE_NAME, SUITE_SHA256 = "questions", "5f0c" * 16
QUALITY = (
    JudgeQuality(
        labels="contractnli",
        pairs=412,
        threshold=0.5,
        balanced_accuracy=(0.691, 0.645, 0.737),
        auroc=(0.762, 0.715, 0.808),
        sensitivity=0.742,
        specificity=0.64,
    ),
    JudgeQuality(
        labels="pincite sample",
        pairs=80,
        threshold=0.5,
        balanced_accuracy=(0.85, 0.77, 0.92),
        auroc=(0.91, 0.85, 0.96),
        sensitivity=0.9,
        specificity=0.8,
    ),
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a policy, at offsets of its file."""

    document: str
    title: str
    heading: str
    start: int
    text: str

    @property
    def place(self) -> Place:
        end = self.start + len(self.text)
        return Place(document_id=self.document, document=self.document, start=self.start, end=end)


def sections() -> list[Section]:
    """Of the example policies that are plain text."""
    found = []
    for path in sorted((EXAMPLES / "policies").glob("*.md")):
        text = path.read_text("utf-8")
        title = re.findall(r"^# (.*)$", text, re.M)[0]
        for match in re.finditer(r"^#+ (.*)\n+((?:(?!#).*\n*)+)", text, re.M):
            body = match.group(2).rstrip()
            found.append(Section(path.name, title, match.group(1), match.start(2), body))
    return found


def samples(limit: int) -> list[Sample]:
    """Questions on those policies, and some that nothing answers."""
    suite = load_suite(EXAMPLES / "questions.jsonl").samples
    fitting = [s for s in suite if all(gold.document.endswith(".md") for gold in s.gold)]
    return fitting[:: max(1, len(fitting) // limit)][:limit]


def record(sample: Sample, index: int, parts: Sequence[Section]) -> Record:
    """What a sample was answered with; every eleventh failed."""
    if index % 11 == 7:
        return Record(sample_id=sample.id, error="AnswerTimeout: no answer within 300 s.")
    chance = random.Random(index)  # no secret
    gold = [
        part
        for part in parts
        for wanted in sample.gold
        if part.document == wanted.document and locate(wanted.quote, part.text)
    ]
    others = chance.sample(list(parts), 4)
    shown = list(dict.fromkeys([*others[:1], *gold[:2], *others[1:]]))
    passages = tuple(
        PassageRecord(
            number=number,
            place=part.place,
            title=part.title,
            heading_path=(part.title, part.heading),
            text=part.text,
        )
        for number, part in enumerate(shown, start=1)
    )
    verified = _verified(sample, index, passages)
    refused = index % 9 == 4 or (sample.unanswerable and index % 3 > 0)
    kept = tuple(i for i, each in enumerate(verified) if each.verdict == "supported")
    said = " ".join(f"{verified[i].text} [{verified[i].cited[0]}]" for i in kept)
    refusal = "The documents that were searched do not say. Nearest: " + passages[0].title + "."
    return Record(
        sample_id=sample.id,
        answer=AnswerRecord(
            question=sample.question,
            standalone=sample.standalone or sample.question,
            retrieved=tuple(passage.place for passage in passages),
            passages=passages,
            answerability=round(chance.uniform(0.05, 0.5 if sample.unanswerable else 0.99), 3),
            draft=" ".join(f"{s.text} {''.join(f'[{n}]' for n in s.cited)}" for s in verified),
            draft_refused=False,
            draft_sentences=tuple(
                DraftSentenceRecord(text=each.text, cited=each.cited) for each in verified
            ),
            verified=verified,
            shown=() if refused else kept,
            refused=refused or not kept,
            text=refusal if refused or not kept else said,
            generator="extractive",
            prompt_tokens=900 + index,
            completion_tokens=60 + index % 7,
        ),
    )


def _verified(
    sample: Sample, index: int, passages: Sequence[PassageRecord]
) -> tuple[VerifiedSentenceRecord, ...]:
    sentences = []
    for gold in sample.gold:
        for passage in passages:
            span = locate(gold.quote, passage.text)
            if span is None or passage.place.document != gold.document:
                continue
            moved = "cited passage 1, which does not say it" if index % 6 == 2 else None
            sentences.append(_quoted(passage, *span, correction=moved))
            break
    first = passages[0]
    if index % 4 == 1:
        sentences.append(
            VerifiedSentenceRecord(
                text="This takes no more than 45 days in every case.",
                verdict="unsupported",
                score=0.137,
                cited=(1,),
                citations=(),
                checks=(
                    CheckRecord(
                        number=1,
                        score=0.137,
                        quote=first.text[:120],
                        features={"model": 0.31, "overlap": 0.22},
                        findings=("45 days is not in the evidence",),
                    ),
                ),
            )
        )
    if index % 5 == 3:
        sentences.append(_bare("Ask your manager when in doubt.", "uncited", ()))
    if index % 7 == 2:
        sentences.append(_bare("The board approved this in 2019.", "fabricated", (2, 99)))
    if not sentences:
        words = re.match(r".*?[.!?](?=\s|$)|.*", first.text, re.S)
        sentences.append(_quoted(first, 0, words.end() if words else len(first.text)))
    return tuple(sentences)


def _quoted(
    passage: PassageRecord, start: int, end: int, correction: str | None = None
) -> VerifiedSentenceRecord:
    quote = passage.text[start:end]
    place = passage.place.model_copy(
        update={"start": passage.place.start + start, "end": passage.place.start + end}
    )
    return VerifiedSentenceRecord(
        text=" ".join(quote.split()),
        verdict="supported",
        score=1.0,
        cited=(passage.number,),
        citations=(CitationRecord(number=passage.number, place=place, quote=quote),),
        correction=correction,
        checks=(CheckRecord(number=passage.number, score=1.0, quote=quote),),
    )


def _bare(text: str, verdict: str, cited: tuple[int, ...]) -> VerifiedSentenceRecord:
    return VerifiedSentenceRecord(text=text, verdict=verdict, score=0.0, cited=cited, citations=())


def scored(sample: Sample, given: Record, index: int) -> SampleScores:
    """Plausible scores, in part read off the answer."""
    slices = tuple(f"tag:{tag}" for tag in sample.tags) + tuple(
        sorted({f"document type:{gold.document.rpartition('.')[2]}" for gold in sample.gold})
    )
    answer = given.answer
    if answer is None:
        return SampleScores(
            sample_id=sample.id,
            unanswerable=sample.unanswerable,
            slices=slices,
            error=given.error,
        )
    total = len(answer.verified)
    of = {
        verdict: round(sum(each.verdict == verdict for each in answer.verified) / total, 6)
        for verdict in ("supported", "uncited", "fabricated")
    }
    gold = (0.0, 1.0, 0.5, 1.0, 1.0)[index % 5]
    draft = {
        "citation_precision": of["supported"],
        "fabricated": of["fabricated"],
        "uncited": of["uncited"],
        "support": of["supported"],
        "support_anywhere": of["supported"],
        "contradiction": 0.0,
    }
    if sample.gold:
        draft |= {"citation_recall": gold, "token_f1": round(0.3 + 0.5 * gold, 6)}
    shown = draft | {"support": 1.0, "fabricated": 0.0, "uncited": 0.0, "locator_rate": 1.0}
    ranks = {"recall@1": 0.0, "recall@3": gold, "recall@5": gold, "recall@8": gold, "mrr": gold / 2}
    scores = {"draft": draft} | ({} if answer.refused else {"shown": shown})
    return SampleScores(
        sample_id=sample.id,
        unanswerable=sample.unanswerable,
        slices=slices,
        refused={"draft": False, "shown": answer.refused},
        scores=scores | ({"retrieval": ranks} if sample.gold else {}),
    )


def table(name: str, by_sample: Sequence[SampleScores]) -> Table:
    """Means of one of the three tables, with intervals of a made-up width."""
    values: dict[str, list[float]] = {}
    for each in by_sample:
        for metric, value in each.scores.get(name, {}).items():
            values.setdefault(metric, []).append(value)
    judged = ("support", "support_anywhere", "contradiction")
    scores = {
        metric: Score(
            value=round(fmean(found), 6),
            low=round(max(0.0, fmean(found) - 0.5 / len(found) ** 0.5), 6),
            high=round(min(1.0, fmean(found) + 0.5 / len(found) ** 0.5), 6),
            samples=len(found),
            judged=metric in judged,
            corrected=round(0.9 * fmean(found), 6) if metric in judged else None,
        )
        for metric, found in values.items()
    }
    if name == "shown":
        scores["refusal_precision"] = Score(value=0.61, low=0.48, high=0.72, samples=23)
        scores["refusal_recall"] = Score(value=0.66, low=0.5, high=0.79, samples=21)
        scores["exact_match"] = Score(value=None, samples=0)
    return scores


def write_run(
    folder: Path,
    asked: Sequence[Sample],
    records: Sequence[Record],
    *,
    judge: Judge | None = None,
    calibrated: bool = True,
    stale: frozenset[str] = frozenset(),
) -> Path:
    """Write the files of a scored run."""
    by_sample = [
        scored(sample, given, index)
        for index, (sample, given) in enumerate(zip(asked, records, strict=True))
    ]
    by_sample = [
        each.model_copy(update={"stale": "refund-policy.md does not say: x", "scores": {}})
        if each.sample_id in stale
        else each
        for each in by_sample
    ]
    names = sorted({name for each in by_sample for name in each.slices})
    versions: dict[str, object] = {
        "pincite": "0.1.0",
        "commit": "f2c9646",
        "prompt": "answer@3",
        "settings": {"answer": {"unsupported": "remove"}, "verifier": {"model": "bundled"}},
    }
    scores = Scores(
        suite=SUITE_NAME,
        suite_sha256=SUITE_SHA256,
        generator="extractive",
        samples=len(asked),
        unscored=sum(not each.scores for each in by_sample),
        stale=len(stale),
        versions=versions,
        judge=judge or Judge(name="bundled judge 1", is_verifier=False, quality=QUALITY),
        tables={name: table(name, by_sample) for name in ("retrieval", "draft", "shown")},
        slices={
            name: {
                kind: table(kind, [each for each in by_sample if name in each.slices])
                for kind in ("retrieval", "draft", "shown")
            }
            for name in names
        },
        by_sample=tuple(by_sample),
    )
    info = RunInfo(
        suite=SUITE_NAME,
        suite_sha256=SUITE_SHA256,
        samples=len(asked),
        waiting=0,
        repeats=0,
        generator="extractive",
        versions=versions,
    )
    chance = random.Random(3)  # no secret
    totals = [round(chance.lognormvariate(-1.2, 0.5), 4) for _ in asked]
    timings = [
        Timing(sample_id=s.id, stages_s={"retrieve": t / 3, "verify": t / 2, "total": t})
        for s, t, given in zip(asked, totals, records, strict=True)
        if given.answer
    ]
    ordered = sorted(totals)
    quantiles = Quantiles(p50=ordered[len(ordered) // 2], p95=ordered[-1])
    costs = Timings(
        answers=len(timings),
        seconds={"total": quantiles, "first_sentence": quantiles, "retrieve": quantiles},
        prompt_tokens=41_220,
        completion_tokens=2_904,
        price=None,
        price_per_question=None,
    )
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Sequence[BaseModel]] = {
        SCORES: [scores],
        RUN: [info],
        TIMINGS: [costs],
        RECORDS: records,
        TIMINGS_BY_SAMPLE: timings,
        SUITE: asked,
    }
    for name, contents in files.items():
        text = "".join(f"{each.model_dump_json(by_alias=True)}\n" for each in contents)
        (folder / name).write_text(text, "utf-8")
    if calibrated:
        (folder / CALIBRATION).write_text(_curves().model_dump_json(), "utf-8")
    return folder


def _curves() -> Curves:
    chance = random.Random(2)  # no secret
    bends: dict[Literal["verifier", "judge"], float] = {"verifier": 1.15, "judge": 0.8}
    curves = []
    for role, bend in bends.items():
        scores = [chance.random() for _ in range(600)]
        labels = [chance.random() < score**bend for score in scores]
        curves.append(calibration_curve(role, f"bundled {role} 1", "contractnli", scores, labels))
    return Curves(curves=tuple(curves))


def example_run(folder: Path, limit: int = 60) -> Path:
    """A run of that many of the example questions; one of them with stale gold."""
    asked, parts = samples(limit), sections()
    records = [record(sample, index, parts) for index, sample in enumerate(asked)]
    return write_run(folder, asked, records, stale=frozenset({asked[3].id}))
