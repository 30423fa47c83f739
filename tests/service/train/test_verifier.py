"""A verifier is trained, its features are weighed, and what it is made of is written down."""

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.train.examples import ExamplesUnusable
from ingest.train.lora import FolderTaken
from pincite import app
from service.support import SupportVerifier, read_calibration
from service.train.pairs import Label, Pair, PairDivision
from service.train.verifier import VerifierRecipe, answer_loss, fit_verifier


def pairs() -> list[Pair]:
    """Of each of thirty doors, what is said of it and the contrary."""
    return [
        Pair(
            claim=f"Door {number} is {said}.",
            evidence=f"All staff know it: door {number} is open.",
            label=label,
            group=f"door {number}",
        )
        for number in range(30)
        for said, label in (("open", Label.SUPPORTED), ("shut", Label.CONTRADICTED))
    ]


def test_where_it_is_only_known_that_a_claim_is_not_supported_both_other_answers_are_right() -> (
    None
):
    import torch

    said = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))

    losses = [answer_loss(said, torch.tensor([label])).item() for label in range(4)]

    assert losses == pytest.approx([-math.log(share) for share in (0.5, 0.3, 0.2, 0.5)])


def test_pairs_of_both_kinds_are_needed(tmp_path: Path) -> None:
    supported = tuple(each for each in pairs() if each.label is Label.SUPPORTED)

    with pytest.raises(ExamplesUnusable, match="supported and others"):
        fit_verifier(PairDivision(supported, tuple(pairs())), [], VerifierRecipe(), tmp_path / "a")


def test_an_adapter_is_not_written_over_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()

    with pytest.raises(FolderTaken):
        fit_verifier(PairDivision((), ()), [], VerifierRecipe(), tmp_path)


@pytest.mark.slow
def test_what_the_command_trains_verifies(tmp_path: Path) -> None:
    """From pairs and documents to an adapter that can be named in the settings."""
    examples = tmp_path / "pairs.jsonl"
    examples.write_text("\n".join(each.model_dump_json() for each in pairs()), "utf-8")
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.md").write_text(
            f"# Rule {number}\n\nStaff of team {number} must return laptops within 30 days of leaving. "
            f"Visitors of team {number} may not enter the workshop unless a guide is with them.\n",
            "utf-8",
        )
    out = tmp_path / "adapter"

    result = CliRunner().invoke(
        app,
        ["train", "verifier", str(examples), "--documents", str(folder), "--out", str(out)],
    )

    assert result.exit_code == 0, result.output
    assert f"--set verifier.adapter={out}" in result.output
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert (manifest["kind"], manifest["base"]) == ("verifier", "gemma-3-270m")
    assert [each["name"] for each in manifest["data"]] == ["pairs.jsonl", "sentences of documents"]
    assert set(manifest["metrics"]) == {
        "auroc model", "auroc words", "auroc support", "balanced accuracy",
    }  # fmt: skip
    assert read_calibration(out).adapter == manifest["weights_sha256"]
    (score,) = SupportVerifier(out).support([("Door 3 is open.", "Door 3 is open.")])
    assert 0 <= score <= 1
