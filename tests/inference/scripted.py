"""Tiers and checkers that answer from a script, for tests of what goes on around a model."""

from collections.abc import Callable, Sequence

from inference.checks.asking import Condition
from inference.decisions import Away, Check, Decision, DontKnow, Question
from inference.observation import Observation
from plans.step import TierName

Line = Decision | DontKnow | Away | Callable[[Observation, Question], Decision | DontKnow]


class ScriptedTier:
    """Gives its lines in order and keeps the questions; the last line stays."""

    def __init__(self, name: TierName, lines: Sequence[Line]) -> None:
        self.name = name
        self.asked: list[Question] = []
        self._lines = lines

    async def decide(
        self, observation: Observation, question: Question
    ) -> Decision | DontKnow | Away:
        line = self._lines[min(len(self.asked), len(self._lines) - 1)]
        self.asked.append(question)
        return line(observation, question) if callable(line) else line


class ScriptedChecker:
    """Gives one verdict and keeps the conditions that it was asked about."""

    def __init__(self, name: TierName, verdict: Check | Away) -> None:
        self.name = name
        self.asked: list[Condition] = []
        self._verdict = verdict

    async def check(self, condition: Condition) -> Check | Away:
        self.asked.append(condition)
        return self._verdict
