"""The JavaScript that drives pages, kept as files beside this package."""

from pathlib import Path

_FOLDER = Path(__file__).with_name("js")


def script(name: str) -> str:
    """Source of `js/<name>.js`: one function expression, ready for `evaluate`."""
    return (_FOLDER / f"{name}.js").read_text(encoding="utf-8").strip()


def on_page(source: str) -> str:
    """A script that takes `(element, argument)`, made to run without an element."""
    return f"(argument) => ({source})(null, argument)"


def ranked(name: str) -> str:
    """`js/<name>.js`, a function of `(element, argument, ranking)`, with its ranking filled in."""
    return f"(element, argument) => ({script(name)})(element, argument, {script('rank')})"


def combined(name: str, *parts: str) -> str:
    """`js/<name>.js`, a function of `(element, argument, parts)`, with its parts by their names."""
    given = ", ".join(f"{part}: {script(part)}" for part in parts)
    return f"(element, argument) => ({script(name)})(element, argument, {{ {given} }})"
