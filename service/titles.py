"""Whether a question names a document: "In the travel policy, …", "what does the handbook say about …".

Wrongly narrowed, a question loses its answer; not narrowed, it still finds it. So a title counts only
where the question introduces it as a text, or spells it out in full.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import islice

Words = tuple[str, ...]

MAX_WORDS = 12
"""Longer titles are not said in a question."""
READ_WORDS = 400
"""A question names what it is asked of in its first words, if at all."""

KINDS = frozenset(
    "act agreement charter code directive faq framework guide guideline guidelines handbook manual "
    "memo memorandum notice plan playbook policies policy procedure procedures protocol regulation "
    "regulations rulebook rules standard standards statement terms".split()
)
"""What a document calls itself."""
_KINDS_SAID_OF_ANY = ("policy", "handbook", "guide", "guidelines", "manual", "procedure", "rules")
"""How a document is called whose title is a subject alone: the file travel.md is "the travel policy"."""

_DETERMINERS = frozenset("the our your this company company's current latest new official".split())
_IN = frozenset("in under per within inside by".split())
_NOT = frozenset("not isn't except besides".split())
_PLACES = frozenset(
    "annex appendix article chapter clause page paragraph part point rule section sections schedule "
    "table".split()
)
_SAY = frozenset("say says said state states mention mentions".split())
_RULE = _SAY | frozenset(
    "allow allows apply applies cover covers define defines demand demands describe describes explain "
    "explains forbid forbids permit permits prescribe prescribes prohibit prohibits provide provides "
    "recommend recommends require requires specify specifies stipulate stipulates".split()
)
_ADVERBS = frozenset("actually also currently exactly explicitly now still".split())
_LOOK = frozenset("check consult search using".split())
_QUOTES = "\"'“”„‘’«»"

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_AFTER_TITLE = re.compile(r"\s*[:,]|\s+[–—-]\s|\s*[–—]")
_VERSION = re.compile(r"v?\d+|v|version|rev|revision|edition|draft|final")


class Titles:
    """The titles and names of documents by their words."""

    def __init__(self) -> None:
        self._exact: dict[Words, set[str]] = defaultdict(set)
        """Titles, names, and both without the version at their end."""
        self._files: dict[Words, set[str]] = defaultdict(set)
        """Names with their extension."""
        self._called: dict[Words, set[str]] = defaultdict(set)
        """Subjects with the kind of document that their title leaves out."""
        self._endings: dict[Words, set[str]] = defaultdict(set)
        """Ends of titles: "travel policy" of "Halden Business Travel Policy"."""
        self._spelled: dict[str, str] = {}
        self._filed: dict[str, list[tuple[dict[Words, set[str]], Words]]] = {}

    def add(self, id: str, title: str, name: str) -> None:
        """Know a document; one that is known must be removed first."""
        file = name.rpartition("/")[2]
        exact = {
            each
            for text in (title, file.rpartition(".")[0] or file)
            for each in _with_and_without_version(_words(text))
            if each
        }
        filed = [(self._exact, words) for words in exact]
        filed.append((self._files, _words(file)))
        filed += [
            (self._called, (*words, kind))
            for words in exact
            if not _names_kind(words)
            for kind in _KINDS_SAID_OF_ANY
        ]
        filed += [
            (self._endings, words[start:])
            for words in exact
            if words[-1] in KINDS
            for start in range(1, len(words) - 1)
            if words[start] not in ("and", "or", "of", "for")
        ]
        self._filed[id] = [(table, words) for table, words in filed if 0 < len(words) <= MAX_WORDS]
        self._spelled[id] = title
        for table, words in self._filed[id]:
            table[words].add(id)

    def remove(self, id: str) -> None:
        for table, words in self._filed.pop(id):
            table[words].discard(id)
            if not table[words]:
                del table[words]
        del self._spelled[id]

    def named(self, question: str, counts: Callable[[str], bool]) -> set[str]:
        """The ids of the documents that the question names, of those that `counts` lets through; what
        does not count makes no difference. Where one is introduced, all that are mentioned are named."""
        said = _Said(question)
        introduced: set[str] = set()
        mentioned: set[str] = set()
        at = 0
        while at < len(said.words):
            mention = self._mention(said, at, counts)
            if mention is None:
                at += 1
                continue
            if said.introduces(mention, self._spelled):
                introduced |= mention.ids
            elif mention.names_kind:
                mentioned |= mention.ids
            at = mention.end
        return introduced | mentioned if introduced else set()

    def _mention(self, said: "_Said", at: int, counts: Callable[[str], bool]) -> "_Mention | None":
        """The longest title that begins at this word."""
        for end in range(min(len(said.words), at + MAX_WORDS), at, -1):
            words = said.words[at:end]
            for table in (self._files, self._exact, self._called, self._endings):
                ids = {id for id in table.get(words, ()) if counts(id)}
                if table is self._endings and len({self._spelled[id] for id in ids}) > 1:
                    continue
                if ids:
                    is_file = table is self._files and len(words) > 1
                    return _Mention(at, end, frozenset(ids), words, is_file)
        return None


@dataclass(frozen=True, slots=True)
class _Mention:
    """Words of a question, from `start` to before `end`, that may be a document's title."""

    start: int
    end: int
    ids: frozenset[str]
    words: Words
    is_file: bool

    @property
    def names_kind(self) -> bool:
        return _names_kind(self.words)


class _Said:
    """A question's words, and how they stand in it."""

    def __init__(self, question: str) -> None:
        self._question = question.replace("&", "and")
        self._tokens = list(islice(_WORD.finditer(self._question), READ_WORDS))
        self.words: Words = tuple(_plain(token[0]) for token in self._tokens)

    def introduces(self, mention: _Mention, spelled: dict[str, str]) -> bool:
        """Whether the mention is one of a text, not of what the text is about."""
        if mention.is_file or self._is_quoted(mention):
            return True
        titles = [spelled[id] for id in mention.ids]
        in_full = any(self._is_spelled_as(mention, title) for title in titles)
        if len(mention.words) == 1 and not (mention.names_kind and self._has_the(mention)):
            return False
        before, after = self._before(mention), self._after(mention)
        according = before[-2:] in (("according", "to"), ("accordance", "with"))
        if not mention.names_kind:
            return according or after in _SAY or (in_full and self._is_introduced(before))
        spelled_out = in_full and len(mention.words) > 2
        return (
            according
            or spelled_out
            or after in _RULE
            or self._is_introduced(before)
            or (not before and self._is_heading(mention))
        )

    def _is_introduced(self, before: Words) -> bool:
        if not before:
            return False
        last = before[-1]
        if last in _IN:
            return before[-2:-1] == () or before[-2] not in _NOT
        if last == "of":
            return not _PLACES.isdisjoint(before[-4:-1])
        if before[-2:] == ("based", "on"):
            return True
        return len(before) == 1 and (last in _LOOK or last == "from")

    def _before(self, mention: _Mention) -> Words:
        """The words before the mention and before its determiners."""
        end = mention.start
        while end and self.words[end - 1] in _DETERMINERS:
            end -= 1
        return self.words[:end]

    def _after(self, mention: _Mention) -> str:
        """The next word after the mention that is no adverb."""
        rest = (word for word in self.words[mention.end :] if word not in _ADVERBS)
        return next(rest, "")

    def _has_the(self, mention: _Mention) -> bool:
        return mention.start > 0 and self.words[mention.start - 1] in _DETERMINERS

    def _is_heading(self, mention: _Mention) -> bool:
        """Whether a colon, a comma or a dash sets the mention off."""
        return bool(_AFTER_TITLE.match(self._question, self._tokens[mention.end - 1].end()))

    def _is_quoted(self, mention: _Mention) -> bool:
        start = self._tokens[mention.start].start()
        end = self._tokens[mention.end - 1].end()
        around = self._question[max(0, start - 1) : start], self._question[end : end + 1]
        return all(mark and mark in _QUOTES for mark in around)

    def _is_spelled_as(self, mention: _Mention, title: str) -> bool:
        """Whether the mention has the title's capitals, and at least two."""
        written = [token[0] for token in self._tokens[mention.start : mention.end]]
        in_title = _WORD.findall(title)[: len(written)]
        capitals = [word for word in in_title if word[0].isupper()]
        return len(capitals) > 1 and written == in_title


def _words(text: str) -> Words:
    words = tuple(_plain(word) for word in _WORD.findall(text.replace("&", " and ")))
    return words[1:] if words[:1] in (("the",), ("our",)) else words


def _plain(word: str) -> str:
    return word.casefold().replace("’", "'")


def _with_and_without_version(words: Words) -> Collection[Words]:
    """The words, and the words without numbers and version labels at their end."""
    end = len(words)
    while end > 1 and _VERSION.fullmatch(words[end - 1]):
        end -= 1
    return {words, words[:end]}


def _names_kind(words: Sequence[str]) -> bool:
    """Whether the words end with a kind of document, or begin with one as "Code of Conduct" does."""
    begins = len(words) > 2 and words[0] in KINDS and words[1] in ("of", "for", "on")
    return words[-1] in KINDS or begins
