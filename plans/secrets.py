"""Takes the secrets out of a submission and puts references in their place.

A secret is what stands under `auth`, under `user_input` or under a name such as password,
token, secret or api_key; what a step types into a password or code field; and, in a URL, the
user-info and the values of such names. Wherever else in the submission the same value stands,
in an intent or encoded in a URL, it is taken out too.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

from pydantic import Field, JsonValue

from plans.errors import PlanError
from plans.json_text import read_json
from plans.occurrences import Occurrences, Span, join_spans, replace_spans
from plans.parse import Shape
from plans.placeholders import (
    PLACEHOLDER,
    SECRET,
    as_text,
    names_in,
    names_secret,
    reference,
)
from plans.places import Place, in_list, inner
from plans.secret_names import secret_spans, types_secret, values_in_intent
from plans.step import Frozen

MAX_SECRETS = 300
"""Distinct secret values of one submission."""

_LEAST_DIGITS = 4
"""A number with fewer is a secret only where it stands under a secret name."""

_FIRST = ("task_suite", "inputs")
Document = dict[str, JsonValue]


class Taken(Frozen):
    """A submission without its secrets.

    `body`, `plan_file`, `presets` and `callback_url` hold references; `secrets` are values by
    the references' names.
    """

    body: Document
    plan_file: str | None = None
    presets: Document = Field(default_factory=dict)
    callback_url: str = ""
    secrets: Document = Field(repr=False)


def take_out(
    body: Mapping[str, JsonValue],
    plan_file: str | None = None,
    presets: Mapping[str, JsonValue] | None = None,
    callback_url: str = "",
) -> Taken:
    """Take the secrets out of a submission.

    The same submission gives the same references, in whatever order its fields stand.

    Args:
        body: the request; its JSON was checked.
        plan_file: the text of the plan file that it names, where it names one.
        presets: inputs that the operator presets.
        callback_url: the one that its tenant has for all runs.

    Raises:
        PlanError: it uses a name of the service's own, or holds too many secrets.
    """
    contents = body.get(Shape.TASK_FILE_CONTENTS)
    parts = [
        *_parts(plan_file, alone=True),
        *_parts(contents, alone=body.get(Shape.TASK_SUITE) in (None, "")),
        ({name: body[name] for name in body if name != Shape.TASK_FILE_CONTENTS}, Place.BODY),
        (dict(presets or {}), Place.INPUTS),
        (callback_url, Place.TEXT),
    ]
    taker = _Taker()
    for value, _ in parts:
        taker.note_inputs(value)
    for value, place in parts:
        taker.find(value, place)
    taker.look_everywhere()
    redacted = [taker.replaced(value, place) for value, place in parts]
    callback, preset, rest = redacted.pop(), redacted.pop(), redacted.pop()
    assert isinstance(preset, dict) and isinstance(rest, dict)
    texts = [v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in redacted]
    file = texts.pop(0) if plan_file is not None else None
    if isinstance(contents, str):
        rest[Shape.TASK_FILE_CONTENTS] = texts.pop(0)
    elif Shape.TASK_FILE_CONTENTS in body:
        rest[Shape.TASK_FILE_CONTENTS] = taker.replaced(contents, Place.FREE)
    return Taken(
        body=rest,
        plan_file=file,
        presets=preset,
        callback_url=as_text(callback),
        secrets=taker.secrets,
    )


def _parts(text: JsonValue, *, alone: bool) -> list[tuple[JsonValue, Place]]:
    """A plan in a text; one that is no JSON and that nobody will refuse counts as a secret."""
    if not isinstance(text, str):
        return []
    parsed = _parsed(text.removeprefix("\ufeff"))
    if parsed is not None:
        return [(parsed, Place.PLAN)]
    return [(text, Place.TEXT if alone else Place.SECRET)]


def _parsed(text: str) -> JsonValue:
    """The object or array that a text holds as JSON, else None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return read_json(text)
    except PlanError:
        return None


def _rank(name: str) -> tuple[int, str]:
    """The plan and the inputs first, so that what else a request says moves no reference."""
    return _FIRST.index(name) if name in _FIRST else len(_FIRST), name


class _Taker:
    """Names secret values in the order in which it meets them."""

    def __init__(self) -> None:
        self.secrets: Document = {}
        self._names: dict[tuple[bool, str], str] = {}
        self._inputs: set[str] = set()
        self._occurrences = Occurrences(())

    def name(self, value: str | int | float) -> str:
        """The reference that stands for a secret value."""
        key = (isinstance(value, str), as_text(value))
        if key not in self._names:
            if len(self._names) >= MAX_SECRETS:
                raise PlanError(f"the request holds more than {MAX_SECRETS} secret values")
            self._names[key] = f"{SECRET}{len(self._names) + 1}"
            self.secrets[self._names[key]] = value
        return reference(self._names[key])

    def note_inputs(self, value: JsonValue) -> None:
        """Note which inputs the steps type into password and code fields."""
        for step in _objects(value):
            if types_secret(step):
                for text in _typed(step):
                    self._inputs.update(names_in(text))

    def find(self, value: JsonValue, place: Place) -> None:
        """Name the secrets that stand where secrets stand."""
        match value:
            case dict():
                if place is Place.SECRET_ITEM or (place is Place.ITEM and types_secret(value)):
                    place = Place.SECRET_ITEM
                    for text in _typed(value):
                        self._find_secret(text)
                for key in sorted(value, key=_rank):
                    self.find(value[key], self._inner(place, key, value[key]))
            case list():
                for item in value:
                    self.find(item, in_list(place))
            case bool() | None:
                return
            case str():
                self._find_in_text(value, place)
            case _ if place is Place.SECRET:
                self.name(value)
            case _:
                return

    def look_everywhere(self) -> None:
        """From now on what was found is replaced wherever it stands."""
        texts = (as_text(value) for value in self.secrets.values())
        self._occurrences = Occurrences(
            text
            for text, value in zip(texts, self.secrets.values(), strict=True)
            if isinstance(value, str) or len(text) >= _LEAST_DIGITS
        )

    def replaced(self, value: JsonValue, place: Place) -> JsonValue:
        """The value with references in the place of secrets."""
        match value:
            case _ if place is Place.KEPT:
                return value
            case dict():
                return self._members(value, place)
            case list():
                return [self.replaced(item, in_list(place)) for item in value]
            case bool() | None:
                return value
            case str():
                return self._text(value, place)
            case _:
                secret = place is Place.SECRET or (place is Place.FREE and self._known(value))
                return self.name(value) if secret else value

    def _members(self, value: Document, place: Place) -> Document:
        if place is Place.ITEM and types_secret(value):
            place = Place.SECRET_ITEM
        items = {
            key: self.replaced(value[key], self._inner(place, key, value[key]))
            for key in sorted(value, key=_rank)
        }
        return {self._key(key, place): items[key] for key in value}

    def _inner(self, place: Place, key: str, value: JsonValue) -> Place:
        if place is Place.INPUTS and key in self._inputs:
            return Place.SECRET
        return inner(place, key, value)

    def _known(self, number: float) -> bool:
        text = as_text(number)
        return len(text) >= _LEAST_DIGITS and self._occurrences.spans(text) == [(0, len(text))]

    def _find_in_text(self, text: str, place: Place) -> None:
        if names_secret(text):
            raise PlanError(
                f"the request uses a placeholder that begins with '{SECRET}': such names are the "
                "service's own, choose another one"
            )
        if place is Place.SECRET:
            self._find_secret(text)
        elif place is not Place.KEPT:
            for start, end in secret_spans(text):
                self.name(text[start:end])
            parsed = _parsed(text)
            if parsed is not None:
                self.find(parsed, Place.FREE)

    def _find_secret(self, text: str) -> None:
        for literal in PLACEHOLDER.split(text)[::2]:
            if literal.strip():
                self.name(literal)

    def _key(self, key: str, place: Place) -> str:
        return self._text(key, Place.FREE) if place in (Place.FREE, Place.SECRET) else key

    def _text(self, text: str, place: Place) -> str:
        kept = [match.span() for match in PLACEHOLDER.finditer(text)]
        literals = _between(kept, len(text))
        if place is Place.SECRET:
            spans = [(start, end) for start, end in literals if text[start:end].strip()]
        else:
            spans = list(secret_spans(text))
            for start, end in literals:
                found = self._occurrences.spans(text[start:end])
                spans += [(start + first, start + last) for first, last in found]
        return replace_spans(text, join_spans(spans), self.name)


def _objects(value: JsonValue) -> Iterator[Document]:
    match value:
        case dict():
            yield value
            for item in value.values():
                yield from _objects(item)
        case list():
            for item in value:
                yield from _objects(item)
        case _:
            return


def _typed(step: Document) -> Iterator[str]:
    """What a step types, by its params, else by its intent."""
    params = step.get("params")
    value = params.get("value") if isinstance(params, dict) else None
    if value not in (None, ""):
        yield from (value,) if isinstance(value, str) else ()
        return
    intent = step.get("intent")
    if isinstance(intent, str):
        yield from values_in_intent(intent)


def _between(spans: Iterable[Span], length: int) -> list[Span]:
    """What lies between some spans of a text."""
    found: list[Span] = []
    at = 0
    for start, end in spans:
        found.append((at, start))
        at = end
    return [(start, end) for start, end in [*found, (at, length)] if start < end]
