"""How a request's path is logged."""

from starlette.types import Scope

CODEC_PATH = "/v1/temporal/codec"
"""Where the Temporal UI has payloads decrypted; what follows may be a token."""


def of_codec(scope: Scope) -> bool:
    """Whether the request is for the codec."""
    path: str = scope["path"]
    return path.startswith(CODEC_PATH)


def logged_path(scope: Scope) -> str:
    """The path in ASCII, without what may be a token in it."""
    return CODEC_PATH if of_codec(scope) else ascii(scope["path"])[1:-1]
