"""The course of a run: its calls one by one, on a session that may be lost at any time."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from plans.calls import Call, CallKind, Finish, Outcome
from plans.interpreter import Interpreter
from plans.step import FailureClass, HaltClass
from workflows import making, policies
from workflows.activity_errors import error_of, is_lost, outcome_of, quietly, sentence_of
from workflows.asked import FROM_UI, Asked
from workflows.carried import Carried
from workflows.interfaces import PauseOpened, RunKey, RunSpec, StepRequest
from workflows.lease import Lease, NotOpened
from workflows.marks import Marks
from workflows.messages import Opening, SessionRef
from workflows.pausing import Pausing
from workflows.place import SHOWN, TOO_FAR_BACK, Place
from workflows.stopwatch import Stopwatch, now_ms, waited
from workflows.story import Story
from workflows.turns import Turn
from workflows.under_way import UnderWay


class Course:
    """Has the interpreter's calls made until the run ends or needs a new history.

    A call that is lost with its browser is made again under the same key, on the session that
    takes the place of the lost one. Where that one shows an earlier page, the run goes back to
    its state at that page, unless an act was done since that must not happen twice.

    A call that needs an answer leaves off with a question and is made on with its answer, one
    turn further; in between the run may be paused, moved, cancelled and carried over.
    """

    def __init__(
        self,
        run: RunKey,
        spec: RunSpec,
        start: Carried,
        asked: Asked,
        pausing: Pausing,
        story: Story,
    ) -> None:
        if spec.plan is None:
            raise ApplicationError("a run without a plan has no course")
        self._run = run
        self._spec = spec
        self._plan = spec.plan
        self._asked = asked
        self._recoveries = start.recoveries
        self._losses = 0
        self._begun = spec.begun and start.epoch == 0
        self._made = 0
        self.interpreter = Interpreter(spec.plan, spec.limits, start.state)
        self.place = Place(start.anchor, start.acted)
        self.pausing = pausing
        self.lease = Lease(run, spec.profile_id, start.session, start.epoch)
        self.marks = Marks(run, start.marks)
        self.watch = Stopwatch(start.used_ms)
        self.story = story
        self.under_way = UnderWay(run, start.turn, story)

    async def run(self) -> Finish | Carried:
        """Go on to the end of the run, or to the end of this history."""
        if self.lease.epoch and not self.pausing.standing:
            self.watch.start()
        while True:
            try:
                end = await self._advance()
            except asyncio.CancelledError:
                self._heed_the_ui()
                continue
            if end is not None:
                return end

    async def _advance(self) -> Finish | Carried | None:
        if self._asked.to_cancel:
            reason = self._asked.cancelled(FROM_UI).reason
            self.interpreter.cancel(reason or "cancelled by the caller")
        self.interpreter.used(self.watch.used_ms)
        call = self.interpreter.next()
        if isinstance(call, Finish):
            return call
        if self.pausing.standing:
            await self._wait_for_answer()
        elif not self.lease.open:
            await self._acquire()
        elif self.pausing.closed is not None:
            self._resume()
        elif call.kind is CallKind.PAUSE:
            return await self._pause(call, "")
        elif (ask := self.under_way.of_user) is not None:
            prompt = ask.prompt or ask.why or call.step.intent
            return await self._pause(self.under_way.part(call), "", prompt)
        elif self.under_way.question is not None:
            await self._hear()
        elif self._asked.pause is not None and not self._call_is_lost():
            return await self._pause(None, self._asked.pause.reason)
        elif self._history_is_long() and not self._call_is_lost():
            return await self._end_history()
        elif (ask := self.under_way.due) is not None:
            self.under_way.ask(self.under_way.part(call), ask, self._left_ms())
        else:
            await self._make(call)
        return None

    def _heed_the_ui(self) -> None:
        if workflow.cancellation_reason() is None:
            raise asyncio.CancelledError
        self._asked.cancelled(FROM_UI)

    def _left_ms(self) -> int:
        return self._spec.limits.max_time_ms - self.watch.used_ms

    # Sessions

    async def _acquire(self) -> None:
        """Take the first session, or the next one after a loss, a drain or a parking."""
        mending = self.lease.lost or self.lease.leaving
        if self.lease.lost:
            self._recoveries += 1
            if self._recoveries > self._spec.policy.max_recoveries:
                self._give_up(f"the browser was lost {self._recoveries} times")
                return
        first = self.lease.epoch == 0
        if first and not self.story.begun:
            self.story.stands("queued")
        if mending:
            why = "its worker ends" if self.lease.leaving else "the browser or its worker is lost"
            self.marks.set("recovering", f"{why}; the run goes on with another one")
            self.story.stands("recovering", why)
        how = await self.lease.take(lambda: self._asked.to_cancel, None if first else self._left_ms)
        if isinstance(how, NotOpened):
            self._give_up(how.message)
        elif how is None:
            if not self._asked.to_cancel:
                self.interpreter.used(self._spec.limits.max_time_ms)
        else:
            self.watch.start()
            if mending:
                self.marks.set("running", SHOWN[how])
            self.story.stands("running", "" if first else SHOWN[how])
            self._look_at(how)

    def _look_at(self, how: Opening) -> None:
        """Deal with a page that is not the one where the run stood."""
        if how is Opening.RESTORED:
            self.place.misplaced = False
        begun = bool(self.interpreter.state.visits) or self.under_way.turn is not None
        blank = how is Opening.FRESH and begun
        if not blank and how is not Opening.STEPPED_BACK:
            return
        if self.pausing.closed is not None:
            if self.place.acted:
                self.interpreter.halt(HaltClass.OUTCOME_UNKNOWN, TOO_FAR_BACK)
            else:
                self._go_back()
        elif self._call_is_lost():
            self.place.misplaced = True
        else:
            self._go_back()

    def _call_is_lost(self) -> bool:
        """Whether the pending call was begun and nobody knows what became of it."""
        call = self.interpreter.pending()
        asks = call is None or call.kind is CallKind.PAUSE or self.pausing.current is not None
        return self._again() > 0 and not asks

    def _again(self) -> int:
        """How often the pending call was lost; the run before this one may have begun it."""
        return max(self._losses, int(self._begun))

    def _go_back(self) -> None:
        """Do the steps since the last page that can be restored again, if that may be."""
        state = self.place.back(self.interpreter.state)
        if state is None:
            return
        self.interpreter = Interpreter(self._plan, self._spec.limits, state)
        self.pausing.end()
        self.under_way.forget()
        self._losses, self._begun = 0, False

    def _lose(self, what: str) -> None:
        """The pending call, or the opening of a pause, was lost with its session."""
        self.lease.lose()
        self._losses += 1
        if self._losses > self._spec.policy.max_recoveries_of_a_call:
            self._give_up(f"{what} ({self._losses} times at the same step)")

    def _give_up(self, message: str) -> None:
        self.interpreter.halt(HaltClass.BROWSER_LOST, message)

    # Calls

    async def _make(self, call: Call) -> None:
        misplaced, turn = self.place.misplaced, self.under_way.of(call)
        request = StepRequest(
            run=self._run,
            session=self._session(),
            call=turn.of(call),
            perception=self._spec.perception,
            time_left_ms=self._left_ms(),
            again=self._again(),
            stepped_back=misplaced,
            models=self._spec.models,
            progress=turn.progress,
            answer=turn.answer,
            user_input=turn.user_input,
        )
        self.story.makes(request.call, self._again())
        outcome = await self._outcome(making.start(request))
        if self._asked.to_cancel and not outcome.success:
            return
        if outcome.ask is not None:
            self._leave_off(call, turn.asks(outcome), outcome.anchor)
        elif not is_lost(outcome):
            self._take_in(call, outcome)
        elif not (misplaced and outcome.may_go_back):
            self._lose(outcome.message)
            return
        if misplaced:
            self._go_back()

    async def _outcome(self, handle: workflow.ActivityHandle[Outcome]) -> Outcome:
        await self._watch(handle)
        if handle.done():
            return making.outcome(handle)
        handle.cancel()
        return making.LOST

    async def _watch(self, handle: workflow.ActivityHandle[object]) -> None:
        """Wait for a call to end, to be lost with its session, or to be interrupted."""
        quietly(handle)
        try:
            await workflow.wait_condition(
                lambda: handle.done() or self.lease.lost or self._asked.to_cancel
            )
        except asyncio.CancelledError:
            self._heed_the_ui()
        if self._asked.to_cancel and not handle.done():
            handle.cancel()
            await waited(handle.done, lambda: int(policies.INTERRUPTION.total_seconds() * 1000))

    def _take_in(self, call: Call, outcome: Outcome) -> None:
        self._losses, self._begun = 0, False
        self.under_way.forget()
        self._made += 1
        self.interpreter.apply(call, outcome, self.watch.used_ms)
        self.story.made(call, outcome)
        self.place.left(self.interpreter.state, outcome.anchor, outcome.acted)

    def _session(self) -> SessionRef:
        if self.lease.session is None:
            raise ApplicationError("a call was due before a session was open")
        return self.lease.session

    # Turns

    def _leave_off(self, call: Call, turn: Turn, anchor: bool | None) -> None:
        """The call has come to a question; it is made on when the answer is there."""
        self._losses, self._begun, self.under_way.turn = 0, False, turn
        self._made += 1
        self.place.waits(self.interpreter.state, anchor, turn.acted)
        if self.under_way.endless:
            message = f"the step asked {turn.number} times and came to no end"
            failure = FailureClass.BUDGET_EXHAUSTED
            self._take_in(call, Outcome(success=False, failure_class=failure, message=message))

    async def _hear(self) -> None:
        """Wait for the answer; a browser that is lost meanwhile is replaced while it is asked."""
        try:
            await self.under_way.wait(
                lambda: self._asked.to_cancel or not self.lease.open,
                lambda: self._asked.pause is not None,
            )
        except asyncio.CancelledError:
            self._heed_the_ui()
        if self.under_way.question is None or not self.under_way.question.done:
            return
        answer = self.under_way.hear()
        if answer is None:
            self.interpreter.used(self._spec.limits.max_time_ms)
        elif answer.failure == "over_budget":
            message = answer.message or "the run has no money left for a question to a model"
            self.interpreter.halt(HaltClass.MAX_COST_EXCEEDED, message)
        else:
            self.under_way.told(answer)

    # Pauses

    async def _pause(self, call: Call | None, reason: str, prompt: str = "") -> Carried | None:
        """Open a pause; where nobody has answered it meanwhile, wait in a new history."""
        pause = self.pausing.begin(call, reason, prompt)
        handle = self.pausing.open(self._session())
        await self._watch(handle)
        if self._asked.to_cancel:
            return None
        if not handle.done() or handle.cancelled() or handle.exception() is not None:
            self._not_paused(handle)
            return None
        self._losses = 0
        anchor = handle.result().anchor
        self.place.waits(self.interpreter.state, anchor, self.under_way.acted)
        self._asked.pause = None
        self.watch.stop()
        self.pausing.stand()
        self.story.pauses(pause)
        if self.pausing.answered:
            return None
        return await self._end_history(self._spec.policy.pause_hold_s)

    def _not_paused(self, handle: workflow.ActivityHandle[PauseOpened]) -> None:
        """The pause could not be opened: once more on another session, where that may help."""
        fault = sentence_of(handle)
        if fault and not is_lost(outcome_of(error_of(handle))):
            self.interpreter.halt(HaltClass.INTERNAL_ERROR, fault)
            return
        handle.cancel()
        self._lose(fault or making.LOST.message)

    async def _wait_for_answer(self) -> None:
        pause = self.pausing.current
        if pause is None:
            raise ApplicationError("the run waits for an answer to no pause")
        self.story.pauses(pause)
        over_ms = pause.since_ms + self._spec.policy.max_pause_ms
        timer = f"the last moment for an answer to pause {pause.pause_id}"
        if not await waited(self._may_go_on, lambda: over_ms - now_ms(), timer):
            if not self.pausing.answered:
                self.interpreter.halt(HaltClass.TIMEOUT, "nobody answered the pause in its time")
                return
            await workflow.wait_condition(lambda: self._may_go_on() or not self.pausing.answered)
        if self.pausing.closed is not None:
            self.pausing.standing = False
            self.watch.start()
            self.story.stands("running", f"{pause.pause_id} was answered")

    def _may_go_on(self) -> bool:
        return self.pausing.closed is not None or self._asked.to_cancel

    def _resume(self) -> None:
        """The answer is there, and so is the page."""
        pause, closed = self.pausing.current, self.pausing.closed
        self.pausing.end()
        if pause is None or pause.call is None or closed is None:
            return
        if pause.prompt:
            self.under_way.heard(closed.answer)
        else:
            self._take_in(pause.call, Outcome(success=True, truth=closed.truth))

    # Histories

    def _history_is_long(self) -> bool:
        most = self._spec.policy.calls_per_history
        return self._made >= most or workflow.info().is_continue_as_new_suggested()

    async def _end_history(self, hold_s: float = policies.BETWEEN_HISTORIES_S) -> Carried | None:
        """Leave the session to its holder and go on in a new history, or here if that can't be."""
        await self.lease.park(hold_s)
        await self.marks.sent()
        if self._asked.to_cancel or self.pausing.answered:
            return None
        if not workflow.all_handlers_finished():
            return None
        return self._carried()

    def _carried(self) -> Carried:
        return Carried(
            state=self.interpreter.state,
            anchor=self.place.anchor,
            acted=self.place.acted,
            session=self.lease.previous,
            epoch=self.lease.epoch,
            recoveries=self._recoveries,
            marks=self.marks.number,
            used_ms=self.watch.used_ms,
            pauses=self.pausing.count,
            pause=self.pausing.current if self.pausing.standing else None,
            pause_request=self._asked.pause,
            cancel=self._asked.cancel,
            turn=self.under_way.turn,
        )
