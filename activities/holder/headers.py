"""Request targets and header fields on their way through the proxy."""

import h11

from activities.holder.addresses import Blocked, BlockReason, Destination, parse_authority

Fields = list[tuple[bytes, bytes]]

_SCHEME = b"http://"
_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    )
)


def split_target(target: bytes) -> tuple[Destination, bytes]:
    """Split an absolute-form target into its destination and its origin-form.

    Raises:
        Blocked: (bad_request) it is not an `http://` URL.
    """
    if target[: len(_SCHEME)].lower() != _SCHEME:
        raise Blocked(BlockReason.BAD_REQUEST, "only http:// URLs and CONNECT go through here")
    rest = target[len(_SCHEME) :].partition(b"#")[0]
    end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    destination = parse_authority(rest[:end].decode("latin-1"), 80)
    path = rest[end:]
    return destination, path if path.startswith(b"/") else b"/" + path


def request_headers(request: h11.Request, destination: Destination) -> Fields:
    """The fields for the site: `Host` is what the target says, hop-by-hop ones stay here.

    A request to switch protocols (WebSocket) keeps its `Upgrade`.
    """
    default_port = destination.authority.removesuffix(":80")
    fields: Fields = [(b"Host", default_port.encode("latin-1"))]
    fields += [field for field in _end_to_end(request) if field[0].lower() != b"host"]
    upgrade = next((value for name, value in request.headers if name == b"upgrade"), None)
    if upgrade is not None:
        fields += [(b"Connection", b"Upgrade"), (b"Upgrade", upgrade)]
    return fields


def response_headers(response: h11.Response) -> Fields:
    """The fields for Chromium, without the hop-by-hop ones."""
    return _end_to_end(response)


def _end_to_end(message: h11.Request | h11.Response) -> Fields:
    named = {
        name.strip().lower()
        for field, value in message.headers
        if field == b"connection"
        for name in value.split(b",")
    }
    dropped = _HOP_BY_HOP | named
    return [field for field in message.headers.raw_items() if field[0].lower() not in dropped]
