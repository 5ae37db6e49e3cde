"""Steps on a real session: its holder, its Chromium, the ledger, and a shop that counts."""

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import ssl
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import JsonValue
from temporalio.testing import ActivityEnvironment

from activities.browser.checkpoint import Checkpoint
from activities.browser.holding import Holding
from activities.browser.registry import SessionRegistry
from activities.browser.restoring import restore, take_over
from activities.browser.session import BrowserSession, PlaywrightDriver
from activities.holder.client import HolderClient, start_holder
from activities.holder.messages import HolderSpec, journal_path
from activities.settings import ActivitySettings
from activities.steps.acts import Acts
from activities.steps.masking import Mask
from activities.steps.runner import CODE, StepRunner
from inference.cascade import Cascade
from inference.dom.tier import DomTier
from inference.guarded import Guard
from ledger.clock import now_micros
from ledger.gates import Gate
from ledger.ledger import Ledger
from ledger.models import Ending, Limits, NewRun, RunStatus
from ledger.vault import Keyring, new_key
from plans.calls import Call, CallKind, Outcome
from plans.step import HaltClass, Perception, Section, Step
from tests.activities.browser.conftest import Site, Visit
from workflows.interfaces import RunKey, StepRequest
from workflows.messages import Opening, SessionRef

_NUMBERS = itertools.count()

FORM = """<!doctype html><title>Shop</title><h1>Order a boat</h1>
<form method=post action=/order><label>Name <input name=name></label>
<button>Place order</button></form>"""
DONE = "<!doctype html><title>Shop</title><h1>Thank you</h1><p>Order 7 is placed</p>"


@dataclass
class Shop:
    """A site with an order form; `answer` is what becomes of an order.

    A status, or `leave` (the order arrives, and after a while the site hangs up), or `show`
    (the order is answered with a page of its own, without a redirect).
    """

    site: Site
    scheme: str = "http"
    answer: int | str = 303
    slow_s: float = 0.0
    orders: list[str] = field(default_factory=list[str])
    came: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/form") -> str:
        return f"{self.scheme}://127.0.0.1:{self.site.port}{path}"

    async def order(self, visit: Visit) -> None:
        self.orders.append(visit.body)
        self.came.set()
        await asyncio.sleep(self.slow_s)
        match self.answer:
            case "leave":
                await self.left.wait()
            case "show":
                await visit.answer(DONE)
            case 303:
                await visit.answer(status=303, headers={"Location": "/thanks"})
            case int(status):
                await visit.answer(f"<h1>Error {status}</h1>", status=status)
            case other:
                raise AssertionError(other)


@dataclass
class Bench:
    """A run on a session, whose worker and browser can be lost."""

    ledger: Ledger
    registry: SessionRegistry
    runner: StepRunner
    driver: PlaywrightDriver
    settings: ActivitySettings
    shop: Shop
    run: RunKey
    spec: HolderSpec
    holder: HolderClient
    session: BrowserSession

    def ref(self) -> SessionRef:
        return SessionRef(
            session_id=self.session.session_id,
            host_queue="host",
            machine_queue="machine",
            epoch=self.session.epoch,
        )

    def call(self, step: dict[str, JsonValue], **where: JsonValue) -> Call:
        values: dict[str, JsonValue] = {"kind": CallKind.STEP, "index": 0, "section": Section.SETUP}
        return Call.model_validate(values | where | {"step": step})

    async def do(
        self,
        call: Call,
        again: int = 0,
        *,
        stepped_back: bool = False,
        perception: Perception = Perception.AUTO,
    ) -> Outcome:
        """Have a call done as the workflow does."""
        request = StepRequest(
            run=self.run,
            session=self.ref(),
            call=call,
            perception=perception,
            time_left_ms=60_000,
            again=again,
            stepped_back=stepped_back,
        )
        code = CODE[call.step.type]

        async def activity(request: StepRequest) -> Outcome:
            return await self.runner.run(request, code)

        return await ActivityEnvironment().run(activity, request)

    async def open(self, path: str = "/form") -> None:
        """Navigate there in a step, so that there is a checkpoint of it."""
        url = self.shop.url(path)
        step: dict[str, JsonValue] = {"intent": f"Open {url}", "type": "navigate"}
        outcome = await self.do(self.call(step, index=9, visit=next(_NUMBERS)))
        assert outcome.success, outcome

    async def claim(self, call: Call, *, sign_in: bool = False) -> None:
        """What a try does before its act, up to the moment before the act itself."""
        acts = Acts(self.session, self.ledger, self.run, call, call.step, Mask({}))
        kind = "sign_in" if sign_in else "act"
        url = self.shop.url("/order")
        await acts.take(Guard(kind=kind, method="POST", url=url, what="Place order"))

    async def interrupt(self, call: Call) -> None:
        """A try that ends without a word as soon as its order has arrived at the shop."""
        trying = asyncio.create_task(self.do(call))
        await asyncio.wait_for(self.shop.came.wait(), 60)
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)

    async def lose_worker(self) -> None:
        """The worker dies; the next one adopts the session."""
        await self.session.detach()
        hello = await self.holder.adopt(self.session.epoch + 1)
        await self._attach()
        assert hello.epoch == self.session.epoch
        newest = (await self.ledger.checkpoints.read(*_names(self.run))).newest
        if newest is not None:
            await take_over(self.session, Checkpoint.model_validate(newest))

    async def lose_browser(self) -> None:
        """Holder and browser die; a new browser is brought to the newest checkpoint."""
        old = await self.holder.hello()
        os.kill(old.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(old.chrome_pid, signal.SIGKILL)
        await self.session.detach()
        self.spec, self.holder = await _start(self.settings, self.shop)
        await self._attach()
        await self._restore()

    async def lose_page(self) -> None:
        """The page crashes; a new one of the same browser is brought to the newest checkpoint."""
        await self._restore()
        self.session.how = Opening.RESTORED

    async def _restore(self) -> None:
        newest = (await self.ledger.checkpoints.read(*_names(self.run))).newest
        assert newest is not None
        secrets = await self.ledger.secrets.read(*_names(self.run))
        checkpoint = Checkpoint.model_validate(newest)
        restored = await restore(self.session, checkpoint, secrets, timeout_s=30)
        assert restored.success, restored

    async def go_on_as_another_run(self) -> None:
        """The run fails, its journals go, and a new one goes on from it in a new browser."""
        row = await self.ledger.runs.get(*_names(self.run))
        assert row is not None
        ending = Ending(status=RunStatus.FAILED, halt_class=HaltClass.BROWSER_LOST, state={})
        await self.ledger.runs.finish(*_names(self.run), ending, now_micros())
        await _admit(self, next(_NUMBERS), row.state_key, resume=True)
        old = journal_path(self.settings.data_dir / "journals", self.session.session_id)
        await self.lose_browser()
        old.unlink()

    async def _attach(self) -> None:
        self.session = await _attach(self.driver, self.settings, self.spec, self.holder)
        self.registry.add(self.session)


def _names(run: RunKey) -> tuple[str, str]:
    return run.tenant_id, run.run_id


async def _start(settings: ActivitySettings, shop: Shop) -> tuple[HolderSpec, HolderClient]:
    session_id = f"s{next(_NUMBERS)}"
    folder = settings.sessions_dir / session_id
    spec = HolderSpec(
        session_id=session_id,
        session_dir=folder,
        profile_dir=folder / "profile",
        socket_path=settings.runtime_dir / f"{session_id}.sock",
        journals_dir=settings.data_dir / "journals",
        throwaway_profile=True,
        chrome_path=settings.chrome_path,
        allow_private_hosts=("127.0.0.1:*", "localhost:*"),
        ttl_s=120,
        linger_s=1,
    )
    return spec, await start_holder(spec)


async def _attach(
    driver: PlaywrightDriver,
    settings: ActivitySettings,
    spec: HolderSpec,
    holder: HolderClient,
) -> BrowserSession:
    hello = await holder.hello()
    holding = Holding(holder, hello, settings.data_dir / "journals")
    return await BrowserSession.attach(
        driver, hello.cdp_url, spec.session_id, hello.epoch, spec.session_dir, holding
    )


@contextlib.asynccontextmanager
async def opening(
    folder: Path, tls: ssl.SSLContext | None = None, chrome_path: Path | None = None
) -> AsyncGenerator[Bench]:
    """A session on a shop, with or without TLS."""
    runtime = Path(tempfile.mkdtemp(prefix="mt-"))
    settings = ActivitySettings(data_dir=folder, runtime_dir=runtime, chrome_path=chrome_path)
    ledger = await Ledger.open(
        f"sqlite+aiosqlite:///{folder}/ledger.db", keyring=Keyring([new_key()])
    )
    site = Site()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(site.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    shop = Shop(site, "http" if tls is None else "https")
    spec, holder = await _start(settings, shop)
    driver, registry = PlaywrightDriver(), SessionRegistry()
    session = await _attach(driver, settings, spec, holder)
    registry.add(session)
    runner = StepRunner(ledger, registry, Cascade((DomTier(),)), settings)
    run = RunKey(tenant_id="acme", run_id="")
    bench = Bench(ledger, registry, runner, driver, settings, shop, run, spec, holder, session)
    try:
        yield bench
    finally:
        await bench.session.detach()
        await bench.holder.close()
        await driver.stop()
        await ledger.close()
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shutil.rmtree(runtime, ignore_errors=True)


async def fresh(bench: Bench) -> Bench:
    """The same session for a new run, at an empty page of a shop without orders."""
    number = next(_NUMBERS)
    await _admit(bench, number, f"{number}")
    shop = Shop(bench.shop.site, bench.shop.scheme)
    shop.site.pages = {"/form": FORM, "/thanks": DONE, "/order": shop.order}
    bench.shop = shop
    await bench.holder.renew(bench.session.epoch)
    await bench.session.ready()
    await bench.session.page.goto("about:blank")
    return bench


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """The session that the tests of a module share; a test that kills it leaves another."""
    async with opening(tmp_path_factory.mktemp("steps")) as bench:
        yield bench


@pytest_asyncio.fixture(loop_scope="module")
async def bench(opened: Bench) -> Bench:
    """A fresh run on the shared session, at an empty page."""
    return await fresh(opened)


async def admitted(bench: Bench, plan: JsonValue) -> None:
    """Go on as a fresh run of this plan, on the same session."""
    number = next(_NUMBERS)
    await _admit(bench, number, f"{number}", plan=plan)


async def _admit(
    bench: Bench,
    number: int,
    state_key: str,
    *,
    resume: bool = False,
    plan: JsonValue = None,
) -> None:
    bench.run = RunKey(tenant_id="acme", run_id=f"20260101_000000_{number:08x}")
    new = NewRun(
        tenant_id=bench.run.tenant_id,
        run_id=bench.run.run_id,
        plan=plan or {"steps": []},
        plan_name="",
        payload={},
        signature="ab",
        state_key=state_key,
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1, max_time_ms=60_000, max_run_steps=10),
        created_at=1_000_000 + number,
    )
    await bench.ledger.runs.admit(new, Gate(resume_state=resume))


def step_of(intent: str, kind: str = "click", **fields: JsonValue) -> dict[str, JsonValue]:
    """A step as a plan writes it."""
    step: dict[str, JsonValue] = {"intent": intent, "type": kind}
    Step.model_validate(step | fields)
    return step | fields
