"""The question that a call waits for: asked of its model, in the pool of that tier."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority

from plans.calls import Ask, Call
from plans.step import TierName
from workflows import interfaces, policies
from workflows.activity_errors import is_late, quietly, sentence_of
from workflows.interfaces import ModelRequest, RunKey
from workflows.stopwatch import waited
from workflows.turns import ModelAnswer

_POOLS: dict[TierName, tuple[str, str]] = {
    TierName.HOLO3: (interfaces.PERCEIVE, interfaces.PERCEPTION_QUEUE),
    TierName.CLAUDE: (interfaces.REASON, interfaces.REASONING_QUEUE),
}
"""Activity and task queue of each model tier."""


class Question:
    """One question that is being asked; it goes on whatever becomes of the run's browser."""

    def __init__(self, tier: TierName, handle: workflow.ActivityHandle[ModelAnswer]) -> None:
        self._tier: TierName = tier
        self._handle = quietly(handle)

    @property
    def done(self) -> bool:
        """Whether the asking is over."""
        return self._handle.done()

    def answer(self) -> ModelAnswer | None:
        """What came of it; None: the run's time was over before. A fault counts as no model."""
        handle = self._handle
        if not handle.cancelled() and handle.exception() is None:
            return handle.result()
        if is_late(handle):
            return None
        why = sentence_of(handle) or "the question was lost"
        return unanswered(self._tier, why)

    def drop(self) -> None:
        """Nobody waits for the answer any more: have its request ended."""
        if not self._handle.done():
            self._handle.cancel()

    async def withdrawn(self) -> bool:
        """Have its request ended, to be asked again; False where its answer came all the same."""
        self.drop()
        await waited(self._handle.done, lambda: _ms(policies.WITHDRAWING))
        if not self._handle.done() or self._handle.cancelled():
            return True
        return self._handle.exception() is not None

    async def settled(self) -> None:
        """Give a question that was dropped a moment to write down what it cost."""
        await waited(self._handle.done, lambda: _ms(policies.SETTLING))


def ask(run: RunKey, call: Call, question: Ask, time_left_ms: int) -> Question | ModelAnswer:
    """Have a question asked, for as long as the run has time; of no model, that there is none.

    A worker that takes its time is back-pressure, no fault: only the run's time ends the wait.
    """
    tier = question.tier
    if tier is None or tier not in _POOLS:
        return unanswered(tier or TierName.CLAUDE, "no model of that name can be asked")
    name, queue = _POOLS[tier]
    handle = workflow.start_activity(
        name,
        ModelRequest(run=run, call=call, ask=question, time_left_ms=time_left_ms),
        result_type=ModelAnswer,
        task_queue=queue,
        schedule_to_close_timeout=timedelta(milliseconds=max(time_left_ms, 1)),
        start_to_close_timeout=policies.MODEL_TIMEOUT,
        heartbeat_timeout=policies.HEARTBEAT,
        retry_policy=policies.MODEL_RETRY,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        priority=Priority(fairness_key=interfaces.fairness_key(run.tenant_id)),
        summary=f"{call.index}, turn {call.turn + 1}: {told(question)}"[:120],
    )
    return Question(tier, handle)


def told(question: Ask) -> str:
    """The question in one sentence, for people; it names the model."""
    return question.why or f"{question.tier or 'the user'} is asked"


def unanswered(tier: TierName, why: str) -> ModelAnswer:
    """The model can't be had."""
    return ModelAnswer(tier=tier, failure="unavailable", message=why)


def _ms(time: timedelta) -> int:
    return int(time.total_seconds() * 1000)
