"""A tiny renderer: HTML files with `$name` in them, everything escaped unless it is `Html`."""

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "templates"


class Html(str):
    """Markup that is safe as it stands."""

    __slots__ = ()


def render(name: str, /, **values: str | int) -> Html:
    """Fills the template of this name; a missing value is a `KeyError`."""
    return Html(_template(name).substitute({key: _safe(value) for key, value in values.items()}))


def join(parts: Iterable[Html]) -> Html:
    """Pieces of markup one after the other."""
    return Html("\n".join(parts))


def _safe(value: str | int) -> Html:
    return value if isinstance(value, Html) else Html(escape(str(value)))


@cache
def _template(name: str) -> Template:
    return Template((TEMPLATES / f"{name}.html").read_text(encoding="utf-8"))
