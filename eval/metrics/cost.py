"""What answers cost, in seconds, tokens and money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.metrics.finite import check_finite

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Of one model, for a million tokens, in the currency of the price table."""

    prompt_per_million: float
    completion_per_million: float


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens of one question, or of several together."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a run. `price` is None where the price table lacks the model."""

    questions: int
    spent: Spent
    price: float | None

    @property
    def price_per_question(self) -> float | None:
        if self.price is None or not self.questions:
            return None
        return self.price / self.questions


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (in [0, 1]) of the values lies, in their unit; None without values.

    With x_0 <= … <= x_(n-1), h = (n - 1) share and k = floor(h): x_k + (h - k) (x_(k+1) - x_k), linear
    between the two nearest values (Hyndman and Fan 1996, definition 7; numpy's default). Raises
    `NotFinite`.
    """
    check_finite(values)
    if not values:
        return None
    ranked = sorted(values)
    position = (len(ranked) - 1) * min(1.0, max(0.0, share))
    below = int(position)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (position - below) * (ranked[above] - ranked[below])


def p50(values: Sequence[float]) -> float | None:
    """The median, by `percentile`."""
    return percentile(values, 0.5)


def p95(values: Sequence[float]) -> float | None:
    """By `percentile`. Of fewer than 20 values it lies between the two largest."""
    return percentile(values, 0.95)


def price(spent: Spent, table: Mapping[str, Price], model: str) -> float | None:
    """prompt tokens x price of one + completion tokens x price of one, in the table's currency (the way
    hosted models are billed). None where the table lacks the model. Raises `NotFinite`."""
    rate = table.get(model)
    if rate is None:
        return None
    check_finite((rate.prompt_per_million, rate.completion_per_million))
    return (
        spent.prompt_tokens * rate.prompt_per_million
        + spent.completion_tokens * rate.completion_per_million
    ) / MILLION


def total_cost(questions: Sequence[Spent], table: Mapping[str, Price], model: str) -> Cost:
    """The sum over questions, one `Spent` each."""
    spent = Spent(
        sum(each.prompt_tokens for each in questions),
        sum(each.completion_tokens for each in questions),
    )
    return Cost(len(questions), spent, price(spent, table, model))
