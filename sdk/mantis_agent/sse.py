"""An incremental parser of server-sent events, after the HTML standard.

It takes bytes as they arrive and gives the events that are complete; an event that the stream
breaks off in is dropped, and its id does not count as seen.
"""

import codecs
from dataclasses import dataclass

MAX_EVENT = 16 * 1024 * 1024
"""Characters that one event may have."""


@dataclass(frozen=True, slots=True)
class Message:
    """A complete event. `id` is that of its own `id:` line, "" where it has none."""

    event: str
    data: str
    id: str


class EventTooLarge(ValueError):
    """An event is larger than `MAX_EVENT`."""


class Parser:
    """One stream. `last_id` is the last id that came with a complete block, None before."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.retry_ms: int | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._started = False
        self._after_cr = False
        self._line: list[str] = []
        self._size = 0
        self._reset()

    def feed(self, chunk: bytes) -> list[Message]:
        """The events that are complete with these bytes.

        Raises:
            EventTooLarge: an event has grown beyond all measure.
        """
        text = self._decoder.decode(chunk)
        if not self._started and text:
            self._started = True
            text = text.removeprefix("\ufeff")
        if self._after_cr and text:
            text = text.removeprefix("\n")
            self._after_cr = False
        messages: list[Message] = []
        start = 0
        while (end := _line_end(text, start)) >= 0:
            self._line.append(text[start:end])
            message = self._take("".join(self._line))
            self._line.clear()
            if message is not None:
                messages.append(message)
            start = end + 1
            if text[end] == "\r":
                if start == len(text):
                    self._after_cr = True
                elif text[start] == "\n":
                    start += 1
        if start < len(text):
            self._line.append(text[start:])
            self._grow(len(text) - start)
        return messages

    def _reset(self) -> None:
        self._event = ""
        self._data: list[str] = []
        self._id: str | None = None
        self._size = 0

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_EVENT:
            raise EventTooLarge(f"an event of the stream has more than {MAX_EVENT} characters")

    def _take(self, line: str) -> Message | None:
        """Read one line; the event, where it ends one."""
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
                self._grow(len(value) + 1)
            case "event":
                self._event = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry_ms = int(value[:9])
            case _:
                pass
        return None

    def _dispatch(self) -> Message | None:
        event, data, own_id = self._event, self._data, self._id
        self._reset()
        if own_id is not None:
            self.last_id = own_id
        if not data:
            return None
        return Message(event=event or "message", data="\n".join(data), id=own_id or "")


def _line_end(text: str, start: int) -> int:
    """Where the next CR or LF stands, -1 where there is none."""
    line_feed = text.find("\n", start)
    carriage_return = text.find("\r", start, line_feed if line_feed >= 0 else len(text))
    return carriage_return if carriage_return >= 0 else line_feed
