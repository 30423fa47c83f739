"""The settings choose what verifies, and from which score on."""

from pathlib import Path

import pytest

from service.hosted_judge import HostedJudge
from service.nli import CrossEncoderVerifier
from service.overlap import OverlapVerifier
from service.settings import HostedSettings, VerifierSettings
from service.support import SupportCalibrationUnusable, SupportVerifier
from service.verifiers import build_verifier, min_support
from tests.service.test_hosted_judge import LLM
from tests.service.test_nli import saved_model


def test_overlap_needs_no_model() -> None:
    settings = VerifierSettings(model="overlap")

    assert isinstance(build_verifier(settings), OverlapVerifier)
    assert min_support(settings) == 0.75


def test_bundled_is_the_shipped_adapter_or_another() -> None:
    assert isinstance(build_verifier(VerifierSettings()), SupportVerifier)
    with pytest.raises(SupportCalibrationUnusable, match="cannot be read"):
        build_verifier(VerifierSettings(adapter=Path("/nowhere")))


def test_a_folder_is_a_cross_encoder(tmp_path: Path) -> None:
    settings = VerifierSettings(model=saved_model(tmp_path, ["LABEL_0"], [0.0]))

    assert type(build_verifier(settings)) is CrossEncoderVerifier
    assert min_support(settings) == 0.5


def test_a_hosted_judge_is_made_of_its_own_settings(tmp_path: Path) -> None:
    hosted = HostedSettings(
        llm=LLM, arguments={"model": "m", "api_base": "http://127.0.0.1:9"}, cache=tmp_path / "c"
    )
    settings = VerifierSettings(model="hosted", hosted=hosted)

    assert isinstance(build_verifier(settings), HostedJudge)
    assert min_support(settings) == 0.5


@pytest.mark.parametrize("model", ["bundled", "overlap", "other"])
def test_a_threshold_that_is_set_counts_for_every_model(model: str) -> None:
    assert min_support(VerifierSettings(model=model, min_support=0.9)) == 0.9
