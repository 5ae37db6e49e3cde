"""What to put into inputs that take one written form only: numbers, dates, times, colours."""

import re
from datetime import datetime

_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d %Y",
    "%b %d %Y",
    "%Y%m%d",
    "%m-%d-%Y",
    "%d/%m/%Y",
)
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p", "%I %p", "%I%p")
_MONTHS = ("%Y-%m", "%B %Y", "%b %Y", "%m/%Y", "%Y/%m")
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?\d[\d,\s]*(?:\.\d+)?|[-+]?\.\d+")
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})$")


def for_input(kind: str, text: str) -> str:
    """`text` in the form that an `<input type=kind>` takes; as it is where it can't be read."""
    match kind:
        case "number" | "range":
            return _number(text)
        case "date":
            return _dated(text, _DATES, "%Y-%m-%d")
        case "month":
            return _dated(text, _MONTHS, "%Y-%m")
        case "time":
            return _dated(text.upper(), _TIMES, "%H:%M")
        case "datetime-local":
            return _moment(text)
        case "color":
            found = _COLOUR.fullmatch(text.strip())
            return f"#{found.group(1).lower()}" if found else text
        case _:
            return text


def agrees(kind: str, wanted: str, held: str) -> bool:
    """Whether a field holds what was typed, allowing for masks and the field's own spelling."""
    if held == wanted:
        return True
    if _plain(held) == _plain(wanted):
        return True
    if kind in {"number", "range"}:
        return _same_number(wanted, held)
    if kind in {"time", "datetime-local"}:
        return held.removesuffix(":00") == wanted.removesuffix(":00")
    digits = re.sub(r"\D", "", wanted)
    masked = bool(digits) and not re.search(r"[^\W\d_]", wanted + held)
    return masked and re.sub(r"\D", "", held) == digits


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _same_number(left: str, right: str) -> bool:
    try:
        return float(left) == float(right)
    except ValueError:
        return False


def _number(text: str) -> str:
    found = _NUMBER.search(text)
    return re.sub(r"[,\s]", "", found.group(0)) if found else text


def _dated(text: str, forms: tuple[str, ...], written: str) -> str:
    cleaned = _ORDINAL.sub("", " ".join(text.split()))
    for form in forms:
        try:
            return datetime.strptime(cleaned, form).strftime(written)
        except ValueError:
            continue
    return text


def _moment(text: str) -> str:
    cleaned = text.strip().replace("T", " ")
    day, _, clock = cleaned.partition(" ")
    for at in range(len(cleaned)):
        if cleaned[at] == " ":
            day, clock = cleaned[:at].rstrip(","), cleaned[at + 1 :]
            date, time = _dated(day, _DATES, "%Y-%m-%d"), for_input("time", clock)
            if date != day or re.fullmatch(r"\d{4}-\d\d-\d\d", day):
                return f"{date}T{time}"
    return text
