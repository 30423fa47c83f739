"""The price table: what a model's tokens cost."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from eval.metrics.cost import Price
from ingest.errors import WrongUse


class PricesUnreadable(WrongUse):
    """The price table cannot be used; the message says why."""


class _ModelPrice(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt_per_million: float = Field(ge=0, allow_inf_nan=False)
    completion_per_million: float = Field(ge=0, allow_inf_nan=False)


class _Prices(RootModel[dict[str, _ModelPrice]]):
    """A section for each generator, in one currency."""


def read_prices(path: Path) -> dict[str, Price]:
    """A TOML file with a section for each generator, of prompt_per_million and completion_per_million.

    Raises `PricesUnreadable`.
    """
    try:
        prices = _Prices.model_validate(tomllib.loads(path.read_text("utf-8"))).root
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PricesUnreadable(f"The price table {path} cannot be read: {error}.") from error
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise PricesUnreadable(
            f"The price table {path} needs a section for each generator with prompt_per_million and "
            f"completion_per_million: {'; '.join(faults)}."
        ) from error
    return {
        name: Price(each.prompt_per_million, each.completion_per_million)
        for name, each in prices.items()
    }
