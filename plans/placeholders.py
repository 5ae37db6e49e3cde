"""`{{name}}` in the texts of a step: which names it uses, and filling them in."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue

from plans.step import Hints, Params, Step

USER_INPUT = "user_input"
"""The variable that holds the answer to the latest pause."""

SECRET = "secret."
"""How the names of references to secrets begin; no caller may use such a name."""

KEPT_WHOLE = f"{SECRET}in."
"""How the names of values begin that are kept like secrets because a secret is in them."""

PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s](?:[^{}]*[^{}\s])?)\s*\}\}")
_REFERENCE = re.compile(r"\{\{(secret\.[A-Za-z0-9_.]+)\}\}")


def reference(name: str) -> str:
    """What stands in a text for the secret of this name."""
    return f"{{{{{name}}}}}"


def without_references(text: str, instead: str) -> str:
    """The text with `instead` in the place of each reference to a secret."""
    return _REFERENCE.sub(lambda _: instead, text) if SECRET in text else text


def names_secret(text: str) -> bool:
    """Whether a text holds a reference to a secret, or what could be taken for one."""
    return any(name.startswith(SECRET) for name in PLACEHOLDER.findall(text))


def restored(value: JsonValue, secrets: Mapping[str, JsonValue]) -> JsonValue:
    """A JSON value with its secrets in the place of their references, other names untouched.

    A text that is nothing but a reference becomes the secret as it was given, be it a number.
    """
    match value:
        case str():
            return _restored(value, secrets)
        case list():
            return [restored(item, secrets) for item in value]
        case dict():
            return {
                as_text(_restored(key, secrets)): restored(item, secrets)
                for key, item in value.items()
            }
        case _:
            return value


def restored_text(text: str, secrets: Mapping[str, JsonValue]) -> str:
    """The text with its secrets in the place of their references."""
    return as_text(_restored(text, secrets))


def _restored(text: str, secrets: Mapping[str, JsonValue]) -> JsonValue:
    if SECRET not in text:
        return text
    whole = _REFERENCE.fullmatch(text)
    if whole is not None and whole[1] in secrets:
        return secrets[whole[1]]
    return _REFERENCE.sub(
        lambda match: as_text(secrets[match[1]]) if match[1] in secrets else match[0], text
    )


def names_in(text: str) -> tuple[str, ...]:
    """The names that a text uses, in order, each once."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))


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
    return len(text) + sum(lengths.get(name, 0) for name in PLACEHOLDER.findall(text))


def fill_text(text: str, values: Mapping[str, JsonValue]) -> str:
    """Put the values in; a name without a value stays as it is written.

    `{{record.field}}` is one field of a value that is an object, such as what a step read.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name in values:
            return as_text(values[name])
        field = _field(name, values)
        return match[0] if field is None else as_text(field)

    return PLACEHOLDER.sub(value_of, text)


def base_name(name: str) -> str:
    """The variable that `record.field` is a part of; a name without a point is its own."""
    return name.partition(".")[0]


def _field(name: str, values: Mapping[str, JsonValue]) -> JsonValue:
    base, _, field = name.partition(".")
    value = values.get(base)
    return value.get(field) if isinstance(value, dict) else None


def fill(value: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """Put the values into all texts of a JSON value; of the keys, into references to secrets."""
    match value:
        case str():
            return _filled(value, values)
        case list():
            return [fill(item, values) for item in value]
        case dict():
            return {restored_text(key, values): fill(item, values) for key, item in value.items()}
        case _:
            return value


def _filled(text: str, values: Mapping[str, JsonValue]) -> JsonValue:
    """Filled in; a text that is nothing but a reference to a secret takes the secret's type."""
    whole = _REFERENCE.fullmatch(text)
    return values[whole[1]] if whole and whole[1] in values else fill_text(text, values)


def fill_step(step: Step, values: Mapping[str, JsonValue]) -> Step:
    """The step with its intent, URL, verify clause, params and hints filled in."""
    if not names_in_step(step):
        return step
    return with_texts(step, lambda text: fill_text(text, values), lambda value: fill(value, values))


def with_texts(
    step: Step, text: Callable[[str], str], value: Callable[[JsonValue], JsonValue]
) -> Step:
    """A step with other words in its texts; what kind of step it is and does stays.

    Args:
        step: the step.
        text: what stands for its intent, URL and verify clause.
        value: what stands for its params and hints, each given as a whole.
    """
    return step.model_copy(
        update={
            "intent": text(step.intent),
            "url": None if step.url is None else text(step.url),
            "verify": None if step.verify is None else text(step.verify),
            "params": Params.model_validate(
                value(step.params.model_dump(mode="json", exclude_unset=True))
            ),
            "hints": Hints.model_validate(
                value(step.hints.model_dump(mode="json", exclude_unset=True))
            ),
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
