"""Conditions and values read by Holo3, where no Claude is configured.

Picture and text are sent, nothing is thought. What an answer quotes has to stand on the page,
else it counts for nothing.
"""

import json
import re
from typing import Final, Literal

from pydantic import ConfigDict, JsonValue, TypeAdapter

from inference.asking import CheckAsk, ExtractAsk, Extracted, Judged, Look
from inference.errors import Malformed
from inference.holo3.chat import Question
from inference.holo3.pictures import image
from inference.holo3.prompting import rendered
from inference.holo3.schemas import record_schema, schema_of
from inference.holo3.tools import Words
from inference.marking import data, harmless
from plans.prices import Usage
from plans.step import ExtractField, Frozen

CHECK_TOKENS: Final = 512
EXTRACT_TOKENS: Final = 4096
_TEXT: Final = 30_000
"""Characters of a page that are sent."""
_SHORTEST: Final = 2
"""Characters that a quotation has at least."""


class Verdict(Frozen):
    """The answer to a condition."""

    model_config = ConfigDict(strict=True)

    evidence: Words
    verdict: Literal["holds", "fails", "undecided"]


_RECORDS: Final = TypeAdapter[dict[str, list[dict[str, str | None]]]](
    dict[str, list[dict[str, Words | None]]], config=ConfigDict(strict=True)
)


def check_question(ask: CheckAsk, content: bytes | None) -> Question:
    """Whether the condition holds."""
    schema = schema_of(Verdict)
    condition, page = harmless(ask.condition), _page(ask.look)
    text = rendered("check", schema=json.dumps(schema), condition=condition, page=page)
    return _question("verdict", text, schema, CHECK_TOKENS, ask.look, content)


def judged(ask: CheckAsk, answer: Verdict) -> Judged:
    """The verdict, undecided where its evidence does not stand on the page."""
    if answer.verdict != "undecided" and not _stands(answer.evidence, ask.look):
        why = f"what Holo3 quotes does not stand on the page: {answer.evidence[:120]!r}"
        return Judged(verdict="undecided", evidence=why)
    return Judged(verdict=answer.verdict, evidence=answer.evidence)


def _wanted(ask: ExtractAsk) -> tuple[ExtractField, ...]:
    """The fields that are not known already."""
    return tuple(field for field in ask.fields if field.name not in ask.known)


def records_schema(ask: ExtractAsk) -> dict[str, JsonValue]:
    """`{"records": […]}`, with at most as many as are wanted."""
    most = max(1, ask.most) if ask.many else 1
    return {
        "type": "object",
        "properties": {
            "records": {
                "type": "array",
                "items": record_schema(tuple(field.name for field in _wanted(ask))),
                "minItems": 0,
                "maxItems": most,
            }
        },
        "required": ["records"],
        "additionalProperties": False,
    }


def extract_question(ask: ExtractAsk, content: bytes | None) -> Question:
    """What the fields hold."""
    schema = records_schema(ask)
    entity = harmless(ask.entity) or "record"
    fields = "\n".join(f"- {harmless(field.name)}: {field.type}" for field in _wanted(ask))
    text = rendered(
        "extract",
        what=f"each {entity} of a list (at most {ask.most})" if ask.many else f"one {entity}",
        schema=json.dumps(schema),
        intent=harmless(ask.intent),
        fields=fields,
        page=_page(ask.look),
    )
    return _question("records", text, schema, EXTRACT_TOKENS, ask.look, content)


def extracted(ask: ExtractAsk, text: str, usage: Usage) -> Extracted:
    """The records.

    Raises:
        Malformed: other fields than those asked for, or more records.
    """
    names = [field.name for field in _wanted(ask)]
    whole = _RECORDS.validate_json(text)
    records = whole.get("records")
    if records is None or len(whole) > 1:
        raise Malformed("Holo3's records have another form", usage=usage)
    if len(records) > (max(1, ask.most) if ask.many else 1):
        raise Malformed("Holo3 gave more records than were asked for", usage=usage)
    if any(set(record) != set(names) for record in records):
        raise Malformed("Holo3's records have other fields than asked for", usage=usage)
    return Extracted(records=tuple({name: one[name] for name in names} for one in records))


def _question(
    name: str,
    text: str,
    schema: dict[str, JsonValue],
    max_tokens: int,
    look: Look,
    content: bytes | None,
) -> Question:
    parts: list[JsonValue] = [{"type": "text", "text": text}]
    if look.picture is not None and content is not None:
        parts.insert(0, image(look.picture, content))
    return Question(
        messages=[{"role": "user", "content": parts}],
        name=name,
        schema=schema,
        max_tokens=max_tokens,
        thinking=False,
        images=len(parts) - 1,
        temperature=0.0,
    )


def _page(look: Look) -> str:
    return data("page", f"{look.title}\n{look.url}\n\n{look.text[:_TEXT]}")


def _stands(quoted: str, look: Look) -> bool:
    wanted = _plain(quoted)
    texts = (
        look.title,
        look.url,
        look.text,
        *(_of(seen.name, seen.text, seen.value) for seen in look.elements),
    )
    return len(wanted) >= _SHORTEST and any(wanted in _plain(text) for text in texts)


def _of(*texts: str) -> str:
    return " ".join(texts)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("‹", "<")).strip(" \"'“”„«».").casefold()
