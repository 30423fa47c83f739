"""Nothing is shown that was not verified, whatever the model writes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from generator.draft import DraftSentence
from generator.model import Draft, FakeGenerator, Usage
from generator.prompt import Prompt, load_template
from ingest.catalog.documents import Written
from ingest.catalog.jobs import Action, JobKind, NewTask
from ingest.chunk import Chunk
from ingest.embed import Encoders, SentenceTransformerEncoder
from ingest.index import IndexedDocument, Manifest
from ingest.indexing import payload_of
from ingest.metadata import Metadata
from ingest.plan import new_record
from ingest.settings import IndexSettings
from ingest.store import Store, open_store
from service.access import LOCAL_READER, Reader
from service.conversation import Turn
from service.overlap import OverlapVerifier
from service.pipeline import Pipeline, Trace, marked
from service.retrieve import Retrieved, Retriever
from service.scope import Filter, UnknownInFilter
from service.select import Selection
from service.settings import AnswerSettings, RerankerSettings, RetrievalSettings
from service.verify import Sentence, Verdict, VerifierUnavailable, verify

QUESTION = "What are the refund terms for Gold tier users?"
GOLD = "Gold tier users receive a full refund within 30 days of delivery."
SILVER = "Silver tier users receive a full refund within 21 days of delivery."
CONFIDENTIAL = "The refund terms for Gold tier users will be cut to 10 days in May."


@pytest.fixture
def store(encoder: SentenceTransformerEncoder, tmp_path: Path) -> Iterator[Store]:
    """Passages about refunds that everyone may read, and one that only hr may."""
    store = open_store(IndexSettings(path=tmp_path / "store"), create=True)
    manifest = Manifest("bundled", encoder.dimension, 160, 256)
    index = store.generations.create(manifest).index
    records = []
    tasks = []
    for name, text, groups in (
        ("gold", GOLD, ("everyone",)),
        ("silver", SILVER, ("everyone",)),
        ("secret", CONFIDENTIAL, ("hr",)),
    ):
        chunk = Chunk(text, 0, len(text), ("Refunds",), None, "Refunds")
        document = IndexedDocument(name, "1", f"{name}.md", "Refunds", groups)
        index.write(document, [chunk], encoder.encode([chunk.embedded_text]))
        record = new_record(name, "source", f"/{name}.md", f"{name}.md")
        records.append(replace(record, title="Refunds", described=Metadata(groups=groups)))
        tasks.append(NewTask(name, f"{name}.md", Action.ADD))
    store.catalog.documents.save(records)
    store.catalog.jobs.submit(JobKind.UPLOAD, {}, asked_by="test", planned=tasks)
    for task in store.catalog.jobs.claim("test", [Action.ADD], limit=3, lease_s=60):
        (record,) = [each for each in records if each.id == task.document_id]
        written = [Written("g0001", "1", 1, payload_of(record))]
        store.catalog.documents.commit(task.id, "test", task.document_id, written, everywhere=True)
    yield store
    store.close()


@pytest.fixture
def retriever(store: Store, encoder: SentenceTransformerEncoder) -> Retriever:
    encoders = Encoders(lambda model: encoder)
    return Retriever(store.generations, store.catalog.documents, encoders, RetrievalSettings())


@pytest.fixture
def pipeline(retriever: Retriever) -> Callable[..., Pipeline]:
    """Makes a pipeline whose model writes the given pieces."""

    def make(*pieces: str, settings: AnswerSettings | None = None) -> Pipeline:
        return Pipeline(
            retriever,
            Selection(None, RerankerSettings(), RetrievalSettings()),
            best_cosine,
            load_template(),
            FakeGenerator(pieces),
            OverlapVerifier(),
            settings or AnswerSettings(),
            min_answerability=ENOUGH,
        )

    return make


Make = Callable[..., Pipeline]


def best_cosine(question: str, found: Sequence[Retrieved]) -> float:
    return max((each.cosine for each in found if each.cosine is not None), default=0.0)


ENOUGH = 0.45
MARK = AnswerSettings(unsupported="mark")
REFUSE = AnswerSettings(unsupported="refuse")


def streamed(pipeline: Pipeline, question: str = QUESTION) -> tuple[list[Sentence], Trace]:
    *sentences, trace = pipeline.stream(question, (), LOCAL_READER)
    assert isinstance(trace, Trace)
    return [item for item in sentences if isinstance(item, Sentence)], trace


def said(sentences: list[Sentence]) -> list[tuple[str, Verdict]]:
    return [(sentence.text, sentence.verdict) for sentence in sentences]


def test_supported_sentences_are_the_answer(pipeline: Make) -> None:
    sentences, trace = streamed(pipeline(f"{GOLD} [1] {SILVER} [2]"))

    assert said(sentences) == [(GOLD, Verdict.SUPPORTED), (SILVER, Verdict.SUPPORTED)]
    assert trace.answer.sentences == tuple(sentences)
    assert trace.answer.refusal is None
    assert trace.answer.text == f"{GOLD} [1] {SILVER} [2]"


def test_a_model_that_cites_everything_is_cited_only_where_it_is_right(pipeline: Make) -> None:
    sentences, _ = streamed(pipeline(f"{GOLD} [1][2]"))

    assert [marked(sentence) for sentence in sentences] == [f"{GOLD} [1]"]
    assert sentences[0].cited == (1, 2)


UNSUPPORTED = "Gold tier users receive a full refund within 90 days of delivery."


@pytest.mark.parametrize(
    ("draft", "text", "verdict"),
    [
        (UNSUPPORTED, UNSUPPORTED, Verdict.UNCITED),
        (f"{GOLD} [99]", GOLD, Verdict.FABRICATED),
        (f"{GOLD} [1][99]", GOLD, Verdict.FABRICATED),
        (f"{UNSUPPORTED} [1]", UNSUPPORTED, Verdict.UNSUPPORTED),
    ],
)
def test_what_is_not_supported_is_removed_or_marked(
    pipeline: Make, draft: str, text: str, verdict: Verdict
) -> None:
    removed, trace = streamed(pipeline(draft))
    marked_sentences, marked_trace = streamed(pipeline(draft, settings=MARK))

    assert removed == []
    assert trace.answer.refusal is not None
    assert said(list(trace.verified)) == [(text, verdict)]
    assert said(marked_sentences) == [(text, verdict)]
    assert marked_trace.answer.refusal is None
    assert marked_trace.answer.sentences[0].citations == ()
    assert marked_trace.answer.text == f"{text} [not supported]"


def test_an_unsupported_sentence_is_removed_from_among_supported_ones(pipeline: Make) -> None:
    draft = f"{GOLD} [1] {UNSUPPORTED} [1] {SILVER} [2]"

    removed, trace = streamed(pipeline(draft))
    marked_sentences, _ = streamed(pipeline(draft, settings=MARK))

    assert said(removed) == [(GOLD, Verdict.SUPPORTED), (SILVER, Verdict.SUPPORTED)]
    assert "90" not in trace.answer.text
    everything = [
        (GOLD, Verdict.SUPPORTED),
        (UNSUPPORTED, Verdict.UNSUPPORTED),
        (SILVER, Verdict.SUPPORTED),
    ]
    assert said(marked_sentences) == everything
    assert said(list(trace.verified)) == everything


@pytest.mark.parametrize("settings", [AnswerSettings(), MARK])
@pytest.mark.parametrize("draft", ["NO ANSWER", "NO ANSWER.", "NO ANSWER\n", "", " \n"])
def test_no_answer_and_an_empty_draft_are_refusals(
    pipeline: Make, draft: str, settings: AnswerSettings
) -> None:
    sentences, trace = streamed(pipeline(draft, settings=settings))

    assert sentences == []
    assert trace.answer.sentences == ()
    assert trace.answer.text == (
        "No passage in the documents answers this question. The nearest passages are in: Refunds."
    )
    assert trace.answer.refusal is not None
    assert [passage.number for passage in trace.answer.refusal.nearest] == [1, 2]


def test_each_sentence_is_shown_before_the_next_is_written(pipeline: Make) -> None:
    pieces = [f"{GOLD} [1]\n", f"{UNSUPPORTED} [1]\n", f"{SILVER} [2]\n"]

    stream = pipeline(*pieces).stream(QUESTION, (), LOCAL_READER)

    first, second, trace, *rest = stream
    assert isinstance(first, Sentence)
    assert isinstance(second, Sentence)
    assert isinstance(trace, Trace)
    assert ([first.text, second.text], rest) == ([GOLD, SILVER], [])


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_every_shown_sentence_was_verified_however_it_arrived(pipeline: Make, size: int) -> None:
    draft = f"{GOLD} [1] {UNSUPPORTED} [1, 2]. {GOLD} {SILVER} [99] {SILVER} [1-2]"
    pieces = [draft[start : start + size] for start in range(0, len(draft), size)]

    sentences, trace = streamed(pipeline(*pieces))

    assert [marked(sentence) for sentence in sentences] == [f"{GOLD} [1]", f"{SILVER} [2]"]
    for sentence in sentences:
        again = DraftSentence(sentence.text, sentence.cited)
        verified = verify(again, trace.prompt.passages, OverlapVerifier(), min_support=0.75)
        assert sentence == verified


# What drafts get wrong


@pytest.mark.parametrize(
    ("draft", "correction"),
    [
        (f"{GOLD} [2]", "cited [2], supported by [1]"),
        (GOLD, "cited nothing, supported by [1]"),
        (f"{GOLD}²", "cited [2], supported by [1]"),
    ],
)
@pytest.mark.parametrize(
    "settings", [AnswerSettings(), MARK, REFUSE], ids=["remove", "mark", "all"]
)
def test_a_wrong_or_missing_citation_is_corrected(
    pipeline: Make, draft: str, correction: str, settings: AnswerSettings
) -> None:
    sentences, trace = streamed(pipeline(draft, settings=settings))

    assert [marked(sentence) for sentence in sentences] == [f"{GOLD} [1]"]
    assert [sentence.correction for sentence in trace.verified] == [correction]


@pytest.mark.parametrize(
    "draft",
    [
        f"{GOLD} [1] {UNSUPPORTED} [1] {SILVER} [2]",
        f"{GOLD} [1] {UNSUPPORTED}",
        f"{GOLD} [1] {SILVER} [99]",
        f"{GOLD} [1]\n[99]",
    ],
)
def test_one_sentence_without_support_refuses_the_whole_answer_where_that_is_wanted(
    pipeline: Make, draft: str
) -> None:
    sentences, trace = streamed(pipeline(draft, settings=REFUSE))

    assert (sentences, trace.answer.sentences) == ([], ())
    assert trace.answer.text == (
        "The drafted answer says something that the documents do not support, so it is not shown. "
        "The nearest passages are in: Refunds."
    )
    assert trace.verified[0].verdict is Verdict.SUPPORTED


def test_an_answer_supported_throughout_is_given_whole_where_all_must_be(pipeline: Make) -> None:
    sentences, trace = streamed(
        pipeline(f"{GOLD} [1] {SILVER} [2]\n[1]\nNO ANSWER", settings=REFUSE)
    )

    assert said(sentences) == [(GOLD, Verdict.SUPPORTED), (SILVER, Verdict.SUPPORTED)]
    assert trace.answer.refusal is None
    assert "first_sentence" in trace.timings


class Counter(OverlapVerifier):
    """Counts how often it is asked, and fails from a given time on."""

    def __init__(self, fails_at: int = 1000) -> None:
        self.asked = 0
        self._fails_at = fails_at

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked += 1
        if self.asked >= self._fails_at:
            raise VerifierUnavailable("The judge is away.")
        return super().support(pairs)


@pytest.fixture
def counted(retriever: Retriever) -> Callable[..., Pipeline]:
    """Makes a pipeline whose model writes a draft that this verifier checks."""

    def make(draft: str, verifier: Counter, settings: AnswerSettings) -> Pipeline:
        return Pipeline(
            retriever,
            Selection(None, RerankerSettings(), RetrievalSettings()),
            best_cosine,
            load_template(),
            FakeGenerator([draft]),
            verifier,
            settings,
            min_answerability=ENOUGH,
        )

    return make


OTHER_WORDS = "Users of the Gold tier receive a full refund within 30 days of delivery."


def test_a_sentence_said_200_times_is_checked_and_shown_once(counted: Make) -> None:
    verifier = Counter()

    sentences, trace = streamed(counted(f"{OTHER_WORDS} [1]\n" * 200, verifier, AnswerSettings()))

    assert said(sentences) == [(OTHER_WORDS, Verdict.SUPPORTED)]
    assert said(list(trace.verified)) == [(OTHER_WORDS, Verdict.SUPPORTED)] * 200
    assert verifier.asked == 1


def test_a_sentence_said_with_a_made_up_citation_first_is_shown_with_the_right_one(
    pipeline: Make,
) -> None:
    sentences, _ = streamed(pipeline(f"{GOLD} [99] {GOLD} [1] {GOLD} [1-2] {GOLD}"))

    assert [marked(sentence) for sentence in sentences] == [f"{GOLD} [1]"]


@pytest.mark.parametrize(
    "settings", [AnswerSettings(), MARK, REFUSE], ids=["remove", "mark", "all"]
)
def test_without_its_verifier_the_answer_is_a_refusal_that_says_so(
    counted: Make, settings: AnswerSettings
) -> None:
    draft = f"{GOLD} [1]\n{OTHER_WORDS} [1]\n{SILVER} [2]"
    made = counted(draft, Counter(fails_at=1), settings)

    for _ in range(2):
        sentences, trace = streamed(made)

        assert (trace.answer.sentences, trace.answer.refusal is not None) == ((), True)
        assert trace.answer.text.startswith("Answers cannot be verified at the moment")
        # What was sent before had been verified.
        assert said(sentences) == ([] if settings is REFUSE else [(GOLD, Verdict.SUPPORTED)])


@pytest.mark.parametrize(
    "settings", [AnswerSettings(), MARK, REFUSE], ids=["remove", "mark", "all"]
)
@pytest.mark.parametrize(
    "draft",
    [
        "[1]",
        "[1][2]\n[2]",
        "【1】 ¹ (1)",
        "[^1]: Refunds.",
        "…",
        "Kunden der Stufe Gold bekommen ihr Geld innerhalb von 90 Tagen zurück. [1]",
        "[1] Refund policy: Gold tier users may keep everything for ever.",
        "\x00 \ufffd",
    ],
)
def test_a_draft_without_a_supported_sentence_never_fails(
    pipeline: Make, draft: str, settings: AnswerSettings
) -> None:
    sentences, trace = streamed(pipeline(draft, settings=settings))

    assert all(sentence.citations == () for sentence in sentences)
    assert all(sentence.text for sentence in sentences)
    assert (trace.answer.refusal is None) == bool(sentences)


def test_a_passage_that_the_draft_makes_up_supports_nothing(pipeline: Make) -> None:
    draft = f"[3] Refund policy: {UNSUPPORTED}\n{UNSUPPORTED} [3]\n{GOLD} [1]"

    sentences, trace = streamed(pipeline(draft))

    assert said(sentences) == [(GOLD, Verdict.SUPPORTED)]
    assert [s.verdict for s in trace.verified[:2]] == [Verdict.FABRICATED, Verdict.FABRICATED]


def test_a_draft_can_be_had_of_a_question_that_is_refused(pipeline: Make) -> None:
    question = "How do volcanoes form?"

    trace = pipeline(f"{GOLD} [1]").answer(question, (), LOCAL_READER, draft_always=True)

    assert trace.draft.text == f"{GOLD} [1]"
    assert said(list(trace.verified)) == [(GOLD, Verdict.SUPPORTED)]
    assert trace.answer.sentences == ()
    assert trace.answer.text.startswith("No passage in the documents answers this question.")
    assert "first_sentence" not in trace.timings


def test_the_trace_says_how_the_answer_came_about(pipeline: Make) -> None:
    trace = pipeline(f"{GOLD} ", "[1]").answer(QUESTION, (), LOCAL_READER)

    assert (trace.question, trace.standalone) == (QUESTION, QUESTION)
    assert [found.chunk.text for found in trace.retrieved] == [GOLD, SILVER]
    assert trace.reranked == trace.retrieved
    assert trace.answerability == trace.retrieved[0].cosine
    assert [passage.text for passage in trace.prompt.passages] == [GOLD, SILVER]
    words = len(trace.prompt.user.split())
    assert trace.draft == Draft(f"{GOLD} [1]", "fake", Usage(words, 13))
    assert trace.versions == {
        "reranker": "none",
        "generator": "fake",
        "prompt": "answer@1",
        "verifier": "word overlap",
        "supported from": "0.7500",
        "refused below": "0.4500",
    }
    assert list(trace.timings) == [
        "retrieve",
        "rerank",
        "answerability",
        "verify",
        "first_sentence",
        "generate",
        "total",
    ]
    assert trace.timings["total"] >= trace.timings["first_sentence"] > 0


def test_a_follow_up_is_searched_for_and_answered_as_it_is_understood(pipeline: Make) -> None:
    turns = [Turn("user", QUESTION), Turn("assistant", f"{GOLD} [1]")]
    silver = "What are the refund terms for Silver tier users?"

    trace = pipeline(f"{SILVER} [1]").answer("And for Silver?", turns, LOCAL_READER)

    assert (trace.question, trace.standalone) == ("And for Silver?", silver)
    assert [found.chunk.text for found in trace.retrieved] == [SILVER, GOLD]
    assert trace.answerability == trace.retrieved[0].cosine
    assert trace.prompt.question == silver
    assert trace.answer.text == f"{SILVER} [1]"


def test_what_makes_questions_standalone_can_be_another(
    retriever: Retriever, pipeline: Make
) -> None:
    other = Pipeline(
        retriever,
        Selection(None, RerankerSettings(), RetrievalSettings()),
        best_cosine,
        load_template(),
        FakeGenerator([f"{GOLD} [1]"]),
        OverlapVerifier(),
        AnswerSettings(),
        lambda question, turns: f"{turns[-1].text} {question}",
    )

    trace = other.answer("For Gold?", [Turn("user", "Refund terms?")], LOCAL_READER)

    assert (trace.question, trace.standalone) == ("For Gold?", "Refund terms? For Gold?")


def test_a_question_far_from_every_passage_is_refused_without_a_draft(pipeline: Make) -> None:
    sentences, trace = streamed(pipeline(f"{GOLD} [1]"), "How do volcanoes form?")

    assert sentences == []
    assert trace.answerability < ENOUGH
    assert trace.draft == Draft("", "fake", Usage())
    assert trace.answer.refusal is not None
    assert "first_sentence" not in trace.timings


def test_an_empty_index_is_named_as_the_reason(
    encoder: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    empty = open_store(IndexSettings(path=tmp_path / "empty"), create=True)
    empty.generations.create(Manifest("bundled", encoder.dimension, 160, 256))
    encoders = Encoders(lambda model: encoder)
    retriever = Retriever(empty.generations, empty.catalog.documents, encoders, RetrievalSettings())
    pipeline = Pipeline(
        retriever,
        Selection(None, RerankerSettings(), RetrievalSettings()),
        best_cosine,
        load_template(),
        FakeGenerator([GOLD]),
        OverlapVerifier(),
        AnswerSettings(),
    )

    _, trace = streamed(pipeline)
    empty.close()

    assert trace.answer.text == (
        "Nothing is indexed that applies: no passage in the documents answers this question."
    )


class DeletingGenerator(FakeGenerator):
    """An admin deletes the document on Gold while the second piece is written."""

    def __init__(self, pieces: Sequence[str], store: Store) -> None:
        super().__init__(pieces)
        self._store = store

    def stream(self, prompt: Prompt) -> Iterator[str | Usage]:
        for number, delta in enumerate(super().stream(prompt)):
            if number == 1:
                documents = self._store.catalog.documents
                documents.delete(["gold"], asked_by="ann", keep_out=True)
            yield delta


@pytest.mark.parametrize("settings", [AnswerSettings(), MARK], ids=["remove", "mark"])
def test_what_is_deleted_while_it_is_asked_for_is_not_shown_any_more(
    store: Store, retriever: Retriever, settings: AnswerSettings
) -> None:
    def asked(*pieces: str) -> tuple[list[Sentence], Trace]:
        generator = DeletingGenerator(pieces, store)
        pipeline = Pipeline(
            retriever,
            Selection(None, RerankerSettings(), RetrievalSettings()),
            best_cosine,
            load_template(),
            generator,
            OverlapVerifier(),
            settings,
        )
        return streamed(pipeline)

    sentences, trace = asked(f"{SILVER} [2] ", f"{GOLD} [1] ", f"Gold waits longer. [1] {GOLD} [1]")

    assert said(sentences) == [(SILVER, Verdict.SUPPORTED)]
    assert trace.answer.text == f"{SILVER} [2]"


def test_a_refusal_points_to_nothing_that_was_deleted_meanwhile(
    store: Store, retriever: Retriever
) -> None:
    generator = DeletingGenerator(["", f"{GOLD} [1]"], store)
    pipeline = Pipeline(
        retriever,
        Selection(None, RerankerSettings(), RetrievalSettings()),
        best_cosine,
        load_template(),
        generator,
        OverlapVerifier(),
        AnswerSettings(),
    )

    sentences, trace = streamed(pipeline)

    assert sentences == []
    assert trace.answer.refusal is not None
    assert [each.document.id for each in trace.answer.refusal.nearest] == ["silver"]


def test_a_filter_decides_what_is_in_the_prompt(pipeline: Make) -> None:
    within = Filter(documents=("silver.md",))

    trace = pipeline(f"{SILVER} [1]").answer(QUESTION, (), LOCAL_READER, within=within)

    assert [passage.document.name for passage in trace.prompt.passages] == ["silver.md"]
    assert trace.answer.text == f"{SILVER} [1]"


def test_a_filter_of_what_a_reader_may_not_read_is_refused_before_anything_is_written(
    pipeline: Make,
) -> None:
    made = pipeline(f"{CONFIDENTIAL} [1]")
    within = Filter(documents=("secret.md",))

    with pytest.raises(UnknownInFilter, match=r"no document 'secret\.md'"):
        made.check(within, LOCAL_READER)
    with pytest.raises(UnknownInFilter, match=r"no document 'secret\.md'"):
        next(made.stream(QUESTION, (), LOCAL_READER, within=within))
    made.check(within, Reader("staff", frozenset({"everyone", "hr"})))


def test_an_answer_says_where_it_was_searched_before_the_day_it_rests_on(pipeline: Make) -> None:
    question = "According to silver.md, what are the refund terms?"

    trace = pipeline(f"{SILVER} [1]").answer(question, (), LOCAL_READER, date(2026, 3, 1))

    assert trace.answer.notice == "Searched in Refunds only. As of 2026-03-01."


def test_a_reader_is_never_shown_what_only_others_may_read(pipeline: Make) -> None:
    question = "Which refund terms for Gold tier users will be cut to 10 days in May?"
    staff = Reader("staff", frozenset({"everyone", "hr"}))
    nobody = Reader("nobody", frozenset())

    def names(reader: Reader) -> set[str]:
        trace = pipeline(f"{CONFIDENTIAL} [1]").answer(question, (), reader)
        shown = {passage.document.name for passage in trace.prompt.passages}
        assert shown == {found.document.name for found in trace.retrieved}
        assert (CONFIDENTIAL in trace.prompt.user) == ("secret.md" in shown)
        assert (CONFIDENTIAL in trace.answer.text) == ("secret.md" in shown)
        return shown

    assert names(LOCAL_READER) == {"gold.md", "silver.md"}
    assert names(staff) == {"gold.md", "silver.md", "secret.md"}
    assert names(nobody) == set()
