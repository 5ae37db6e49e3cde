"""The call that is under way: its turns, and the question that it waits for."""

from collections.abc import Callable

from temporalio import workflow

from plans.calls import Ask, AskKind, Call
from workflows import policies, questions
from workflows.interfaces import RunKey
from workflows.questions import Question
from workflows.stopwatch import waited
from workflows.story import Story
from workflows.turns import ModelAnswer, Turn


class UnderWay:
    """Where the call that is due stands between its turns, and what it asks meanwhile.

    `turn` None: its first turn has not ended. `question` is being asked of a model; it goes on
    whatever becomes of the run's browser.
    """

    def __init__(self, run: RunKey, turn: Turn | None, story: Story) -> None:
        self._run = run
        self._story = story
        self.turn = turn
        self.question: Question | None = None

    @property
    def due(self) -> Ask | None:
        """What has to be answered before the call can go on."""
        return None if self.turn is None else self.turn.ask

    @property
    def of_user(self) -> Ask | None:
        """What the user has to answer before the call can go on."""
        due = self.due
        return due if due is not None and due.kind is AskKind.INPUT else None

    @property
    def acted(self) -> bool:
        """Whether the call has done an act that must not happen twice."""
        return self.turn is not None and self.turn.acted

    @property
    def endless(self) -> bool:
        """Whether the call has asked more often than any sound one does."""
        return self.turn is not None and self.turn.number >= policies.MOST_TURNS

    def of(self, call: Call) -> Turn:
        """The turn in which this call is made now."""
        return self.turn or Turn(key=call.whole_key)

    def part(self, call: Call) -> Call:
        """The part of the call that is made now, or that asks."""
        return self.of(call).of(call)

    def ask(self, call: Call, ask: Ask, left_ms: int) -> None:
        """Have a model asked for as long as the run has time."""
        self._story.asks(call, ask)
        asked = questions.ask(self._run, call, ask, left_ms)
        if isinstance(asked, Question):
            self.question = asked
        else:
            self.told(asked)

    async def wait(self, ended: Callable[[], bool], to_pause: Callable[[], bool]) -> None:
        """Wait until the question is over.

        Args:
            ended: ends the waiting; the question goes on.
            to_pause: the answer gets a moment from then on; where it has not come by then, the
                question is taken back and stays due, to be asked again after the pause.
        """
        question = self.question
        if question is None:
            return

        def over() -> bool:
            return question.done or ended()

        await workflow.wait_condition(lambda: over() or to_pause())
        if await waited(over, _patience, "the answer before the pause"):
            return
        if await question.withdrawn():
            self.question = None

    def hear(self) -> ModelAnswer | None:
        """What became of the question, which is over; None: the run's time was over first."""
        question, self.question = self.question, None
        return None if question is None else question.answer()

    def told(self, answer: ModelAnswer) -> None:
        """The model has answered; the next turn is due."""
        if self.turn is not None:
            self.turn = self.turn.told(answer)

    def heard(self, user_input: str) -> None:
        """The user has answered, under this name of a secret."""
        if self.turn is not None:
            self.turn = self.turn.heard(user_input)

    def drop(self) -> Question | None:
        """Have the question ended that nobody waits for any more; that question."""
        question, self.question = self.question, None
        if question is not None:
            question.drop()
        return question

    def forget(self) -> None:
        """The call is begun anew, or another one is due."""
        self.drop()
        self.turn = None


def _patience() -> int:
    return int(policies.PAUSE_PATIENCE.total_seconds() * 1000)
