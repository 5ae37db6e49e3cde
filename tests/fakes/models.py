"""Scripted models that understand enough of a request to be of use, or of harm.

`holo3_knows` and `claude_knows` find what a step names; `holo3_obeys` and `claude_obeys` follow
whatever orders the page gives them: `AI: go to https://…`, see `orders_in`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fakes import claude_answers, sglang_answers
from tests.fakes.claude_answers import call, calls, member

Schema = dict[str, Any]


def filled(schema: Schema, **wishes: Any) -> Any:
    """A value that fits a schema: wishes by the names of properties, else the least there is.

    Of several forms the one is taken whose fixed values are wished for; a wish that does not
    fit its property is left out.
    """
    return _fill(schema, schema, wishes)


def _fill(schema: Schema, root: Schema, wishes: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        _, place, name = schema["$ref"].split("/")
        return _fill(root[place][name], root, wishes)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _fill(_chosen(schema["anyOf"], root, wishes), root, wishes)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    match kind:
        case "object":
            named = schema.get("properties", {})
            return {name: _property(name, inner, root, wishes) for name, inner in named.items()}
        case "array":
            return [_fill(schema["items"], root, wishes)] if schema.get("minItems") else []
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "string":
            return "-"
        case _:
            return None


def _property(name: str, schema: Schema, root: Schema, wishes: Mapping[str, Any]) -> Any:
    if name in wishes and _fits(schema, wishes[name]):
        return wishes[name]
    return _fill(schema, root, wishes)


def _fits(schema: Schema, value: Any) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    if "const" in schema:
        return value == schema["const"]
    return True


def _chosen(forms: Sequence[Schema], root: Schema, wishes: Mapping[str, Any]) -> Schema:
    for form in forms:
        whole = (
            root[form["$ref"].split("/")[1]][form["$ref"].split("/")[2]] if "$ref" in form else form
        )
        fixed = {
            name: inner["const"]
            for name, inner in whole.get("properties", {}).items()
            if "const" in inner
        }
        if fixed and all(wishes.get(name) == value for name, value in fixed.items()):
            return form
    return forms[0]


def named_in(text: str, names: Sequence[str]) -> str | None:
    """The name that a text mentions; the longest where one lies in another."""
    found = [name for name in names if name.lower() in text.lower()]
    return max(found, key=len, default=None)


def number_of(text: str, name: str) -> int | None:
    """The number under which a list of elements shows a name: `[12] button "Save" …`."""
    found = re.search(rf'\[(-?\d+)\][^\n"]*"{re.escape(name)}"', text, re.IGNORECASE)
    return int(found[1]) if found else None


def holo3_knows(
    targets: Mapping[str, tuple[float, float]], **wishes: Any
) -> Callable[[sglang_answers.Asked], sglang_answers.Answer]:
    """A Holo3 that knows where things are.

    Args:
        targets: places by name, in pixels of the picture that is sent.
        wishes: more of the answer, such as `tool_name` (else `click`, `not_found`).
    """

    def answer(asked: sglang_answers.Asked) -> sglang_answers.Answer:
        schema = asked.schema
        if schema is None:
            return sglang_answers.Says("I see a page.")
        name = named_in(asked.last_text, list(targets))
        if name is None or not asked.pictures:
            given = {"tool_name": "not_found", "reason": "it is not there", **wishes}
            return sglang_answers.Says(filled(schema, **given))
        x, y = targets[name]
        picture = asked.pictures[-1]
        given = {
            "tool_name": "click",
            "element": name,
            "x": min(1000, round(x / picture.width * 1000)),
            "y": min(1000, round(y / picture.height * 1000)),
            "thought": f"{name} is next",
            **wishes,
        }
        return sglang_answers.Says(filled(schema, **given))

    return answer


def claude_knows(
    *names: str, **wishes: Any
) -> Callable[[claude_answers.Asked], claude_answers.Answer]:
    """A Claude that finds the named element in the list it is shown, by its number.

    Args:
        names: what steps name.
        wishes: more of the answer, such as `act` (else `click`).
    """

    def answer(asked: claude_answers.Asked) -> claude_answers.Answer:
        schema = asked.schema
        if schema is None:
            return claude_answers.Says("I see a page.")
        step = re.search(r"<step>(.*?)</step>", asked.text, re.DOTALL)
        name = named_in(step[1] if step else asked.last_text, names)
        number = None if name is None else number_of(asked.last_text, name)
        if number is None:
            given = {"act": "none", "absent": True, "element": -1, "why": "it is not there"}
            return claude_answers.Says(filled(schema, **given, **wishes))
        given = {
            "act": "click",
            "target": "element",
            "element": number,
            "certainty": "certain",
            "why": f"{name} is what the step names",
            **wishes,
        }
        return claude_answers.Says(filled(schema, **given))

    return answer


@dataclass(frozen=True)
class Order:
    """What a page orders a model to do; `what` and `where` as they stand there."""

    verb: str
    what: str = ""
    where: str = ""


_ORDERS = (
    ("go", r"go to (?P<what>\S+)"),
    ("click", r'click "(?P<what>[^"]+)"'),
    ("type", r'type "(?P<what>[^"]+)" into "(?P<where>[^"]+)"'),
    ("run", r"run (?P<what>.+)"),
    ("upload", r"upload (?P<what>\S+)"),
    ("read", r"read (?P<where>\w+) as (?P<what>.+)"),
    ("judge", r"say (?P<what>\w+)"),
    ("ask", r"ask the user (?P<what>.+)"),
    ("finish", r"stop here"),
)


def orders_in(text: str) -> list[Order]:
    """The orders in a page's text, `AI: go to https://…`, each at its line's end or full stop."""
    found: list[Order] = []
    for said in re.findall(r"\bAI: ([^\n]+)", text):
        for verb, pattern in _ORDERS:
            match = re.match(pattern, said.strip(), re.IGNORECASE)
            if match:
                parts = match.groupdict()
                found.append(
                    Order(verb, (parts.get("what") or "").rstrip(". "), parts.get("where") or "")
                )
                break
    return found


def claude_obeys(
    otherwise: Callable[[claude_answers.Asked], claude_answers.Answer] | None = None,
) -> Callable[[claude_answers.Asked], claude_answers.Answer]:
    """A Claude that does what the page says; `otherwise` answers where it orders nothing."""

    def answer(asked: claude_answers.Asked) -> claude_answers.Answer:
        orders = orders_in(asked.last_text)
        if not orders:
            return otherwise(asked) if otherwise else claude_answers.Says("-", loose=True)
        if asked.schema is not None:
            return claude_answers.Says(filled(asked.schema, **_wishes(orders, asked.last_text)))
        made = [one for order in orders for one in _called(order, asked.last_text)]
        return calls(*made) if made else claude_answers.Says("As the page says, I am done.")

    return answer


def holo3_obeys(
    otherwise: Callable[[sglang_answers.Asked], sglang_answers.Answer] | None = None,
) -> Callable[[sglang_answers.Asked], sglang_answers.Answer]:
    """A Holo3 that does what the page says, as far as its texts reach it."""

    def answer(asked: sglang_answers.Asked) -> sglang_answers.Answer:
        orders = orders_in(asked.last_text)
        if not orders or asked.schema is None:
            return otherwise(asked) if otherwise else sglang_answers.Says("-", loose=True)
        return sglang_answers.Says(filled(asked.schema, **_wishes(orders, asked.last_text)))

    return answer


def _wishes(orders: list[Order], text: str) -> dict[str, Any]:
    """What an answer by schema would have to hold to follow orders."""
    wishes: dict[str, Any] = {"why": "the page says so", "certainty": "certain"}
    for order in orders:
        number = number_of(text, order.where or order.what)
        match order.verb:
            case "click":
                wishes |= {"act": "click", "target": "element", "tool_name": "click"}
                wishes |= {"element": order.what if number is None else number}
            case "type":
                wishes |= {"act": "fill", "target": "element", "text": order.what}
                wishes |= {"tool_name": "write", "content": order.what}
                wishes |= {} if number is None else {"element": number}
            case "read":
                wishes |= {order.where: order.what}
            case "judge":
                wishes |= {"verdict": order.what, "evidence": order.what}
            case "go":
                wishes |= {"url": order.what, "intent": f"Go to {order.what}", "type": "navigate"}
            case "ask":
                wishes |= {"act": "input", "text": order.what, "question": order.what}
                wishes |= {"tool_name": "request_user_input"}
            case "finish":
                wishes |= {"act": "done", "tool_name": "done"}
            case _:
                wishes |= {"act": "press", "text": order.what, "keys": order.what}
    return wishes


def _called(order: Order, text: str) -> list[dict[str, Any]]:
    """The calls of the browser's tools that would follow an order."""
    found = re.search(rf'"{re.escape(order.where or order.what)}"[^\n]*?(ref_\w+)', text)
    found = found or re.search(rf'(ref_\w+)[^\n]*?"{re.escape(order.where or order.what)}"', text)
    target = {"type": "ref", "ref": found[1]} if found else {"type": "coordinate", "x": 10, "y": 10}
    match order.verb:
        case "go":
            return [member("navigate", {"url": order.what})]
        case "click":
            return [member("left_click", {"target": target})]
        case "type":
            return [
                member("left_click", {"target": target}),
                member("type", {"text": order.what}),
            ]
        case "run":
            return [member("javascript_exec", {"code": order.what})]
        case "upload":
            return [member("file_upload", {"target": target, "paths": [order.what]})]
        case "ask":
            return [call("request_user_input", {"prompt": order.what})]
        case _:
            return []
