"""The prompts as they are sent, word for word: `rendered/`.

After a change that is meant, `python -m tests.inference.holo3.test_prompts` writes them anew.
"""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from inference.asking import CheckAsk, ModelTurn
from inference.decisions import ActKind, Done
from inference.holo3 import agent, localise, reading
from inference.holo3.chat import Question
from inference.holo3.prompting import rendered
from tests.inference.holo3.asks import ground, look, said, seen
from tests.inference.holo3.schemas import record_ask

FOLDER = Path(__file__).parent / "rendered"
PAGE = look(seen(1, "Save"), text="Your cart is empty.")


def questions() -> dict[str, Question]:
    picture = PAGE.picture
    assert picture is not None
    click = said("click", element="Save", x=156, y=150)
    before = look(key="b", title="Shop", url="https://shop.example/")
    turn = ModelTurn.model_validate({"look": before, "said": click, "came_of": "nothing changed"})
    agentic = ground(
        PAGE, "Sign in", ActKind.FILL, value="{{secret.1}}", turns=(turn,),
        done=(Done(act=ActKind.CLICK, name="Menu", role="button"),) * 2,
    )  # fmt: skip
    return {
        "localise": localise.question(ground(PAGE, "Save the cart"), picture, b"picture"),
        "localise-field": localise.question(
            ground(PAGE, "Enter the name", ActKind.FILL), picture, b"picture"
        ),
        "agent": agent.question(agentic, {"asks/a.png": b"one", "asks/b.png": b"two"}),
        "check": reading.check_question(
            CheckAsk(look=PAGE, condition="the cart is empty"), b"picture"
        ),
        "extract": reading.extract_question(record_ask("title", "price"), b"picture"),
        "extract-one": reading.extract_question(record_ask("title", many=False), None),
    }


def shown(question: Question) -> str:
    """A question for people: each message under its role, pictures by their size."""
    parts: list[str] = []
    for message in cast(list[dict[str, Any]], question.messages):
        content = message["content"]
        parts.append(f"=== {message['role']}")
        if isinstance(content, str):
            parts.append(content)
        else:
            parts += [part.get("text") or f"[picture: {_size(part)}]" for part in content]
    sampling = {"thinking": question.thinking, "max_tokens": question.max_tokens}
    parts.append(f"=== {question.name} {json.dumps(sampling)} temperature {question.temperature}")
    return "\n".join(parts) + "\n"


def _size(part: dict[str, Any]) -> str:
    return f"{len(part['image_url']['url'])} characters"


@pytest.mark.parametrize("name", questions())
def test_a_prompt_is_sent_word_for_word(name: str) -> None:
    wanted = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert shown(questions()[name]) == wanted


def test_a_slot_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        rendered("check", schema="{}", condition="x")


def test_what_a_value_holds_is_not_filled_in() -> None:
    told = rendered("task", intent="write {{details}} and {{secret.1}}", details="!")
    assert "write {{details}} and {{secret.1}}!" in told


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, question in questions().items():
        (FOLDER / f"{name}.md").write_text(shown(question), encoding="utf-8")
