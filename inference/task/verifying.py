"""Whether a task's verify clause holds: decided by what is there, never by a model's word."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never
from urllib.parse import unquote_plus

from plans.suite import Verify, VerifyType

_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True)
class Standing:
    """What a clause is decided by: the current page and the files that the task got.

    `whole`: the page was read in full; what is not found on one that was not may be there.
    """

    url: str
    text: str
    downloads: tuple[str, ...] = ()
    whole: bool = True


def holds(clause: Verify, standing: Standing) -> bool:
    """Whether the clause holds. Letter case and runs of white space make no difference.

    A clause without a value holds of nothing but `download_exists`: any file will do then.
    """
    value = _folded(clause.value)
    match clause.type:
        case VerifyType.URL_CONTAINS:
            return bool(value) and value in _address(standing.url)
        case VerifyType.URL_NOT_CONTAINS:
            return bool(value) and value not in _address(standing.url)
        case VerifyType.PAGE_CONTAINS_TEXT:
            return bool(value) and value in _folded(standing.text)
        case VerifyType.PAGE_NOT_CONTAINS_TEXT:
            return bool(value) and standing.whole and value not in _folded(standing.text)
        case VerifyType.DOWNLOAD_EXISTS:
            return _downloaded(value, standing.downloads)
        case _:
            assert_never(clause.type)


def negative(clause: Verify) -> bool:
    """Whether the clause holds by something not being there."""
    return clause.type in (VerifyType.URL_NOT_CONTAINS, VerifyType.PAGE_NOT_CONTAINS_TEXT)


def _downloaded(value: str, names: Iterable[str]) -> bool:
    """By the file's name, or by a pattern such as `*.csv`; without a point, by a part of it.

    A second file of a name has a number behind it.
    """
    stem, dot, suffix = value.rpartition(".")
    numbered = rf"{_pattern(stem)}(?: \(\d+\))?\.{_pattern(suffix)}"
    fits = re.compile(numbered if dot else f".*{_pattern(value)}.*")
    return any(fits.fullmatch(_folded(name)) for name in names)


def _pattern(text: str) -> str:
    return ".*".join(re.escape(part) for part in text.split("*"))


def _address(url: str) -> str:
    """An address both as it is written and decoded, in one text."""
    return f"{_folded(url)}\n{_folded(unquote_plus(url))}"


def _folded(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
