"""What can be told of encrypted bytes by their record heads: may a request be among them?"""

_HEAD = 5
_CHANGE_CIPHER, _ALERT, _HANDSHAKE, _DATA = 20, 21, 22, 23
_SMALLEST_REQUEST = 34
"""A record that is no longer closes the connection or is a ping."""


def may_ask(piece: bytes) -> bool:
    """Whether a request may leave in a piece of a tunnel; what can't be read may be one.

    The handshake, its last message under encryption included, the end of a connection and
    pings are none.
    """
    at, finishing = 0, False
    while at < len(piece):
        if at + _HEAD > len(piece) or piece[at] not in (_CHANGE_CIPHER, _ALERT, _HANDSHAKE, _DATA):
            return True
        size = int.from_bytes(piece[at + 3 : at + _HEAD])
        if piece[at] == _DATA and not finishing and size > _SMALLEST_REQUEST:
            return True
        finishing = piece[at] == _CHANGE_CIPHER
        at += _HEAD + size
    return False
