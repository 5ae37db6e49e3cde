"""One connection of Chromium to the egress, request after request."""

import asyncio
import contextlib
from html import escape

import h11

from activities.holder.addresses import Blocked, BlockReason, Destination, parse_authority
from activities.holder.headers import request_headers, response_headers, split_target
from activities.holder.journal import EntryKind
from activities.holder.network import Network
from activities.holder.relay import CHUNK, Direction, relay
from activities.holder.tls import may_ask
from activities.holder.upstream import MAX_HEAD_BYTES, Upstream, UpstreamFailed

_DRAIN_S = 1.0
_STATUS = {
    BlockReason.BAD_REQUEST: 400,
    BlockReason.NAME_NOT_RESOLVED: 502,
    BlockReason.CONNECT_REFUSED: 502,
    BlockReason.BAD_RESPONSE: 502,
    BlockReason.CONNECT_TIMEOUT: 504,
}
"""Status of the page that tells of a refusal; what the policy refuses is 403."""


async def serve_client(
    network: Network, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve one connection until either side is done with it."""
    client = _Client(network, reader, writer)
    with contextlib.suppress(OSError, EOFError):
        await client.serve()


class _Client:
    """The proxy's side of a connection that Chromium made."""

    def __init__(
        self, network: Network, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._network = network
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._upstream: Upstream | None = None

    async def serve(self) -> None:
        """Answer requests until the connection can't take another one."""
        try:
            while await self._answer_one():
                self._http.start_next_cycle()
        finally:
            if self._upstream is not None:
                await self._upstream.close()

    async def _answer_one(self) -> bool:
        """Answer one request; returns whether another may follow on this connection."""
        try:
            request = await self._next_event()
            if not isinstance(request, h11.Request):
                return False
            if request.method == b"CONNECT":
                await self._tunnel(parse_authority(request.target.decode("latin-1"), None))
                return False
            destination, path = split_target(request.target)
            await self._forward(request, destination, path)
        except Blocked as blocked:
            await self._refuse(blocked)
            return False
        except h11.RemoteProtocolError as error:
            await self._refuse(Blocked(BlockReason.BAD_REQUEST, f"malformed request: {error}"))
            return False
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _next_event(self) -> h11.Event | None:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                return None
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(CHUNK))

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()

    async def _tunnel(self, destination: Destination) -> None:
        with self._counted(destination):
            reader, writer = await self._network.connect(destination)
        try:
            await self._next_event()
            early, _ = self._http.trailing_data
            self._writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._relay(destination, early, reader, writer)
        finally:
            await self._network.release(writer)

    async def _relay(
        self,
        destination: Destination,
        early: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        async def journal(piece: bytes) -> None:
            if self._network.journal.guarded and may_ask(piece):
                await self._network.journal.tunnelled(writer, destination.authority)

        await journal(early)
        self._network.sent(len(early))
        writer.write(early)
        await relay(
            Direction(self._reader, writer, self._network.sent, journal),
            Direction(reader, self._writer, self._network.received),
        )

    async def _forward(self, request: h11.Request, destination: Destination, path: bytes) -> None:
        outgoing = h11.Request(
            method=request.method, target=path, headers=request_headers(request, destination)
        )
        with self._counted(destination):
            self._network.require_open()
            self._network.policy.check_name(destination)
            upstream = await self._upstream_for(request, destination)
        entry = None
        if request.method != b"GET":
            url = f"http://{destination.authority}{path.partition(b'?')[0].decode('latin-1')}"
            method = request.method.decode("ascii")
            entry = await self._network.journal.sent(method, url, _kind_of(request))
        try:
            with self._counted(destination):
                upstream, response = await self._ask(upstream, outgoing)
        except (Blocked, EOFError):
            if entry is not None:
                await self._network.journal.failed(entry, "no answer")
            raise
        if entry is not None:
            await self._network.journal.answered(entry, response.status_code)
        if isinstance(response, h11.InformationalResponse):
            await self._switch(upstream, response)
        else:
            await self._return(upstream, response)

    @contextlib.contextmanager
    def _counted(self, destination: Destination):
        try:
            yield
        except Blocked as blocked:
            self._network.policy.note(destination, blocked.reason)
            raise

    async def _upstream_for(self, request: h11.Request, destination: Destination) -> Upstream:
        """The idle connection to the same place, or a new one.

        A request that may change something never goes out on a used connection: whether the
        site read it before it hung up could not be told.
        """
        idle = self._upstream
        if idle is not None:
            if idle.destination == destination and idle.idle and _repeatable(request):
                return idle
            await idle.close()
        self._upstream = await Upstream.connect(self._network, destination)
        return self._upstream

    async def _ask(
        self, upstream: Upstream, outgoing: h11.Request
    ) -> tuple[Upstream, h11.Response | h11.InformationalResponse]:
        """Send the request and its body; returns the response's head and who sent it.

        A used connection that the site closed in the meantime is replaced once.
        """
        while True:
            try:
                await upstream.send(outgoing)
                await self._pass_body(upstream)
                async with self._watching(upstream):
                    return upstream, await upstream.head()
            except UpstreamFailed as error:
                await upstream.close()
                if self._reader.at_eof():
                    raise EOFError from error
                self._network.require_open()
                if not upstream.used:
                    message = f"{upstream.destination.authority} sent no valid response"
                    raise Blocked(BlockReason.BAD_RESPONSE, message) from error
            upstream = self._upstream = await Upstream.connect(self._network, upstream.destination)

    async def _pass_body(self, upstream: Upstream) -> None:
        while self._http.their_state is h11.SEND_BODY:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                await upstream.send(h11.Data(data=event.data))
        await upstream.send(h11.EndOfMessage())

    @contextlib.asynccontextmanager
    async def _watching(self, upstream: Upstream):
        """Hang up on the site as soon as Chromium hangs up on us."""

        async def watch() -> None:
            data = await self._reader.read(CHUNK)
            self._http.receive_data(data)
            if not data:
                upstream.abort()

        task = asyncio.create_task(watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _return(self, upstream: Upstream, response: h11.Response) -> None:
        await self._send(
            h11.Response(
                status_code=response.status_code,
                reason=response.reason,
                headers=response_headers(response),
            )
        )
        try:
            async with self._watching(upstream):
                while (piece := await upstream.body()) is not None:
                    await self._send(h11.Data(data=piece))
        except UpstreamFailed as error:
            raise EOFError from error
        await self._send(h11.EndOfMessage())
        upstream.finish()

    async def _switch(self, upstream: Upstream, response: h11.InformationalResponse) -> None:
        await self._send(
            h11.InformationalResponse(
                status_code=101, reason=response.reason, headers=response.headers.raw_items()
            )
        )
        if upstream.early:
            self._writer.write(upstream.early)
        early = self._http.trailing_data[0]
        await self._relay(upstream.destination, early, *upstream.streams)

    async def _refuse(self, blocked: Blocked) -> None:
        """Tell Chromium why, where it still listens for a response."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        page = (
            "<!doctype html><title>Blocked</title>"
            f"<h1>This page was not loaded</h1><p>{escape(str(blocked))}.</p>"
        ).encode()
        status = _STATUS.get(blocked.reason, 403)
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(page))),
            ("Cache-Control", "no-store"),
            ("X-Mantis-Blocked", blocked.reason.value),
            ("Connection", "close"),
        ]
        await self._send(h11.Response(status_code=status, headers=headers, reason=b"Blocked"))
        await self._send(h11.Data(data=page))
        await self._send(h11.EndOfMessage())
        await self._linger()

    async def _linger(self) -> None:
        """Read what Chromium still sends, so that closing does not reset the response away."""
        self._writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                while await self._reader.read(CHUNK):
                    pass


def _kind_of(request: h11.Request) -> EntryKind:
    """What a request is for, as far as Chromium says so; a form's says `upgrade-insecure`."""
    fields = {name: value for name, value in request.headers}
    if fields.get(b"upgrade-insecure-requests") == b"1":
        return EntryKind.DOCUMENT
    if fields.get(b"content-type", b"").startswith((b"text/ping", b"application/csp-report")):
        return EntryKind.BEACON
    no_cors = fields.get(b"sec-fetch-mode") == b"no-cors"
    unread = no_cors and fields.get(b"sec-fetch-dest") == b"empty"
    return EntryKind.BEACON if unread else EntryKind.DATA


def _repeatable(request: h11.Request) -> bool:
    framing = {b"content-length", b"transfer-encoding"}
    return request.method == b"GET" and not any(name in framing for name, _ in request.headers)
