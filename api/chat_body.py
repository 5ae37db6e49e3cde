"""Which chat completions go on to the pool: none that reaches beyond what it asks itself.

A body is passed on byte for byte. So what SGLang would take from it and one tenant could harm
others with is refused, not taken out.
"""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from api.errors import BadRequest
from ledger.models import Document

NOT_PASSED: Final = frozenset({
    "priority", "rid", "session_params", "custom_logit_processor", "bootstrap_host",
    "bootstrap_port", "bootstrap_room", "data_parallel_rank", "routed_dp_rank",
    "disagg_prefill_dp_rank",
})  # fmt: skip
"""Fields by which a request goes before others, takes the name or the session of another one,
brings code along, or says which machines work on it."""

_NESTED: Final = ("extra_body", "extra_json")
_MEDIA: Final = ("image_url", "video_url", "audio_url", "image", "video", "audio")
_IN_BODY: Final = re.compile(
    r"data:(?:image|video|audio)/[\w.+-]+(?:;[\w=.-]+)*;base64,[A-Za-z0-9+/=_-]*", re.ASCII
)


def check_chat(body: Document) -> None:
    """Refuse a completion that would reach beyond itself.

    Raises:
        BadRequest: it has a field of `NOT_PASSED`, or has the pool fetch a picture, a video or
            a sound: its machine can read files and addresses that the caller must not.
    """
    nested = [value for name in _NESTED if isinstance(value := body.get(name), dict)]
    for fields in (body, *nested):
        given = sorted(name for name in NOT_PASSED if fields.get(name) is not None)
        if given:
            raise BadRequest(f"the pool takes no {given[0]} from a caller: leave it out")
    for name, url in _addresses(body.get("messages")):
        if not (isinstance(url, str) and _IN_BODY.fullmatch(url)):
            raise BadRequest(
                f"{name} must be a data: URL in base64: the pool fetches no address and no file"
            )


def _addresses(messages: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """What stands for media in the messages, by the field that it stands in."""
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if not isinstance(part, dict):
                continue
            for name in _MEDIA:
                given = part.get(name)
                if given is not None:
                    yield name, given.get("url") if isinstance(given, dict) else given
