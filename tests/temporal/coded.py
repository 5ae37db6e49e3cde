"""A workflow that puts a canary in every place that a payload goes to."""

from datetime import timedelta

from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

CANARY = "canary-7f3a"


class Order(BaseModel):
    plan: str
    fails: bool = False


class Answer(BaseModel):
    text: str


@activity.defn
async def work(order: Order) -> Answer:
    if order.fails:
        raise ApplicationError(f"{CANARY} in a message", Answer(text=f"{CANARY} in details"))
    return Answer(text=f"{CANARY} as a result of {order.plan}")


@workflow.defn
class Coded:
    def __init__(self) -> None:
        self._word = ""

    @workflow.signal
    def word(self, answer: Answer) -> None:
        self._word = answer.text

    @workflow.query
    def last_word(self) -> Answer:
        return Answer(text=self._word)

    @workflow.run
    async def run(self, order: Order) -> Answer:
        workflow.upsert_memo({"plan": order.plan})
        workflow.set_current_details(f"{CANARY} in the details")
        await workflow.wait_condition(lambda: bool(self._word))
        return await workflow.execute_activity(
            work,
            order,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=1),
            summary=f"{CANARY} in a summary",
        )
