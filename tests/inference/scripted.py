"""A tier that answers from a script, for tests of what comes before and after a model."""

from collections.abc import Callable, Sequence

from inference.decisions import Decision, DontKnow, Question
from inference.observation import Observation
from plans.step import TierName

Line = Decision | DontKnow | Callable[[Observation, Question], Decision | DontKnow]


class ScriptedTier:
    """Gives its lines in order and keeps the questions; the last line stays."""

    def __init__(self, name: TierName, lines: Sequence[Line]) -> None:
        self.name = name
        self.asked: list[Question] = []
        self._lines = lines

    async def decide(self, observation: Observation, question: Question) -> Decision | DontKnow:
        line = self._lines[min(len(self.asked), len(self._lines) - 1)]
        self.asked.append(question)
        return line(observation, question) if callable(line) else line
