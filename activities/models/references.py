"""References to secrets in what models are asked and what they answer.

A model is told what the user has answered to its own questions; every other secret stays a
reference, which the host fills in where it types. What a model says is kept with references
in the place of all secrets.
"""

from collections.abc import Mapping
from typing import assert_never

from pydantic import JsonValue, TypeAdapter

from inference.asking import (
    Answered,
    AskBody,
    Extracted,
    Grounded,
    Judged,
    NoAnswer,
    Reply,
    TaskTurn,
    ask_body,
)
from inference.decisions import ActKind
from inference.words import with_words
from plans.answers import ANSWER
from plans.occurrences import MASK, Occurrences
from plans.placeholders import KEPT_WHOLE, SECRET, as_text, reference, restored_text, texts_in

_SIGNED = frozenset({"thinking", "redacted_thinking"})
"""Content blocks that the Messages API takes back only as it gave them."""
_LEAST_DIGITS = 4
"""A number with fewer is no secret by itself."""
_WORDLESS = frozenset({ActKind.SCROLL, ActKind.PRESS, ActKind.DRAG})
"""Acts whose text is a direction, keys, a distance."""
_BLOCK: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def filled(body: AskBody, secrets: Mapping[str, JsonValue]) -> AskBody:
    """The question with the user's answers in it, as text.

    In what the model itself has thought aloud every reference is filled in: it was a word of
    its own before, and the server knows it by its signature.
    """
    if not secrets:
        return body
    answers = {name: value for name, value in secrets.items() if name.startswith(ANSWER)}
    return ask_body.validate_python(_filled(body.model_dump(mode="json"), answers, secrets))


def _filled(
    value: JsonValue, answers: Mapping[str, JsonValue], secrets: Mapping[str, JsonValue]
) -> JsonValue:
    match value:
        case str():
            return restored_text(value, answers)
        case list():
            return [_filled(item, answers, secrets) for item in value]
        case dict():
            known = secrets if value.get("type") in _SIGNED else answers
            return {name: _filled(item, known, secrets) for name, item in value.items()}
        case _:
            return value


class Concealment:
    """Puts references in the place of a run's secrets, in the words of an answer alone.

    What an answer chooses, names or counts stays as it is, whatever the secrets are.
    """

    def __init__(self, secrets: Mapping[str, JsonValue]) -> None:
        self._names: dict[str, str] = {}
        self._known = secrets
        for name, value in secrets.items():
            if name.startswith(SECRET) and not name.startswith(KEPT_WHOLE):
                self._learn(name, value)
        self._occurrences = Occurrences(self._names)

    def answered(self, given: Answered) -> Answered:
        """An answer with references in the place of secrets, `***` where none fits."""
        return given.model_copy(update={"reply": self._reply(given.reply)})

    def parts_in(self, concealed: Answered) -> dict[str, JsonValue]:
        """Parts of secrets that are objects or lists, where an answer has references to them.

        They got their names here, and have to be kept by them among the run's secrets.
        """
        written = concealed.model_dump_json()
        return {
            name: text
            for text, name in self._names.items()
            if name not in self._known and reference(name) in written
        }

    def text(self, text: str) -> str:
        """A text for people, each secret in it as `***`."""
        return self._occurrences.masked(text)

    def _learn(self, name: str, value: JsonValue) -> None:
        match value:
            case bool() | None:
                return
            case dict() | list():
                for number, part in enumerate(texts_in(value)):
                    self._names.setdefault(part, f"{name}.{number}")
            case _:
                self._names[as_text(value)] = name

    def _reply(self, reply: Reply) -> Reply:
        match reply:
            case Grounded(act=act, text=text):
                words = {
                    "text": text if act in _WORDLESS else self._words(text),
                    "why": self._words(reply.why),
                    "said": with_words(reply.said, self._words),
                }
                return reply.model_copy(update=words)
            case Judged(evidence=evidence):
                return reply.model_copy(update={"evidence": self._words(evidence)})
            case Extracted(records=records):
                return reply.model_copy(update={"records": tuple(map(self._record, records))})
            case TaskTurn(content=content):
                return reply.model_copy(update={"content": tuple(map(self._block, content))})
            case NoAnswer(why=why):
                return reply.model_copy(update={"why": self._words(why)})
            case _:
                assert_never(reply)

    def _record(self, record: Mapping[str, str | None]) -> dict[str, str | None]:
        return {
            name: None if value is None else self._words(value) for name, value in record.items()
        }

    def _block(self, block: dict[str, JsonValue]) -> dict[str, JsonValue]:
        match block:
            case {"type": "tool_use", "name": str(name), "input": dict(given)}:
                return {**block, "input": self._input(name, given)}
            case _:
                return _BLOCK.validate_python(with_words(block, self._words))

    def _input(self, member: str, given: dict[str, JsonValue]) -> JsonValue:
        """What a tool is called with; a number that is put into a field may be a secret, too."""
        match member, given:
            case ("key", _) | ("navigate", {"url": "back" | "forward" | "reload"}):
                return given
            case "form_input", {"value": int() | float() as number} if self._is_secret(number):
                return {**given, "value": self._words(as_text(number))}
            case _:
                return with_words(given, self._words)

    def _is_secret(self, number: float) -> bool:
        text = as_text(number)
        return len(text) >= _LEAST_DIGITS and text in self._names

    def _words(self, text: str) -> str:
        return self._occurrences.replaced(text, self._reference)

    def _reference(self, found: str) -> str:
        name = self._names.get(found)
        return MASK if name is None else reference(name)
