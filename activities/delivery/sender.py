"""Sends a webhook to an address that was judged, and hears no more than its status."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import cast

import httpcore

from activities.addresses import IPAddress, NotResolved, all_public
from activities.delivery.errors import NoAnswer, Refused
from activities.delivery.target import Target

TIMEOUT_S = 10.0
"""For all of a try: resolving, connecting, sending, and the head of the answer."""

CONNECT_S = 4.0
"""For one of several addresses."""

Resolver = Callable[[str, int], Awaitable[tuple[IPAddress, ...]]]


class Sender:
    """Makes the requests of webhooks. Proxies of the environment are not used.

    Args:
        resolve: asks once where a name leads.
        tls: verifies the certificates of receivers.
        allow_private: let requests go to private addresses too.
    """

    def __init__(self, resolve: Resolver, tls: ssl.SSLContext, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._tls = tls
        self._allow_private = allow_private

    async def post(self, target: Target, headers: Iterable[tuple[str, str]], body: bytes) -> int:
        """POST once, following nothing; answers the status. The answer's body is not read.

        Raises:
            Refused: the name leads to an address that is not public.
            NoAnswer: the receiver can't be reached, or gave no status within 10 s.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                addresses = await self._judged(target)
                return await self._exchange(target, addresses, headers, body)
        except TimeoutError as error:
            raise NoAnswer(f"{target.shown} did not answer within {TIMEOUT_S:.0f} s") from error

    async def _judged(self, target: Target) -> tuple[IPAddress, ...]:
        try:
            addresses = await self._resolve(target.host, target.port)
        except NotResolved as error:
            raise NoAnswer(str(error)) from error
        if not self._allow_private and not all_public(addresses):
            raise Refused(
                f"not sent: {target.host} leads to an address that is not public "
                "(the operator can allow it with MANTIS_WEBHOOK_ALLOW_PRIVATE=1)"
            )
        return addresses

    async def _exchange(
        self,
        target: Target,
        addresses: tuple[IPAddress, ...],
        headers: Iterable[tuple[str, str]],
        body: bytes,
    ) -> int:
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path,
        )
        all_headers = [("Host", target.authority), *headers]
        if target.authorization:
            all_headers.append(("Authorization", target.authorization))
        network = Pinned(addresses)
        try:
            async with (
                httpcore.AsyncConnectionPool(
                    ssl_context=self._tls, network_backend=network
                ) as pool,
                pool.stream("POST", url, headers=all_headers, content=body) as response,
            ):
                return response.status
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            OSError,
        ) as error:
            raise NoAnswer(_why(target, error)) from error
        finally:
            await network.close()


class Pinned(httpcore.AsyncNetworkBackend):
    """Connects to addresses given beforehand, whatever the name leads to by now.

    The name stays in the `Host` header, in TLS and in the check of the certificate.
    """

    def __init__(self, addresses: tuple[IPAddress, ...]) -> None:
        self._addresses = addresses
        # httpcore hides the type of its backend behind an optional import.
        self._network = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())
        self._opened: list[httpcore.AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises:
            httpcore.ConnectError: none of them does.
            httpcore.ConnectTimeout: the last of them did not in its time.
        """
        fault: Exception = httpcore.ConnectError("there is no address")
        timeout = CONNECT_S if len(self._addresses) > 1 else None
        for address in self._addresses:
            try:
                stream = await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
                self._opened.append(stream)
                return stream
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault

    async def close(self) -> None:
        """Hang up; httpcore leaves a connection open whose TLS was interrupted."""
        for stream in self._opened:
            await stream.aclose()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


def _why(target: Target, error: Exception) -> str:
    causes = _chain(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {target.shown} is not valid: {cause.verify_message}"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return f"{target.shown} speaks no TLS that we understand"
    match error:
        case httpcore.ConnectError() | httpcore.ConnectTimeout():
            return f"{target.shown} can't be connected to"
        case httpcore.ProtocolError():
            return f"{target.shown} gave no answer in HTTP"
        case _:
            return f"{target.shown} hung up before it answered"


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes, the outermost first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain
