"""Any cross-encoder or NLI model judges, by what its configuration says of its outputs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from service.nli import CrossEncoderVerifier, NliVerifier, load_cross_encoder
from service.verify import VerifierNotFound, VerifierUnavailable

PAIRS = [("Gold has 30 days.", "Gold users have 30 days."), ("Gold waits.", "Helmets.")]


def saved_model(folder: Path, labels: Sequence[str], outputs: Sequence[float]) -> str:
    """A tiny model in a folder that gives these outputs for every pair, whatever it reads."""
    words = ["[PAD]", "<unk>", "[CLS]", "[SEP]", *"gold users have 30 days helmets waits .".split()]
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), words, strict=False))
    fast: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=32, **names
    )
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=32,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor(outputs))
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return str(folder)


def test_one_output_is_the_log_odds_of_support(tmp_path: Path) -> None:
    verifier = load_cross_encoder(saved_model(tmp_path, ["LABEL_0"], [1.0]))

    assert type(verifier) is CrossEncoderVerifier
    assert verifier.name == str(tmp_path)
    assert verifier.support(PAIRS) == pytest.approx([0.731, 0.731], abs=0.001)
    assert verifier.support([]) == []


@pytest.mark.parametrize(
    ("labels", "entailment", "contradiction"),
    [
        (["contradiction", "entailment", "neutral"], 0.665, 0.090),
        (["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], 0.090, 0.245),
    ],
)
def test_an_nli_model_is_read_by_the_names_of_its_outputs(
    tmp_path: Path, labels: list[str], entailment: float, contradiction: float
) -> None:
    verifier = load_cross_encoder(saved_model(tmp_path, labels, [0.0, 2.0, 1.0]))

    assert isinstance(verifier, NliVerifier)
    assert verifier.support(PAIRS) == pytest.approx([entailment] * 2, abs=0.001)
    assert verifier.contradiction(PAIRS[:1]) == pytest.approx([contradiction], abs=0.001)
    assert (verifier.support([]), verifier.contradiction([])) == ([], [])


@pytest.mark.parametrize(
    "labels",
    [["LABEL_0", "LABEL_1", "LABEL_2"], ["neutral", "not_entailment"], ["entails", "entailment"]],
)
def test_outputs_without_such_names_are_refused(tmp_path: Path, labels: list[str]) -> None:
    path = saved_model(tmp_path, labels, [0.0] * len(labels))

    with pytest.raises(VerifierNotFound, match=r"has outputs named .* name a CrossEncoder"):
        load_cross_encoder(path)


def test_a_model_that_is_not_there_is_named_with_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(
        VerifierNotFound, match=r"empty' cannot be loaded: .*'bundled' or 'overlap'"
    ):
        load_cross_encoder(str(tmp_path / "empty"))


def test_a_model_that_fails_counts_as_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = load_cross_encoder(saved_model(tmp_path, ["LABEL_0"], [1.0]))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(verifier._model, "predict", fail)

    with pytest.raises(VerifierUnavailable, match="failed: out of memory"):
        verifier.support(PAIRS)
