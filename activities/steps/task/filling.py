"""Which texts may be typed where: secrets only into fields that are made for them."""

import re
from typing import Final

from anthropic.tools import ToolError
from playwright.async_api import ElementHandle, Error
from pydantic import TypeAdapter

from activities.browser.fields import control_of, focused_field
from activities.steps.secret_fields import typed_on
from activities.steps.target import target_of
from activities.steps.task.desk import Desk
from plans.answers import ANSWER
from plans.step import Frozen
from plans.task import AUTH_USER

_FIELD: Final = "input,textarea,[contenteditable=''],[contenteditable=true]"
_USER: Final = re.compile(
    r"user|e-?mail|log-?in|sign-?in|account|benutzer|konto|anmelde|phone|mobile|member|customer"
    r"|kunden|identifier|\bid\b",
    re.IGNORECASE,
)
_DESCRIBE: Final = """field => ({
  tag: field.localName,
  type: String(field.type ?? ''),
  about: [field.name, field.id, field.placeholder, field.autocomplete,
    field.getAttribute('aria-label'), ...[...(field.labels ?? [])].map(one => one.textContent)]
    .filter(Boolean).join(' ').slice(0, 400),
  searches: field.type === 'search' || field.getAttribute('role') === 'searchbox'
    || field.closest('[role=search],search') !== null,
})"""


class _Field(Frozen):
    tag: str
    type: str
    about: str
    searches: bool


_DESCRIBED: Final = TypeAdapter(_Field)


async def typed_text(desk: Desk, text: str, element: ElementHandle | None) -> str:
    """What is really typed for a text of the model, into a field or where the focus is.

    Raises:
        ToolError: it names a secret that has no business in this field.
    """
    names = desk.references.named(text)
    if not names:
        return text
    field = await _field(desk, element)
    if field is None:
        raise ToolError("Nothing is typed: no field has the focus. Use form_input with a ref.")
    told = await _told(field)
    await _check_site(desk, field)
    for name in names:
        if name.startswith(ANSWER):
            continue
        if told.searches or (await _form_searches(desk, field)):
            raise ToolError("Nothing is typed: a secret has no business in a search box.")
        _check_kind(desk, name, told)
    values = await desk.secrets()
    missing = [name for name in names if name not in values]
    if missing:
        raise ToolError("Nothing is typed: there is no such reference.")
    return desk.references.filled(text, values)


def refuse_references(desk: Desk, text: str) -> None:
    """Refuse references where nothing is typed: in addresses, keys, choices.

    Raises:
        ToolError: there is one.
    """
    if desk.references.named(text):
        raise ToolError("References to secrets are filled in only in fields.")


async def _field(desk: Desk, element: ElementHandle | None) -> ElementHandle | None:
    try:
        if element is None:
            return await focused_field(desk.page)
        return await control_of(element, _FIELD)
    except Error:
        return None


async def _told(field: ElementHandle) -> _Field:
    try:
        told: object = await field.evaluate(_DESCRIBE)
    except Error:
        raise ToolError("Nothing is typed: the field has left the page.") from None
    return _DESCRIBED.validate_python(told)


async def _check_site(desk: Desk, field: ElementHandle) -> None:
    """The field's own document, and where its form is sent, must be the plan's."""
    if not all(desk.hosts.own(url) for url in await typed_on(desk.page, field)):
        raise ToolError(
            "Nothing is typed: secrets are filled in only on this task's own hosts, in forms"
            " that are sent there."
        )


async def _form_searches(desk: Desk, field: ElementHandle) -> bool:
    form = (await target_of(desk.page, field)).form
    return form is not None and form.searches and not form.password


def _check_kind(desk: Desk, name: str, told: _Field) -> None:
    if desk.references.is_password(name) and told.type != "password":
        raise ToolError("Nothing is typed: the password goes into a password field only.")
    if desk.references.names.get(AUTH_USER) == name:
        plain = told.tag == "input" and told.type in ("text", "email", "tel", "")
        if not plain or not (told.type == "email" or _USER.search(told.about)):
            raise ToolError("Nothing is typed: the user name goes into a sign-in field only.")
