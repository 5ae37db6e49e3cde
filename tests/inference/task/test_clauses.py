"""Tasks in words, cut into the acts that they name."""

import json
from pathlib import Path

import pytest

from inference.task.clauses import MOST, ClauseKind, clauses_of

SET, PRESS, SUBMIT = ClauseKind.SET, ClauseKind.PRESS, ClauseKind.SUBMIT


def told(intent: str) -> list[tuple[str, str, str]]:
    return [(one.kind.value, one.label or one.text, one.value) for one in clauses_of(intent)]


@pytest.mark.parametrize(
    ("intent", "wanted"),
    [
        ("Sign out", [("press", "Sign out", "")]),
        ("Log in with the given password", [("sign_in", "Log in with the given password", "")]),
        (
            'Search the contacts for "Whitfield" and open the contact Grace Whitfield',
            [
                ("search", 'Search the contacts for "Whitfield"', "Whitfield"),
                ("press", "open the contact Grace Whitfield", ""),
            ],
        ),
        (
            'Set the status to "Inactive" and click Search',
            [("set", "status", "Inactive"), ("press", "click Search", "")],
        ),
        (
            'Change the phone number to "(555) 555-0177", then save the contact.',
            [("set", "phone number", "(555) 555-0177"), ("submit", "save the contact", "")],
        ),
        (
            'Write the note "Call back, and then save it" and add it',
            [("set", "note", "Call back, and then save it"), ("press", "add the note", "")],
        ),
        (
            'Create a lead with the name "W H", the company "H and C" and the value "64000"',
            [
                ("set", "name", "W H"),
                ("set", "company", "H and C"),
                ("set", "value", "64000"),
                ("submit", "Create a lead", ""),
            ],
        ),
        (
            'Open the contact "Ann" and change her city to "Rome", the status to "Active" and save',
            [
                ("press", 'Open the contact "Ann"', ""),
                ("set", "city", "Rome"),
                ("set", "status", "Active"),
                ("submit", "save", ""),
            ],
        ),
        (
            "Go to http://x.test/a; fill in the first name with “Bo”. Tick the box",
            [
                ("go", "Go to http://x.test/a", "http://x.test/a"),
                ("set", "first name", "Bo"),
                ("press", "Tick the box", ""),
            ],
        ),
        ('Type "a" into the message box', [("set", "message", "a")]),
        ("Set priority to High", [("set", "priority", "High")]),
        ("", []),
        (" . , ; ", []),
    ],
)
def test_intents(intent: str, wanted: list[tuple[str, str, str]]) -> None:
    assert told(intent) == wanted


def test_every_task_of_the_crm_is_read() -> None:
    path = Path(__file__).parents[3] / "tasks/crm/crm_tasks.json"
    for task in json.loads(path.read_text())["tasks"]:
        assert clauses_of(task["intent"])


def test_odd_texts_do_no_harm() -> None:
    assert len(clauses_of("click a. " * 200)) == MOST
    assert clauses_of("\x02 7 \x03 click \x029\x03 x")
    assert clauses_of('Set "x" to "y" with the "z" "w"')
    assert clauses_of("'" * 5_000) is not None
    assert clauses_of('fill "' * 400) is not None
