"""A task without a model: its words cut into clauses, each done by the free tiers if they can."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from activities.browser.navigate import navigate
from activities.steps.context import StepContext, report_of
from activities.steps.grounding import ground_and_act
from activities.steps.remembering import Remembering
from activities.steps.report import Report, failed
from activities.steps.task.ending import Stop, Stopped, files_now
from activities.steps.task.parts import Parts, PartUnknown
from inference.cascade import Cascade
from inference.decisions import ActKind, Decision
from inference.dom.tier import DomTier
from inference.memory.tier import MemoryTier
from inference.observation import Element, Observation
from inference.task.clauses import Clause, ClauseKind, clauses_of
from plans.placeholders import with_texts
from plans.sites import Hosts
from plans.step import FailureClass, Params, Step, StepType, TierName
from plans.task import TaskSpec

_FREE: Final = Cascade((MemoryTier(), DomTier()))
_LOAD_S: Final = 25.0
_ALONE: Final = "no model works on tasks here: what the words say plainly was done, nothing more"
_SURE: Final = 0.97
_WRITTEN_INTO: Final = frozenset({"textbox", "searchbox", "combobox"})
_SEARCHES: Final = ("search", "such", "find")
_SEND: Final = Step(
    intent="Press Enter", type=StepType.KEY_PRESS, params=Params.model_validate({"keys": "Enter"})
)


async def work_unaided(context: StepContext, task: TaskSpec, hosts: Hosts) -> Stopped:
    """Do the clauses of a task's words in order, until one can't be done.

    Nothing is asked of anybody: a clause that the free tiers are not sure of ends the task.
    """
    before = files_now(context)
    context.notes.append(_ALONE)
    parts = Parts(context)
    work = _Work(context, task, hosts, parts)
    try:
        for clause in clauses_of(context.step.intent):
            report = await work.clause(clause)
            if not report.success:
                failure = replace(report, message=f"{clause.text!r}: {report.message}")
                return Stopped(Stop.FAILED, work.acts, TierName.DOM, failure, files=before)
    except PartUnknown as unknown:
        message = f"whether the last act was done is not known: {unknown}"
        failure = failed(FailureClass.OUTCOME_UNKNOWN, message)
        return Stopped(Stop.FAILED, work.acts, TierName.DOM, failure, files=before)
    finally:
        parts.close()
    return Stopped(Stop.ENDED, work.acts, TierName.DOM, files=before)


@dataclass
class _Work:
    context: StepContext
    task: TaskSpec
    hosts: Hosts
    parts: Parts
    acts: int = 0

    async def clause(self, clause: Clause) -> Report:
        match clause.kind:
            case ClauseKind.SIGN_IN:
                return await self._sign_in(clause)
            case ClauseKind.SET:
                return await self._step(await self._setting(clause))
            case ClauseKind.SEARCH:
                return await self._search(clause)
            case ClauseKind.GO:
                return await self._go(clause.value)
            case ClauseKind.PRESS:
                return await self._step(Step(intent=clause.text, type=StepType.CLICK))
            case ClauseKind.SUBMIT:
                return await self._step(Step(intent=clause.text, type=StepType.SUBMIT))

    async def _step(self, step: Step) -> Report:
        """Do a clause as a step of its own."""
        early = await self._begin(step)
        if early is not None:
            return early
        inner = self._as_step(step)
        report = await ground_and_act(inner)
        await self.parts.end(report)
        inner.memory.settle(report, None)
        return report

    def _as_step(self, step: Step) -> StepContext:
        context = self.context
        shown = with_texts(step, context.mask.text, context.mask.value)
        call = context.call.model_copy(update={"step": step})
        memory = Remembering(
            context.memory.memory,
            context.run.tenant_id,
            planned=step,
            values=context.memory.values,
            mask=context.mask,
            perception=context.perception,
        )
        request = context.request.model_copy(update={"call": call})
        inner = replace(
            context, request=request, step=step, shown=shown, memory=memory, cascade=_FREE
        )
        inner.acts, inner.sights = context.acts, context.sights
        inner.acts.step = step
        return inner

    async def _begin(self, step: Step) -> Report | None:
        """The next act is due; its report already, where it is not to be done."""
        if self.acts >= self.task.max_steps:
            count = f"all {self.task.max_steps} steps were done"
            return failed(FailureClass.BUDGET_EXHAUSTED, f"{count}, and the task is not")
        self.acts += 1
        done = await self.parts.begin()
        return None if done is None else Report(message=f"not done again: {done.why}")

    async def _go(self, address: str) -> Report:
        if not self.hosts.may_visit(address):
            return failed(FailureClass.NAV_BLOCKED, "the plan names no such host")
        if (early := await self._begin(_SEND)) is not None:
            return early
        await self.context.acts.mark()
        load = await navigate(self.context.page, address, timeout_s=self.context.time_left(_LOAD_S))
        return Report(success=load.success, failure_class=load.failure_class, message=load.message)

    async def _search(self, clause: Clause) -> Report:
        """Into the page's search field, and Enter."""
        snapshot = await self.context.look()
        try:
            field = _search_field(snapshot.observation)
            if field is None:
                words = f'Fill the search field with "{clause.value}"'
                report = await self._step(_filling(words, "search", clause.value))
            else:
                report = await self._fill(field, clause.value)
        finally:
            await snapshot.dispose()
        return await self._step(_SEND) if report.success else report

    async def _sign_in(self, clause: Clause) -> Report:
        """User name, password, and what sends them; on a host of the plan alone."""
        auth = self.task.auth
        if not self.hosts.own(self.context.page.url):
            return failed(FailureClass.NAV_BLOCKED, "this page is not of a host of the plan")
        snapshot = await self.context.look()
        try:
            user, password = _sign_in_fields(snapshot.observation)
            if user is None and password is None:
                return failed(FailureClass.SELECTOR_MISS, "there are no fields to sign in with")
            for field, value in ((user, auth.user_id), (password, auth.password)):
                if field is None or not value:
                    continue
                report = await self._fill(field, value)
                if not report.success:
                    return report
        finally:
            await snapshot.dispose()
        report = await self._step(Step(intent="Sign in", type=StepType.SUBMIT))
        if report.success and password is None:
            return await self._password_next()
        return report

    async def _password_next(self) -> Report:
        """The password, where the page asks for it after the user name."""
        snapshot = await self.context.look()
        try:
            _, password = _sign_in_fields(snapshot.observation)
            if password is None or not self.hosts.own(self.context.page.url):
                return failed(FailureClass.SELECTOR_MISS, "no field for a password came")
            report = await self._fill(password, self.task.auth.password)
        finally:
            await snapshot.dispose()
        if not report.success:
            return report
        return await self._step(Step(intent="Sign in", type=StepType.SUBMIT))

    async def _fill(self, field: Element, value: str) -> Report:
        """Fill a field that was found by what it is."""
        if (early := await self._begin(_SEND)) is not None:
            return early
        snapshot = await self.context.look()
        try:
            ref = _again(field, snapshot.observation)
            if ref is None:
                return failed(FailureClass.SELECTOR_MISS, "the field has left the page")
            decision = Decision(
                act=ActKind.FILL, ref=ref, confidence=_SURE, tier=TierName.DOM, text=value
            )
            result = await self.context.carry_out(snapshot, decision)
        finally:
            await snapshot.dispose()
        report = report_of(result, decision)
        await self.parts.end(report)
        return report

    async def _setting(self, clause: Clause) -> Step:
        """Whether a value is chosen or filled in hangs on what the page has for it."""
        snapshot = await self.context.look()
        try:
            chosen = any(_offers(one, clause) for one in snapshot.observation.elements)
        finally:
            await snapshot.dispose()
        if chosen:
            words = f'Set the {clause.label} to "{clause.value}"'
            params: JsonValue = {"dropdown_label": clause.label, "option_label": clause.value}
            return Step(
                intent=words, type=StepType.SELECT_OPTION, params=Params.model_validate(params)
            )
        return _filling(
            f'Fill the {clause.label} field with "{clause.value}"', clause.label, clause.value
        )


def _filling(words: str, label: str, value: str) -> Step:
    params = Params.model_validate({"label": label, "value": value})
    return Step(intent=words, type=StepType.FILL_FIELD, params=params)


def _offers(element: Element, clause: Clause) -> bool:
    """Whether an element is a choice of that name that has the value among its options."""
    wanted = clause.value.strip().casefold()
    named = clause.label.strip().casefold() in f"{element.name} {element.hints}".casefold()
    return named and any(option.strip().casefold() == wanted for option in element.options)


def _search_field(observation: Observation) -> Element | None:
    """The one field to search in; None where there is none, or several."""
    fields = [
        one
        for one in observation.elements
        if one.role == "searchbox"
        or (
            one.role in _WRITTEN_INTO
            and any(
                word in f"{one.name} {one.placeholder} {one.hints}".casefold() for word in _SEARCHES
            )
        )
    ]
    return fields[0] if len(fields) == 1 else None


def _sign_in_fields(observation: Observation) -> tuple[Element | None, Element | None]:
    """Where the user name and the password go; the first password field counts."""
    elements: Sequence[Element] = observation.elements
    password = next((one for one in elements if one.type == "password"), None)
    texts = [
        one
        for one in elements
        if one.role in _WRITTEN_INTO and one.type != "password" and not one.options
    ]
    if password is None:
        return (texts[0] if len(texts) == 1 else None), None
    same = [one for one in texts if one.form == password.form and one.ref < password.ref]
    return (same[-1] if same else None), password


def _again(field: Element, observation: Observation) -> int | None:
    mine = (field.frame, field.role, field.name, field.path, field.type)
    return next(
        (
            one.ref
            for one in observation.elements
            if (one.frame, one.role, one.name, one.path, one.type) == mine
        ),
        None,
    )
