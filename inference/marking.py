"""Text of a page inside a prompt: between marks that the text itself can't close.

What stands between the marks is data. Servers that turn a prompt into tokens by a template read
`<|im_end|>` and the like as the end of a message wherever it stands, so those are broken too.
"""

import re
from typing import Final

_OPENS: Final = re.compile(
    r"<(?=\||\s*/?\s*(?:page|task|observation|outcome|output_format|tools?|instructions?|system|user"
    r"|assistant|think|tool_call|tool_response|function)\b)",
    re.IGNORECASE,
)
_UNSEEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    r"\U000e0000-\U000e007f]"
)
"""What people don't see and models read: control, direction and tag characters."""


def visible(text: str) -> str:
    """The text without what people don't see."""
    return _UNSEEN.sub("", text)


def harmless(text: str) -> str:
    """The text with everything taken apart that could end its block or its message."""
    return _OPENS.sub("‹", visible(text))


def data(mark: str, text: str) -> str:
    """The text as a block of data, `<mark>…</mark>`."""
    return f"<{mark}>\n{harmless(text)}\n</{mark}>"
