"""What becomes of a secret in the field that is about to be typed into: its kind, its way."""

from playwright.async_api import ElementHandle, Error, Frame, Page
from pydantic import TypeAdapter

from activities.browser.fields import control_of, focused_field
from activities.steps.target import target_of
from plans.secret_names import is_secret_label, is_secret_name
from plans.step import Frozen

_SECRET_COMPLETION = frozenset({"one-time-code", "current-password", "new-password", "cc-csc"})
_FIELD = "input,textarea,[contenteditable=''],[contenteditable=true]"

_DESCRIBE = """field => {
  const said = id => document.getElementById(id)?.textContent ?? '';
  const labels = [...(field.labels ?? [])].map(label => label.textContent ?? '');
  const by = (field.getAttribute('aria-labelledby') ?? '').split(/\\s+/).filter(Boolean).map(said);
  const shown = ['aria-label', 'placeholder', 'title'].map(name => field.getAttribute(name) ?? '');
  return {
    type: String(field.type ?? ''),
    completion: String(field.getAttribute('autocomplete') ?? ''),
    names: [field.getAttribute('name') ?? '', field.id ?? ''],
    labels: [...labels, ...by, ...shown].map(text => text.trim().slice(0, 200)).filter(Boolean),
  };
}"""


class _Field(Frozen):
    """What a field says of itself."""

    type: str
    completion: str
    names: tuple[str, ...]
    labels: tuple[str, ...]


_DESCRIBED = TypeAdapter(_Field)


async def typed_on(page: Page, element: ElementHandle | None) -> tuple[str, ...]:
    """The addresses that a text in a field, or in the one with the focus, is given to.

    They are those of its document, of the documents around it, and of where its form is sent;
    empty for a document that has none.
    """
    try:
        field = await (focused_field(page) if element is None else control_of(element, _FIELD))
        frame = None if field is None else await field.owner_frame()
    except Error:
        field = frame = None
    urls = [_document_url(frame or page.main_frame)]
    while frame is not None and (frame := frame.parent_frame) is not None:
        urls.append(_document_url(frame))
    form = (await target_of(page, field)).form
    if form is not None and form.action.startswith(("http:", "https:")):
        urls.append(form.action)
    return tuple(urls)


def _document_url(frame: Frame | None) -> str:
    """The address of a frame's document; one without any has its parent's."""
    while frame is not None and not frame.url.startswith(("http:", "https:")):
        inherits = frame.url in ("about:srcdoc", "about:blank", "")
        frame = frame.parent_frame if inherits else None
    return "" if frame is None else frame.url


async def takes_secret(page: Page, element: ElementHandle | None) -> bool:
    """Whether a field, or the one that has the focus where none is given, takes a secret.

    A field that can't be asked takes none: typing into it fails by itself.
    """
    try:
        field = await (focused_field(page) if element is None else control_of(element, _FIELD))
        if field is None:
            return False
        told: object = await field.evaluate(_DESCRIBE)
    except Error:
        return False
    return _is_secret(_DESCRIBED.validate_python(told))


def _is_secret(field: _Field) -> bool:
    if field.type == "password" or _SECRET_COMPLETION & set(field.completion.casefold().split()):
        return True
    if any(is_secret_name(name) for name in field.names):
        return True
    return is_secret_label(" ".join(field.labels or field.names))
