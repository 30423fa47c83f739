"""The order of passages after they were read together with the question."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError
from sentence_transformers import CrossEncoder

from ingest.adapter import (
    MANIFEST_FILE,
    WEIGHTS_FILE,
    AdapterUnusable,
    base_sha256,
    read_adapter,
)
from ingest.chunk import Chunk
from ingest.embed import BUNDLED, bundled_path
from ingest.index import IndexedDocument
from service.rerank import (
    SHIPPED_ADAPTER,
    CrossEncoderReranker,
    Reranker,
    RerankerNotFound,
    base_model,
    build_reranker,
    measured_pace,
    rerank,
)
from service.retrieve import Retrieved
from service.settings import RerankerSettings

QUESTION = "How long do Gold members have to return a tent?"
RIGHT = "Gold tier users receive a full refund when an item is returned within 30 days of delivery."
WRONG = "Tents are aired on the first Monday of each month by the warehouse team."


class ByLength:
    """Likes long passages."""

    name = "by length"

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        return [float(len(passage)) for passage in passages]


def found(text: str, score: float, document: str = "policy") -> Retrieved:
    chunk = Chunk(text, 0, len(text), (), None, "")
    position = len(text)
    return Retrieved(
        IndexedDocument(document, "1", document, document), position, chunk, score, score, None
    )


def texts(ranked: Sequence[Retrieved]) -> list[str]:
    return [each.chunk.text for each in ranked]


@pytest.fixture(scope="module")
def trained(trained_reranker: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(BUNDLED, trained_reranker)


def test_the_reranker_alone_decides_with_all_the_weight() -> None:
    ranked = rerank(
        QUESTION, [found("aa", 0.9), found("aaaa", 0.1)], ByLength(), settings(weight=1)
    )

    assert texts(ranked) == ["aaaa", "aa"]
    assert [each.relevance for each in ranked] == [5, 3]


def test_without_weight_the_order_stays() -> None:
    ranked = rerank(
        QUESTION, [found("aa", 0.9), found("aaaa", 0.1)], ByLength(), settings(weight=0)
    )

    assert texts(ranked) == ["aa", "aaaa"]


def test_what_is_not_read_stays_behind_what_is() -> None:
    before = [found("a" * n, 1 / n) for n in range(1, 6)]

    ranked = rerank(QUESTION, before, ByLength(), settings(weight=1, candidates=2))

    assert texts(ranked) == ["aa", "a", "aaa", "aaaa", "aaaaa"]
    assert [each.relevance for each in ranked[2:]] == [None] * 3


@pytest.mark.parametrize(("budget_ms", "read"), [(None, 3), (1000, 3), (110, 2), (60, 1), (1, 1)])
def test_a_budget_decides_how_many_are_read(budget_ms: float | None, read: int) -> None:
    before = [found("a" * 52, 0.9), found("b" * 52, 0.8), found("c" * 52, 0.7)]
    # Each pair has 47 + 1 + 52 characters.
    ranked = rerank(QUESTION, before, ByLength(), settings(budget_ms=budget_ms), chars_per_s=2000)

    assert len(QUESTION) == 47
    assert [each.relevance is None for each in ranked] == [False] * read + [True] * (3 - read)


def test_the_pace_is_that_of_the_reranker() -> None:
    class Slow(ByLength):
        def score(self, question: str, passages: Sequence[str]) -> list[float]:
            time.sleep(0.01 * len(passages))
            return super().score(question, passages)

    assert 1_000 < measured_pace(Slow()) < 100_000


def test_late_interaction_is_what_reads_by_default() -> None:
    reader = build_reranker(RerankerSettings())

    assert reader is not None
    assert reader.name == "late-interaction:all-MiniLM-L6-v2"


def test_no_reranker_can_be_wanted() -> None:
    assert build_reranker(settings(model="none")) is None


@pytest.mark.parametrize("model", ["none", "my-cross-encoder"])
def test_an_adapter_without_its_model_is_no_setting(model: str) -> None:
    with pytest.raises(ValidationError, match=f"adapter is for the model 'bundled'.*'{model}'"):
        settings(model=model, adapter="my-adapter")


def test_no_passage_has_no_score(trained: CrossEncoderReranker) -> None:
    assert trained.score(QUESTION, []) == []


def test_scores_do_not_depend_on_the_order_or_the_company(trained: CrossEncoderReranker) -> None:
    passages = [RIGHT, WRONG, RIGHT * 5, WRONG * 3, "Yes."] * 4

    scores = trained.score(QUESTION, passages)

    alone = [trained.score(QUESTION, [passage])[0] for passage in passages]
    assert scores == pytest.approx(alone, abs=1e-4)


@pytest.mark.parametrize(
    "question", ["?", "x" * 9000, "' OR 1=1 --", "<b>tents</b>", "\x00", "帐篷"]
)
def test_any_question_can_be_read(trained: CrossEncoderReranker, question: str) -> None:
    assert len(trained.score(question, [RIGHT, "", WRONG * 200])) == 3


def test_a_cross_encoder_in_a_folder_is_one_setting_away(tmp_path: Path) -> None:
    base_model().save(str(tmp_path / "mine"))

    mine = build_reranker(settings(model=str(tmp_path / "mine")))

    assert mine is not None
    assert (mine.name, len(mine.score(QUESTION, [RIGHT, WRONG]))) == (str(tmp_path / "mine"), 2)


def test_a_reranker_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RerankerNotFound, match=r"cannot be loaded: .*\[reranker\] model"):
        CrossEncoderReranker(str(tmp_path / "nowhere"))


def test_a_model_with_two_numbers_for_a_pair_is_refused(tmp_path: Path) -> None:
    CrossEncoder(str(bundled_path()), num_labels=2).save(str(tmp_path / "two"))

    with pytest.raises(RerankerNotFound, match="gives 2 numbers for a pair"):
        CrossEncoderReranker(str(tmp_path / "two"))


def test_the_adapter_that_comes_with_pincite_puts_the_answer_first() -> None:
    shipped = build_reranker(settings(model=BUNDLED))

    assert shipped is not None
    manifest = read_adapter(SHIPPED_ADAPTER, "reranker", base_sha256=base_sha256(bundled_path()))
    assert shipped.name == f"all-MiniLM-L6-v2+{manifest.name}"
    right, wrong = shipped.score(QUESTION, [RIGHT, WRONG])
    assert right > wrong


def test_an_adapter_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterUnusable, match="There is no adapter"):
        CrossEncoderReranker(BUNDLED, tmp_path / "nowhere")


def test_a_damaged_adapter_is_refused(trained_reranker: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_reranker, tmp_path / "adapter")
    (tmp_path / "adapter" / WEIGHTS_FILE).write_bytes(b"cut off")

    with pytest.raises(AdapterUnusable, match="damaged"):
        CrossEncoderReranker(BUNDLED, tmp_path / "adapter")


def test_one_trained_on_another_base_is_refused(trained_reranker: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_reranker, tmp_path / "adapter")
    manifest = tmp_path / "adapter" / MANIFEST_FILE
    manifest.write_text(manifest.read_text().replace(base_sha256(bundled_path()), "c" * 64))

    with pytest.raises(AdapterUnusable, match=f"{'c' * 64}.*{base_sha256(bundled_path())}"):
        CrossEncoderReranker(BUNDLED, tmp_path / "adapter")


def settings(**values: object) -> RerankerSettings:
    return RerankerSettings.model_validate(values)


_: type[Reranker] = ByLength
