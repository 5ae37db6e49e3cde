"""Opens a pause: what is asked for, a checkpoint of the page, and the ledger's word of it."""

from pydantic import JsonValue
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.browser.capturing import capture
from activities.browser.checkpoint import restorable
from activities.browser.registry import SessionRegistry
from activities.browser.session import BrowserSession
from activities.browser.typed import code_on
from activities.errors import ActivityError, SessionLost
from activities.heartbeats import heartbeats
from activities.steps.values import RunValues, Values
from inference.one_time_code import CodeAsked
from ledger.clock import now_micros
from ledger.errors import SecretUnreadable
from ledger.ledger import Ledger
from ledger.models import NewCheckpoint, NewPause
from plans.placeholders import fill_step, names_in_step
from plans.step import Step
from workflows.interfaces import OPEN_PAUSE, PauseOpened, PauseOpening

EXTERNAL = "external"
ONE_TIME_CODE = "one_time_code"
USER_INPUT = "user_input"
"""Reasons of pauses: from outside, and where the plan names none."""

_LONGEST_PROMPT = 2000
_LONGEST_REASON = 200
_CRASH_NEWS_S = 0.3


class PauseOpener:
    """The activity of a host that pauses a run whose session it holds."""

    def __init__(self, ledger: Ledger, registry: SessionRegistry) -> None:
        self._ledger = ledger
        self._registry = registry
        self._values = RunValues(ledger)

    @activity.defn(name=OPEN_PAUSE)
    async def open_pause(self, opening: PauseOpening) -> PauseOpened:
        """Look at the page, keep a checkpoint of it, and write down that the run is paused.

        The same pause again is written once.

        Raises:
            ApplicationError: (SessionLost, StaleEpoch) this worker can't look at the page any
                more; (SecretUnreadable) the run's secrets can't be read.
        """
        try:
            async with heartbeats():
                return await self._open(opening)
        except (ActivityError, SecretUnreadable) as error:
            kind = type(error).__name__
            raise ApplicationError(str(error), type=kind, non_retryable=True) from error

    async def _open(self, opening: PauseOpening) -> PauseOpened:
        run = opening.run
        session = self._registry.get(opening.session.session_id, opening.session.epoch)
        await session.ready()
        await _refuse_lost(session)
        step = opening.call.step if opening.call else None
        values = await self._values.read(run, names_in_step(step) if step else ())
        asked = await code_on(session.page) if step else None
        checkpoint = await capture(session, values.mask)
        await _refuse_lost(session)
        anchor = None
        if checkpoint is not None:
            anchor = restorable(checkpoint)
            body: dict[str, JsonValue] = checkpoint.model_dump(mode="json")
            kept = NewCheckpoint(body=body, restorable=anchor)
            await self._ledger.checkpoints.write(run.tenant_id, run.run_id, kept)
        new = _pause(opening, values, asked)
        await self._ledger.pauses.open(run.tenant_id, run.run_id, new, now_micros())
        return PauseOpened(anchor=anchor)


async def _refuse_lost(session: BrowserSession) -> None:
    """Refuse to go on where the browser is gone, or the page with its renderer.

    Raises:
        SessionLost: it is.
    """
    crashed = await session.take_crash(0.0)
    if crashed or session.lost.is_set() or session.page.is_closed():
        raise SessionLost("the page or the browser is gone: restore it before the run pauses")


def _pause(opening: PauseOpening, values: Values, asked: CodeAsked | None) -> NewPause:
    mask = values.mask
    if opening.call is None:
        reason = mask.text(opening.reason).strip()
        prompt = f"Paused on request: {reason}" if reason else "Paused on request"
        return NewPause(
            pause_id=opening.pause_id,
            prompt=prompt[:_LONGEST_PROMPT],
            reason=EXTERNAL,
            needs_input=False,
        )
    shown = fill_step(opening.call.step, values.shown)
    if opening.prompt:
        return NewPause(
            pause_id=opening.pause_id,
            prompt=mask.text(opening.prompt)[:_LONGEST_PROMPT],
            reason=ONE_TIME_CODE if asked else USER_INPUT,
            needs_input=True,
            step_index=opening.call.index,
        )
    given = mask.text(shown.params.reason or "").strip()
    reason = given or (ONE_TIME_CODE if asked else USER_INPUT)
    return NewPause(
        pause_id=opening.pause_id,
        prompt=mask.text(prompt_of(shown, asked))[:_LONGEST_PROMPT],
        reason=reason[:_LONGEST_REASON],
        needs_input=True,
        step_index=opening.call.index,
    )


def prompt_of(step: Step, asked: CodeAsked | None) -> str:
    """What the caller is asked: the plan's own words, then the page's; never empty.

    Args:
        step: with its placeholders filled in as anybody may see them.
        asked: what the page says of a one-time code.
    """
    own = (step.params.prompt or "").strip()
    page = _words_of(asked) if asked else ""
    if own or page:
        return "\n".join(filter(None, (own, page)))
    return step.intent.strip() or "The run needs an answer to go on."


def _words_of(asked: CodeAsked) -> str:
    words = f"The page asks for a one-time code ({asked.label})."
    return f"{words} It says: {asked.said}" if asked.said else words
