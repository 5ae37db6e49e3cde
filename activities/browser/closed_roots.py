"""Closed shadow roots: no script of a page gets at them, the browser's own inspector does.

Scripts of the driver and of the inspector see different handles of one object. Objects are
handed over on the document under a symbol that nobody can guess, and taken off at once.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from playwright.async_api import CDPSession, Error, Frame, JSHandle

ROOT_DEPTH: Final = 4
"""Closed roots within closed roots that are looked into."""

_PUT: Final = """(held, [key, of]) => Object.defineProperty(document, Symbol.for(key),
  { value: held[of], configurable: true }) && undefined"""
_TAKE: Final = """(key) => { const name = Symbol.for(key), found = document[name];
  delete document[name]; return found; }"""
_TAKE_HERE: Final = f"function (key) {{ return ({_TAKE})(key); }}"
_JOIN: Final = f"([key, held]) => [...held.roots, ...({_TAKE})(key)]"
_PUT_HERE: Final = """function (key, ...roots) { Object.defineProperty(document, Symbol.for(key),
  { value: roots, configurable: true }); }"""
_PUT_OWNER: Final = """(owner, key) => Object.defineProperty(owner.ownerDocument, Symbol.for(key),
  { value: owner, configurable: true }) && undefined"""


_without: WeakKeyDictionary[Frame, tuple[str, frozenset[str]]] = WeakKeyDictionary()


def without_roots(frame: Frame) -> Sequence[str]:
    """Kinds of elements of the frame's page that were found to hold no closed root."""
    url, kinds = _without.get(frame, ("", frozenset[str]()))
    return sorted(kinds) if url == frame.url else ()


async def closed_roots(frame: Frame, held: JSHandle) -> JSHandle | None:
    """A handle of the closed roots that are known now, None where there are no new ones.

    `held` is what a script returned in this frame: {suspects, roots, kinds}, the elements that
    may hold a closed root, those roots that were known, and the kinds of the suspects. A frame
    that can't be inspected has none that could be read.
    """
    try:
        inspector, document = await _inspect(frame)
    except Error:
        return None
    try:
        roots = await _roots(frame, held, inspector, document)
        if roots is None:
            kinds: list[str] = await held.evaluate("held => held.kinds")
            _without[frame] = (frame.url, frozenset((*without_roots(frame), *kinds)))
        return roots
    except Error:
        return None
    finally:
        await inspector.detach()


async def _roots(
    frame: Frame, held: JSHandle, inspector: CDPSession, document: str
) -> JSHandle | None:
    key = secrets.token_hex(16)
    await held.evaluate(_PUT, [key, "suspects"])
    listed = await _call(inspector, document, _TAKE_HERE, [{"value": key}])
    told = await inspector.send(
        "Runtime.getProperties", {"objectId": listed, "ownProperties": True}
    )
    suspects = [
        one["value"]["objectId"]
        for one in told["result"]
        if one["name"].isdigit() and "objectId" in one.get("value", {})
    ]
    found = await asyncio.gather(*(_closed_in(inspector, suspect) for suspect in suspects))
    roots = [root for root in found if root is not None]
    if not roots:
        return None
    arguments = [{"value": key}, *({"objectId": root} for root in roots)]
    await _call(inspector, document, _PUT_HERE, arguments)
    return await frame.evaluate_handle(_JOIN, [key, held])


async def _closed_in(inspector: CDPSession, element: str) -> str | None:
    """The object id of the element's closed shadow root."""
    told = await inspector.send("DOM.describeNode", {"objectId": element, "depth": 0})
    for root in told["node"].get("shadowRoots", ()):
        if root["shadowRootType"] == "closed":
            return await _resolve(inspector, root["backendNodeId"])
    return None


async def _inspect(frame: Frame) -> tuple[CDPSession, str]:
    """A session that reaches the frame, and the object id of the frame's document in it."""
    context = frame.page.context
    if frame.parent_frame is None:
        inspector = await context.new_cdp_session(frame.page)
    else:
        try:
            inspector = await context.new_cdp_session(frame)
        except Error:
            return await _through_parent(frame, frame.parent_frame)
    told = await inspector.send("Runtime.evaluate", {"expression": "document"})
    return inspector, told["result"]["objectId"]


async def _through_parent(frame: Frame, parent: Frame) -> tuple[CDPSession, str]:
    """A frame in its parent's process has no session of its own: the parent's reaches it."""
    inspector, document = await _inspect(parent)
    key = secrets.token_hex(16)
    owner = await frame.frame_element()
    await owner.evaluate(_PUT_OWNER, key)
    element = await _call(inspector, document, _TAKE_HERE, [{"value": key}])
    told = await inspector.send("DOM.describeNode", {"objectId": element, "pierce": True})
    return inspector, await _resolve(inspector, told["node"]["contentDocument"]["backendNodeId"])


async def _resolve(inspector: CDPSession, node: int) -> str:
    told = await inspector.send("DOM.resolveNode", {"backendNodeId": node})
    return told["object"]["objectId"]


async def _call(
    inspector: CDPSession, on: str, function: str, arguments: Sequence[Mapping[str, Any]]
) -> str:
    """Call a function on an object; the object id of what it returns, empty for a plain value."""
    told = await inspector.send(
        "Runtime.callFunctionOn",
        {"objectId": on, "functionDeclaration": function, "arguments": list(arguments)},
    )
    return told["result"].get("objectId", "")
