"""The prompts: Markdown files beside this module, with what is asked put in."""

from functools import cache
from importlib import resources
from string import Template
from typing import Final

_FOLDER: Final = resources.files("inference.claude").joinpath("prompts")


def system(name: str) -> str:
    """The system prompt `name`, with the rule that a page's text is data."""
    return _template(name).substitute(data=_template("data").template.strip()).strip()


def question(name: str, **parts: str) -> str:
    """The question `name` with its parts put in; empty parts leave no empty lines behind."""
    text = _template(name).substitute(parts)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip()


@cache
def _template(name: str) -> Template:
    return Template(_FOLDER.joinpath(f"{name}.md").read_text(encoding="utf-8"))
