"""What docs/webhooks.md tells a receiver to do works on what is sent."""

import re
from collections.abc import Callable
from pathlib import Path

from activities.delivery.signing import sign

PAGE = Path(__file__).resolve().parents[3] / "docs" / "webhooks.md"


def test_the_snippet_verifies_what_we_sign_and_nothing_else() -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Callable[[bytes, str, str], bool]] = {}
    exec(snippet, names)
    verify = names["is_from_mantis"]
    body = b'{"run_id":"r"}'
    assert verify(body, sign(body, b"s3cret"), "s3cret")
    assert not verify(body + b" ", sign(body, b"s3cret"), "s3cret")
    assert not verify(body, sign(body, b"other"), "s3cret")
