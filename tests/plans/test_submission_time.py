"""The largest and oddest requests that get in are understood, or refused, in little time."""

import json
import time

import pytest
from pydantic import JsonValue

from plans.caps import Caps
from plans.errors import PlanError
from plans.submission import understand

SIZE = 1_000_000


class NoFiles:
    def read_plan_file(self, path: str) -> str:
        raise AssertionError(path)


def intent(text: str, **more: JsonValue) -> dict[str, JsonValue]:
    return {"task_suite": [{"intent": text, "type": "navigate"}], **more}


def many(text: str) -> str:
    return text * (SIZE // len(text))


BODIES: dict[str, dict[str, JsonValue]] = {
    "one word": intent(many("a")),
    "addresses": intent(many("https://a.com/x ")),
    "hosts": intent(many("a.com ")),
    "dots": intent(many("a.")),
    "digits": intent(many("1.")),
    "brackets": intent("https://a.com/" + "(" * (SIZE // 2) + ")" * (SIZE // 2)),
    "percent signs": intent("https://" + many("%41")),
    "quotes": intent(many("\"'")),
    "open braces": intent(many("{{a")),
    "placeholders": intent(many("{{a}}"), inputs={"a": "x" * 100}),
    "inputs": intent("go", inputs={f"k{number}": "v" for number in range(60_000)}),
    "empty lists": intent("go", x=[[] for _ in range(300_000)]),
    "fields": intent("go", **{f"a{number}": number for number in range(80_000)}),
    "words": {"plan_text": many("go to https://a.com ")},
    "a long text": {"task_file_contents": json.dumps([{"intent": many("a "), "type": "navigate"}])},
    "secrets": intent(
        " ".join(f"value{number}" for number in range(50_000)),
        inputs={f"k{number}_password": f"value{number}" for number in range(300)},
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_large_body_takes_little_time(name: str) -> None:
    started = time.process_time()
    try:
        understand(BODIES[name], NoFiles(), Caps())
    except PlanError as error:
        assert len(error.message) < 300
    assert time.process_time() - started < 6
