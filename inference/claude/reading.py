"""Answers held to the form that was asked for."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from inference.claude.sending import Sent, read_answer
from inference.errors import Malformed

A = TypeVar("A", bound=BaseModel)


def read(form: type[A], sent: Sent) -> A:
    """The answer as a model.

    Raises:
        Malformed: it is empty, no JSON, or of another form.
    """
    read_answer(sent)
    try:
        return form.model_validate_json(sent.text, strict=True)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise Malformed(
            f"Claude's answer is not of the form that was asked for ({place or 'as a whole'})",
            usage=sent.usage,
        ) from None
