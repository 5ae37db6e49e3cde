"""The shape of a plan: which steps lie in which loops, and what section each belongs to."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from plans.step import Section, Step, StepType

EXTRACTING = frozenset({StepType.EXTRACT_DATA, StepType.EXTRACT_ROWS})
"""The step types that store records."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop step at `index` whose body is `target` up to, not including, `index`."""

    index: int
    target: int

    def holds(self, index: int) -> bool:
        """Whether the step at `index` lies in the body."""
        return self.target <= index < self.index


class Structure:
    """What can be told about a plan without running it. Targets must have been checked."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)
        self.loops = tuple(
            Loop(index, step.loop_target)
            for index, step in enumerate(steps)
            if step.type is StepType.LOOP and step.loop_target is not None
        )
        self._around = tuple(
            tuple(loop for loop in self.loops if loop.holds(index)) for index in range(len(steps))
        )
        self._sections = tuple(self._section(index) for index in range(len(steps)))
        self.extracts = any(step.type in EXTRACTING for step in steps)
        self.tasks = sum(step.type is StepType.TASK for step in steps)

    def loop_at(self, index: int) -> Loop | None:
        """The loop whose own step stands at `index`."""
        return next((loop for loop in self.loops if loop.index == index), None)

    def around(self, index: int) -> tuple[Loop, ...]:
        """The loops whose bodies hold the step, innermost first."""
        return self._around[index]

    def innermost(self, index: int) -> Loop | None:
        """The innermost loop around the step, None outside loops."""
        return self._around[index][0] if self._around[index] else None

    def section(self, index: int) -> Section:
        """The step's own section, or the one that its place and type give it."""
        return self._sections[index]

    def extracts_in(self, loop: Loop) -> tuple[int, ...]:
        """Indices of the steps in the loop's body that store records."""
        body = range(loop.target, loop.index)
        return tuple(index for index in body if self._steps[index].type in EXTRACTING)

    def satisfied(self, loop: Loop, enough: Set[int]) -> Loop | None:
        """The outermost loop around `loop`, or it, whose extract steps are all in `enough`."""
        satisfied: Loop | None = None
        for around in (loop, *self._around[loop.index]):
            extracts = self.extracts_in(around)
            if not extracts or not enough >= set(extracts):
                break
            satisfied = around
        return satisfied

    def list_loop(self, loop: Loop) -> Loop:
        """The loop that takes the items: around the body's first click, else the loop itself."""
        for index in range(loop.target, loop.index):
            if self._steps[index].type is StepType.CLICK:
                return self._around[index][0]
        return loop

    def _section(self, index: int) -> Section:
        step = self._steps[index]
        if step.section is not None:
            return step.section
        if step.type is StepType.PAGINATE:
            return Section.PAGINATION
        if step.type in EXTRACTING or self._around[index]:
            return Section.EXTRACTION
        return Section.SETUP
