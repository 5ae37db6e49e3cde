"""`{{name}}` in the texts of a step: which names it uses, and filling them in."""

import json
import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from plans.step import Hints, Params, Step

USER_INPUT = "user_input"
"""The variable that holds the answer to the latest pause."""

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s](?:[^{}]*[^{}\s])?)\s*\}\}")


def names_in(text: str) -> tuple[str, ...]:
    """The names that a text uses, in order, each once."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def names_in_step(step: Step) -> tuple[str, ...]:
    """The names that a step uses in its intent, URL, verify clause, params and hints."""
    found: dict[str, None] = {}
    for text in texts_of(step):
        found.update(dict.fromkeys(names_in(text)))
    return tuple(found)


def as_text(value: JsonValue) -> str:
    """How a value appears in a text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def filled_length(text: str, lengths: Mapping[str, int]) -> int:
    """Characters a text would have with values of these lengths filled in."""
    return len(text) + sum(lengths.get(name, 0) for name in _PLACEHOLDER.findall(text))


def fill_text(text: str, values: Mapping[str, JsonValue]) -> str:
    """Put the values in; a name without a value stays as it is written."""

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        return as_text(values[name]) if name in values else match[0]

    return _PLACEHOLDER.sub(value_of, text)


def fill(value: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """Put the values into all texts of a JSON value; keys of objects stay as they are."""
    match value:
        case str():
            return fill_text(value, values)
        case list():
            return [fill(item, values) for item in value]
        case dict():
            return {key: fill(item, values) for key, item in value.items()}
        case _:
            return value


def fill_step(step: Step, values: Mapping[str, JsonValue]) -> Step:
    """The step with its intent, URL, verify clause, params and hints filled in."""
    if not names_in_step(step):
        return step
    params = fill(step.params.model_dump(mode="json", exclude_unset=True), values)
    hints = fill(step.hints.model_dump(mode="json", exclude_unset=True), values)
    return step.model_copy(
        update={
            "intent": fill_text(step.intent, values),
            "url": None if step.url is None else fill_text(step.url, values),
            "verify": None if step.verify is None else fill_text(step.verify, values),
            "params": Params.model_validate(params),
            "hints": Hints.model_validate(hints),
        }
    )


def texts_of(step: Step) -> Iterator[str]:
    """The texts of a step that may hold placeholders."""
    yield step.intent
    yield from (text for text in (step.url, step.verify) if text is not None)
    yield from texts_in(step.params.model_dump(mode="json", exclude_unset=True))
    yield from texts_in(step.hints.model_dump(mode="json", exclude_unset=True))


def texts_in(value: JsonValue) -> Iterator[str]:
    """All texts of a JSON value, keys of objects left out."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from texts_in(item)
        case dict():
            for item in value.values():
                yield from texts_in(item)
        case _:
            return
