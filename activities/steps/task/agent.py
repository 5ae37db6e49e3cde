"""The agent of a task in turns: shows the page, asks Claude, carries out what it answers."""

from dataclasses import dataclass, field
from typing import Final, NoReturn

from anthropic.types.beta import BetaToolUseBlock
from pydantic import JsonValue, TypeAdapter

from activities.asks_store import AskLost
from activities.steps.context import StepContext
from activities.steps.report import failed
from activities.steps.task.desk import Desk, image_block
from activities.steps.task.ending import Stop, Stopped, files_now
from activities.steps.task.hands import Hands
from activities.steps.task.parts import Parts, PartUnknown
from activities.steps.task.toolset import SessionBrowser
from inference.asking import TaskAsk, TaskTurn
from inference.task import calls, conversation, prompt, reading
from inference.task.calls import Block, ToolCall, result_of
from inference.task.references import References
from inference.task.refs import RefBook
from inference.task.state import TaskState, Waiting, key_of, summary_of
from plans.calls import AskKind
from plans.placeholders import reference
from plans.sites import Hosts
from plans.step import FailureClass, TierName
from plans.suite import Verify
from plans.task import TaskSpec

_MOST_CUT: Final = 2
_MOST_ASKED: Final = 5
_LEAST_TIME_S: Final = 8.0
_NO_TIME: Final = "Not executed: this turn took too long. Go on with this in your next answer."
_USED_UP: Final[Block] = {"type": "text", "text": calls.USED_UP}
_LONGEST_PROMPT: Final = 1_000
_BLOCK: Final = TypeAdapter(Block)


@dataclass
class _Turn:
    """One answer of the model as it is carried out."""

    content: tuple[Block, ...]
    results: list[Block] = field(default_factory=list[Block])
    failed: bool = False
    done: bool = False
    wanted_more: bool = False
    """It acts on though the task's acts are used up."""

    def answered(self, call: ToolCall) -> bool:
        """Whether a call has its result already."""
        return any(one.get("tool_use_id") == call.id for one in self.results)


class Agent:
    """The agent of one task, in one of its turns."""

    def __init__(self, context: StepContext, task: TaskSpec, hosts: Hosts) -> None:
        self._context = context
        self._task = task
        planned = TaskSpec.of(context.request.call.step)
        self._references = References.of(planned.auth)
        self._hosts = hosts
        self._state = TaskState()

    async def work(self) -> Stopped:
        """Begin the task, or go on with what the model or the user has answered.

        Raises:
            Suspended: the next answer is due.
        """
        key = key_of(self._context.asks.now.task)
        if key is None:
            return await self._begin()
        try:
            document = await self._context.asks.store.read_document(self._context.run, key)
            self._state = TaskState.model_validate(document)
            return await self._go_on()
        except AskLost as lost:
            return self._stopped(FailureClass.UNKNOWN, f"the task's history is lost: {lost}")

    async def _begin(self) -> Stopped:
        context = self._context
        if context.resumed_from and (left := await Parts(context).left_open()) is not None:
            message = (
                f"whether {left.what!r} was done by the run before is not known. It is not done"
                " a second time"
            )
            return self._stopped(FailureClass.OUTCOME_UNKNOWN, message)
        self._state = TaskState(files=files_now(context))
        desk = self._desk()
        snapshot = await desk.look()
        try:
            picture = image_block(await desk.take_look(snapshot.observation))
            name = await desk.ref_of(snapshot)
            page = desk.word(reading.read_page(snapshot.observation, name))
            observation = snapshot.observation
        finally:
            await snapshot.dispose()
        shown = prompt.Shown(desk.word(observation.url), desk.word(observation.title), page)
        text = prompt.opening(self._worded(), self._intent(), self._references, shown)
        block = _BLOCK.validate_python(picture)
        self._keep(desk, messages=conversation.asked((), text, block))
        await self._ask("how to begin")

    async def _go_on(self) -> Stopped:
        waiting = self._state.waiting
        if waiting is not None and self._context.asks.user_input:
            return await self._heard(waiting)
        said = self._context.asks.said(TierName.CLAUDE, AskKind.TASK.value)
        if said is None:
            await self._ask("what comes next")
        if said.failure is not None or not said.answer:
            message = said.message or "the model gave no answer"
            return self._stopped(FailureClass.MODEL_UNAVAILABLE, message)
        reply = (await self._context.asks.answer(said)).reply
        if not isinstance(reply, TaskTurn):
            return self._stopped(FailureClass.MODEL_UNAVAILABLE, "the model gave no turn of a task")
        return await self._take(reply)

    async def _take(self, reply: TaskTurn) -> Stopped:
        """Go on with an answer of the model, by the reason why it stopped."""
        content = reply.content
        words = calls.text_of(content) or self._state.said
        self._state = self._state.model_copy(
            update={"turns": self._state.turns + 1, "said": words[-_LONGEST_PROMPT:]}
        )
        match reply.stop_reason:
            case "refusal":
                return self._stopped(FailureClass.MODEL_UNAVAILABLE, "the model declines the task")
            case "max_tokens" | "model_context_window_exceeded":
                return await self._cut_off(content)
            case "pause_turn":
                messages = conversation.answered(self._state.messages, content)
                messages = conversation.asked(messages, "Go on.", None)
                self._state = self._state.model_copy(update={"messages": messages})
                return await self._next()
            case _:
                self._state = self._state.model_copy(update={"cut": 0})
                return await self._carry_out(_Turn(content))

    async def _cut_off(self, content: tuple[Block, ...]) -> Stopped:
        """An answer that is not whole is not carried out; it is said so, a few times."""
        if self._state.cut >= _MOST_CUT:
            return self._stopped(
                FailureClass.MODEL_UNAVAILABLE, "the model's answers are cut off each time"
            )
        found = calls.tool_calls(content)
        messages = conversation.answered(self._state.messages, content)
        if found:
            results = [result_of(call, calls.CUT_OFF, failed=True) for call in found]
            messages = conversation.resulted(messages, results)
        else:
            messages = conversation.asked(messages, calls.CUT_OFF, None)
        cut = self._state.cut + 1
        self._state = self._state.model_copy(update={"messages": messages, "cut": cut})
        return await self._next()

    async def _heard(self, waiting: Waiting) -> Stopped:
        """The user has answered the call that asked: the rest of its turn is carried out."""
        turn = _Turn(waiting.content, list(waiting.results))
        asking = next(
            (one for one in calls.tool_calls(waiting.content) if one.id == waiting.call_id), None
        )
        if asking is not None:
            answer = f"The user answered: {reference(self._context.asks.user_input)}"
            turn.results.append(result_of(asking, answer))
        self._state = self._state.model_copy(update={"waiting": None})
        return await self._carry_out(turn)

    async def _carry_out(self, turn: _Turn) -> Stopped:
        found = calls.tool_calls(turn.content)
        if not found:
            return self._stop(Stop.USED_UP) if self._spent else self._stop(Stop.ENDED)
        desk = self._desk()
        parts = Parts(self._context)
        browser = SessionBrowser(desk, Hands(desk, parts))
        try:
            for call in found:
                if turn.answered(call):
                    continue
                if call.kind == "ask" and not turn.failed and not turn.done:
                    asked = self._question(call, turn)
                    if asked is not None:
                        await self._ask_user(desk, turn, call, asked)
                    continue
                turn.results.append(await self._result(browser, call, turn))
        except PartUnknown as unknown:
            message = f"whether the last act was done is not known: {unknown}. It is not done again"
            return self._stopped(FailureClass.OUTCOME_UNKNOWN, message)
        finally:
            parts.close()
        messages = conversation.answered(self._state.messages, turn.content)
        told = [_USED_UP] if self._spent else []
        self._keep(desk, messages=conversation.resulted(messages, [*turn.results, *told]))
        if turn.done:
            return self._stop(Stop.ENDED)
        return self._stop(Stop.USED_UP) if turn.wanted_more else await self._next()

    async def _result(self, browser: SessionBrowser, call: ToolCall, turn: _Turn) -> Block:
        """Carry out one call, unless one before it in this turn has failed."""
        if turn.done:
            return result_of(call, calls.OVER, failed=True)
        if turn.failed:
            return result_of(call, calls.NOT_EXECUTED, failed=True)
        if call.kind == "done":
            turn.done = True
            summary = call.input.get("summary")
            if isinstance(summary, str):
                self._state = self._state.model_copy(update={"said": summary})
            return result_of(call, "The task is ended.")
        if call.acts and self._spent:
            turn.failed = turn.wanted_more = True
            return result_of(call, calls.NO_STEPS, failed=True)
        block = await self._executed(browser, call)
        turn.failed = block.get("is_error") is True
        return block

    async def _executed(self, browser: SessionBrowser, call: ToolCall) -> Block:
        if call.kind != "browser":
            return result_of(call, f"Error: there is no tool {call.name[:60]!r}.", failed=True)
        if self._context.time_left(_LEAST_TIME_S) < _LEAST_TIME_S:
            return result_of(call, _NO_TIME, failed=True)
        if call.acts:
            self._state = self._state.model_copy(update={"acts": self._state.acts + 1})
        use = BetaToolUseBlock(
            id=call.id,
            name=call.name,
            input=dict(call.input),
            type="tool_use",
            toolset_name="browser",
        )
        result = await browser.tool_result(use)
        if browser.lost is not None:
            raise browser.lost
        return self._storable(browser.desk, _BLOCK.validate_python(result))

    def _storable(self, desk: Desk, block: Block) -> Block:
        """A result without picture bytes, and without any secret that slipped into it."""
        content = block.get("content")
        if isinstance(content, list):
            content = [_stored_picture(desk, one) for one in content]
        kept = self._context.mask.worded_block({**block, "content": content})
        return _BLOCK.validate_python(kept)

    def _question(self, call: ToolCall, turn: _Turn) -> str | None:
        """What a model wants to ask the user; None where it can't, and has been told so."""
        given = call.input.get("prompt")
        if not isinstance(given, str) or not given.strip():
            text = "Error: request_user_input needs a prompt."
        elif self._state.asked >= _MOST_ASKED:
            text = "Not asked: the user has been asked often enough in this task."
        else:
            return given.strip()[:_LONGEST_PROMPT]
        turn.results.append(result_of(call, text, failed=True))
        turn.failed = True
        return None

    async def _ask_user(self, desk: Desk, turn: _Turn, call: ToolCall, question: str) -> NoReturn:
        waiting = Waiting(content=turn.content, results=tuple(turn.results), call_id=call.id)
        self._keep(desk, waiting=waiting)
        self._state = self._state.model_copy(update={"asked": self._state.asked + 1})
        await self._write_state()
        self._context.asks.ask_user(question, f'task "{self._task.task_id}"')

    async def _next(self) -> Stopped:
        """Ask on, unless the task's turns are used up, or its acts and its clause can decide."""
        most = 2 * self._task.max_steps + 10
        decided = self._spent and self._task.verify is not None
        if decided or self._state.turns >= most:
            return self._stop(Stop.USED_UP)
        await self._ask("what comes next")

    async def _ask(self, what: str) -> NoReturn:
        system = prompt.system_prompt(self._references, self._hosts.names)
        tools = (SessionBrowser.offered(), *calls.TOOLS)
        body = TaskAsk(system=system, messages=self._state.messages, tools=tools)
        task = await self._write_state()
        why = f"{what} in task {self._task.task_id}"
        await self._context.asks.suspend_task(body, why, task)

    async def _write_state(self) -> JsonValue:
        document = self._state.model_dump(mode="json")
        asks = self._context.asks
        summary = summary_of(
            self._state, await asks.store.write_document(self._context.run, document)
        )
        asks.now = asks.now.model_copy(update={"task": summary, "said": ()})
        return summary

    def _keep(
        self,
        desk: Desk,
        messages: conversation.Messages | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        kept = messages if messages is not None else self._state.messages
        self._state = self._state.model_copy(
            update={
                "messages": kept,
                "refs": tuple(desk.refs.known),
                "shown": desk.shown,
                "waiting": waiting,
            }
        )

    def _desk(self) -> Desk:
        book = RefBook(list(self._state.refs), self._context.mask.worded)
        return Desk(
            self._context, self._task, self._hosts, self._references, book, self._state.shown
        )

    def _worded(self) -> TaskSpec:
        """What a model is told of the task beside its intent."""
        task = TaskSpec(max_steps=self._task.max_steps)
        verify = self._task.verify
        if verify is None:
            return task
        value = self._context.mask.words(verify.value)
        return task.model_copy(update={"verify": Verify(type=verify.type, value=value)})

    def _intent(self) -> str:
        return self._references.shown(self._context.mask.words(self._context.step.intent))

    @property
    def _spent(self) -> bool:
        """Whether all acts of the task are used up."""
        return self._state.acts >= self._task.max_steps

    def _stopped(self, failure: FailureClass, message: str) -> Stopped:
        stopped = self._stop(Stop.FAILED)
        return Stopped(
            stopped.why,
            stopped.steps,
            stopped.tier,
            failed(failure, message),
            stopped.said,
            stopped.files,
        )

    def _stop(self, why: Stop) -> Stopped:
        state = self._state
        return Stopped(why, state.acts, TierName.CLAUDE, None, state.said, state.files)


def _stored_picture(desk: Desk, block: JsonValue) -> JsonValue:
    match block:
        case {"type": "image"} if desk.shown is not None and desk.shown.picture is not None:
            return image_block(desk.shown.picture.key)
        case {"type": "image"}:
            return {"type": "text", "text": "[a picture that can't be shown]"}
        case _:
            return block
