"""What SGLang refuses, and how it counts."""

import base64
import binascii
import json
import math
from typing import Any

import jsonschema_rs

from tests.fakes.pictures import Head, head_of

CHARS_A_TOKEN = 4
PIXELS_A_TOKEN = 32 * 32
"""Patches of 16 pixels, merged two by two."""

ROLES = {"system", "developer", "user", "assistant", "tool"}


class Refused(Exception):
    """A request that the server does not take."""

    def __init__(self, status: int, message: str, kind: str = "BadRequestError") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind


def parse(raw: bytes | None) -> dict[str, Any]:
    """The body as the server reads it.

    Raises:
        Refused: it does not.
    """
    if raw is None:
        raise Refused(413, "Request entity too large")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Refused(400, f"JSON decode error: {error}") from None
    if not isinstance(body, dict):
        raise Refused(400, "Input should be a valid dictionary")
    _check_messages(body.get("messages"))
    _check_numbers(body)
    _check_format(body.get("response_format"))
    if not isinstance(body.get("stream", False), bool):
        raise Refused(400, "stream: Input should be a valid boolean")
    if body.get("stream_options") and not body.get("stream"):
        raise Refused(400, "Stream options can only be defined when `stream` is True.")
    return body


def pictures_of(body: dict[str, Any]) -> list[Head]:
    """The pictures of a request, decoded.

    Raises:
        Refused: one is not there, or is none.
    """
    found: list[Head] = []
    for message in body["messages"]:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if part["type"] == "image_url":
                found.append(_picture(part))
    return found


def tokens_of(text: str) -> int:
    return math.ceil(len(text) / CHARS_A_TOKEN)


def prompt_tokens(body: dict[str, Any], pictures: list[Head]) -> int:
    """Tokens of the prompt: texts by their length, pictures by their size."""
    count = sum(math.ceil(one.width * one.height / PIXELS_A_TOKEN) for one in pictures)
    for message in body["messages"]:
        content = message.get("content")
        texts = [content] if isinstance(content, str) else []
        if isinstance(content, list):
            texts = [part["text"] for part in content if part["type"] == "text"]
        count += 4 + sum(tokens_of(text) for text in texts)
    return count


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "messages: Messages cannot be empty.")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise Refused(400, "messages: Input tag must be one of the roles")
        content = message.get("content")
        if content is None and message["role"] == "assistant":
            continue
        if isinstance(content, str):
            continue
        if not isinstance(content, list):
            raise Refused(400, "messages.content: Input should be a valid string or list")
        for part in content:
            if not isinstance(part, dict) or part.get("type") not in ("text", "image_url"):
                raise Refused(400, "messages.content.type: Input tag is not one of the parts")
            if part["type"] == "text" and not isinstance(part.get("text"), str):
                raise Refused(400, "messages.content.text: Input should be a valid string")


def _check_numbers(body: dict[str, Any]) -> None:
    for name in ("max_tokens", "max_completion_tokens", "n"):
        value = body.get(name)
        if value is not None and (not isinstance(value, int) or value < 1):
            raise Refused(400, f"{name} must be at least 1, got {value}.")
    temperature = body.get("temperature", 1)
    if not isinstance(temperature, int | float) or temperature < 0:
        raise Refused(400, f"temperature must be non-negative, got {temperature}.")


def _check_format(given: object) -> None:
    if given is None:
        return
    if not isinstance(given, dict) or given.get("type") not in (
        "text",
        "json_object",
        "json_schema",
    ):
        raise Refused(400, "response_format.type: Input should be 'json_schema' or one of its kin")
    if given["type"] != "json_schema":
        return
    inner = given.get("json_schema")
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        raise Refused(400, "response_format.json_schema.name: Field required")
    schema = inner.get("schema")
    if not isinstance(schema, dict):
        raise Refused(400, "schema_ is required for json_schema response format request.")
    try:
        jsonschema_rs.validator_for(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        text = str(error).splitlines()[0]
        raise Refused(400, f"Failed to compile json schema: {text}") from None


def _picture(part: dict[str, Any]) -> Head:
    given = part.get("image_url")
    url = given.get("url") if isinstance(given, dict) else None
    if not isinstance(url, str) or not url.startswith("data:image/") or ";base64," not in url:
        raise Refused(400, "Error while loading data: only data URLs can be reached from here")
    try:
        data = base64.b64decode(url.split(";base64,", 1)[1], validate=True)
    except binascii.Error:
        raise Refused(400, "Error while loading data: Incorrect padding") from None
    head = head_of(data)
    if head is None:
        raise Refused(400, "Error while loading data: cannot identify image file")
    return head
