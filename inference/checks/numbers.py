"""Numbers in sentences and on pages: "at least 10 results", "1,284", "1.180 €"."""

import re
from dataclasses import dataclass

from price_parser import Price

_WORDS = {
    "no": 0, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "ein": 1,
    "eine": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "kein": 0, "keine": 0,
}  # fmt: skip
_COMPARE = re.compile(
    r"\b(at least|no fewer than|not less than|minimum of|at most|"
    r"no more than|up to|more than|over|above|greater than|"
    r"higher than|fewer than|less than|below|under|lower than|"
    r"exactly|equal to|mindestens|höchstens|mehr als|über|"
    r"weniger als|unter|genau)\s+((?:[$€£]|USD|EUR)?\s?[\d][\d.,]*\s?(?:[$€£]|"
    r"USD|EUR)?|[a-zäöü]+)\b",
    re.IGNORECASE,
)
_OPERATORS = {
    ">=": ("at least", "no fewer than", "not less than", "minimum of", "mindestens"),
    "<=": ("at most", "no more than", "up to", "höchstens"),
    ">": ("more than", "over", "above", "greater than", "higher than", "mehr als", "über"),
    "<": ("fewer than", "less than", "below", "under", "lower than", "weniger als", "unter"),
    "==": ("exactly", "equal to", "genau"),
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A comparison with a number. `rest` is what follows it in the sentence."""

    operator: str
    number: float
    before: str
    rest: str

    def met(self, value: float) -> bool:
        """Whether a value meets it."""
        match self.operator:
            case ">=":
                return value >= self.number
            case "<=":
                return value <= self.number
            case ">":
                return value > self.number
            case "<":
                return value < self.number
            case _:
                return value == self.number


def bound(sentence: str) -> Bound | None:
    """The comparison in a sentence, None where there is none."""
    match = _COMPARE.search(sentence)
    if not match:
        return None
    number = number_of(match[2])
    if number is None:
        return None
    word = match[1].lower()
    operator = next(op for op, words in _OPERATORS.items() if word in words)
    return Bound(operator, number, sentence[: match.start()], sentence[match.end() :].strip())


def number_of(text: str) -> float | None:
    """The number a text stands for: digits with any separators, or a small number word."""
    word = text.strip().casefold()
    if word in _WORDS:
        return float(_WORDS[word])
    if not any(c.isdigit() for c in word):
        return None
    amount = Price.fromstring(text).amount
    return float(amount) if amount is not None else None
