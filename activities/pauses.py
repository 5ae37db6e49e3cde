"""What PlanRun writes into the ledger on its way: phases, and the end of a pause."""

from pydantic import JsonValue
from temporalio import activity
from temporalio.exceptions import ApplicationError

from ledger.clock import now_micros
from ledger.errors import UnknownPause
from ledger.ledger import Ledger
from ledger.models import Document, NewPhase, PauseAnswer, Phase
from plans.answers import SIGNALLED, answer_name, fingerprint_of
from plans.calls import Outcome
from plans.placeholders import USER_INPUT, reference
from plans.state import truth_of
from workflows.interfaces import (
    CLOSE_PAUSE,
    MARK_PHASE,
    Nothing,
    PauseClosed,
    PauseClosing,
    PhaseMark,
    RunKey,
)


class PauseActivities:
    """Writes marks and answers; no browser is touched here."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @activity.defn(name=MARK_PHASE)
    async def mark_phase(self, mark: PhaseMark) -> Nothing:
        """Set what a poll shows, with a line in the log; the same mark again changes nothing."""
        phase = Phase.RECOVERING if mark.phase == "recovering" else Phase.RUNNING
        new = NewPhase(number=mark.number, phase=phase, message=mark.message)
        await self._ledger.runs.mark_phase(*_key(mark.run), new, now_micros())
        return Nothing()

    @activity.defn(name=CLOSE_PAUSE)
    async def close_pause(self, closing: PauseClosing) -> PauseClosed:
        """Write down that a pause was answered; once, the same answer comes back again.

        The answer stays among the run's secrets: variables hold a reference to it, and only
        its truth goes back.

        Raises:
            ApplicationError: the run has no such pause.
        """
        name, value = await self._answer(closing)
        outcome = Outcome(success=True, truth=True if name is None else truth_of(value))
        call = None if closing.in_turns else closing.call
        answer = PauseAnswer(
            pause_id=closing.pause_id,
            answer_name=name or "",
            fingerprint=fingerprint_of(name or ""),
            variables=_variables(closing, name),
            call_key=None if call is None else call.key,
            outcome=outcome.model_dump(mode="json", exclude_defaults=True),
        )
        try:
            pause = await self._ledger.pauses.answer(*_key(closing.run), answer, now_micros())
        except UnknownPause as unknown:
            raise ApplicationError(str(unknown), type="UnknownPause", non_retryable=True) from None
        at = now_micros() if pause.answered_at is None else pause.answered_at
        truth = outcome.truth is True
        return PauseClosed(truth=truth, resumed_at_ms=at // 1000, answer=name or "")

    async def _answer(self, closing: PauseClosing) -> tuple[str | None, JsonValue]:
        """The answer by name and value; one that came by signal is put among the secrets."""
        if closing.answer:
            secrets = await self._ledger.secrets.read(*_key(closing.run))
            return closing.answer, secrets.get(closing.answer)
        if closing.user_input is None:
            return None, None
        name = answer_name(closing.pause_id, SIGNALLED)
        await self._ledger.secrets.add(*_key(closing.run), name, closing.user_input)
        return name, closing.user_input


def _variables(closing: PauseClosing, name: str | None) -> Document:
    if name is None or closing.in_turns:
        return {}
    names = {USER_INPUT}
    if closing.call is not None and closing.call.step.out_var is not None:
        names.add(closing.call.step.out_var)
    return {variable: reference(name) for variable in sorted(names)}


def _key(run: RunKey) -> tuple[str, str]:
    return run.tenant_id, run.run_id
