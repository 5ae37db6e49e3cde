"""Text that every database takes, and keys that every index takes."""

from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator

LONGEST_KEY = 400
"""Characters. Postgres refuses index entries over about 2,700 bytes."""


def clean_text(value: str) -> str:
    """The text with NUL and lone surrogates replaced by U+FFFD."""
    if value.isascii() and "\x00" not in value:
        return value
    encoded = value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass")
    return encoded.decode("utf-16", "replace")


def short_key(value: str) -> str:
    """The cleaned text; of one over 400 characters its beginning and its hash."""
    value = clean_text(value)
    if len(value) <= LONGEST_KEY:
        return value
    return f"{value[: LONGEST_KEY - 65]}#{sha256(value.encode()).hexdigest()}"


Key = Annotated[str, AfterValidator(short_key)]
"""A name of something in a run, cut to what an index takes."""
