"""The calls of the contract as data: nothing is sent here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from mantis_agent.errors import MantisError

JSON = Any
"""A document that `json` can write."""

DEFAULT_TAIL = 200


class NoInput(Enum):
    """Its one member tells nothing at all from None, which is an answer: JSON's null."""

    NO_INPUT = "no input"


NO_INPUT = NoInput.NO_INPUT


class Repeat(Enum):
    """When a call that failed may be made again without harm."""

    ALWAYS = auto()
    """It reads, or the service knows a repetition by its key."""
    UNSENT = auto()
    """Only where it can't have been carried out: no connection, or refused for its rate."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `timeout_s` of None takes the client's; 0 waits without end."""

    method: str
    path: str
    repeat: Repeat = Repeat.ALWAYS
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    body: JSON = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout_s: float | None = None


def predict(request: Mapping[str, Any], idempotency_key: str | None) -> Call:
    """A submission, a dry run, or an action on a run, whichever the request is.

    A submission without a key gets one of its own, so that it can be repeated safely.
    """
    body = dict(request)
    timeout_s = 0.0 if body.get("detached") is False else None
    if body.get("action") is not None:
        repeat = Repeat.ALWAYS if body["action"] in _READING else Repeat.UNSENT
        return Call("POST", "/v1/predict", repeat, body=body)
    if body.get("dry_run") is True:
        return Call("POST", "/v1/predict", body=body)
    headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
    return Call("POST", "/v1/predict", body=body, headers=headers, timeout_s=timeout_s)


_READING = frozenset({"status", "result", "logs", "cancel"})


def poll(run_id: str) -> Call:
    """The cheap poll."""
    return Call("GET", _run(run_id))


def status(run_id: str) -> Call:
    """The status of a run."""
    return Call("GET", _run(run_id, "status"))


def result(run_id: str) -> Call:
    """The result of a run."""
    return Call("GET", _run(run_id, "result"))


def logs(run_id: str, tail: int) -> Call:
    """The last lines of a run's log."""
    return Call("GET", _run(run_id, "logs"), params={"tail": str(tail)})


def events(run_id: str, since: str) -> Call:
    """The events after a cursor, at once."""
    return Call("GET", _run(run_id, "events"), params={"since": since} if since else {})


def cancel(run_id: str, reason: str) -> Call:
    """Stop a run. A repetition changes nothing."""
    return Call("POST", _run(run_id, "cancel"), body={"reason": reason} if reason else {})


def pause(run_id: str, reason: str) -> Call:
    """Pause a run at its next boundary."""
    body = {"reason": reason} if reason else {}
    return Call("POST", _run(run_id, "pause"), Repeat.UNSENT, body=body)


def resume(run_id: str, user_input: JSON, pause_id: str | None) -> Call:
    """Answer a pause. With its `pause_id` a repetition is known as one."""
    body: dict[str, JSON] = {} if user_input is NO_INPUT else {"user_input": user_input}
    if not pause_id:
        return Call("POST", _run(run_id, "resume"), Repeat.UNSENT, body=body)
    return Call("POST", _run(run_id, "resume"), body={**body, "pause_id": pause_id})


def artifact(run_id: str, name: str) -> Call:
    """A file of a run."""
    return Call("GET", _run(run_id, f"artifacts/{quote(name, safe='')}"))


def video(run_id: str, *, polished: bool) -> Call:
    """The recording of a run."""
    return Call("GET", _run(run_id, "video"), params={} if polished else {"raw": "1"})


def queue() -> Call:
    """What the tenant has under way."""
    return Call("GET", "/v1/queue")


def runs(status: str | None, limit: int | None, cursor: str | None) -> Call:
    """A page of the tenant's runs."""
    given = {"status": status, "limit": limit, "cursor": cursor}
    return Call(
        "GET", "/v1/runs", params={name: str(value) for name, value in given.items() if value}
    )


def usage(**given: str | int | None) -> Call:
    """A page of the tenant's billing records."""
    names = {"since": "from", "until": "to"}
    params = {names.get(name, name): str(value) for name, value in given.items() if value}
    return Call("GET", "/v1/usage", params=params)


def health() -> Call:
    """Whether the service is up; asked once, since its 503 is an answer."""
    return Call("GET", "/v1/health", Repeat.UNSENT)


def _run(run_id: str, part: str = "") -> str:
    """Path of a run. An id that would lead to another route is refused here."""
    quoted = quote(run_id, safe="")
    if not quoted.strip("."):
        raise MantisError("malformed run_id: it looks like YYYYMMDD_HHMMSS_xxxxxxxx")
    return f"/v1/runs/{quoted}/{part}" if part else f"/v1/runs/{quoted}"
