"""Dated prices of Claude's models, by model id."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from plans.step import Frozen

SHIPPED = Path(__file__).with_name("prices.json")


class UnknownPrice(Exception):
    """The table has no price for a model; the message says where to put one."""

    def __init__(self, models: Iterable[str]) -> None:
        named = ", ".join(models)
        super().__init__(
            f"no price is known of {named}: name it in the file that MANTIS_PRICES_PATH names, "
            "with its USD per million tokens"
        )


class BadPrices(Exception):
    """The operator's price file can't be read or holds something else."""


class Rates(Frozen):
    """What a token costs, in micro-dollars: USD per million tokens."""

    input: Fraction
    output: Fraction
    cache_write: Fraction
    cache_read: Fraction


class Price(Rates):
    """A model's rates; `long_prompt` are those of requests with a prompt of more tokens."""

    long_prompt: "LongPrompt | None" = None

    def of_prompt(self, tokens: int) -> Rates:
        """The rates of a request whose prompt has so many tokens, the cached ones included."""
        long = self.long_prompt
        return long if long is not None and tokens > long.above_tokens else self


class LongPrompt(Rates):
    """The rates of a request, for all its tokens, whose prompt has more than `above_tokens`."""

    above_tokens: int


class Prices:
    """A table of prices. Ids with a suffix (`claude-sonnet-5-5-20261101`) cost as without."""

    def __init__(self, dated: str, models: Mapping[str, Price]) -> None:
        """Take the prices by model id, and the date that they were looked up."""
        self.dated = dated
        self._models = dict(models)

    def of(self, model: str) -> Price:
        """The price of a model: that of the longest id in the table that its own begins with.

        Raises:
            UnknownPrice: there is none.
        """
        found = [known for known in self._models if _begins(model, known)]
        if not found:
            raise UnknownPrice([model or "a model without a name"])
        return self._models[max(found, key=len)]

    def check(self, models: Iterable[str]) -> None:
        """Look whether every model has a price, before any is asked.

        Raises:
            UnknownPrice: names all that have none.
        """
        missing = sorted({one for one in models if not self._knows(one)})
        if missing:
            raise UnknownPrice(missing)

    def _knows(self, model: str) -> bool:
        return any(_begins(model, known) for known in self._models)

    def over(self, other: "Prices") -> "Prices":
        """These prices, and the other's of the models that these don't name."""
        return Prices(self.dated or other.dated, {**other._models, **self._models})


def _begins(model: str, known: str) -> bool:
    after = model[len(known) : len(known) + 1]
    return bool(known) and model.startswith(known) and not after.isalnum()


def _exact(value: object) -> object:
    """JSON numbers as they are written: 0.1 is a tenth."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")
    if not Decimal(value).is_finite() or value < 0 or value > 1_000_000:
        raise ValueError("must be from 0 to 1000000")
    return Fraction(value)


_Usd = Annotated[Fraction, BeforeValidator(_exact)]


class _Rates(BaseModel):
    model_config = ConfigDict(extra="forbid")

    input: _Usd
    output: _Usd
    cache_write: _Usd
    cache_read: _Usd


class _LongPrompt(_Rates):
    above_tokens: int = Field(ge=1, strict=True)


class _Model(_Rates):
    long_prompt: _LongPrompt | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dated: str = Field(default="", max_length=64)
    source: str = ""
    unit: Literal["USD per million tokens"] = "USD per million tokens"
    models: dict[str, _Model]

    def prices(self) -> Prices:
        """The table that it makes."""
        read = {name: named.model_dump() for name, named in self.models.items()}
        return Prices(
            self.dated, {name: Price.model_validate(price) for name, price in read.items()}
        )


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _read(path: Path) -> Prices:
    try:
        text = path.read_text(encoding="utf-8")
        read = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
        return _File.model_validate(read).prices()
    except OSError as error:
        raise BadPrices(f"the price file {path} can't be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BadPrices(f"the price file {path} is wrong: {where}: {first['msg']}") from None
    except ValueError:
        raise BadPrices(f"the price file {path} is no JSON") from None


SHIPPED_PRICES = _read(SHIPPED)


@lru_cache(maxsize=8)
def read_prices(path: str) -> Prices:
    """The shipped prices, and before them those of the operator's file, where one is named.

    The file has the form of the shipped `plans/prices.json`. It is read once a process.

    Raises:
        BadPrices: it can't be read, or is of another form; the message says where.
    """
    return _read(Path(path)).over(SHIPPED_PRICES) if path else SHIPPED_PRICES
