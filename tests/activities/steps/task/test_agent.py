"""A task in turns: what the model is shown, what is done of what it says, how it ends."""

import json
from itertools import pairwise
from typing import Any

import httpx
import pytest

from inference.asking import TaskAsk, TaskTurn
from inference.task.calls import NOT_EXECUTED, TOOLS, USED_UP
from plans.calls import AskKind, Outcome
from plans.step import FailureClass, TierName
from tests.activities.steps.conftest import Bench
from tests.activities.steps.task.conftest import (
    Suite,
    admitted,
    done,
    ended,
    last_of,
    own,
    ref,
    ref_of,
    task,
    text_of,
    turn,
    use,
)
from tests.activities.steps.turns import Away

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AUTH = {"user_id": "sam@crm.test", "password": "crm-demo"}
SIGN_IN = "Sign in with the email sam@crm.test and the given password"


async def signed_in(bench: Bench, demo: str) -> None:
    """As a task before would leave the browser."""
    page = bench.session.page
    await page.goto(f"{demo}/crm/login")
    await page.fill("input[type=password]", "crm-demo")
    await page.fill("input[name=email]", "sam@crm.test")
    await page.press("input[type=password]", "Enter")
    await page.wait_for_url("**/crm/")


async def suite_of(bench: Bench, demo: str, *tasks: dict[str, Any], **more: Any) -> Suite:
    return await admitted(bench, tasks, base_url=f"{demo}/crm", auth=AUTH, **more)


def data_of(bench_outcome: Outcome, events: list[dict[str, Any]]) -> dict[str, Any]:
    data = events[-1]["data"]
    assert data["success"] is bench_outcome.success
    return data


async def events_of(bench: Bench) -> list[dict[str, Any]]:
    run = bench.run
    found = await bench.ledger.events.of_kind(run.tenant_id, run.run_id, "step")
    return [one.body for one in found]


def fill(body: TaskAsk) -> TaskTurn:
    return turn(
        use("form_input", target=ref_of(body, "textbox", "Email"), value="{{auth.user_id}}"),
        use("form_input", target=ref_of(body, "password field"), value="{{auth.password}}"),
        use("left_click", target=ref_of(body, 'button "Sign in"')),
    )


async def test_a_task_is_worked_on_in_turns_and_its_clause_decides(bench: Bench, demo: str) -> None:
    verify = {"type": "page_contains_text", "value": "Signed in as Sam Whitaker"}
    suite = await suite_of(bench, demo, task(SIGN_IN, start_url=f"{demo}/crm/login", verify=verify))
    turns = suite.turns([fill, done("Signed in.")])
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, outcome
    assert outcome.tier is TierName.CLAUDE and outcome.cost.total == 200
    assert [one.kind for one in turns.asks] == [AskKind.TASK] * 2
    data = data_of(outcome, await events_of(bench))
    assert data["steps"] == 3 and data["task_id"] == "t1"
    assert data["verify"] == {**verify, "passed": True}
    assert data["final_url"] == f"{demo}/crm/"


async def test_a_long_task_keeps_its_conversation_once(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login", max_steps=30))
    turns = suite.turns([*[turn(use("read_page"))] * 12, done()])
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, outcome
    assert turns.kept == [2] * 13, "the state and the question of the turn alone"
    assert not [path for path in turns.files() if path.parent.name != "asks"]


async def test_no_prompt_holds_who_signs_in(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task(SIGN_IN, start_url=f"{demo}/crm/login"))
    turns = suite.turns(
        [
            fill,
            turn(use("read_page")),
            turn(use("get_page_text"), use("screenshot"), use("list_tabs")),
            done(),
        ]
    )
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, outcome
    assert turns.written
    for text in turns.written:
        assert "sam@crm.test" not in text and "crm-demo" not in text
    first = turns.asked[0]
    assert isinstance(first, TaskAsk)
    assert "{{auth.user_id}}" in first.system and "{{auth.password}}" in first.system
    assert "Sign in with the email {{auth.user_id}} and the given password" in text_of(first)
    history = json.dumps([one.model_dump(mode="json") for one in turns.outcomes])
    assert "sam@crm.test" not in history and "crm-demo" not in history


async def test_the_conversation_only_grows(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task(SIGN_IN, start_url=f"{demo}/crm/login"))
    turns = suite.turns(
        [turn(use("screenshot")), turn(use("find", query="sign in button")), fill, done()]
    )
    await turns.play(suite.calls[0])
    asked = [one for one in turns.asked if isinstance(one, TaskAsk)]
    assert len(asked) == 4
    for before, after in pairwise(asked):
        assert after.messages[: len(before.messages)] == before.messages
        assert (after.system, after.tools) == (before.system, before.tools)
    roles = [one["role"] for one in asked[-1].messages]
    assert roles == ["user", "assistant", "user", "assistant", "user", "assistant", "user"]
    assert asked[0].tools[1:] == TOOLS


async def test_progress_stays_small(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task(SIGN_IN, start_url=f"{demo}/crm/login", max_steps=20))
    script = [*[turn(use("read_page"), use("screenshot"))] * 12, done()]
    turns = suite.turns(script)
    outcome = await turns.play(suite.calls[0])
    assert outcome.success
    sizes = [len(one.model_dump_json()) for one in turns.outcomes]
    assert max(sizes) < 3_000, sizes


async def test_an_error_stops_the_rest_of_the_turn(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task(SIGN_IN, start_url=f"{demo}/crm/login"))
    turns = suite.turns(
        [
            turn(
                use("find", "toolu_a", query="email"),
                use("left_click", "toolu_b", target=ref("ref_999")),
                use("screenshot", "toolu_c"),
                own("task_done", summary="x"),
            ),
            ended(),
        ]
    )
    await turns.play(suite.calls[0])
    results = turns.asked[1].messages[-1]["content"]  # type: ignore[union-attr]
    assert isinstance(results, list)
    by = {one["tool_use_id"]: one for one in results if isinstance(one, dict)}  # type: ignore[misc]
    assert "is_error" not in by["toolu_a"]
    assert by["toolu_b"]["is_error"] is True and by["toolu_b"]["toolset_name"] == "browser"
    assert by["toolu_c"]["content"] == NOT_EXECUTED
    assert len(results) == 4


async def test_the_models_word_is_not_taken(bench: Bench, demo: str) -> None:
    verify = {"type": "page_contains_text", "value": "Signed in as"}
    suite = await suite_of(bench, demo, task(SIGN_IN, start_url=f"{demo}/crm/login", verify=verify))
    outcome = await suite.play(0, [done("I have signed in.")])
    assert not outcome.success and outcome.failure_class is FailureClass.VERIFY_FAILED
    data = data_of(outcome, await events_of(bench))
    assert data["verify"]["passed"] is False


async def test_acts_end_with_max_steps(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login", max_steps=3))
    turns = suite.turns([turn(use("key", text="Tab"))])
    outcome = await turns.play(suite.calls[0])
    assert outcome.failure_class is FailureClass.BUDGET_EXHAUSTED
    assert len(turns.asked) == 4, "what it wants beyond its acts is not done, and ends it"
    assert data_of(outcome, await events_of(bench))["steps"] == 3


async def test_a_task_may_take_all_of_its_acts(bench: Bench, demo: str) -> None:
    """Without a clause the model says that it is done: it gets to, after the last act."""
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login", max_steps=2))
    tabs = turn(use("key", text="Tab"), use("key", text="Tab"))
    turns = suite.turns([tabs, turn(use("screenshot")), done()])
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, outcome
    assert data_of(outcome, await events_of(bench))["steps"] == 2
    for body in turns.asked[1:]:
        assert isinstance(body, TaskAsk) and last_of(body).endswith(USED_UP)


async def test_a_model_out_of_acts_may_say_that_it_is_not_done(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login", max_steps=1))
    outcome = await suite.play(0, [turn(use("key", text="Tab")), ended("The note is missing.")])
    assert outcome.failure_class is FailureClass.BUDGET_EXHAUSTED


async def test_a_clause_needs_no_word_after_the_last_act(bench: Bench, demo: str) -> None:
    verify = {"type": "url_contains", "value": "/crm/login"}
    document = task("Look", start_url=f"{demo}/crm/login", max_steps=1, verify=verify)
    suite = await suite_of(bench, demo, document)
    turns = suite.turns([turn(use("key", text="Tab"))])
    outcome = await turns.play(suite.calls[0])
    assert outcome.success and len(turns.asked) == 1


async def test_looking_without_end_is_ended(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login", max_steps=2))
    turns = suite.turns([turn(use("find", query="email"))])
    outcome = await turns.play(suite.calls[0])
    assert outcome.failure_class is FailureClass.BUDGET_EXHAUSTED
    assert len(turns.asked) == 14


@pytest.mark.parametrize(
    ("stop", "failure"),
    [("refusal", FailureClass.MODEL_UNAVAILABLE), ("max_tokens", FailureClass.MODEL_UNAVAILABLE)],
)
async def test_answers_that_are_none(
    bench: Bench, demo: str, stop: str, failure: FailureClass
) -> None:
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login"))
    cut = turn(use("key", text="Tab"), stop=stop)
    turns = suite.turns([cut])
    outcome = await turns.play(suite.calls[0])
    assert outcome.failure_class is failure, outcome
    assert len(turns.asked) == (1 if stop == "refusal" else 3)
    assert data_of(outcome, await events_of(bench))["steps"] == 0


async def test_a_cut_answer_is_followed_by_a_whole_one(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login"))
    turns = suite.turns(
        [
            turn(use("key", text="Tab"), stop="max_tokens"),
            turn({"type": "text", "text": "I am thi"}, stop="max_tokens"),
            turn({"type": "text", "text": "…"}, stop="pause_turn"),
            ended(),
        ]
    )
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, outcome
    roles = [one["role"] for one in turns.asked[-1].messages]  # type: ignore[union-attr]
    assert roles == ["user", "assistant"] * 3 + ["user"]


@pytest.mark.parametrize(
    "call",
    [
        use("left_click", target={"type": "coordinate", "x": "left"}),
        use("scroll", scroll_direction="sideways", target={"type": "coordinate", "x": 1, "y": 1}),
        use("no_such_member"),
        own("run_shell", command="id"),
        use("wait", duration=3000),
        use("key", text="NoSuchKey"),
        use("key", text="Tab", repeat=100000),
        use("scroll", scroll_direction="down", scroll_amount=-1,
            target={"type": "coordinate", "x": 1, "y": 1}),
        use("left_click", target={"type": "coordinate", "x": 5000, "y": 1}),
        use("left_click", target={"type": "coordinate", "x": 10, "y": 10}, modifiers="hyper"),
        use("type", text=""),
        use("close_tab", tab_id="tab_none"),
        use("switch_tab", tab_id="tab_none"),
        use("navigate", url="back", tab_id="tab_none"),
        own("request_user_input"),
        {"type": "tool_use", "id": "toolu_x", "name": "key", "toolset_name": "browser",
         "input": "Tab"},
        {"type": "tool_use", "id": "toolu_x", "name": "click", "toolset_name": "computer",
         "input": {}},
    ],
)  # fmt: skip
async def test_calls_that_make_no_sense_are_answered_with_an_error(
    bench: Bench, demo: str, call: dict[str, Any]
) -> None:
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login"))
    turns = suite.turns([turn(call), ended()])
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, outcome
    results = turns.asked[1].messages[-1]["content"]  # type: ignore[union-attr]
    assert isinstance(results, list) and isinstance(results[0], dict)
    assert results[0]["is_error"] is True and results[0]["content"]


async def test_the_user_is_asked_and_the_answer_comes_back_as_the_result(
    bench: Bench, demo: str
) -> None:
    await signed_in(bench, demo)
    suite = await suite_of(
        bench,
        demo,
        task(
            "Ask who is meant and search for them",
            start_url=f"{demo}/crm/contacts",
            verify={"type": "url_contains", "value": "q=Whitfield"},
        ),
    )
    turns = suite.turns(
        [
            turn(
                use("find", query="search"),
                own("request_user_input", prompt="Which contact?"),
                use("get_page_text"),
            ),
            lambda body: turn(
                use("form_input", target=ref_of(body, "searchbox"), value="{{secret.answer.p1.0}}"),
                use("key", text="Enter"),
            ),
            done(),
        ],
        user=["Whitfield"],
    )
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, text_of(turns.asked[-1])  # type: ignore[arg-type]
    asked = next(one for one in turns.asks if one.kind is AskKind.INPUT)
    assert "Which contact?" in asked.prompt and "The model that works on task" in asked.prompt
    second = turns.asked[1]
    assert isinstance(second, TaskAsk)
    assert "The user answered: {{secret.answer.p1.0}}" in last_of(second)
    assert len(second.messages[-1]["content"]) == 3  # type: ignore[arg-type]
    assert turns.written
    assert not any("The user answered: Whitfield" in text for text in turns.written)


async def test_a_model_that_is_away_fails_the_task(bench: Bench, demo: str) -> None:
    suite = await suite_of(bench, demo, task("Look", start_url=f"{demo}/crm/login"))
    turns = suite.turns()
    turns.script = [Away("no connection")]
    outcome = await turns.play(suite.calls[0])
    assert outcome.failure_class is FailureClass.MODEL_UNAVAILABLE
    assert "no connection" in outcome.message


async def test_a_required_session_that_was_never_saved_fails_clearly(
    bench: Bench, demo: str
) -> None:
    suite = await suite_of(
        bench,
        demo,
        task("Look", start_url=f"{demo}/crm/contacts", require_session=True),
    )
    turns = suite.turns([done()])
    outcome = await turns.play(suite.calls[0])
    assert not outcome.success and "needs a saved session" in outcome.message
    assert not turns.asked


async def test_a_saved_session_serves_the_tasks_after(bench: Bench, demo: str) -> None:
    verify = {"type": "page_contains_text", "value": "Signed in as"}
    suite = await suite_of(
        bench,
        demo,
        task(SIGN_IN, start_url=f"{demo}/crm/login", save_session=True, verify=verify),
        task("Look", start_url=f"{demo}/crm/contacts", require_session=True),
    )
    assert (await suite.play(0, [fill, done()])).success
    outcome = await suite.play(1, [done()])
    assert outcome.success and outcome.url.endswith("/crm/contacts")


async def test_a_session_of_a_profile_outlives_its_run(bench: Bench, demo: str) -> None:
    bench.settings.profile_dir("acme", "mine").mkdir(parents=True, exist_ok=True)
    login = task(SIGN_IN, start_url=f"{demo}/crm/login", save_session=True)
    suite = await suite_of(bench, demo, login, profile_id="mine")
    assert (await suite.play(0, [fill, done()])).success
    await bench.session.context.clear_cookies()
    look = task("Look", start_url=f"{demo}/crm/contacts", require_session=True)
    later = await suite_of(bench, demo, look, profile_id="mine")
    outcome = await later.play(0, [done()])
    assert outcome.success and outcome.url.endswith("/crm/contacts"), outcome
    file = bench.settings.profile_dir("acme", "mine") / "mantis-sessions.json"
    assert file.stat().st_mode & 0o077 == 0


async def test_a_download_is_told_of_and_proves_the_task(bench: Bench, demo: str) -> None:
    await signed_in(bench, demo)
    verify = {"type": "download_exists", "value": "contacts.csv"}
    suite = await suite_of(
        bench, demo, task("Export", start_url=f"{demo}/crm/contacts", verify=verify)
    )
    press = [
        turn(use("find", query="export")),
        lambda body: turn(use("left_click", target=ref_of(body, "Export"))),
        done(),
    ]
    assert (await suite.play(0, press)).success
    again = await suite_of(
        bench, demo, task("Export", start_url=f"{demo}/crm/contacts", verify=verify)
    )
    assert not (await again.play(0, [done()])).success


async def test_every_way_of_acting(bench: Bench, demo: str) -> None:
    page = """<!doctype html><title>T</title><body style="height:3000px">
<button id=b ondblclick="said.textContent+=' twice'" oncontextmenu="said.textContent+=' right'"
 onmouseenter="said.textContent+=' over'" onclick="if (event.shiftKey) said.textContent+=' shift'"
 >Press me</button>
<input aria-label=Name><label><input type=checkbox> Agree</label>
<select aria-label=Colour><option>Red<option>Blue</select><p id=said></p>
<h2 style="margin-top:1500px">Far</h2><button>Down here</button></body>"""
    bench.shop.site.pages["/acts"] = page
    url = bench.shop.url("/acts")
    suite = await admitted(bench, [task("Do", start_url=url, max_steps=20)], base_url=url)
    turns = suite.turns(
        [
            turn(use("read_page", filter="all")),
            lambda body: turn(
                use("hover", target=ref_of(body, "Press me")),
                use("double_click", target=ref_of(body, "Press me")),
                use("right_click", target=ref_of(body, "Press me")),
                use("left_click", target=ref_of(body, "Press me"), modifiers="shift"),
            ),
            lambda body: turn(
                use("form_input", target=ref_of(body, "Name"), value="Bo"),
                use("form_input", target=ref_of(body, "Agree"), value=True),
                use("form_input", target=ref_of(body, "Colour"), value="Blue"),
                use("left_click", target=ref_of(body, "Name")),
                use("type", text=" Li"),
            ),
            lambda body: turn(
                use("scroll_to", target=ref_of(body, "Down here")),
                use(
                    "scroll",
                    scroll_direction="up",
                    target={"type": "coordinate", "x": 300, "y": 300},
                ),
                use("new_tab"),
                use("list_tabs"),
            ),
            done(),
        ]
    )
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, text_of(turns.asked[-1])  # type: ignore[arg-type]
    first = bench.session.context.pages[0]
    said = await first.inner_text("#said")
    for one in ("over", "twice", "right", "shift"):
        assert one in said, text_of(turns.asked[-1])  # type: ignore[arg-type]
    assert await first.input_value("input") == "Bo Li"
    assert await first.is_checked("input[type=checkbox]")
    assert await first.input_value("select") == "Blue"
    assert len(bench.session.context.pages) == 2
    assert data_of(outcome, await events_of(bench))["steps"] == 9


async def test_passwords_that_a_model_makes_up_are_secrets_from_then_on(
    bench: Bench, demo: str
) -> None:
    bench.shop.site.pages["/new"] = """<!doctype html><title>T</title>
<label>New password <input type=password oninput="one.textContent=this.value"></label>
<label>Another password <input type=password oninput="two.textContent=this.value"></label>
<p id=one></p><p id=two></p>"""
    url = bench.shop.url("/new")
    suite = await admitted(bench, [task("Set passwords", start_url=url)], base_url=url)
    turns = suite.turns(
        [
            lambda body: turn(
                use("form_input", target=ref_of(body, "New password"), value="made-up-one-1"),
                use("form_input", target=ref_of(body, "Another password"), value="made-up-two-2"),
            ),
            turn(use("get_page_text")),
            done("I chose made-up-one-1 and made-up-two-2."),
        ]
    )
    outcome = await turns.play(suite.calls[0])
    assert outcome.success, outcome
    told = last_of(turns.asked[2])  # type: ignore[arg-type]
    assert "made-up" not in told and told.count("{{secret.typed.") == 2
    assert "made-up" not in outcome.message
    kept = await bench.ledger.secrets.read(bench.run.tenant_id, bench.run.run_id)
    assert {"made-up-one-1", "made-up-two-2"} <= set(map(str, kept.values()))


async def test_places_are_those_of_the_last_picture(bench: Bench, demo: str) -> None:
    bench.shop.site.pages["/place"] = """<!doctype html><title>T</title>
<button style="position:fixed;left:100px;top:100px;width:120px;height:40px"
 onclick="said.textContent='pressed'">Press</button><p id=said></p>"""
    url = bench.shop.url("/place")
    suite = await admitted(bench, [task("Press", start_url=url)], base_url=url)
    click = turn(use("left_click", target={"type": "coordinate", "x": 150, "y": 115}))
    assert (await suite.play(0, [click, done()])).success
    assert await bench.session.page.inner_text("#said") == "pressed"

    async def move() -> None:
        await bench.session.page.evaluate("document.querySelector('button').style.left='900px'")

    suite = await admitted(bench, [task("Press", start_url=url)], base_url=url)
    turns = suite.turns([click, done()], before=lambda _: move())
    assert (await turns.play(suite.calls[0])).success
    assert "not as in the last screenshot" in last_of(turns.asked[1])  # type: ignore[arg-type]
    assert await bench.session.page.inner_text("#said") == ""


async def test_an_act_is_done_once_though_its_worker_dies(bench: Bench, demo: str) -> None:
    await signed_in(bench, demo)
    verify = {"type": "page_contains_text", "value": "Call back on Friday"}
    suite = await suite_of(
        bench, demo, task("Note", start_url=f"{demo}/crm/contacts/3", verify=verify)
    )

    def add(body: TaskAsk) -> TaskTurn:
        return turn(
            use("form_input", target=ref_of(body, "textbox"), value="Call back on Friday"),
            use("left_click", target=ref_of(body, 'button "Add')),
        )

    turns = suite.turns([add, done()])
    first = await turns.turn(turns.request(suite.calls[0]))
    request = await turns.answered(turns.requests[-1], first)
    # The try does all of it, and its worker is lost before it has written anything down.
    records = bench.ledger.rows.record_step

    async def lost(*_: object) -> None:
        raise RuntimeError("the worker is gone")

    bench.ledger.rows.record_step = lost  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await turns.turn(request)
    bench.ledger.rows.record_step = records  # type: ignore[method-assign]
    await bench.lose_worker()
    session = bench.ref()
    outcome = await turns.turn(request.model_copy(update={"again": 1, "session": session}))
    assert outcome.ask is not None, outcome
    outcome = await turns.turn(await turns.answered(turns.requests[-1], outcome))
    assert outcome.success, outcome
    assert "Not done again" in text_of(turns.asked[-1])  # type: ignore[arg-type]
    async with httpx.AsyncClient() as client:
        oracle = (await client.get(f"{demo}/_oracle/crm")).text
    assert oracle.count("Call back on Friday") == 1
