"""The memory of what worked, as steps use it: recalled before the tiers are asked, kept after."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue, TypeAdapter

from activities.browser.act import ActResult
from activities.memory import Memory
from activities.steps.masking import Mask
from activities.steps.recalled import act_of, of_layout, ranked, remembered
from activities.steps.report import Report
from inference.content import Content
from inference.decisions import ActKind, Decision, ItemList, Question, Record
from inference.dom.intent import read
from inference.dom.records import item_list, items_of, main_group
from inference.dom.trust import trusted
from inference.memory.fields import READ, Reading, fields_print, joined, read_record
from inference.memory.fingerprints import merged
from inference.memory.lessons import Lesson, lesson
from inference.memory.lists import list_lesson, remembered_list
from inference.memory.locator import Fingerprint, Remembered, Standing
from inference.memory.matching import match
from inference.memory.naming import Naming, intent_key, naming_of
from inference.memory.pages import page_kind, skeleton
from inference.observation import Observation
from ledger.models import Locator, LocatorPlace, NewLocator
from plans.calls import Verdict
from plans.placeholders import as_text, names_in_step
from plans.step import ExtractField, FailureClass, Perception, Step, TierName

_ASTRAY: Final = frozenset(
    {
        FailureClass.NO_STATE_CHANGE,
        FailureClass.WRONG_TARGET,
        FailureClass.VERIFY_FAILED,
        FailureClass.EXTRACT_FAILED,
    }
)
"""Failures that speak against the element, not against its site or the network."""
_UNSENT: Final = frozenset({FailureClass.WRONG_TARGET, FailureClass.SELECTOR_MISS})
"""Failures that may come before anything is sent to the page."""
_UNFELT: Final = frozenset(
    {ActKind.CLICK, ActKind.FILL, ActKind.TYPE, ActKind.CHECK, ActKind.UNCHECK}
)
"""Acts that fail so before the pointer or a key was used."""
_LEAST_VALUE: Final = 3
"""Characters of a value that is looked for though the step does not name it."""


@dataclass
class _Try:
    """An act of the step, and what it would teach. `used` is the locator that it came from."""

    place: LocatorPlace
    skeleton: str
    lesson: Lesson | None
    used: Locator | None
    known: tuple[Locator, ...]
    success: bool
    failure: FailureClass | None = None


_TRIES: Final = TypeAdapter(list[_Try])


@dataclass
class Remembering:
    """The memory of one step call.

    `planned` is the step with its placeholders, `values` what they and all other names of the
    run stand for.
    """

    memory: Memory
    tenant_id: str
    planned: Step
    values: Mapping[str, JsonValue]
    mask: Mask
    perception: Perception
    silent: bool = False
    _asked: Question | None = None
    _recalled: tuple[Locator, ...] = ()
    _tries: list[_Try] = field(default_factory=list[_Try])
    _failed: tuple[tuple[object, ...], ActResult] | None = None

    async def ask(self, question: Question, observation: Observation) -> Question:
        """The question with what is remembered of it on pages like this one."""
        self._asked, self._recalled = question, ()
        if not self._in_use or self.silent or question.done:
            return question
        naming = self._naming(question)
        place = self._place(observation.url, naming)
        if place is None:
            return question
        self._recalled = await self.memory.recall(place)
        found = ranked(self._recalled, skeleton(observation))
        kept = tuple(remembered(one, naming) for one in found)
        self._asked = question.model_copy(update={"remembered": kept})
        return self._asked

    def acted(self, observation: Observation, decision: Decision, result: ActResult) -> bool:
        """Take note of an act; whether the step may be asked again without memory.

        It may where a replayed act failed before anything was sent to the page.
        """
        question = self._asked
        still = decision.act is ActKind.SCROLL and not result.success
        if not self._in_use or question is None or still or result.covered_by:
            return False
        naming = self._naming(question)
        place = self._place(observation.url, naming)
        taught = lesson(observation, question, self.planned, decision, naming)
        used = self._used(observation, question, decision)
        if place is not None and (used is not None or isinstance(taught, Lesson)):
            self._note(place, observation, taught, used, result.success, result.failure_class)
        unsent = not result.success and not result.evidence and result.x is None
        unsent = unsent and result.failure_class in _UNSENT and decision.act in _UNFELT
        if used is None or not unsent or result.stale:
            return False
        self.silent, self._failed = True, (act_of(observation, decision), result)
        return True

    def tried(self, observation: Observation, decision: Decision) -> ActResult | None:
        """What came of the replay, where a fresh decision is the same act on the same element."""
        if self._failed is None or self._failed[0] != act_of(observation, decision):
            return None
        return self._failed[1]

    async def read(
        self, content: Content, fields: Sequence[ExtractField], question: Question
    ) -> tuple[Record, TierName]:
        """The record of a page, and who knew where its fields are; blocks no event loop."""
        kept: Remembered | None = None
        if self._in_use and not self.silent:
            naming = self._naming(question)
            place = self._place(content.url, naming)
            self._recalled = () if place is None else await self.memory.recall(place)
            kept = next(
                (
                    remembered(one, naming)
                    for one in self._recalled
                    if one.standing != "quarantined" and one.act == READ
                ),
                None,
            )
        found = await asyncio.to_thread(
            read_record,
            content,
            fields,
            question.intent,
            kept.fingerprint.fields if kept is not None else (),
            trusted=kept is not None and kept.standing is Standing.TRUSTED,
        )
        used = self._locator(kept.key) if kept is not None and found.remembered else None
        self._was_read(question, content, found, used)
        return found.record, TierName.MEMORY if found.remembered else TierName.DOM

    def _was_read(
        self, question: Question, content: Content, found: Reading, used: Locator | None
    ) -> None:
        """Take note of the latest reading of the page; what was read before is overtaken."""
        self._tries.clear()
        naming = self._naming(question)
        place = self._place(content.url, naming)
        if self._in_use and place is not None and (found.places or used is not None):
            taught = Lesson(act=READ, fingerprint=fields_print(found.places, naming))
            self._tries.append(
                _Try(place, "", taught if found.places else None, used, self._recalled, True)
            )

    async def items(
        self, question: Question, observation: Observation
    ) -> tuple[ItemList, TierName]:
        """The items of the page's list, and who knew which list that is."""
        if not self._in_use:
            return item_list(observation), TierName.DOM
        question = await self.ask(question, observation)
        for one in question.remembered:
            group = remembered_list(observation, one)
            if group is None:
                continue
            if one.standing is Standing.TRUSTED or group == main_group(observation):
                found = items_of(observation, group)
                if found.items:
                    self._listed(question, observation, group, one)
                    return found, TierName.MEMORY
        found, group = item_list(observation), main_group(observation)
        if found.items and group is not None:
            self._listed(question, observation, group, None)
        return found, TierName.DOM

    def _listed(
        self, question: Question, observation: Observation, group: int, one: Remembered | None
    ) -> None:
        naming = self._naming(question)
        place = self._place(observation.url, naming)
        taught = list_lesson(observation, group, naming)
        used = self._locator(one.key) if one is not None else None
        if place is not None:
            self._note(place, observation, taught, used, success=True)

    def carried(self) -> JsonValue:
        """What the step has taught so far, for the turn in which it ends; None: nothing."""
        if not self._tries:
            return None
        tries: JsonValue = _TRIES.dump_python(self._tries, mode="json")
        return None if self.mask.holds(tries) else tries

    def go_on(self, carried: JsonValue) -> None:
        """Take up what an earlier turn of the step has taught."""
        if carried is not None:
            self._tries = [*_TRIES.validate_python(carried), *self._tries]

    def settle(self, report: Report, gate: Verdict | None) -> None:
        """Keep what the step has taught, now that it is known how it ended."""
        for one in self._tries:
            if not one.success:
                if one.used is not None and one.failure in _ASTRAY:
                    self.memory.lost(one.used)
            elif report.success and gate in (None, "holds"):
                self._won(one)
            elif one.used is not None and (gate == "fails" or report.failure_class in _ASTRAY):
                self.memory.lost(one.used)
        self._tries.clear()

    def _won(self, one: _Try) -> None:
        if one.lesson is None:
            if one.used is not None:
                self.memory.won(one.used)
            return
        before = one.used or of_layout(one.known, one.skeleton)
        found = one.lesson.fingerprint
        if before is not None and before.standing != "quarantined" and before.act == one.lesson.act:
            old = Fingerprint.model_validate(before.fingerprint)
            found = merged(old, found)
            found = found.model_copy(update={"fields": joined(old.fields, found.fields)})
            if one.used is not None and found.model_dump(mode="json") == before.fingerprint:
                return self.memory.won(one.used)
        document: dict[str, JsonValue] = found.model_dump(mode="json")
        if self.mask.holds(document):
            return
        layout = before.skeleton if one.used is not None and before is not None else one.skeleton
        self.memory.learn(
            NewLocator(place=one.place, skeleton=layout, act=one.lesson.act, fingerprint=document)
        )

    def _note(
        self,
        place: LocatorPlace,
        observation: Observation,
        taught: Lesson | str | None,
        used: Locator | None,
        success: bool,
        failure: FailureClass | None = None,
    ) -> None:
        self._tries.append(
            _Try(
                place=place,
                skeleton=skeleton(observation),
                lesson=taught if isinstance(taught, Lesson) else None,
                used=used,
                known=self._recalled,
                success=success,
                failure=failure,
            )
        )

    @property
    def _in_use(self) -> bool:
        return self.memory.on and self.perception is not Perception.AS_PLANNED

    def _naming(self, question: Question) -> Naming:
        own = names_in_step(self.planned)
        names = [*own, *(name for name in self.values if name not in own)]
        texts = {name: as_text(self.values[name]) for name in names if _is_text(self.values, name)}
        known = {n: text for n, text in texts.items() if n in own or len(text) >= _LEAST_VALUE}
        return naming_of(question, known)

    def _place(self, url: str, naming: Naming) -> LocatorPlace | None:
        kind = page_kind(url, naming)
        if kind is None:
            return None
        return LocatorPlace(
            tenant_id=self.tenant_id,
            site=self.mask.text(kind.site),
            page=self.mask.text(kind.template),
            intent=self.mask.text(intent_key(self.planned, naming)),
            step_type=self.planned.type.value,
        )

    def _used(
        self, observation: Observation, question: Question, decision: Decision
    ) -> Locator | None:
        if decision.tier is not TierName.MEMORY:
            return None
        page = trusted(observation, read(question).text)
        for one in question.remembered:
            if decision.ref in match(page, one.fingerprint).refs:
                return self._locator(one.key)
        return None

    def _locator(self, key: str) -> Locator | None:
        return next((one for one in self._recalled if one.locator_id == key), None)


def _is_text(values: Mapping[str, JsonValue], name: str) -> bool:
    value = values.get(name)
    return isinstance(value, str | int | float) and not isinstance(value, bool)
