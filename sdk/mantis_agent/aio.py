"""The client for asyncio: the same names as in `mantis_agent.client`, to be awaited."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from mantis_agent import answers, calls, flows
from mantis_agent.aio_connection import AsyncConnection, OnStatus
from mantis_agent.backoff import RetryPolicy
from mantis_agent.calls import DEFAULT_TAIL
from mantis_agent.downloads import Download
from mantis_agent.endpoint import Endpoint, endpoint_from_env
from mantis_agent.flows import Setting
from mantis_agent.streams import Follower
from mantis_agent.types import (
    TERMINAL_STATUSES,
    Event,
    Events,
    Handle,
    Health,
    Logs,
    Poll,
    Queue,
    Result,
    Resumed,
    RunsPage,
    Status,
    UsageBy,
    UsagePage,
)

__all__ = ["TERMINAL_STATUSES", "AsyncMantisClient"]


class AsyncMantisClient:
    """A Mantis service as seen by one tenant, for asyncio. One event loop may use it.

    Args:
        endpoint: address of the service, such as `http://127.0.0.1:8000`.
        api_key: for a gateway in front, sent as `Authorization: Api-Key …`.
        mantis_token: the tenant's token.
        timeout_s: time for connecting, and for each silence of an exchange; a blocking
            submission (`detached: false`) waits as long as its run takes.
        idempotency_key: sent with every submission of this client, for a program that makes one
            submission and may be started again: the same body then gives the same run, another
            body is refused (409). None: each `predict` makes a key of its own.
        retry: how patient it is.

    Raises:
        MantisError: the endpoint is no http(s) URL.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        api_key: str | None = None,
        mantis_token: str | None = None,
        timeout_s: float = 60.0,
        idempotency_key: str | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._endpoint = Endpoint.of(endpoint, mantis_token, api_key)
        self._idempotency_key = idempotency_key
        setting = Setting(self._endpoint.shown, retry or RetryPolicy(), timeout_s)
        self._connection = AsyncConnection(self._endpoint, setting)

    @classmethod
    def from_env(
        cls,
        *,
        timeout_s: float = 60.0,
        idempotency_key: str | None = None,
        retry: RetryPolicy | None = None,
    ) -> Self:
        """A client of `MANTIS_ENDPOINT`, with `MANTIS_API_TOKEN` and `BASETEN_API_KEY`.

        Raises:
            MantisError: `MANTIS_ENDPOINT` is not set or no http(s) URL.
        """
        found = endpoint_from_env()
        return cls(
            str(found.url),
            api_key=found.api_key,
            mantis_token=found.mantis_token,
            timeout_s=timeout_s,
            idempotency_key=idempotency_key,
            retry=retry,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._endpoint.shown!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. The runs go on."""
        await self._connection.close()

    async def predict(
        self, request: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Handle:
        """Submit a plan, with the options of the contract's section 3.

        A submission carries an `Idempotency-Key` (this one, else the client's, else one of its
        own), so a lost answer is asked for again without a second run.

        Returns:
            The handle at once; with `detached: false` the result, once the run is over or
            paused; with `dry_run: true` the plan as understood.

        Raises:
            MantisAPIError: it was refused.
            MantisConnectionError: no answer came.
        """
        call = calls.predict(request, idempotency_key or self._idempotency_key)
        return await self._connection.ask(call, Handle)

    async def poll(self, run_id: str) -> Poll:
        """The cheap poll: phase, last event, and how long to wait before asking again."""
        return await self._connection.ask(calls.poll(run_id), Poll)

    async def status(self, run_id: str) -> Status:
        """How a run stands."""
        return await self._connection.ask(calls.status(run_id), Status)

    async def result(self, run_id: str) -> Result:
        """What a run brought; `result` is None before its end."""
        return await self._connection.ask(calls.result(run_id), Result)

    async def logs(self, run_id: str, tail: int = DEFAULT_TAIL) -> Logs:
        """The last lines of a run's log, oldest first."""
        return await self._connection.ask(calls.logs(run_id, tail), Logs)

    async def events(self, run_id: str, since: str = "") -> Events:
        """The events after a cursor, at once; `stream_events` follows them."""
        return await self._connection.ask(calls.events(run_id, since), Events)

    async def cancel(self, run_id: str, reason: str = "") -> Status:
        """Stop a run at its next boundary; one that is over stays as it is."""
        return await self._connection.ask(calls.cancel(run_id, reason), Status)

    async def pause(self, run_id: str, reason: str = "") -> Status:
        """Ask a running run to pause at its next boundary."""
        return await self._connection.ask(calls.pause(run_id, reason), Status)

    async def resume(
        self, run_id: str, user_input: Any = calls.NO_INPUT, *, pause_id: str | None = None
    ) -> Resumed:
        """Let a paused run go on; the answer may be any JSON value, None too.

        With the `pause_id` of its status the same answer may be given again, so that a lost
        connection is retried.

        Raises:
            MantisAPIError: 400 where it isn't paused (any more), or asks for input; 503 where
                the service can't tell the run just now.
        """
        return await self._connection.ask(calls.resume(run_id, user_input, pause_id), Resumed)

    async def wait_for_completion(
        self,
        run_id: str,
        *,
        on_status: OnStatus | None = None,
        poll_interval_s: float | None = None,
        timeout_s: float | None = None,
    ) -> Status:
        """Wait until a run is over, through pauses and outages of the service.

        Args:
            run_id: the run.
            on_status: called with each new status, also when a pause follows another; awaited
                where it returns an awaitable.
            poll_interval_s: time between two polls; None follows the service's hint.
            timeout_s: how long to wait at most; None: as long as it takes.

        Returns:
            Its last status, whether it succeeded or not.

        Raises:
            MantisTimeoutError: it was not over in time.
            MantisAPIError: it can't be read.
            MantisConnectionError: the service was away for longer than `retry.outage_s`.
        """
        flow = flows.wait(
            self._connection.setting,
            run_id,
            tells=on_status is not None,
            poll_interval_s=poll_interval_s,
            timeout_s=timeout_s,
        )
        return await self._connection.drive(flow, on_status)

    async def run_to_completion(
        self,
        request: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        on_status: OnStatus | None = None,
        poll_interval_s: float | None = None,
        timeout_s: float | None = None,
    ) -> Result:
        """Submit a plan, wait until its run is over, and read the result.

        Raises:
            MantisRunFailed: it failed or was cancelled; its `status` is the result so far.
            MantisTimeoutError: it was not over in time. It goes on.
            MantisAPIError: it was refused.
        """
        flow = flows.complete(
            self._connection.setting,
            request,
            idempotency_key or self._idempotency_key,
            tells=on_status is not None,
            poll_interval_s=poll_interval_s,
            timeout_s=timeout_s,
        )
        return await self._connection.drive(flow, on_status)

    async def stream_events(self, run_id: str, since: str = "") -> AsyncGenerator[Event]:
        """The events of a run, from `since` on, until it is over: each once and in order.

        Broken and ended streams are opened again after the last event seen. The last event is
        `terminal`. Close the generator to leave earlier.

        Raises:
            MantisAPIError: the run can't be read.
            MantisConnectionError: the service was away for longer than `retry.outage_s`.
        """
        setting = self._connection.setting
        follower = Follower(run_id, since, setting.shown, setting.policy)
        while True:
            fault: httpx.TransportError | None = None
            try:
                async with self._connection.open(follower.call()) as response:
                    if follower.wants(response):
                        async for chunk in response.aiter_raw():
                            for event in follower.feed(chunk):
                                yield event
                            if follower.over:
                                return
                    else:
                        await response.aread()
                        follower.refuse(response)
            except httpx.TransportError as error:
                fault = error
            await asyncio.sleep(follower.reconnect_s(fault))

    async def fetch_video(self, run_id: str, path: str | Path, polished: bool = True) -> Path:
        """Save a run's recording.

        Args:
            run_id: the run.
            path: the file to write, or a folder to write `<run_id>.<format>` into. It is there
                whole or not at all.
            polished: False takes the raw footage.

        Returns:
            The file.

        Raises:
            MantisAPIError: 404 where the run has no recording.
            OSError: it can't be written.
        """
        download = Download(calls.video(run_id, polished=polished), Path(path), run_id)
        return await self._connection.download(download)

    async def fetch_artifact(self, run_id: str, name: str, path: str | Path) -> Path:
        """Save a file of a run: `result.json`, `leads.csv`, a step's screenshot.

        Raises:
            MantisAPIError: 404 where the run has no such file.
            OSError: it can't be written.
        """
        return await self._connection.download(
            Download(calls.artifact(run_id, name), Path(path), run_id)
        )

    async def artifact(self, run_id: str, name: str) -> bytes:
        """A file of a run."""
        response = await self._connection.drive(
            flows.exchange(self._connection.setting, calls.artifact(run_id, name))
        )
        if not response.is_success:
            raise answers.refusal(response)
        return response.content

    async def queue(self) -> Queue:
        """What the tenant has under way."""
        return await self._connection.ask(calls.queue(), Queue)

    async def runs(
        self, *, status: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> RunsPage:
        """A page of the tenant's runs, newest first; its `next_cursor` leads to the next."""
        return await self._connection.ask(calls.runs(status, limit, cursor), RunsPage)

    async def iter_runs(
        self, *, status: str | None = None, limit: int | None = None
    ) -> AsyncGenerator[Status]:
        """All runs of the tenant, newest first, page by page (`limit` a page)."""
        cursor: str | None = None
        while True:
            page = await self.runs(status=status, limit=limit, cursor=cursor)
            for run in page.runs:
                yield run
            cursor = page.next_cursor
            if not cursor:
                return

    async def usage(
        self,
        *,
        since: str | None = None,
        until: str | None = None,
        by: UsageBy | None = None,
        run_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> UsagePage:
        """A page of the tenant's billing records, by run where nothing else is said.

        Args:
            since: a date or an ISO time; None: from the first one.
            until: before when; a date counts as a whole day. None: to now.
            by: what is summed up.
            run_id: only this run's.
            limit: how many records at most.
            cursor: the `next_cursor` of the page before.
        """
        call = calls.usage(
            since=since, until=until, by=by, run_id=run_id, limit=limit, cursor=cursor
        )
        return await self._connection.ask(call, UsagePage)

    async def usage_csv(
        self,
        *,
        since: str | None = None,
        until: str | None = None,
        by: UsageBy | None = None,
        run_id: str | None = None,
    ) -> str:
        """All billing records as CSV, with one line of names at the top; as in `usage`."""
        text, cursor = "", None
        while True:
            call = calls.usage(
                since=since, until=until, by=by, run_id=run_id, cursor=cursor, format="csv"
            )
            response = await self._connection.drive(flows.exchange(self._connection.setting, call))
            page, cursor = answers.read_csv(response)
            text += page.partition("\r\n")[2] if text else page
            if not cursor:
                return text

    async def health(self) -> Health:
        """Whether the service can do its work; no token is needed."""
        response = await self._connection.drive(
            flows.exchange(self._connection.setting, calls.health())
        )
        return answers.read_health(response)
