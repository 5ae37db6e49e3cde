"""What the fake of the Messages API is told to answer, and the requests that it was asked.

```
Says        a message: blocks, or a text, or a value that becomes JSON, or calls of tools
Fails       an error of the API, with its status and headers
Plain       an answer that is not the API's: a proxy's page of HTML
Hangs       nothing, until the client leaves
CutsOff     the first part of an answer, then a broken connection
```
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.claude_content import Block
from tests.fakes.claude_refusals import KINDS
from tests.fakes.pictures import Head


@dataclass(frozen=True)
class Asked:
    """A request as it came. `at` is seconds of `time.monotonic`; `turns` are role and blocks."""

    at: float
    key: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    turns: list[tuple[str, list[Block]]]
    pictures: tuple[Head, ...] = ()

    @property
    def model(self) -> str:
        return self.body["model"]

    @property
    def system(self) -> str:
        given = self.body.get("system") or ""
        return given if isinstance(given, str) else "\n".join(one["text"] for one in given)

    @property
    def schema(self) -> dict[str, Any] | None:
        """The schema that decoding is constrained by; None where it is not."""
        form = (self.body.get("output_config") or {}).get("format")
        return form["schema"] if form else None

    @property
    def tools(self) -> dict[str, dict[str, Any]]:
        """Tools by name, toolsets by type."""
        return {one.get("name") or one["type"]: one for one in self.body.get("tools") or []}

    @property
    def last(self) -> list[Block]:
        """The blocks of the last turn: the question, or the results of the calls before."""
        return self.turns[-1][1]

    @property
    def last_text(self) -> str:
        return "\n".join(_texts(self.last))

    @property
    def text(self) -> str:
        """All that is said in the conversation, without the system prompt."""
        return "\n".join(text for _, blocks in self.turns for text in _texts(blocks))

    @property
    def thinks(self) -> bool:
        return (self.body.get("thinking") or {}).get("type", "adaptive") == "adaptive"


@dataclass(frozen=True)
class Says:
    """A message.

    `what`: a text, a list of blocks, or a value that becomes JSON. A value must fit the schema
    of the request, as constrained decoding sees to it, unless `loose`. `stop`: the stop reason;
    None: `tool_use` where a tool is called, else `end_turn`. `thinks`: tokens of thinking that
    come first in a block whose text is left out.
    """

    what: Any
    stop: str | None = None
    loose: bool = False
    thinks: int = 24
    after_s: float | None = None


@dataclass(frozen=True)
class Fails:
    """An error in the form of the API."""

    status: int
    message: str = "Internal server error"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    after_s: float | None = None

    @property
    def kind(self) -> str:
        return KINDS.get(self.status, "api_error")


@dataclass(frozen=True)
class Plain:
    """What something else than the API answers."""

    status: int
    body: bytes = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    media_type: str = "text/html"


@dataclass(frozen=True)
class Hangs:
    """No answer ever."""


@dataclass(frozen=True)
class CutsOff:
    """The first `share` of an answer, then the connection breaks."""

    what: Any = "The connection breaks off in the middle of this."
    share: float = 0.5


Answer = Says | Fails | Plain | Hangs | CutsOff


def calls(*made: Block, text: str = "") -> Says:
    """Calls of tools, made with `call` and `member`, after some text."""
    return Says([*([{"type": "text", "text": text}] if text else []), *made])


def call(name: str, given: dict[str, Any] | None = None) -> Block:
    """A call of a tool of ours."""
    return {"type": "tool_use", "name": name, "input": given or {}}


def member(name: str, given: dict[str, Any] | None = None, toolset: str = "browser") -> Block:
    """A call of a member of a toolset."""
    return {"type": "tool_use", "name": name, "input": given or {}, "toolset_name": toolset}


def rate_limited(retry_after_s: float | None = 1) -> Fails:
    """429; without `retry-after` where the monthly limit is reached."""
    headers = {} if retry_after_s is None else {"retry-after": f"{retry_after_s:g}"}
    return Fails(429, "This request would exceed your organization's rate limit", headers)


def overloaded() -> Fails:
    """529."""
    return Fails(529, "Overloaded")


def broken() -> Fails:
    """500."""
    return Fails(500)


def timed_out() -> Fails:
    """504: the API gave up."""
    return Fails(504, "Request timed out")


def refusal() -> Says:
    """The model will not answer."""
    return Says([], stop="refusal")


def cut_short(text: str = '{"verdict": "tr') -> Says:
    """`max_tokens` before the answer was whole."""
    return Says(text, stop="max_tokens", loose=True)


def paused(text: str = "I am still at it.") -> Says:
    """`pause_turn`: to be sent back so that it goes on."""
    return Says(text, stop="pause_turn", loose=True)


def out_of_window() -> Says:
    """`model_context_window_exceeded`."""
    return Says("And so", stop="model_context_window_exceeded", loose=True)


def truncated(value: Any) -> Says:
    """JSON that stops in its middle, though the API says that the turn is over."""
    text = json.dumps(value)
    return Says(text[: max(1, len(text) // 2)], loose=True)


def wrong_schema() -> Says:
    """JSON of another form."""
    return Says({"answer": "it holds", "score": 0.3}, loose=True)


def prose() -> Says:
    """No JSON at all."""
    return Says("I looked at the page, and I think that it is so.", loose=True)


def silence() -> Says:
    """A turn without any content."""
    return Says([], thinks=0, loose=True)


def _texts(blocks: list[Block]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        if block["type"] == "text":
            found.append(block["text"])
        content = block.get("content")
        if block["type"] == "tool_result" and isinstance(content, str):
            found.append(content)
        elif block["type"] == "tool_result" and isinstance(content, list):
            found += _texts(content)
    return found
