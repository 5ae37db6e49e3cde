"""The prompts in `prompts/`: Markdown with `{{name}}` where a value goes."""

import re
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "prompts"
_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")


def rendered(prompt: str, /, **values: str) -> str:
    """The prompt with its values filled in; what a value holds is not filled in again.

    Raises:
        KeyError: the prompt has a slot that no value is given for.
    """
    return _SLOT.sub(lambda slot: values[slot[1]], _text(prompt))


@cache
def _text(prompt: str) -> str:
    return (_FOLDER / f"{prompt}.md").read_text(encoding="utf-8").strip()
