"""The plan as a state machine: what is to be done next, and what an outcome changes."""

from typing import assert_never

from plans.calls import Call, CallKind, Finish, Outcome
from plans.conclusion import conclude
from plans.guard import Guard
from plans.halts import HALT_OF, SITE_AWAY
from plans.judge import Judgement, judge
from plans.limits import ended, spent, steps_spent
from plans.plan import Plan
from plans.state import Failure, RunLimits, RunState
from plans.step import FailureClass, HaltClass, Section, Step, StepType
from plans.structure import EXTRACTING, Loop, Structure

_SHOW_THE_SITE = EXTRACTING | {StepType.NAVIGATE, StepType.CLICK, StepType.PAGINATE}


class Interpreter:
    """Runs a checked plan without doing anything itself.

    `next()` only reads: the same state gives the same call, also after a round trip through
    JSON. `apply()` takes what became of that call and moves on to the next one.
    """

    def __init__(self, plan: Plan, limits: RunLimits, state: RunState | None = None) -> None:
        self._steps = plan.steps
        self._structure = Structure(plan.steps)
        self._limits = limits
        self.state = state if state is not None else RunState.start()
        self._settle()

    def next(self) -> Call | Finish:
        """The call to make now, or how the run ended."""
        state = self.state
        if state.finish is not None:
            return state.finish
        if state.cancelled is not None:
            return Finish(
                status="cancelled", halt_class=HaltClass.CANCELLED, message=state.cancelled
            )
        if state.pending is None:
            return conclude(state, self._structure)
        return spent(state, self._limits) or self._call(state.pending)

    def pending(self) -> Call | None:
        """The call that is due, also where the run ended before it was made."""
        state = self.state
        if state.finish is not None or state.pending is None:
            return None
        return self._call(state.pending)

    def apply(self, call: Call, outcome: Outcome, elapsed_ms: int) -> None:
        """Take in what became of the call that `next()` gave.

        Args:
            call: that call.
            outcome: what became of it.
            elapsed_ms: time the run has used so far, queue and pauses left out.

        Raises:
            ValueError: `call` is not the one that is pending, or waits for an answer.
        """
        state = self.state
        if outcome.ask is not None:
            raise ValueError(f"{call.key} is not over: it waits for an answer")
        if state.finish is not None or state.pending is None:
            raise ValueError(f"nothing is pending, yet {call.key} came back")
        if call.key != self._call(state.pending).key:
            raise ValueError(f"{call.key} is not the pending call")
        before = state.model_copy(deep=True)
        self.used(elapsed_ms)
        state.list_empty = state.list_empty or outcome.list_empty
        counters = state.counters
        counters.cost += outcome.cost
        counters.rows += outcome.rows_added
        counters.rows_viable += outcome.rows_viable
        counters.saw_list(outcome)
        match call.kind:
            case CallKind.STEP:
                self._after_step(call, outcome)
            case CallKind.LOOK:
                self._after_look(call, outcome)
            case CallKind.RETURN:
                self._after_return(call, outcome)
            case CallKind.PAUSE:
                self._after_pause(call, outcome)
            case _:
                assert_never(call.kind)
        if state.before is None and (state.finish is not None or self._lost_its_way(call, outcome)):
            state.before = before
        self._settle()

    def cancel(self, reason: str) -> None:
        """Have `next()` end the run; a run that is over stays as it ended."""
        if self.state.cancelled is None:
            self.state.cancelled = reason

    def halt(self, halt: HaltClass, message: str) -> None:
        """End the run where it stands, its call not made; a run that is over stays as it ended."""
        if self.state.finish is None:
            self.state.finish = ended(self.state, halt, message[:500])

    def used(self, elapsed_ms: int) -> None:
        """Take in how much time the run has used, so that `next()` heeds its budget."""
        self.state.elapsed_ms = max(self.state.elapsed_ms, elapsed_ms)

    # What is next

    def _call(self, kind: CallKind) -> Call:
        state, index = self.state, self.state.pc
        loop = self._structure.innermost(index)
        visit = state.visits.get(index, 0)
        iteration = state.passes.get(loop.index, 0) if loop else 0
        if kind is CallKind.RETURN:
            visit -= 1
        elif kind is CallKind.LOOK:
            visit = state.looks.get(index, 0)
            iteration = state.passes.get(index, 0)
            looking = self._structure.loop_at(index)
            loop = self._structure.list_loop(looking) if looking else None
        return Call(
            kind=kind,
            index=index,
            step=self._steps[index],
            section=self._structure.section(index),
            iteration=iteration,
            attempt=state.attempt,
            visit=visit,
            item_loop=loop.index if loop else None,
            round=state.round,
        )

    # Transitions that need no page

    def _settle(self) -> None:
        state = self.state
        hops, most = 0, (len(self._structure.loops) + 2) * (len(self._steps) + 1)
        while state.finish is None and state.pending is None and state.pc < len(self._steps):
            hops += 1
            state.transitions += 1
            if hops > most or state.transitions > 10 * self._limits.max_run_steps + most:
                state.finish = ended(
                    self.state, HaltClass.LIMIT_EXCEEDED, "the plan runs in a circle"
                )
                return
            self._enter(self._steps[state.pc])
        if state.pc >= len(self._steps):
            self.state.close_item()

    def _enter(self, step: Step) -> None:
        state = self.state
        loop = self._structure.loop_at(state.pc)
        if step.guard is not None and not Guard.parse(step.guard).admits(state.variables):
            self._go(state.pc + 1)
        elif loop is not None:
            self._turn(loop, step)
        elif step.type is StepType.IF_ELSE and step.condition_var is not None:
            state.finish = steps_spent(state, self._limits)
            if state.finish is None:
                self._count(state.pc)
                state.any_success = True
                self._branch(step, state.variables.get(step.condition_var, False))
        elif step.type is StepType.REQUEST_USER_INPUT:
            state.pending = CallKind.PAUSE
        else:
            state.pending = CallKind.STEP

    def _turn(self, loop: Loop, step: Step) -> None:
        state = self.state
        state.close_item()
        satisfied = self._structure.satisfied(loop, state.enough)
        if satisfied is not None:
            self._go(satisfied.index + 1)
            return
        stopped = step.stop_var is not None and state.variables.get(step.stop_var, False)
        most = self._limits.max_loop_iterations
        passes = state.passes.get(loop.index, 0) + 1
        if stopped or passes >= min(step.loop_count or most, most):
            self._go(loop.index + 1)
            return
        state.passes[loop.index] = passes
        state.pending = CallKind.LOOK

    def _branch(self, step: Step, truth: bool) -> None:
        target = step.then_target if truth else step.else_target
        self._go(self.state.pc + 1 if target is None else target)

    def _go(self, index: int) -> None:
        """Go on at a step; loops that are left behind start anew when entered again."""
        state = self.state
        state.pc, state.pending, state.attempt = index, None, 1
        for loop in self._structure.loops:
            if not loop.holds(index) and loop.index != index:
                state.passes.pop(loop.index, None)

    def _go_back(self, loop: Loop) -> None:
        self.state.pc, self.state.pending, self.state.attempt = loop.target, None, 1

    # What outcomes change

    def _after_step(self, call: Call, outcome: Outcome) -> None:
        judgement = judge(call.step, outcome, call.attempt)
        if judgement.kind == "retry":
            self.state.attempt += 1
            return
        self._count(call.index, outcome)
        if call.step.gate:
            held = judgement.kind == "pass" or outcome.gate == "holds"
            self.state.counters.checks[call.index] = held
        if judgement.kind == "pass":
            self._passed(call, outcome)
        else:
            self._failed(call, outcome, judgement)

    def _count(self, index: int, outcome: Outcome | None = None) -> None:
        """Count an execution of the step, all its attempts as one."""
        in_list = bool(self._structure.around(index)) or self._steps[index].type in EXTRACTING
        self.state.executed(index, in_list, outcome.tier if outcome else None)

    def _passed(self, call: Call, outcome: Outcome) -> None:
        state, step = self.state, call.step
        state.any_success = True
        state.before = None
        if step.out_var is not None and outcome.truth is not None:
            state.variables[step.out_var] = outcome.truth
        loop = self._structure.innermost(call.index)
        if outcome.exhausted:
            self.state.close_item()
            self._go(call.index + 1 if loop is None else loop.index + 1)
            return
        if step.type in _SHOW_THE_SITE:
            state.way_lost = None
        if step.type is StepType.NAVIGATE:
            state.navigation_failure = None
        elif step.type is StepType.PAGINATE:
            state.counters.pages_turned += 1
        elif step.type is StepType.TASK:
            state.counters.close_task(passed=True)
        elif step.type in EXTRACTING:
            self._extracted(call, outcome, loop)
        if step.type is StepType.IF_ELSE:
            self._branch(step, outcome.truth or False)
        else:
            self._go(call.index + 1)

    def _extracted(self, call: Call, outcome: Outcome, loop: Loop | None) -> None:
        extract = call.step.extract
        most = extract.max_items if extract is not None else None
        if most is not None and outcome.rows_total >= most:
            self.state.enough.add(call.index)
        self.state.extracted_in_pass = True
        if loop is None:
            self.state.close_item()

    def _failed(self, call: Call, outcome: Outcome, judgement: Judgement) -> None:
        state = self.state
        failure = self._remember(call, outcome, judgement.failure)
        extraction = call.section is Section.EXTRACTION
        if call.step.type is StepType.TASK:
            state.counters.close_task(passed=False)
        if extraction:
            read = call.step.type is StepType.NAVIGATE_BACK and state.extracted_in_pass
            state.close_item(failed=not read)
        if state.elapsed_ms >= self._limits.max_time_ms:
            state.finish = ended(state, HaltClass.TIMEOUT, "the run's time was over in this step")
            return
        if judgement.halt is not None:
            message = failure.message or f"step {call.index}: {failure.failure_class}"
            state.finish = ended(state, judgement.halt, message)
            return
        loop = self._structure.innermost(call.index)
        if extraction and loop is not None:
            state.pending, state.attempt = CallKind.RETURN, 1
        elif call.section is Section.PAGINATION and loop is not None:
            self._go(loop.index + 1)
        else:
            self._go(call.index + 1)

    def _remember(self, call: Call, outcome: Outcome, cause: FailureClass | None) -> Failure:
        failure = Failure(
            index=call.index,
            failure_class=cause or FailureClass.UNKNOWN,
            message=outcome.message[:500],
        )
        self.state.counters.failed_steps += 1
        navigates = call.step.type is StepType.NAVIGATE
        self.state.remember(failure, navigates, call.section is Section.EXTRACTION)
        return failure

    def _after_look(self, call: Call, outcome: Outcome) -> None:
        self.state.looks[call.index] = self.state.looks.get(call.index, 0) + 1
        loop = self._structure.loop_at(call.index)
        if self._lost(outcome) or loop is None:
            return
        if outcome.success and outcome.has_more is False:
            self._go(loop.index + 1)
        else:
            self._go_back(loop)

    def _after_return(self, call: Call, outcome: Outcome) -> None:
        loop = self._structure.innermost(call.index)
        if self._lost(outcome) or loop is None:
            return
        if outcome.success:
            self._go(loop.index)
        else:
            failure = self._remember(call, outcome, outcome.failure_class)
            if failure.failure_class in SITE_AWAY:
                self.state.way_lost = failure
            self._go(loop.index + 1)

    def _after_pause(self, call: Call, outcome: Outcome) -> None:
        self._count(call.index)
        if self._lost(outcome):
            return
        if not outcome.success:
            failure = outcome.failure_class
            halt = HaltClass.TIMEOUT if failure is None else HALT_OF[failure]
            message = outcome.message[:500] or "nobody answered the pause"
            self.state.finish = ended(self.state, halt, message)
            return
        truth = True if outcome.truth is None else outcome.truth
        self.state.any_success = True
        self.state.variables["user_input"] = truth
        if call.step.out_var is not None:
            self.state.variables[call.step.out_var] = truth
        self._go(call.index + 1)

    def _lost_its_way(self, call: Call, outcome: Outcome) -> bool:
        lost = self.state.way_lost is not None and not outcome.success
        return lost and call.kind is CallKind.RETURN

    def _lost(self, outcome: Outcome) -> bool:
        if outcome.failure_class is not FailureClass.BROWSER_LOST:
            return False
        self.state.finish = ended(self.state, HaltClass.BROWSER_LOST, outcome.message[:500])
        return True
