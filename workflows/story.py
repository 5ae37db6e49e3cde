"""What the Temporal UI tells of a run: search attributes, memo, and details in Markdown."""

from typing import Literal

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from plans.calls import Ask, Call, Finish, Outcome
from plans.plan import Plan
from plans.state import RunState
from plans.step import HaltClass
from workflows import questions, search_attributes
from workflows.carried import OpenPause
from workflows.interfaces import RunKey, RunSpec

Standing = Literal["queued", "running", "recovering", "paused", "succeeded", "failed", "cancelled"]

_MOST = 200


class Story:
    """Tells where one run stands; writes to the history only when its standing changes."""

    def __init__(self, run: RunKey, spec: RunSpec) -> None:
        self._run = run
        self._plan = spec.plan_name or "a plan without a name"
        self._steps = 0
        self._state_key = spec.state_key
        self._searchable = spec.policy.search_attributes
        self._standing: Standing | None = None
        self._now = ""
        self._last = ""

    @property
    def begun(self) -> bool:
        """Whether the run is under way already, before it has a browser."""
        return self._standing == "running"

    def follows(self, plan: Plan | None) -> None:
        """The steps are known."""
        self._steps = len(plan.steps) if plan is not None else 0
        if self.begun and plan is not None:
            self._tell("running", f"its words are {self._steps} steps", None, first=False)

    def stands(
        self, standing: Standing, why: str = "", halt_class: HaltClass | None = None
    ) -> None:
        """The run's standing changed; `why` is a sentence without values of variables."""
        if standing == self._standing:
            return
        first, self._standing = self._standing is None, standing
        self._tell(standing, why, halt_class, first=first)

    def _tell(
        self, standing: Standing, why: str, halt_class: HaltClass | None, *, first: bool
    ) -> None:
        line = f"{standing}: {why}" if why else standing
        self._now = line
        workflow.upsert_memo({"plan": self._plan, "stands": line[:_MOST]})
        if self._searchable:
            workflow.upsert_search_attributes(self._found_by(standing, halt_class, first))
        self._show()

    def _found_by(
        self, standing: Standing, halt_class: HaltClass | None, first: bool
    ) -> list[SearchAttributeUpdate[str]]:
        updates: list[SearchAttributeUpdate[str]] = [search_attributes.STATE.value_set(standing)]
        if first:
            updates.append(search_attributes.TENANT.value_set(self._run.tenant_id))
        if first and self._state_key:
            updates.append(search_attributes.STATE_KEY.value_set(self._state_key))
        if halt_class is not None:
            updates.append(search_attributes.HALT_CLASS.value_set(halt_class.value))
        return updates

    def makes(self, call: Call, again: int) -> None:
        """This call is made now."""
        times = f", made again after a loss ({again})" if again else ""
        turn = f", turn {call.turn + 1}" if call.turn else ""
        self._now = f"{self._standing}: {_named(call)} of {self._steps}{turn}{times}"
        self._show()

    def asks(self, call: Call, question: Ask) -> None:
        """The run waits for the answer to a question of this call."""
        self._now = (
            f"{self._standing}: {_named(call)} of {self._steps}, turn {call.turn + 1}, "
            f"{questions.told(question)[:_MOST]}"
        )
        self._show()

    def made(self, call: Call, outcome: Outcome) -> None:
        """That is what became of it."""
        how = "passed" if outcome.success else f"failed, {outcome.failure_class or 'unknown'}"
        message = f": {outcome.message}" if outcome.message else ""
        self._last = f"{_named(call)} {how}{message}"[:_MOST]

    def pauses(self, pause: OpenPause) -> None:
        """The run waits for an answer to this pause."""
        call = pause.call
        asked = pause.reason
        if pause.prompt:
            asked = pause.prompt
        elif call is not None:
            asked = call.step.params.prompt or call.step.intent
        hint = (
            'signal `resume` with `{"user_input": …}`' if pause.needs_input else "signal `resume`"
        )
        self.stands("paused", f"{pause.pause_id}, {asked}"[:_MOST])
        self._now = f"paused ({pause.pause_id}): {asked[:_MOST]}\n\nTo go on: {hint}"
        self._show()

    def ends(self, finish: Finish, state: RunState) -> None:
        """The run is over."""
        counters = state.counters
        self._last = f"{counters.steps_executed} steps, {counters.rows} rows"
        halt = finish.halt_class
        why = f"{halt}: {finish.message}" if halt else finish.message
        self.stands(finish.status, why, halt)

    def _show(self) -> None:
        last = f"\n\nLast: {self._last}" if self._last else ""
        workflow.set_current_details(f"**{self._plan}**\n\n{self._now}{last}")


def _named(call: Call) -> str:
    return f"{call.kind} {call.index} `{call.step.type}`, {call.step.intent[:80]}"
