"""The scripts that read a page, as text; `activities.browser` runs them."""

from pathlib import Path
from typing import Final

_HERE = Path(__file__).parent / "js"


def _parts(*names: str) -> str:
    return "\n".join((_HERE / f"{name}.js").read_text(encoding="utf-8") for name in names)


SEEING: Final = _parts("roots", "shown")
"""What is there for people to see; needs `given`."""

_LOOKING = _parts("names", "traits", "areas", "groups", "records", "context", "snapshot")
SNAPSHOT: Final = f"(given) => {{\n{SEEING}\n{_LOOKING}\nreturn mantisSnapshot();\n}}"
"""A function of {frames, roots, without}.

Returns {json, nodes, areas, pictures, suspects, roots, kinds}.
"""
