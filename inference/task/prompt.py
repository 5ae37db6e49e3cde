"""What the agent of a task is told: its system prompt and its first message."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from inference.marking import data
from inference.task.references import References
from plans.suite import Verify, VerifyType
from plans.task import TaskSpec

_FOLDER: Final = files("inference.task") / "prompts"
_SYSTEM: Final = (_FOLDER / "system.md").read_text(encoding="utf-8")
_OPENING: Final = (_FOLDER / "opening.md").read_text(encoding="utf-8")

VERSION: Final = "1"
"""Of the prompts; part of what an answer hangs on."""

_SAID: Final = {
    VerifyType.URL_CONTAINS: "the address contains",
    VerifyType.URL_NOT_CONTAINS: "the address does not contain",
    VerifyType.PAGE_CONTAINS_TEXT: "the page shows the text",
    VerifyType.PAGE_NOT_CONTAINS_TEXT: "the page does not show the text",
    VerifyType.DOWNLOAD_EXISTS: "a file was downloaded that is called",
}


def system_prompt(task: TaskSpec, references: References, hosts: Iterable[str]) -> str:
    """The rules of one task; the same in all of its turns, so that prefixes are cached."""
    names = [f"`{{{{{name}}}}}`" for name in sorted(references.names, reverse=True)]
    return _filled(
        _SYSTEM,
        max_steps=str(task.max_steps),
        verify=_verify(task.verify, references),
        references=", ".join(names) or "this task has none",
        hosts=", ".join(sorted(hosts)) or "none but the one that is shown",
    )


def opening(intent: str, url: str, title: str, page: str) -> str:
    """The first message: the task, and what the browser shows."""
    where = f"{url} ({title})" if title else url
    return _filled(_OPENING, intent=intent, where=where, page=data("page", page))


def _verify(clause: Verify | None, references: References) -> str:
    if clause is None:
        return "no condition is set; your word is taken"
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
