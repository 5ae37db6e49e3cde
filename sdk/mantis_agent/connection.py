"""Does what the flows ask for, one thing after another."""

import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

from mantis_agent import answers, flows
from mantis_agent.calls import Call
from mantis_agent.downloads import Download
from mantis_agent.endpoint import Endpoint
from mantis_agent.flows import Flow, Send, Setting, Sleep, Tell
from mantis_agent.types import Record, Status

T = TypeVar("T")
R = TypeVar("R", bound=Record)
OnStatus = Callable[[Status], object]


class Connection:
    """Connections to one service."""

    def __init__(self, endpoint: Endpoint, setting: Setting) -> None:
        self.setting = setting
        self._http = httpx.Client(
            base_url=endpoint.url,
            headers=endpoint.headers,
            timeout=setting.timeout_s,
            trust_env=not endpoint.loopback,
            limits=flows.LIMITS,
        )

    def close(self) -> None:
        """Close them."""
        self._http.close()

    def ask(self, call: Call, kind: type[R]) -> R:
        """Make a call and read its answer."""
        return self.drive(flows.ask(self.setting, call, kind))

    def drive(self, flow: Flow[T], on_status: OnStatus | None = None) -> T:
        """Do what a flow asks for until it is over."""
        with closing(flow):
            try:
                effect = next(flow)
                while True:
                    match effect:
                        case Send(call):
                            effect = flow.send(self._send(call))
                        case Sleep(seconds):
                            time.sleep(seconds)
                            effect = flow.send(None)
                        case Tell(status):
                            if on_status is not None:
                                on_status(status)
                            effect = flow.send(None)
            except StopIteration as stop:
                return stop.value

    def _send(self, call: Call) -> httpx.Response | httpx.TransportError:
        try:
            return self._http.send(self._request(call))
        except httpx.TransportError as error:
            return error
        except httpx.DecodingError as error:
            raise answers.unreachable(self.setting.shown, error) from error

    @contextmanager
    def open(self, call: Call) -> Generator[httpx.Response]:
        """The answer to a call, its body unread."""
        response = self._http.send(self._request(call), stream=True)
        with closing(response):
            yield response

    def download(self, download: Download) -> Path:
        """Save an answer to a file."""
        tries = 0
        while True:
            tries += 1
            try:
                with self.open(download.call) as reply:
                    if reply.is_success:
                        with download.writing(reply) as write:
                            for chunk in reply.iter_bytes():
                                write(chunk)
                        return download.path
                    reply.read()
            except httpx.TransportError as error:
                reply = error
            wait_s = flows.again_in_s(self.setting.policy, download.call, reply, tries)
            if wait_s is None:
                raise answers.refusal(flows.answer_of(self.setting, reply))
            time.sleep(wait_s)

    def _request(self, call: Call) -> httpx.Request:
        return flows.request(self._http, self.setting, call)
