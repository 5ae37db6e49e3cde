"""What the processes of the service log: a line an event, with the run that it is about.

JSON for machines, plain text for a terminal. Which run a line is about is known from the
request being answered, or from the activity or workflow being run.
"""

import json
import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

from pydantic import JsonValue
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from temporal.settings import LogSettings

_FIELDS = ("levelname", "name", "message")
_NOT_SHOWN = ("color_message", "temporal_activity", "temporal_workflow", "temporal_log")
_QUIET = {
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "asyncio": logging.WARNING,
    "opentelemetry": logging.CRITICAL + 1,
}
"""Loggers of libraries that tell too much: whole URLs, or the same trouble without end."""


@dataclass
class Subject:
    """What the work at hand is about, as far as it is known."""

    tenant_id: str = ""
    run_id: str = ""


_subject: ContextVar[Subject | None] = ContextVar("mantis_subject", default=None)
_NOBODY = Subject()


def _unknown() -> Subject:
    return _NOBODY


@dataclass
class _Process:
    """How this process finds the subject of work that nobody has named."""

    find: Callable[[], Subject]


_process = _Process(find=_unknown)


@contextmanager
def about(tenant_id: str = "", run_id: str = "") -> Generator[Subject]:
    """Within it, log lines and spans carry these names, and those that `name` adds."""
    subject = Subject(tenant_id, run_id)
    token = _subject.set(subject)
    try:
        yield subject
    finally:
        _subject.reset(token)


def name(*, tenant_id: str = "", run_id: str = "") -> None:
    """Add what has become known of the work at hand; without an `about` around it, nothing."""
    subject = _subject.get()
    if subject is not None:
        subject.tenant_id = tenant_id or subject.tenant_id
        subject.run_id = run_id or subject.run_id


def current() -> Subject:
    """What the work at hand is about."""
    return _subject.get() or _process.find()


def configure(settings: LogSettings, service: str, find: Callable[[], Subject] = _unknown) -> None:
    """Send this process's log to standard error in the format that is asked for.

    Args:
        settings: level and format; `auto` is text for a terminal and JSON otherwise.
        service: the process's name, in every JSON line.
        find: tells what work is about that is neither a request nor named by `about`.
    """
    _process.find = find
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto" and not sys.stderr.isatty()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service) if as_json else TextLines())
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for library, level in _QUIET.items():
        logging.getLogger(library).setLevel(level)
    if as_json:
        sys.excepthook = _log_uncaught


class JsonLines(JsonFormatter):
    """`{"ts", "level", "logger", "message", "service", "tenant_id"?, "run_id"?, "exc_info"?}`."""

    def __init__(self, service: str) -> None:
        super().__init__(
            _FIELDS,
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"service": service},
            reserved_attrs=[*RESERVED_ATTRS, *_NOT_SHOWN],
            json_ensure_ascii=False,
        )

    def process_log_record(self, log_data: dict[str, object]) -> dict[str, object]:
        """Put the time first and leave out what is not known."""
        return {name: value for name, value in log_data.items() if value != ""}

    def add_fields(
        self,
        log_data: dict[str, object],
        record: logging.LogRecord,
        message_dict: dict[str, object],
    ) -> None:
        """Add the time and the subject to what the record says."""
        subject = current()
        log_data["ts"] = _iso(record.created)
        super().add_fields(log_data, record, message_dict)
        log_data["tenant_id"] = subject.tenant_id
        log_data["run_id"] = subject.run_id


class TextLines(logging.Formatter):
    """`time LEVEL logger [run]: message`, for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(subject)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line; a traceback follows on lines of its own."""
        subject = current()
        shown = subject.run_id or subject.tenant_id
        record.subject = f" [{shown}]" if shown else ""
        return super().format(record)


def readable(line: str) -> str:
    """A line of a log for a person to read: JSON becomes its message and its traceback."""
    try:
        document: JsonValue = json.loads(line)
    except ValueError:
        return line
    if not isinstance(document, dict) or "message" not in document:
        return line
    trace = document.get("exc_info")
    return f"{document['message']}\n{trace}" if trace else str(document["message"])


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("mantis").critical("the process ends", exc_info=(kind, error, trace))


def _iso(seconds: float) -> str:
    whole = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return whole.replace("+00:00", "Z")
