"""What the agent of a task is told: its system prompt and its first message."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from inference.marking import data
from inference.task.references import References
from plans.suite import Verify, VerifyType
from plans.task import TaskSpec

_FOLDER: Final = files("inference.task") / "prompts"
_SYSTEM: Final = (_FOLDER / "system.md").read_text(encoding="utf-8")
_OPENING: Final = (_FOLDER / "opening.md").read_text(encoding="utf-8")

_SAID: Final = {
    VerifyType.URL_CONTAINS: "the address contains",
    VerifyType.URL_NOT_CONTAINS: "the address does not contain",
    VerifyType.PAGE_CONTAINS_TEXT: "the page shows the text",
    VerifyType.PAGE_NOT_CONTAINS_TEXT: "the page does not show the text",
    VerifyType.DOWNLOAD_EXISTS: "a file was downloaded that is called",
}


@dataclass(frozen=True)
class Shown:
    """What the browser shows, worded for the model; `page` as `reading.read_page` tells it."""

    url: str
    title: str
    page: str


def system_prompt(references: References, hosts: Iterable[str]) -> str:
    """The rules; the same for all turns and tasks of a suite, so that their prefix is cached."""
    names = [f"`{{{{{name}}}}}`" for name in sorted(references.names, reverse=True)]
    return _filled(
        _SYSTEM,
        references=", ".join(names) or "there are none here",
        hosts=", ".join(sorted(hosts)) or "none but the one that is shown",
    )


def opening(task: TaskSpec, intent: str, references: References, shown: Shown) -> str:
    """The first message: the task and its own rules, and what the browser shows."""
    return _filled(
        _OPENING,
        intent=intent,
        max_steps=str(task.max_steps),
        verify=_verify(task.verify, references),
        page=data("page", f"{shown.url}\n{shown.title}\n\n{shown.page}"),
    )


def _verify(clause: Verify | None, references: References) -> str:
    if clause is None:
        return "you say so: no condition is set"
    return f'{_SAID[clause.type]} "{references.shown(clause.value)}"'


def _filled(text: str, **values: str) -> str:
    """The text with its names filled in, in one pass: values are never read for names."""
    parts: list[str] = []
    rest = text
    while rest:
        at = min((rest.find(f"{{{name}}}") for name in values if f"{{{name}}}" in rest), default=-1)
        if at < 0:
            break
        name = next(name for name in values if rest.startswith(f"{{{name}}}", at))
        parts += [rest[:at], values[name]]
        rest = rest[at + len(name) + 2 :]
    return "".join([*parts, rest]).strip()
