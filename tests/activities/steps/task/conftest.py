"""A suite's tasks on a real session: the demo CRM, and a model that is scripted."""

import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from pydantic import JsonValue

from inference.asking import AskBody, Reply, TaskAsk, TaskTurn
from ledger.gates import Gate
from ledger.models import Limits, NewRun
from plans.calls import Call, Outcome
from plans.example.marketplace import create_app
from plans.secrets import take_out
from plans.step import Perception, Section, TierName
from plans.suite import TaskSuite
from plans.suite_plan import as_plan
from tests.activities.steps.conftest import Bench, fresh, opening
from tests.activities.steps.turns import Turns
from workflows.interfaces import RunKey

_NUMBERS = itertools.count(5000)

Document = dict[str, Any]
CLAUDE = (TierName.CLAUDE,)


@pytest.fixture(scope="session")
def demo() -> Iterator[str]:
    """The demo site, with the CRM, on a port of its own."""
    config = uvicorn.Config(create_app(7), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """The session that the tests of a module share."""
    async with opening(tmp_path_factory.mktemp("task")) as bench:
        yield bench


@pytest_asyncio.fixture(loop_scope="module")
async def bench(opened: Bench, demo: str) -> Bench:
    """A fresh session, cookies gone, and the CRM as it was at first."""
    bench = await fresh(opened)
    await bench.session.context.clear_cookies()
    for page in bench.session.context.pages[1:]:
        await page.close()
    async with httpx.AsyncClient() as client:
        (await client.post(f"{demo}/_oracle/reset")).raise_for_status()
    return bench


@dataclass
class Suite:
    """A suite that was admitted as a run, and its tasks as calls."""

    bench: Bench
    document: Document
    calls: list[Call] = field(default_factory=list[Call])

    def turns(
        self, script: Sequence["Line"] = (), *, models: tuple[TierName, ...] = CLAUDE, **more: Any
    ) -> Turns:
        return Turns(self.bench, [*map(_line, script)], models=models, **more)

    async def play(self, index: int, script: Sequence["Line"], **more: Any) -> Outcome:
        return await self.turns(script, **more).play(self.calls[index])


Line = Reply | Callable[[TaskAsk], Reply]


def _line(line: Line) -> Callable[[AskBody], Reply]:
    def answer(body: AskBody) -> Reply:
        assert isinstance(body, TaskAsk)
        return line(body) if callable(line) else line

    return answer


async def admitted(
    bench: Bench,
    tasks: Sequence[Document],
    *,
    base_url: str,
    auth: Document | None = None,
    inputs: Document | None = None,
    allowed_hosts: tuple[str, ...] = (),
    profile_id: str | None = None,
) -> Suite:
    """Admit a suite as the API does: secrets out, references in."""
    suite: Document = {"session_name": "crm", "base_url": base_url, "tasks": list(tasks)}
    if auth is not None:
        suite["auth"] = auth
    taken = take_out({"task_suite": suite, "inputs": inputs or {}})
    document = taken.body["task_suite"]
    assert isinstance(document, dict)
    number = next(_NUMBERS)
    bench.run = RunKey(tenant_id="acme", run_id=f"20260101_000000_{number:08x}")
    new = NewRun(
        tenant_id=bench.run.tenant_id,
        run_id=bench.run.run_id,
        plan=document,
        plan_name="",
        payload={"inputs": taken.body.get("inputs", {})},
        signature="ab",
        state_key=f"{number}",
        profile_id=profile_id,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1, max_time_ms=60_000, max_run_steps=10),
        created_at=1_000_000 + number,
        allowed_hosts=allowed_hosts,
        secrets=taken.secrets,
    )
    await bench.ledger.runs.admit(new, Gate(resume_state=False))
    steps = as_plan(TaskSuite.model_validate(document)).steps
    calls = [
        Call.model_validate(
            {"kind": "step", "index": index, "section": Section.SETUP, "step": step}
        )
        for index, step in enumerate(steps)
    ]
    return Suite(bench, document, calls)


def task(intent: str, **fields: Any) -> Document:
    """A task of a suite."""
    return {"task_id": "t1", "intent": intent, "max_steps": 8, **fields}


def turn(*content: Document, stop: str = "tool_use") -> TaskTurn:
    """An answer of the model."""
    return TaskTurn(content=content, stop_reason=stop)


def use(name: str, call_id: str = "", **given: JsonValue) -> Document:
    """A call of a member of the browser's toolset."""
    return {
        "type": "tool_use",
        "id": call_id or f"toolu_{next(_NUMBERS)}",
        "name": name,
        "toolset_name": "browser",
        "input": given,
    }


def own(name: str, **given: JsonValue) -> Document:
    """A call of a tool of ours."""
    return {"type": "tool_use", "id": f"toolu_{next(_NUMBERS)}", "name": name, "input": given}


def ref(name: str) -> Document:
    """A target by reference."""
    return {"type": "ref", "ref": name}


def ref_of(body: TaskAsk, *words: str) -> Document:
    """The newest reference of a line that says all of these words."""
    for line in reversed(text_of(body).splitlines()):
        if "[ref_" in line and all(word in line for word in words):
            return ref(line.rpartition("[")[2].rstrip("]"))
    raise AssertionError(f"no reference for {words} in\n{text_of(body)}")


def text_of(body: TaskAsk) -> str:
    """All that the model was told and shown in words."""
    return "\n".join(_texts([dict(one) for one in body.messages]))


def last_of(body: TaskAsk) -> str:
    """What the newest message says."""
    return "\n".join(_texts(body.messages[-1].get("content")))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        content = value.get("content")
        if isinstance(content, str):
            yield content
        else:
            yield from _texts(content)


def done(summary: str = "It is done.") -> TaskTurn:
    """The model says that the task is done."""
    return turn(own("task_done", summary=summary))


def ended(text: str = "Done.") -> TaskTurn:
    """The model ends its turn."""
    return turn({"type": "text", "text": text}, stop="end_turn")
