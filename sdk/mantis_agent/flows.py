"""What a client does beyond one exchange, as generators that do no I/O themselves.

A flow yields what is to be done next and is sent what came of it. The two clients drive the same
flows, one blocking, one not, so that retries and waits are decided in one place.
"""

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx

from mantis_agent import answers, calls
from mantis_agent.backoff import (
    RETRIED_STATUSES,
    RetryPolicy,
    hopeless,
    never_sent,
    retry_after_s,
)
from mantis_agent.calls import Call, Repeat
from mantis_agent.errors import (
    MantisAPIError,
    MantisConnectionError,
    MantisError,
    MantisRateLimitError,
    MantisRunFailed,
    MantisTimeoutError,
)
from mantis_agent.types import TERMINAL_STATUSES, Handle, Poll, Record, Result, Status

T = TypeVar("T")
R = TypeVar("R", bound=Record)

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=4.0)
"""Idle connections are dropped before servers do (uvicorn: 5 s), so that none is found dead."""
SHORTEST_WAIT_S = 0.02
LONGEST_WAIT_S = 60.0
_LEAST_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Send:
    """Make a call: answered with the response, or with the fault of its transport."""

    call: Call


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait. Answered with None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Tell:
    """Show the caller a status. Answered with None."""

    status: Status


Effect = Send | Sleep | Tell
Reply = httpx.Response | httpx.TransportError | None
Flow = Generator[Effect, Reply, T]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the flows of a client have in common."""

    shown: str
    policy: RetryPolicy
    timeout_s: float


def ask(setting: Setting, call: Call, kind: type[R], deadline: float | None = None) -> Flow[R]:
    """Make a call, again where that is safe, and read its answer.

    Raises:
        MantisError: it can't be had.
    """
    response = yield from exchange(setting, call, deadline)
    return answers.read(response, kind)


def exchange(setting: Setting, call: Call, deadline: float | None = None) -> Flow[httpx.Response]:
    """The last answer to a call, whatever it says, after as many tries as are safe and allowed.

    Args:
        setting: the client's.
        call: the call.
        deadline: the monotonic time at which the caller's patience ends.

    Raises:
        MantisConnectionError: no answer came.
        MantisAPIError: an answer can't be decoded.
    """
    policy = setting.policy
    end = time.monotonic() + policy.total_s
    end = end if deadline is None else min(end, deadline)
    tries = 0
    while True:
        tries += 1
        reply = yield Send(_within(setting, call, deadline))
        wait_s = again_in_s(policy, call, reply, tries)
        if wait_s is None or time.monotonic() + wait_s > end:
            return answer_of(setting, reply)
        yield Sleep(wait_s)


def wait(
    setting: Setting,
    run_id: str,
    *,
    tells: bool,
    poll_interval_s: float | None,
    timeout_s: float | None,
) -> Flow[Status]:
    """Follow a run to its end by the cheap poll.

    Raises:
        MantisTimeoutError: it was not over in time.
        MantisError: the run can't be read.
    """
    watch = _Watch(setting, run_id, timeout_s)
    while True:
        poll = yield from watch.ask(calls.poll(run_id), Poll)
        news = watch.is_news(poll)
        if poll.status in TERMINAL_STATUSES or (tells and news):
            status = yield from watch.ask(calls.status(run_id), Status)
            status.setdefault("phase", poll.phase)
            if watch.note(status) and tells:
                yield Tell(status)
            if status.terminal:
                return status
        wait_s = _hint_s(poll) if poll_interval_s is None else poll_interval_s
        yield from watch.sleep(min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, wait_s)))


def complete(
    setting: Setting,
    request: Mapping[str, Any],
    idempotency_key: str | None,
    *,
    tells: bool,
    poll_interval_s: float | None,
    timeout_s: float | None,
) -> Flow[Result]:
    """Submit, wait, and read the result.

    Raises:
        MantisRunFailed: the run did not succeed.
        MantisTimeoutError: it was not over in time.
        MantisError: it can't be submitted or read.
    """
    if request.get("action") is not None or request.get("dry_run") is True:
        raise MantisError("run_to_completion takes a plan to run: leave out action and dry_run")
    call = calls.predict({**request, "detached": True}, idempotency_key)
    handle = yield from ask(setting, call, Handle)
    run_id = handle.run_id
    yield from wait(
        setting, run_id, tells=tells, poll_interval_s=poll_interval_s, timeout_s=timeout_s
    )
    result = yield from ask(setting, calls.result(run_id), Result)
    if result.status != "succeeded":
        raise MantisRunFailed(result)
    return result


def _hint_s(poll: Poll) -> float:
    """How long the service asks to wait, a second where it says nothing usable."""
    hint_ms = poll.get("polling_backoff_ms_hint")
    return hint_ms / 1000 if isinstance(hint_ms, int | float) else 1.0


class _Watch:
    """A run that is waited for: its deadline, what was seen of it, and the outages between."""

    def __init__(self, setting: Setting, run_id: str, timeout_s: float | None) -> None:
        self._setting = setting
        self._run_id = run_id
        self._timeout_s = timeout_s
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._status: Status | None = None
        self._seen: tuple[object, ...] = ()
        self._told: tuple[object, ...] = ()
        self._away_since: float | None = None

    def is_news(self, poll: Poll) -> bool:
        """Whether the poll shows something that the last one did not."""
        paused = poll.status == "paused"
        seen = (poll.status, poll.phase, poll.last_event_at if paused else None)
        news, self._seen = seen != self._seen, seen
        known = self._status or {"run_id": self._run_id}
        self._status = Status({**known, "status": poll.status, "phase": poll.phase})
        return news

    def note(self, status: Status) -> bool:
        """Keep a status; whether it is another than the last one told."""
        told = (status.status, status.phase, status.pause_id)
        news, self._told = told != self._told, told
        self._status = status
        return news

    def ask(self, call: Call, kind: type[R]) -> Flow[R]:
        """Ask through outages and refusals for rate, until the deadline."""
        while True:
            try:
                answer = yield from ask(self._setting, call, kind, self._deadline)
            except MantisRateLimitError as error:
                yield from self.sleep(max(SHORTEST_WAIT_S, error.retry_after_seconds))
            except (MantisConnectionError, MantisAPIError) as error:
                if isinstance(error, MantisAPIError) and error.status_code not in RETRIED_STATUSES:
                    raise
                if not self._bears():
                    raise
                yield from self.sleep(self._setting.policy.most_s)
            else:
                self._away_since = None
                return answer

    def sleep(self, seconds: float) -> Flow[None]:
        """Wait, but not beyond the deadline.

        Raises:
            MantisTimeoutError: it is there.
        """
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise MantisTimeoutError(self._run_id, self._timeout_s or 0.0, self._status)
            seconds = min(seconds, left)
        yield Sleep(seconds)

    def _bears(self) -> bool:
        """Whether the outage may go on."""
        now = time.monotonic()
        self._away_since = now if self._away_since is None else self._away_since
        return now - self._away_since < self._setting.policy.outage_s


def request(http: httpx.Client | httpx.AsyncClient, setting: Setting, call: Call) -> httpx.Request:
    """The request of a call, with its own time-outs where it has some."""
    silence_s = setting.timeout_s if call.timeout_s is None else call.timeout_s
    timeout = httpx.Timeout(
        silence_s or None, connect=min(setting.timeout_s, silence_s or setting.timeout_s)
    )
    return http.build_request(
        call.method,
        call.path,
        params=dict(call.params) or None,
        json=call.body,
        headers=dict(call.headers),
        timeout=timeout,
    )


def _within(setting: Setting, call: Call, deadline: float | None) -> Call:
    """The call with no more time than the caller has left."""
    if deadline is None or call.timeout_s == 0:
        return call
    own = setting.timeout_s if call.timeout_s is None else call.timeout_s
    left = max(_LEAST_TIMEOUT_S, deadline - time.monotonic())
    return replace(call, timeout_s=min(own, left)) if own else replace(call, timeout_s=left)


def again_in_s(policy: RetryPolicy, call: Call, reply: Reply, tries: int) -> float | None:
    """How long to wait before the call is made again, None where it is not."""
    if tries >= policy.tries:
        return None
    if isinstance(reply, httpx.Response):
        away = reply.status_code in RETRIED_STATUSES and call.repeat is Repeat.ALWAYS
        if not away and reply.status_code != 429:
            return None
        asked_s = retry_after_s(reply)
        return policy.wait_s(tries) if asked_s is None else max(asked_s, SHORTEST_WAIT_S)
    if reply is None or hopeless(reply):
        return None
    safe = call.repeat is Repeat.ALWAYS or never_sent(reply)
    return policy.wait_s(tries) if safe else None


def answer_of(setting: Setting, reply: Reply) -> httpx.Response:
    """The answer that a call had in the end.

    Raises:
        MantisConnectionError: none.
    """
    if isinstance(reply, httpx.Response):
        return reply
    fault = reply or httpx.TransportError("no answer")
    raise answers.unreachable(setting.shown, fault) from fault
