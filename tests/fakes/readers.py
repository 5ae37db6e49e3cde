"""Scripted models that do a whole job: find the item that is named, read what is labelled."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes import claude_answers, sglang_answers
from tests.fakes.models import filled, number_of

PlaceOf = Callable[[str], tuple[float, float] | None]


def titles_in(text: str) -> list[str]:
    """What a text puts into quotation marks, in order."""
    return re.findall(r'["“„]([^"“”„\n]+)["”]', text)


def holo3_finds(
    place_of: PlaceOf, **wishes: Any
) -> Callable[[sglang_answers.Asked], sglang_answers.Answer]:
    """A Holo3 that finds what the request names in quotation marks.

    Args:
        place_of: the place of a title in pixels of the picture that is sent, None where it is
            not there; the whole request stands for it where nothing is in quotation marks.
        wishes: more of the answer, such as `tool_name` (else `click`, `not_found`).
    """

    def answer(asked: sglang_answers.Asked) -> sglang_answers.Answer:
        schema = asked.schema
        if schema is None or not asked.pictures:
            return sglang_answers.Says("I see a page.")
        target = _target(asked.last_text)
        names = [*reversed(titles_in(target)), target]
        place = next((found for found in map(place_of, names) if found is not None), None)
        if place is None:
            given = {"tool_name": "not_found", "reason": "it is not there", **wishes}
            return sglang_answers.Says(filled(schema, **given))
        picture = asked.pictures[-1]
        given = {
            "tool_name": "click",
            "element": names[0][:80],
            "x": max(0, min(1000, round(place[0] / picture.width * 1000))),
            "y": max(0, min(1000, round(place[1] / picture.height * 1000))),
            "thought": "it is there",
            **wishes,
        }
        return sglang_answers.Says(filled(schema, **given))

    return answer


def claude_reads(
    labels: "Mapping[str, str | re.Pattern[str]] | None" = None, **wishes: Any
) -> Callable[[claude_answers.Asked], claude_answers.Answer]:
    """A Claude that reads labelled values, judges quoted texts and finds quoted elements.

    Args:
        labels: how the page calls a field; else its name, with spaces for underscores. Or a
            pattern whose first group is the value, for what no label tells.
        wishes: more of an answer that says which act comes next.
    """

    def answer(asked: claude_answers.Asked) -> claude_answers.Answer:
        schema = asked.schema
        if schema is None:
            return claude_answers.Says("I see a page.")
        named = schema.get("properties", {})
        text = asked.last_text
        if "records" in named:
            return claude_answers.Says({"records": _records(text, labels or {})})
        if "verdict" in named:
            return claude_answers.Says(filled(schema, **_verdict(text)))
        return claude_answers.Says(filled(schema, **{**_act(asked.text, text), **wishes}))

    return answer


def values_in(text: str, label: str) -> list[str]:
    """The values that a text has under a label: `Year: 2019`, or on the line below it."""
    pattern = rf"^[ \t]*{re.escape(label)}[ \t]*(?::[ \t]*(\S[^\n]*)|\n[ \t]*(\S[^\n]*))$"
    found = re.findall(pattern, text, re.IGNORECASE | re.MULTILINE)
    return [(beside or below).strip() for beside, below in found]


def _target(text: str) -> str:
    for pattern in (r"Your target is:\s*(.+)", r"<task>(.+?)</task>", r"<step>(.+?)</step>"):
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return found[1].strip()
    return text


def _within(text: str, mark: str) -> str:
    found = re.search(rf"<{mark}>(.*?)</{mark}>", text, re.DOTALL)
    return found[1].strip() if found else ""


def _records(text: str, labels: "Mapping[str, str | re.Pattern[str]]") -> list[dict[str, Any]]:
    page = _within(text, "text")
    fields = re.findall(r"^- (\w+) \(([^)]*)\)", text.partition("Fields:")[2], re.MULTILINE)
    columns: dict[str, list[str]] = {}
    for name, kind in fields:
        label = labels.get(name, name.replace("_", " "))
        if isinstance(label, re.Pattern):
            found = values_in(page, name.replace("_", " "))
            found = found or [match[1].strip() for match in label.finditer(page)]
        else:
            found = values_in(page, label)
        if not found and kind.startswith("url"):
            found = [_within(text, "address")]
        if found:
            columns[name] = found
    many = "main list" in text
    count = max(map(len, columns.values()), default=0) if many else min(1, len(columns))
    return [
        {
            "values": [
                {"field": name, "value": found[at]}
                for name, found in columns.items()
                if at < len(found)
            ]
        }
        for at in range(count)
    ]


def _verdict(text: str) -> dict[str, Any]:
    """A condition holds where the page has what it quotes; without a quote nobody knows."""
    quoted = titles_in(_within(text, "condition"))
    page = _within(text, "text") or text
    if not quoted:
        return {"verdict": "undecided", "evidence": "nothing is quoted", "seen_in": "absence"}
    if all(one.lower() in page.lower() for one in quoted):
        return {"verdict": "holds", "evidence": quoted[0], "seen_in": "text"}
    return {"verdict": "fails", "evidence": "it is not there", "seen_in": "absence"}


def _act(conversation: str, page: str) -> dict[str, Any]:
    """The quoted element by its number, else the one that another model proposes."""
    for name in reversed(titles_in(_target(conversation))):
        number = number_of(page, name)
        if number is not None:
            break
    else:
        proposed = re.search(r"would do `\w+` [^\n]*?\[(\d+)\]", page)
        number = int(proposed[1]) if proposed else None
    if number is None:
        return {"act": "none", "element": -1, "why": "it is not listed"}
    return {
        "act": "click",
        "target": "element",
        "element": number,
        "certainty": "certain",
        "why": "it is what the step names",
    }
