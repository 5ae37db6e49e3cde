"""A run as it goes on, for a terminal and for a log file alike."""

import json
from collections.abc import Callable
from getpass import getpass
from typing import Any

from mantis_agent.calls import NO_INPUT, NoInput
from mantis_agent.cli.show import show_pause
from mantis_agent.cli.terminal import Terminal, clean, shortened
from mantis_agent.client import MantisClient
from mantis_agent.errors import MantisAPIError
from mantis_agent.types import Event, Status

Ask = Callable[[str], str]


class Watch:
    """Shows each step of a run with the records it brought, until the run is over.

    Where a person sits at the terminal, a pause is answered on the spot, without an echo.
    """

    def __init__(self, client: MantisClient, terminal: Terminal, ask: Ask = getpass) -> None:
        self._client = client
        self._terminal = terminal
        self._ask = ask
        self._answered: str | None = None

    def follow(self, run_id: str) -> None:
        """Show the run's events from the beginning until it is over."""
        for event in self._client.stream_events(run_id):
            if event["event"] == "terminal":
                return
            self._terminal.line(event_line(self._terminal, event))
            if event["event"] == "pause":
                self._pause(run_id)

    def _pause(self, run_id: str) -> None:
        status = self._client.status(run_id)
        if status.status != "paused" or status.pause_id == self._answered:
            return
        if not self._terminal.asks:
            show_pause(self._terminal, status)
            return
        while True:
            answer = ask_for(status, self._ask)
            try:
                self._client.resume(run_id, answer, pause_id=status.pause_id)
            except MantisAPIError as error:
                self._terminal.note(clean(error.detail))
                if self._client.status(run_id).pause_id == status.pause_id:
                    continue
            self._answered = status.pause_id
            return


def ask_for(status: Status, ask: Ask = getpass) -> str | NoInput:
    """What a person answers to a pause; nothing is an answer where none is needed."""
    prompt = clean(status.prompt or "the run is paused")
    if not status.needs_input:
        prompt += " (Enter lets it go on)"
    while True:
        answer = ask(f"? {prompt}\n> ")
        if answer:
            return answer
        if not status.needs_input:
            return NO_INPUT


def event_line(terminal: Terminal, event: Event) -> str:
    """One event in one line."""
    data = event["data"]
    room = terminal.width - 14
    match event["event"]:
        case "step" | "action":
            return _step(terminal, event["event"], data)
        case "extract":
            row = data.get("row")
            return shortened(f"   row: {_record(row) if isinstance(row, dict) else row}", room)
        case "phase" | "terminal":
            halt = f" ({data['halt_class']})" if data.get("halt_class") else ""
            return shortened(f"{terminal.mark(None)} {data.get('phase', '')}{halt}", room)
        case kind:
            told = data.get("message") or data.get("prompt") or data.get("intent") or ""
            return shortened(f"{terminal.mark(None)} {kind}: {told}".rstrip(": "), room)


def _step(terminal: Terminal, kind: str, data: dict[str, Any]) -> str:
    success = data.get("success")
    mark = terminal.mark(success if isinstance(success, bool) else None)
    index = data.get("step_index")
    where = "  -" if index is None else f"{index!s:>3}"
    duration = data.get("duration")
    took = f"{duration:.1f} s" if isinstance(duration, int | float) else ""
    facts = [took, clean(data.get("tier") or "")]
    if success is False:
        facts.append(clean(data.get("failure_class") or "failed"))
        facts.append(shortened(str(data.get("error") or ""), 60))
    elif kind == "action":
        facts.append("tried")
    tail = "  ".join(fact for fact in facts if fact)
    intent = shortened(str(data.get("intent") or ""), max(20, terminal.width - len(tail) - 28))
    return f"{mark} {where}  {clean(data.get('type') or kind):<12} {intent}  {tail}".rstrip()


def _record(row: dict[str, Any]) -> str:
    fields = (
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in row.items()
        if value is not None and not name.startswith("_")
    )
    return " · ".join(fields)
