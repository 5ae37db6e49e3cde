"""CloseRun: ends a run whose own workflow can't: it was terminated, failed, or is gone."""

from datetime import UTC, datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows import interfaces, policies
    from workflows.interfaces import CloseInput, Nothing


@workflow.defn(name=interfaces.CLOSE_RUN)
class CloseRun:
    """Lets the run's browser fall silent, then has the account closed as always."""

    @workflow.run
    async def run(self, request: CloseInput) -> Nothing:
        """Close it; a run that is over, or whose workflow is alive after all, stays as it is.

        Args:
            request: names the run, and says how and when its workflow ended.
        """
        ended = datetime.fromtimestamp(request.closing.at_ms / 1000, UTC)
        left = min(ended + policies.LEASE_OVER - workflow.now(), policies.LEASE_OVER)
        if left.total_seconds() > 0:
            await workflow.sleep(left)
        return await workflow.execute_activity(
            interfaces.CLOSE_ACCOUNT,
            request,
            result_type=Nothing,
            start_to_close_timeout=policies.LEDGER_TIMEOUT,
            retry_policy=policies.LEDGER_RETRY,
        )
