"""What the fake pool is told to answer, and the requests that it was asked.

```
Says        an answer: text, or a value that becomes JSON
Fails       an error of the server's own, with its status
Plain       an answer that is not of the protocol at all: a proxy's page of HTML
Hangs       nothing, until the client leaves
CutsOff     the first part of an answer, then a broken connection
```
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.pictures import Head


@dataclass(frozen=True)
class Asked:
    """A request as it came. Times are seconds of `time.monotonic`."""

    at: float
    headers: Mapping[str, str]
    body: dict[str, Any]
    prompt_tokens: int
    pictures: tuple[Head, ...]

    @property
    def texts(self) -> list[str]:
        """All texts of its messages, in order."""
        found: list[str] = []
        for message in self.body["messages"]:
            content = message.get("content")
            if isinstance(content, str):
                found.append(content)
            for part in content if isinstance(content, list) else ():
                if part.get("type") == "text":
                    found.append(part["text"])
        return found

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    @property
    def last_text(self) -> str:
        """The text of the last message: what is asked, without the history."""
        return "\n".join(Asked(0, {}, {"messages": self.body["messages"][-1:]}, 0, ()).texts)

    @property
    def schema(self) -> dict[str, Any] | None:
        """The schema that decoding is constrained by; None where it is not."""
        given = self.body.get("response_format") or {}
        if given.get("type") != "json_schema":
            return None
        return given["json_schema"]["schema"]

    @property
    def thinks(self) -> bool:
        """Thinking is on unless the chat template is told otherwise."""
        told = self.body.get("chat_template_kwargs") or {}
        return told.get("enable_thinking", True) is not False


@dataclass(frozen=True)
class Says:
    """An answer.

    `what`: text as it is, anything else as JSON. A value must fit the schema of the request, as
    constrained decoding sees to it, unless `loose`; asked without a schema, it comes out as
    prose. `thinking` is what the model thinks first, where thinking is on. `gpu_ms` is what the
    bill says; None: the time that it took.
    """

    what: Any
    thinking: str = "The page shows what is asked for."
    loose: bool = False
    after_s: float | None = None
    gpu_ms: int | None = None
    finish: str | None = None


@dataclass(frozen=True)
class Fails:
    """An error in the form of the server."""

    status: int
    message: str = "it is broken"
    kind: str = "InternalServerError"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    after_s: float | None = None


@dataclass(frozen=True)
class Plain:
    """What something else than the model server answers."""

    status: int
    body: bytes = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    media_type: str = "text/html"


@dataclass(frozen=True)
class Hangs:
    """No answer ever."""


@dataclass(frozen=True)
class CutsOff:
    """The first `share` of an answer, then the connection breaks."""

    what: Any
    share: float = 0.5


Answer = Says | Fails | Plain | Hangs | CutsOff


def too_many(retry_after_s: float = 1) -> Fails:
    """429, as a gateway before the pool answers."""
    return Fails(
        429,
        "too many requests",
        "RateLimitError",
        {"retry-after": f"{retry_after_s:g}"},
    )


def queue_full() -> Fails:
    """503 of `--max-queued-requests`."""
    return Fails(503, "The request queue is full.", "ServiceUnavailableError")


def broken() -> Fails:
    """500."""
    return Fails(500, "Internal server error")


def out_of_range() -> Says:
    """A place outside the picture: the grammar was not applied."""
    return Says({"x": 1450, "y": -3}, loose=True)


def wrong_schema() -> Says:
    """JSON of another form."""
    return Says({"answer": "the button", "score": 0.3}, loose=True)


def truncated(value: Any) -> Says:
    """JSON that stops in its middle, though the server says that it is whole."""
    text = json.dumps(value)
    return Says(text[: max(1, len(text) // 2)], loose=True)


def thought_too_long() -> Says:
    """All tokens went into thinking: empty content, finish reason `length`."""
    return Says("", thinking="Let me think about that. " * 20, loose=True, finish="length")


def whitespace() -> Says:
    """Newlines until `max_tokens`, without `--constrained-json-disable-any-whitespace`."""
    return Says("{" + "\n" * 4000, loose=True, finish="length")
