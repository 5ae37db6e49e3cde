"""What opening a pause looks for, asks and keeps."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Route
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.browser.checkpoint import Checkpoint
from activities.browser.registry import SessionRegistry
from activities.browser.session import BrowserSession, PlaywrightDriver
from activities.holder.client import start_holder
from activities.holder.messages import HolderSpec
from activities.steps.pausing import PauseOpener, prompt_of
from inference.one_time_code import CodeAsked
from ledger.ledger import Ledger
from ledger.models import Limits, NewRun, PauseRow, RunStatus
from ledger.vault import Keyring, new_key
from plans.calls import Call, CallKind
from plans.step import Params, Perception, Section, Step, StepType
from workflows.interfaces import PauseOpened, PauseOpening, RunKey
from workflows.messages import SessionRef

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

RUN = RunKey(tenant_id="acme", run_id="20260101_000000_0000abcd")
KEYRING = Keyring((new_key(),))
CODE = """<!doctype html><h1>Check your inbox</h1>
<p>We sent a 6-digit code to demo@harbor.test. Your password is not hunter22.</p>
<form method=post><label>6-digit code <input name=code maxlength=6></label>
<label>Town <input name=town></label><button>Verify</button></form>"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrowserSession]:
    folder = tmp_path_factory.mktemp("b")
    holder = await start_holder(
        HolderSpec(
            session_id="s1",
            session_dir=folder / "session",
            profile_dir=folder / "profile",
            socket_path=folder / "s.sock",
            throwaway_profile=True,
            ttl_s=600,
        )
    )
    driver = PlaywrightDriver()
    hello = await holder.hello()
    session = await BrowserSession.attach(
        driver, hello.cdp_url, "s1", hello.epoch, folder / "session"
    )

    async def answer(route: Route) -> None:
        await route.fulfill(body=CODE, content_type="text/html")

    await session.context.route("http://site.test/**", answer)
    yield session
    await session.detach()
    await driver.stop()
    await holder.close()


@pytest_asyncio.fixture(loop_scope="module")
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db", keyring=KEYRING)
    await ledger.runs.admit(
        NewRun(
            tenant_id=RUN.tenant_id,
            run_id=RUN.run_id,
            plan={"steps": []},
            plan_name="",
            payload={"inputs": {"email": "demo@harbor.test", "password": "{{secret.1}}"}},
            signature="ab",
            state_key="ab",
            profile_id=None,
            perception=Perception.AUTO,
            limits=Limits(max_cost_micro=1_000_000, max_time_ms=60_000, max_run_steps=100),
            created_at=1_000_000,
            secrets={"secret.1": "hunter22"},
        )
    )
    yield ledger
    await ledger.close()


class Pausing:
    def __init__(self, browser: BrowserSession, ledger: Ledger) -> None:
        registry = SessionRegistry()
        registry.add(browser)
        self.browser = browser
        self.ledger = ledger
        self.opener = PauseOpener(ledger, registry)

    async def open(
        self, params: Params | None, *, pause_id: str = "p1", reason: str = "", later: int = 0
    ) -> PauseOpened:
        call = None
        if params is not None:
            step = Step(intent="Ask", type=StepType.REQUEST_USER_INPUT, params=params)
            call = Call(kind=CallKind.PAUSE, index=4, step=step, section=Section.SETUP)
        opening = PauseOpening(
            run=RUN,
            session=SessionRef(
                session_id="s1",
                host_queue="h",
                machine_queue="m",
                epoch=self.browser.epoch + later,
            ),
            pause_id=pause_id,
            call=call,
            reason=reason,
        )
        return await ActivityEnvironment().run(self.opener.open_pause, opening)

    async def opened(self) -> PauseRow:
        row = await self.ledger.pauses.newest(RUN.tenant_id, RUN.run_id)
        assert row is not None
        return row

    async def kept(self) -> Checkpoint:
        kept = await self.ledger.checkpoints.read(RUN.tenant_id, RUN.run_id)
        return Checkpoint.model_validate(kept.newest)


@pytest.fixture
def pausing(browser: BrowserSession, ledger: Ledger) -> Pausing:
    return Pausing(browser, ledger)


async def test_a_code_is_asked_for_in_the_plan_s_words_and_in_the_page_s(
    pausing: Pausing,
) -> None:
    page = pausing.browser.page
    await page.goto("http://site.test/code")
    await page.fill("[name=code]", "246")
    await page.fill("[name=town]", "Oslo")

    prompt = "The code for {{email}} ({{password}}), please"
    opened = await pausing.open(Params(prompt=prompt))

    assert opened == PauseOpened(anchor=True)
    row = await pausing.opened()
    assert row.prompt == (
        "The code for demo@harbor.test (***), please\n"
        "The page asks for a one-time code (6-digit code). "
        "It says: We sent a 6-digit code to demo@harbor.test. Your password is not ***."
    )
    assert (row.reason, row.needs_input, row.step_index) == ("one_time_code", True, 4)
    run = await pausing.ledger.runs.get(RUN.tenant_id, RUN.run_id)
    assert run is not None and run.status is RunStatus.PAUSED
    kept = await pausing.kept()
    assert kept.tab.url == "http://site.test/code"
    assert [field.value for field in kept.tab.frames[0].fields] == ["Oslo"]


async def test_a_page_that_came_by_post_is_no_anchor(pausing: Pausing) -> None:
    await pausing.browser.page.goto("http://site.test/code")
    await pausing.browser.page.click("button")
    await pausing.browser.page.wait_for_load_state()
    opened = await pausing.open(Params(reason="asked_by_me"))
    assert opened == PauseOpened(anchor=False)
    row = await pausing.opened()
    assert row.reason == "asked_by_me"
    assert row.prompt.startswith("The page asks for a one-time code")
    again = await pausing.open(Params(reason="another"))
    assert again == opened
    assert await pausing.opened() == row


async def test_without_a_code_the_plan_s_words_stand_alone(pausing: Pausing) -> None:
    await pausing.browser.page.goto("about:blank")
    await pausing.open(Params(prompt="Which boat?"))
    row = await pausing.opened()
    assert (row.prompt, row.reason) == ("Which boat?", "user_input")
    await pausing.open(Params(), pause_id="p2")
    assert (await pausing.opened()).prompt == "Ask"


async def test_a_pause_from_outside_needs_no_input(pausing: Pausing) -> None:
    await pausing.open(None, reason="because of hunter22")
    row = await pausing.opened()
    assert (row.prompt, row.reason) == ("Paused on request: because of ***", "external")
    assert (row.needs_input, row.step_index) == (False, None)
    await pausing.open(None, pause_id="p2")
    row = await pausing.opened()
    assert (row.prompt, row.reason) == ("Paused on request", "external")


async def test_a_lost_session_is_told_by_the_error_s_type(pausing: Pausing) -> None:
    for later, kind in ((1, "SessionLost"), (-1, "StaleEpoch")):
        with pytest.raises(ApplicationError) as raised:
            await pausing.open(Params(), later=later)
        assert (raised.value.type, raised.value.non_retryable) == (kind, True)
    assert await pausing.ledger.pauses.newest(RUN.tenant_id, RUN.run_id) is None


def shown(**params: str) -> Step:
    return Step(intent="", type=StepType.REQUEST_USER_INPUT, params=Params(**params))


@pytest.mark.parametrize(
    ("step", "asked", "prompt"),
    [
        (shown(), None, "The run needs an answer to go on."),
        (shown(prompt=" "), None, "The run needs an answer to go on."),
        (shown(prompt="Who?"), None, "Who?"),
        (
            shown(),
            CodeAsked(label="Code"),
            "The page asks for a one-time code (Code).",
        ),
    ],
)
async def test_a_prompt_is_never_empty(step: Step, asked: CodeAsked | None, prompt: str) -> None:
    assert prompt_of(step, asked) == prompt
