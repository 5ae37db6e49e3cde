"""Questions that a page asks in a dialog of the browser: which ones a plan has not answered."""

import re
from typing import Final

from inference.wording import Wording, intent_says

_AMOUNT: Final = r"[$€£¥₹]\s?\d|\d\s?(?:[$€£¥₹]|(?:usd|eur|gbp|chf|pln|zł)\b)"
_BINDS: Final = re.compile(
    rf"{_AMOUNT}"
    r"|\b(?:buy(?:ing)?|purchase|(?<!in )order|subscri(?:be|ption)|upgrade|pay(?:ing|ment)?|donate"
    r"|charged?|kaufen|bestellen|bezahlen|zahlungspflichtig|abonnieren|acheter|payer|commander"
    r"|abonner|comprar|pagar|suscribir\w*|acquistare|pagare|betalen|bestel\w*)\b",
    re.IGNORECASE,
)


_COSTS: Final = re.compile(
    rf"{_AMOUNT}"
    r"|\b(?:you|i|we)\s+(?:\w+\s+){0,2}(?:buy|order|purchase|subscribe|pay|donate)\b",
    re.IGNORECASE,
)


def costs(text: str) -> bool:
    """Whether a longer text names a price, or says that its reader buys or orders."""
    return _COSTS.search(text) is not None


def binds(text: str) -> bool:
    """Whether a text speaks of money, or of buying and ordering something."""
    return _BINDS.search(text) is not None


def declined(question: str, intent: str) -> bool:
    """Whether a confirmation is to be declined: it would bind, and the step's intent does not.

    Any other question is accepted: it is how pages make sure that an act is meant.
    """
    return binds(question) and not binds(intent) and intent_says(intent) is not Wording.COMMITS
