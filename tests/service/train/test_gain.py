"""What training has gained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.train.gain import paired_gain


def test_a_gain_of_every_question_is_certain() -> None:
    gain = paired_gain([0.2, 0.4, 0.6], [0.3, 0.5, 0.7], ["a", "b", "c"])

    assert [gain.before, gain.after, gain.low, gain.high] == pytest.approx([0.4, 0.5, 0.1, 0.1])


def test_questions_of_one_document_count_as_one() -> None:
    before, after = [0.0] * 40, [1.0] * 20 + [0.0] * 20

    apart = paired_gain(before, after, [str(number) for number in range(40)])
    together = paired_gain(before, after, ["a"] * 20 + ["b"] * 20)

    assert apart.low > 0.3
    assert (together.low, together.high) == (0, 1)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from("abcd")), min_size=1))
def test_the_interval_is_of_possible_gains(rows: list[tuple[float, float, str]]) -> None:
    before, after, groups = zip(*rows, strict=True)
    gain = paired_gain(before, after, groups)

    differences = [second - first for first, second, _ in rows]
    assert min(differences) - 1e-9 <= gain.low <= gain.high <= max(differences) + 1e-9
    assert gain == paired_gain(before, after, groups)
