"""The conversation with the agent grows, and is cut only when it must be."""

import itertools
from typing import Any

from inference.task.calls import ToolCall, result_of, text_of, tool_calls
from inference.task.conversation import (
    KEPT_PICTURES,
    MOST_CHARACTERS,
    MOST_PICTURES,
    answered,
    asked,
    resulted,
)

PICTURE: dict[str, Any] = {"type": "image", "source": {"type": "artifact", "key": "k"}}


def use(call_id: str, name: str = "screenshot", **more: Any) -> dict[str, Any]:
    block = {"type": "tool_use", "id": call_id, "name": name, "toolset_name": "browser"}
    return {**block, "input": {}, **more}


def grown(turns: int, content: list[dict[str, Any]]) -> list[tuple[dict[str, Any], ...]]:
    messages = asked((), "the task", PICTURE)
    all_of = [messages]
    for number in range(turns):
        block = use(f"t{number}")
        (call,) = tool_calls([block])
        messages = resulted(answered(messages, [block]), [result_of(call, content)])
        all_of.append(messages)
    return all_of  # type: ignore[return-value]


def pictures(messages: Any) -> int:
    return str(messages).count("'artifact'")


def test_it_only_grows_as_long_as_there_is_room() -> None:
    steps = grown(MOST_PICTURES - 1, [PICTURE])
    for before, after in itertools.pairwise(steps):
        assert after[: len(before)] == before


def test_old_pictures_go_at_once_and_rarely() -> None:
    steps = grown(60, [PICTURE, {"type": "text", "text": "Clicked."}])
    cuts = [
        at
        for at, (before, after) in enumerate(itertools.pairwise(steps))
        if after[: len(before)] != before
    ]
    assert len(cuts) <= 60 / (MOST_PICTURES - KEPT_PICTURES) + 1
    assert all(pictures(one) <= MOST_PICTURES for one in steps)
    last = steps[-1]
    assert pictures(last[-1:]) == 1
    assert "the task" in str(last[0]) and "Clicked." in str(last[2])
    assert [one["role"] for one in last[:3]] == ["user", "assistant", "user"]


def test_long_old_results_go_but_the_newest_stays() -> None:
    steps = grown(20, [{"type": "text", "text": "x" * 45_000}])
    assert all(len(str(one)) < MOST_CHARACTERS + 60_000 for one in steps)
    assert "x" * 45_000 in str(steps[-1][-1])
    for message in steps[-1]:
        for block in message["content"]:
            if block["type"] == "tool_result":
                assert block["content"] and block["toolset_name"] == "browser"


def test_calls_are_read_from_whatever_came() -> None:
    odd: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": " I look. "},
        use("t1"),
        use("t2", input="no object"),
        use("", "screenshot"),
        {"type": "tool_use", "id": "t3", "input": {}},
        {"type": "tool_use", "id": "t4", "name": "task_done", "input": {"summary": "x"}},
        {"type": "server_tool_use", "id": "t5", "name": "web_search", "input": {}},
    ]
    found = tool_calls(odd)
    assert [(one.id, one.kind) for one in found] == [
        ("t1", "browser"),
        ("t2", "browser"),
        ("t4", "done"),
    ]
    assert text_of(odd) == "I look."


def test_which_calls_are_acts() -> None:
    def acts(name: str, toolset: str = "browser") -> bool:
        return ToolCall("t", name, toolset, {}).acts

    assert acts("left_click") and acts("navigate") and acts("form_input") and acts("key")
    assert not acts("screenshot") and not acts("read_page") and not acts("wait")
    assert not acts("task_done", "") and acts("whatever_comes")
