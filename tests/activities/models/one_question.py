"""A workflow that puts one question, as PlanRun puts it."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows import questions
    from workflows.interfaces import ModelRequest
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
