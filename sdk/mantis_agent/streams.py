"""Following a run's events over as many connections as it takes; no I/O is done here."""

import json
import time
from typing import Any

import httpx

from mantis_agent import answers
from mantis_agent.backoff import RETRIED_STATUSES, RetryPolicy, hopeless, retry_after_s
from mantis_agent.calls import Call, events
from mantis_agent.errors import MantisAPIError, MantisConnectionError
from mantis_agent.sse import EventTooLarge, Message, Parser
from mantis_agent.types import Event

SILENCE_S = 60.0
"""A stream that says nothing for this long, pings included, is opened anew."""


class Follower:
    """The cursor of one reader, and what to do when a connection ends.

    Use: open `call()`; on an answer ask `accept`, then `feed` it chunk by chunk; when the
    connection ends for any reason, wait `reconnect_s(fault)` and begin again, until `over`.
    """

    def __init__(self, run_id: str, since: str, shown: str, policy: RetryPolicy) -> None:
        self.over = False
        self._run_id = run_id
        self._cursor = since
        self._shown = shown
        self._policy = policy
        self._parser = Parser()
        self._phase: dict[str, Any] | None = None
        self._repeated = False
        self._failures = 0
        self._away_since: float | None = None
        self._asked_s: float | None = None

    def call(self) -> Call:
        """The request that goes on after the last event seen."""
        self._parser = Parser()
        self._repeated = self._phase is not None
        plain = events(self._run_id, "")
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self._cursor:
            headers["Last-Event-ID"] = self._cursor
        params = {"sse": "true", **({"since": self._cursor} if self._cursor else {})}
        return Call("GET", plain.path, params=params, headers=headers, timeout_s=SILENCE_S)

    def wants(self, response: httpx.Response) -> bool:
        """Whether the answer is the stream; False: its body must be read for `refuse`."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return response.status_code == 200 and kind == "text/event-stream"

    def refuse(self, response: httpx.Response) -> None:
        """Take an answer that is no stream: one to come back after, or an error.

        Raises:
            MantisAPIError: there is no use in coming back.
        """
        if response.status_code == 429 or response.status_code in RETRIED_STATUSES:
            self._asked_s = retry_after_s(response)
            return
        if response.is_success:
            raise MantisAPIError(
                response.status_code, "the answer is no event stream, is this a Mantis service?"
            )
        raise answers.refusal(response)

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that are complete with these bytes.

        Raises:
            MantisConnectionError: the stream is out of all measure.
        """
        try:
            messages = self._parser.feed(chunk)
        except EventTooLarge as error:
            raise MantisConnectionError(str(error)) from error
        if messages:
            self._failures = 0
            self._away_since = None
        if self._parser.last_id:
            self._cursor = self._parser.last_id
        found: list[Event] = []
        for message in messages:
            event = _event(message)
            if not self._is_repetition(event):
                found.append(event)
            if message.event == "terminal":
                self.over = True
                break
        return found

    def reconnect_s(self, fault: httpx.TransportError | None) -> float:
        """How long to wait before the next connection.

        Raises:
            MantisConnectionError: the service has been away for too long.
        """
        now = time.monotonic()
        self._failures += 1
        self._away_since = now if self._away_since is None else self._away_since
        away_s = now - self._away_since
        if fault is not None and (hopeless(fault) or away_s > self._policy.outage_s):
            raise answers.unreachable(self._shown, fault) from fault
        if away_s > self._policy.outage_s:
            raise MantisConnectionError(f"{self._shown} streams no events of this run any more")
        asked, self._asked_s = self._asked_s, None
        if asked is not None:
            return asked
        told_s = (self._parser.retry_ms or 0) / 1000
        return max(min(told_s, self._policy.most_s), self._policy.wait_s(self._failures))

    def _is_repetition(self, event: Event) -> bool:
        """Whether this is the phase that every connection begins with, told already."""
        if event["event"] != "phase":
            return False
        repeated = self._repeated and event["data"] == self._phase
        self._repeated = False
        self._phase = event["data"]
        return repeated


def _event(message: Message) -> Event:
    """The event with its data parsed; text that is no JSON object stands under `text`."""
    try:
        data = json.loads(message.data)
    except (ValueError, RecursionError):
        data = None
    shown = data if isinstance(data, dict) else {"text": message.data}
    return Event(event=message.event, id=message.id, data=shown)
