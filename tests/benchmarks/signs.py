"""A small site whose buttons are signs without names: what its pages say does not tell them apart.

Ten boats on a list; on the page of each, three round buttons with a drawing. The handset shows
the number of the seller, a heart and a chain do something else.
"""

from html import escape

from tests.fakes.serving import Loopback, Receive, Scope, Send

BOATS = tuple(
    (f"{1998 + at} Marlin {name}", 10_000 + 750 * at, f"+1 415 555 01{at:02d}")
    for at, name in enumerate(
        (
            "Alba",
            "Brisa",
            "Calma",
            "Deriva",
            "Estela",
            "Fiordo",
            "Galerna",
            "Horizonte",
            "Isla",
            "Jarcia",
        )
    )
)
PLACES = {"heart": (320, 420), "chain": (400, 420), "handset": (480, 420)}
"""Where the middle of each sign lies, CSS pixels of the viewport."""

_STYLE = (
    "body{font:16px sans-serif;margin:40px}"
    ".sign{position:fixed;top:400px;width:40px;height:40px;border-radius:20px}"
)
_DRAWINGS = {
    "heart": "M10 17 C0 9 4 2 10 6 C16 2 20 9 10 17Z",
    "chain": "M4 8 h5 v4 h-5z M11 8 h5 v4 h-5z M8 9 h4 v2 h-4z",
    "handset": "M4 3 l4 4 -2 2 c1 3 2 4 5 5 l2 -2 4 4 -3 2 C8 17 3 12 3 6z",
}


class Signs(Loopback):
    """Serves the list at `/boats` and the boats at `/boats/N`."""

    def __init__(self) -> None:
        super().__init__(self._app)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        page = _page(scope["path"])
        status = 404 if page is None else 200
        body = (page or "<!doctype html><title>Not found</title><h1>Not found</h1>").encode()
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _page(path: str) -> str | None:
    if path == "/boats":
        return _list()
    number = path.removeprefix("/boats/")
    return _boat(int(number)) if number.isdigit() and int(number) < len(BOATS) else None


def _list() -> str:
    cards = "".join(
        f'<article><h2><a href="/boats/{at}">{escape(name)}</a></h2><p>${price:,}</p></article>'
        for at, (name, price, _) in enumerate(BOATS)
    )
    return _document("Boats for sale", f"<h1>Boats for sale</h1><main>{cards}</main>")


def _boat(number: int) -> str:
    name, price, phone = BOATS[number]
    year, make, model = name.split(" ")
    table = "".join(
        f"<tr><th>{label}</th><td>{value}</td></tr>"
        for label, value in (
            ("Year", year),
            ("Make", make),
            ("Model", model),
            ("Price", f"${price:,}"),
        )
    )
    signs = "".join(_sign(what, phone) for what in PLACES)
    return _document(name, f"<h1>{name}</h1><table>{table}</table><p id=n></p>{signs}")


def _sign(what: str, phone: str) -> str:
    does = {
        "heart": "this.style.background='pink'",
        "chain": "location.hash='copied'",
        "handset": f"document.getElementById('n').textContent='Phone: {phone}'",
    }[what]
    left = PLACES[what][0] - 20
    return (
        f'<button class="sign" style="left:{left}px" onclick="{does}">'
        f'<svg width="20" height="20"><path d="{_DRAWINGS[what]}"/></svg></button>'
    )


def _document(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><title>{title}</title><style>{_STYLE}</style>{body}</html>'
    )
