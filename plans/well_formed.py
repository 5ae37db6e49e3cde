"""Text that can be encoded: a lone half of a surrogate pair becomes U+FFFD.

Pages may hold such halves, and cutting a text at a fixed length leaves one.
"""

import re
from typing import Final

REPLACEMENT: Final = "\ufffd"

_LONE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def well_formed(text: str) -> str:
    """The text, which can be encoded afterwards."""
    return text if text.isascii() else _LONE.sub(REPLACEMENT, text)


def well_formed_json(text: str) -> str:
    """A JSON document whose strings can be read and encoded, those that are escaped in it too."""
    text = well_formed(text)
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _ESCAPED.sub(lambda found: REPLACEMENT if found[1] else found[0], text)
