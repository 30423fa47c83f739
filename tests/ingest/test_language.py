"""Which language a text is in."""

import pytest

from ingest.language import language_of

ENGLISH = "Everyone who is ill rings their manager before nine in the morning and says how long. "
GERMAN = "Wer krank ist, ruft vor neun Uhr morgens an und sagt, wie lange es dauern wird. "
CHINESE = "生病的员工应在早上九点之前给经理打电话，并说明预计缺勤的时间。"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH * 4, "en"),
        (GERMAN * 4, "de"),
        (CHINESE * 8, "zh"),
        (ENGLISH * 100 + GERMAN * 100, "en"),
        (ENGLISH, None),
        ("12; 2026-03-01; A-7; 30%\n" * 60, None),
        ("", None),
    ],
)
def test_the_language_of_enough_words_is_told(text: str, language: str | None) -> None:
    assert language_of(text) == language
