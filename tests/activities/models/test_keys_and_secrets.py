"""Under whose key a model is asked, and what it is told of a run's secrets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.models.references import Concealment, filled
from inference.asking import (
    Answered,
    Extracted,
    GroundAsk,
    Grounded,
    Judged,
    ModelTurn,
    NoAnswer,
    Reply,
    TaskAsk,
    TaskTurn,
)
from inference.decisions import ActKind
from inference.task.calls import tool_calls
from plans.answers import answer_name
from plans.placeholders import reference
from plans.prices import Usage
from plans.step import TierName
from tests.activities.models.calling import STEP, Caller, look
from tests.fakes import claude_answers
from tests.fakes.claude_api import ClaudeApi

pytestmark = pytest.mark.timeout(120)

EMPTY = claude_answers.Says(
    {"seen_in": "text", "evidence": "Your cart is empty.", "verdict": "holds"}
)
CODE = answer_name("p1", "ab" * 16)
USED = Usage(tier=TierName.CLAUDE, model="claude-sonnet-5-5")


@pytest.mark.usefixtures("pools")
async def test_each_tenant_is_asked_for_under_its_own_key_which_may_come_later(
    caller: Caller, claude: ClaudeApi, secrets_dir: Path
) -> None:
    claude.answer = lambda _: EMPTY
    (secrets_dir / "acme_key").write_text("key-acme\n")
    acme = await caller.a_run("acme", anthropic_secret_name="acme_key")
    late = await caller.a_run("late", anthropic_secret_name="late_key")
    default = await caller.a_run("default")
    for run in (acme, default):
        assert (await caller.ask(run, caller.check(), TierName.CLAUDE)).failure is None
    without = await caller.ask(late, caller.check(), TierName.CLAUDE)
    assert without.failure == "unavailable"
    assert "MANTIS_SECRETS_DIR" in without.message
    (secrets_dir / "late_key").write_text("key-late")
    assert (await caller.ask(late, caller.check(), TierName.CLAUDE)).failure is None
    (secrets_dir / "late_key").write_text("key-acme")
    assert (await caller.ask(late, caller.check(), TierName.CLAUDE, turn=1)).failure is None
    assert [one.key for one in claude.asked] == ["key-acme", "key-default", "key-late", "key-acme"]
    billed = {run: (await caller.spent(run)).cost.claude for run in (acme, late, default)}
    assert billed[acme] + billed[late] + billed[default] == sum(claude.bill.values())


@pytest.mark.usefixtures("pools")
async def test_a_model_is_told_the_users_answer_and_no_other_secret(
    caller: Caller, claude: ClaudeApi
) -> None:
    secrets = {"secret.1": "hunter2hunter2", CODE: "482913"}
    run = await caller.a_run(secrets=secrets)
    said = f"type {reference(CODE)} and sign in as {reference('secret.1')}"
    claude.then(
        claude_answers.calls(
            claude_answers.call("request_user_input", {"prompt": "Is 482913 the code?"}),
            text="I type 482913.",
        )
    )
    ask = TaskAsk(
        system="You work on a page.",
        messages=({"role": "user", "content": [{"type": "text", "text": said}]},),
        tools=(
            {
                "name": "request_user_input",
                "description": "Ask the user.",
                "input_schema": {
                    "type": "object",
                    "properties": {"prompt": {"type": "string"}},
                    "required": ["prompt"],
                },
            },
        ),
    )
    answer = await caller.ask(run, ask, TierName.CLAUDE)
    given = await caller.answer(run, answer)
    assert "type 482913 and" in claude.asked[0].text
    assert reference("secret.1") in claude.asked[0].text
    assert "hunter2" not in str(claude.asked[0].body)
    assert "482913" not in given.model_dump_json()
    assert reference(CODE) in given.model_dump_json()


def test_every_text_of_a_question_is_filled_in_as_text() -> None:
    ask = GroundAsk(
        look=look(text=f"shown: {reference(CODE)}"),
        step=STEP,
        intent=f"enter {reference(CODE)}",
        value=reference(CODE),
        turns=(ModelTurn(look=look(), said={"x": 1}, came_of=f"told {reference(CODE)}"),),
    )
    told = filled(ask, {CODE: 482913, "secret.2": "s3cret-s3cret"})
    assert isinstance(told, GroundAsk)
    assert (told.value, told.intent) == ("482913", "enter 482913")
    assert told.turns[0].came_of == "told 482913"
    assert told.look.text == "shown: 482913"
    assert filled(ask, {}) == ask


def test_thoughts_go_back_word_for_word() -> None:
    """They are signed: a word of them that is a secret, too, is filled in again."""
    secrets = {"secret.1": "admin-9", CODE: "482913"}
    thought = {"type": "thinking", "thinking": "admin-9 needs 482913", "signature": "s"}
    said = {"type": "text", "text": "I sign in as admin-9"}
    turn = TaskTurn(content=(thought, said), stop_reason="end_turn")
    kept = Concealment(secrets).answered(Answered(reply=turn, usage=USED))
    assert "admin-9" not in kept.model_dump_json()
    assert isinstance(kept.reply, TaskTurn)
    message = {"role": "assistant", "content": list(kept.reply.content)}
    sent = filled(TaskAsk(system="", messages=(message,), tools=()), secrets)
    assert isinstance(sent, TaskAsk)
    content = sent.messages[0]["content"]
    assert isinstance(content, list)
    assert content[0] == thought
    assert content[1] == {"type": "text", "text": "I sign in as {{secret.1}}"}


def test_a_part_of_an_answer_that_is_an_object_gets_a_name_of_its_own() -> None:
    concealment = Concealment({CODE: {"user": "bob-the-builder", "codes": ["111222", "333444"]}})
    grounded = Grounded(act=ActKind.FILL, ref=1, text="333444", confidence=0.9)
    kept = concealment.answered(Answered(reply=grounded, usage=USED))
    assert isinstance(kept.reply, Grounded)
    assert kept.reply.text == reference(f"{CODE}.2")
    assert concealment.parts_in(kept) == {f"{CODE}.2": "333444"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("482913", reference(CODE)),
        ("code 482913!", f"code {reference(CODE)}!"),
        ("NDgyOTEzNDgyOTEz", "******"),
        ("4829135", "4829135".replace("482913", reference(CODE))),
        ("nothing", "nothing"),
    ],
)
def test_what_a_model_says_of_a_secret_is_a_reference(said: str, kept: str) -> None:
    grounded = Grounded(act=ActKind.FILL, ref=1, text=said, confidence=0.9)
    found = Concealment({CODE: "482913"}).answered(Answered(reply=grounded, usage=USED)).reply
    assert isinstance(found, Grounded)
    assert found.text == kept


CLICK: JsonValue = {"tool_name": "click", "element": "Save", "x": 1000, "y": 482}
REPLIES: tuple[Reply, ...] = (
    Grounded(
        act=ActKind.CLICK, ref=1234, x=1280, y=482, confidence=0.9, why="Save",
        said={"note": None, "thought": "Save", "tool_call": CLICK},
    ),
    Grounded(act=ActKind.SCROLL, text="down", confidence=0.9, said={"direction": "down"}),
    Grounded(act=ActKind.PRESS, text="Enter", confidence=0.9),
    Judged(verdict="holds", evidence="Your cart is empty."),
    Extracted(records=({"price": "12", "name": None},)),
    NoAnswer(why="There is none.", absent=True),
    TaskTurn(
        content=(
            {"type": "thinking", "thinking": "First the name.", "signature": "c2lnbmF0dXJl"},
            {"type": "text", "text": "I look first."},
            {
                "type": "tool_use", "id": "toolu_1", "name": "scroll", "toolset_name": "browser",
                "input": {
                    "scroll_direction": "down", "scroll_amount": 3000, "tab_id": "tab_1",
                    "target": {"type": "coordinate", "x": 640, "y": 4000},
                },
            },
            {
                "type": "tool_use", "id": "toolu_2", "name": "key", "toolset_name": "browser",
                "input": {"text": "Enter"},
            },
            {
                "type": "tool_use", "id": "toolu_3", "name": "navigate", "toolset_name": "browser",
                "input": {"url": "back"},
            },
        ),
        stop_reason="tool_use",
    ),
)  # fmt: skip
COUNTED = USED.model_copy(update={"input_tokens": 1234, "output_tokens": 150, "gpu_ms": 4821})


def leaves(value: JsonValue) -> Iterator[str | int | float]:
    match value:
        case list():
            for item in value:
                yield from leaves(item)
        case dict():
            for item in value.values():
                yield from leaves(item)
        case bool() | None:
            return
        case _:
            yield value


WORDLESS = {"First the name.", "I look first.", "Your cart is empty.", "There is none.", "Save"}
"""What the replies say in words."""


@pytest.mark.parametrize("reply", REPLIES, ids=lambda one: f"{one.kind}")
def test_a_secret_that_reads_like_a_word_of_the_protocol_changes_no_answer(reply: Reply) -> None:
    given = Answered(reply=reply, usage=COUNTED)
    found = dict.fromkeys(leaves(given.model_dump(mode="json")))
    words = [*found, *map(str, found), "click", "holds", "claude", "text", "tool_use", "browser"]
    for secret in words:
        kept = Concealment({CODE: secret}).answered(given)
        assert Answered.model_validate(kept.model_dump()) == kept
        if secret not in WORDLESS and not isinstance(reply, Extracted):
            assert kept == given, secret
        if isinstance(kept.reply, TaskTurn) and isinstance(reply, TaskTurn):
            assert tool_calls(kept.reply.content) == tool_calls(reply.content)


@pytest.mark.usefixtures("pools")
async def test_an_answer_of_the_user_that_reads_like_one_of_a_model_breaks_nothing(
    caller: Caller, claude: ClaudeApi
) -> None:
    claude.answer = lambda _: EMPTY
    run = await caller.a_run(secrets={CODE: "holds", answer_name("p2", "cd" * 16): "claude"})
    for turn in (0, 1):
        answer = await caller.ask(run, caller.check(), TierName.CLAUDE, turn=turn)
        given = await caller.answer(run, answer)
        assert isinstance(given.reply, Judged)
        assert given.reply.verdict == "holds"
    spent = await caller.spent(run)
    assert (spent.cost.claude, spent.held) == (claude.bill["key-default"], 0)


def test_a_number_that_is_put_into_a_field_may_be_a_secret() -> None:
    block: dict[str, JsonValue] = {
        "type": "tool_use", "id": "t", "name": "form_input", "toolset_name": "browser",
        "input": {"target": {"type": "ref", "ref": "ref_1"}, "value": 482913},
    }  # fmt: skip
    turn = TaskTurn(content=(block,), stop_reason="tool_use")
    kept = Concealment({CODE: "482913"}).answered(Answered(reply=turn, usage=USED)).reply
    assert isinstance(kept, TaskTurn)
    (call,) = tool_calls(kept.content)
    assert call.input == {"target": {"type": "ref", "ref": "ref_1"}, "value": reference(CODE)}
