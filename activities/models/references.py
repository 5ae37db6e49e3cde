"""References to secrets in what models are asked and what they answer.

A model is told what the user has answered to its own questions; every other secret stays a
reference, which the host fills in where it types. What a model says is kept with references
in the place of all secrets.
"""

from collections.abc import Mapping

from pydantic import JsonValue

from inference.asking import Answered, AskBody, answered, ask_body
from plans.answers import ANSWER
from plans.occurrences import MASK, Occurrences
from plans.placeholders import KEPT_WHOLE, SECRET, as_text, reference, restored_text, texts_in

_SIGNED = frozenset({"thinking", "redacted_thinking"})
"""Content blocks that the Messages API takes back only as it gave them."""
_LEAST_DIGITS = 4
"""A number with fewer is no secret by itself."""


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
    """Puts references in the place of a run's secrets.

    Attributes:
        parts: values within answers that are objects or lists, by the names that were given to
            them here because a reference names them; to be kept among the run's secrets.
    """

    def __init__(self, secrets: Mapping[str, JsonValue]) -> None:
        self.parts: dict[str, JsonValue] = {}
        self._names: dict[str, str] = {}
        self._known = secrets
        for name, value in secrets.items():
            if name.startswith(SECRET) and not name.startswith(KEPT_WHOLE):
                self._learn(name, value)
        self._occurrences = Occurrences(self._names)

    def answered(self, given: Answered) -> Answered:
        """An answer with references in the place of secrets, `***` where none fits."""
        return answered.validate_python(self._value(given.model_dump(mode="json")))

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

    def _value(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                return self._occurrences.replaced(value, self._reference)
            case list():
                return [self._value(item) for item in value]
            case dict():
                return {name: self._value(item) for name, item in value.items()}
            case bool() | None:
                return value
            case _:
                text = as_text(value)
                secret = len(text) >= _LEAST_DIGITS and text in self._names
                return self._reference(text) if secret else value

    def _reference(self, found: str) -> str:
        name = self._names.get(found)
        if name is None:
            return MASK
        if name not in self._known:
            self.parts[name] = found
        return reference(name)
