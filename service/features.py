"""What answerability is judged by: features of a question and of what was found for it."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from nltk.stem.snowball import SnowballStemmer
from numpy.typing import NDArray

from ingest.embed import Encoder, Vectors
from ingest.sentence import sentences
from service.retrieve import Retrieved
from service.words import content_words, words_of

Features = Mapping[str, float]

IN_FRONT = 8
"""Passages whose relevance counts. Behind them nothing is read that would be in a prompt."""

COMPARED = 10
"""With so many others at least the best passage is compared."""

CACHED_WORDS = 8_192


class FeatureReader:
    """Features of a question and what was found for it. Vectors of words are kept: most come again."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._stem: Callable[[str], str] = lru_cache(CACHED_WORDS)(SnowballStemmer("english").stem)

    def read(self, question: str, found: Sequence[Retrieved]) -> dict[str, float]:
        """Every feature by its name, all finite. Needs a passage; best passages come first."""
        asked = _asked(question)
        words = content_words(asked) or content_words(question)
        return {
            **search_features(found),
            **self._word_features(words, found),
            **self._kind_features(asked, words, found),
            **relevance_features(found),
        }

    def _word_features(self, words: Sequence[str], found: Sequence[Retrieved]) -> dict[str, float]:
        """How well each content word of the question is met by the first passage: 1 where it is there
        in any inflection, else its cosine to the nearest word there. A word is the rarer the fewer of
        the passages found have it; one that none has is hardly in the index at all."""
        count = max(1, len(words))
        features = {"content words": math.log1p(len(words))}
        stems = [self._stem(word) for word in words]
        passages = [self._stems(each.chunk.embedded_text) for each in found]
        having = np.array([sum(stem in passage for passage in passages) for stem in stems])
        rarity = np.log((len(found) + 1) / (having + 0.5))
        met = self._met(words, stems, found[0].chunk.embedded_text)
        lost = 1 - met
        is_there = np.array([stem in passages[0] for stem in stems], bool)
        return features | {
            "words met": float(met.sum() / count),
            "least word met": float(met.min(initial=1)),
            "words lost": float(lost.sum()),
            "rare word lost": float((lost * rarity).max(initial=0)),
            "rare words there": float(rarity[is_there].sum() / rarity.sum()) if len(words) else 0.0,
            "words nowhere": float((having == 0).sum()),
        }

    def _met(self, words: Sequence[str], stems: Sequence[str], text: str) -> NDArray[np.float64]:
        there = content_words(text)
        if not words or not there:
            return np.zeros(len(words))
        vectors = self._encoded([*words, *there])
        near = (vectors[: len(words)] @ vectors[len(words) :].T).max(axis=1).clip(0, 1)
        known = self._stems(text)
        return np.where([stem in known for stem in stems], 1.0, near)

    def _kind_features(
        self, asked: str, words: Sequence[str], found: Sequence[Retrieved]
    ) -> dict[str, float]:
        """Whether what is asked for (an amount, a time span, a date, a person …) is said by a sentence
        that also has the words of the question."""
        says_it = _kind(asked)
        stems = {self._stem(word) for word in words}
        best = best_of_kind = 0.0
        for each in found[:5]:
            heading = self._stems(each.chunk.context)
            for sentence in sentences(each.chunk.text):
                there = self._stems(sentence)
                best = max(best, _share(stems & there, stems))
                if says_it(sentence):
                    best_of_kind = max(best_of_kind, _share(stems & (there | heading), stems))
        return {
            "sentence has words": best,
            "such a sentence has words": best_of_kind,
            "first passages say such": float(np.mean([says_it(f.chunk.text) for f in found[:3]])),
        }

    def _stems(self, text: str) -> frozenset[str]:
        return frozenset(self._stem(word) for word in words_of(text))

    def _encoded(self, words: Sequence[str]) -> Vectors:
        """Vectors of single words, those not known encoded at once."""
        known = {word: self._vectors[word] for word in words if word in self._vectors}
        new = [word for word in dict.fromkeys(words) if word not in known]
        if new:
            known |= dict(zip(new, self._encoder.encode(new), strict=True))
            if len(self._vectors) + len(new) > CACHED_WORDS:
                self._vectors = {}
            self._vectors |= {word: known[word] for word in new}
        return np.stack([known[word] for word in words])


def search_features(found: Sequence[Retrieved]) -> dict[str, float]:
    """How far the best passage stands out in each search, and whether the two agree. BM25 has no upper
    end: its leads are shares of the best score."""
    cosines = _sorted((each.cosine for each in found), unrelated=0.1)
    bm25 = _sorted((each.bm25 for each in found), unrelated=0.0)
    best = max(bm25[0], 1e-9)
    return {
        "nearest cosine": float(cosines[0]),
        "cosine lead over 2nd": _lead(cosines, 2),
        "cosine lead over 10th": _lead(cosines, 10),
        "cosine outstanding": outstanding(cosines),
        "bm25 lead over 2nd": _lead(bm25, 2) / best,
        "bm25 lead over 10th": _lead(bm25, 10) / best,
        "bm25 outstanding": outstanding(bm25),
        **_agreement(found),
    }


def relevance_features(found: Sequence[Retrieved]) -> dict[str, float]:
    """What the reranker says of the first passages; all 0 where it read none."""
    read = [each.relevance for each in found[:IN_FRONT] if each.relevance is not None]
    relevances = _sorted(read, unrelated=min(read, default=0.0))
    return {
        "best relevance": float(relevances[0]),
        "mean relevance of 3": float(relevances[:3].mean()),
        "relevance lead over 2nd": _lead(relevances, 2),
        "relevance lead over all": float(relevances[0] - relevances.mean()),
        "relevance outstanding": outstanding(relevances),
        "relevance of 1st": read[0] if read else 0.0,
    }


def _agreement(found: Sequence[Retrieved]) -> dict[str, float]:
    by_cosine = _ranks([each.cosine for each in found])
    by_bm25 = _ranks([each.bm25 for each in found])
    both = by_cosine.keys() & by_bm25.keys()
    return {
        "agreement": max((1 / (by_cosine[i] * by_bm25[i]) for i in both), default=0.0),
        "shared among 10": sum(by_cosine[i] <= 10 and by_bm25[i] <= 10 for i in both) / 10,
    }


def _ranks(scores: Sequence[float | None]) -> dict[int, int]:
    """The rank, from 1, of each place that has a score."""
    having = [(score, place) for place, score in enumerate(scores) if score is not None]
    having.sort(key=lambda each: (-each[0], each[1]))
    return {place: rank for rank, (_, place) in enumerate(having, start=1)}


def _sorted(scores: Iterable[float | None], *, unrelated: float) -> NDArray[np.float64]:
    """The scores that there are, best first. Where they are few, as in an index of one page, those of
    unrelated passages are put behind them: a best one among few stands out no less."""
    found = sorted((s for s in scores if s is not None), reverse=True)
    missing = max(0, COMPARED - len(found)) if found else 1
    return np.array([*found, *[min([unrelated, *found])] * missing])


def _lead(scores: NDArray[np.float64], rank: int) -> float:
    """The best over that of a rank, or over the last."""
    return float(scores[0] - scores[min(rank, len(scores)) - 1])


def outstanding(scores: NDArray[np.float64]) -> float:
    """How many standard deviations the best is above the mean; 0 where all are equal."""
    spread = float(scores.std())
    return float(scores[0] - scores.mean()) / spread if spread > 1e-9 else 0.0


def _asked(question: str) -> str:
    """The last sentence that asks: what stands around it tells the situation."""
    asking = [each for each in sentences(question) if each.rstrip().endswith("?")]
    return asking[-1] if asking else question


def _share(some: set[str], of: set[str]) -> float:
    return len(some) / len(of) if of else 0.0


# What is asked for, and how a sentence looks that says it. Only English ones are told apart.
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|half|twice|once"
    r"|hundred|free)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"[£$€%]|\b(?:percent|per cent|pound|dollar|euro|free|fee|charge|cost|price)", re.IGNORECASE
)
_SPAN = re.compile(r"\b(?:day|week|month|year|hour|minute|night|second)s?\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b\d{1,2}(?:[.:]\d\d)?\s?(?:am|pm)\b|\b\d\d:\d\d\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|\b(?:january|february|march|april|june|july|august|september|october|november|december|noon"
    r"|midnight|when|within|before|after|until|date)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:manager|team|officer|director|department|staff|employee|person|people|agent|council|office"
    r"|head|committee|[A-Z][a-z]+ [A-Z][a-z]+)\b"
)
_RULE = re.compile(
    r"\b(?:may|can|cannot|must|not|no|only|unless|except|allowed|eligible|entitled|if)\b",
    re.IGNORECASE,
)
_KINDS: tuple[tuple[re.Pattern[str], tuple[re.Pattern[str], ...]], ...] = (
    (
        re.compile(
            r"how much|what percentage"
            r"|what.*\b(?:cost|price|charge|fee|rate|premium|percentage|amount|salary|supplement)\b"
        ),
        (_MONEY, _NUMBER),
    ),
    (
        re.compile(
            r"how (?:long|often|soon|quickly|far|old)|how many (?:day|week|month|year|hour|minute)"
        ),
        (_SPAN, _NUMBER),
    ),
    (re.compile(r"how many"), (_NUMBER,)),
    (re.compile(r"\bwhen\b|what (?:time|date|day)|by what"), (_TIME,)),
    (re.compile(r"\bwho(?:m|se)?\b"), (_PERSON,)),
    (
        re.compile(
            r"\s*(?:can|could|do|does|did|is|are|am|will|would|must|may|should|has|have|was|were)\b"
        ),
        (_RULE,),
    ),
)


def _kind(asked: str) -> Callable[[str], bool]:
    """Whether a text says the kind of thing that is asked for; anything does where that is open."""
    lowered = asked.lower()
    *others, (yes_or_no, rule) = _KINDS
    for asks, said in others:
        if asks.search(lowered):
            return lambda text: all(pattern.search(text) for pattern in said)
    said_by_rule = rule if yes_or_no.match(lowered) else ()
    return lambda text: all(pattern.search(text) for pattern in said_by_rule)
