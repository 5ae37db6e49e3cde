"""Workflows that put one question, as PlanRun puts it."""

import asyncio
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows import interfaces, policies, questions
    from workflows.interfaces import Decomposed, DecomposeRequest, ModelRequest
    from workflows.turns import ModelAnswer


@workflow.defn(name="OneQuestion")
class OneQuestion:
    """Puts one question as PlanRun does, and gives back what came of it."""

    @workflow.run
    async def run(self, request: ModelRequest) -> ModelAnswer | None:
        asked = questions.ask(request.run, request.call, request.ask, request.time_left_ms)
        if isinstance(asked, ModelAnswer):
            return asked
        try:
            await workflow.wait_condition(lambda: asked.done)
        except asyncio.CancelledError:
            asked.drop()
            await asked.settled()
            raise
        return asked.answer()


@workflow.defn(name="OneDecomposition")
class OneDecomposition:
    """Has the plan in words of a run decomposed, as PlanRun has it done."""

    @workflow.run
    async def run(self, request: DecomposeRequest) -> Decomposed:
        return await workflow.execute_activity(
            interfaces.DECOMPOSE,
            request,
            result_type=Decomposed,
            task_queue=interfaces.REASONING_QUEUE,
            schedule_to_close_timeout=timedelta(milliseconds=request.time_left_ms),
            start_to_close_timeout=policies.MODEL_TIMEOUT,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.MODEL_RETRY,
        )


@workflow.defn(name="ManyQuestions")
class ManyQuestions:
    """Puts questions one after another, as a run of many steps does."""

    @workflow.run
    async def run(self, requests: list[ModelRequest]) -> int:
        answers = [await _put(request) for request in requests]
        return sum(answer is not None and answer.failure is None for answer in answers)


async def _put(request: ModelRequest) -> ModelAnswer | None:
    asked = questions.ask(request.run, request.call, request.ask, request.time_left_ms)
    if isinstance(asked, ModelAnswer):
        return asked
    try:
        await workflow.wait_condition(lambda: asked.done)
    except asyncio.CancelledError:
        asked.drop()
        await asked.settled()
        raise
    return asked.answer()


WORKFLOWS = [OneQuestion, OneDecomposition, ManyQuestions]
