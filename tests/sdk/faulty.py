"""A loopback TCP proxy that does to connections what networks and gateways do."""

import contextlib
import re
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """A gateway answers in the service's place."""

    status: str
    body: str = '{"detail": "away for a moment"}'
    headers: str = ""

    def encoded(self) -> bytes:
        head = f"HTTP/1.1 {self.status}\r\nContent-Type: application/json\r\n{self.headers}"
        body = self.body.encode()
        return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


@dataclass(frozen=True)
class Cut:
    """The answer ends after so many bytes, or with the first occurrence of a text."""

    after: int = 0
    text: bytes = b""

    def place(self, sent: bytes) -> int:
        """How much of what came so far goes through."""
        if not self.text:
            return self.after
        found = sent.find(self.text)
        return len(sent) + 1 if found < 0 else found + len(self.text)


@dataclass(frozen=True)
class Slow:
    """The request is passed on after a while."""

    seconds: float


Fault = Answer | Cut | Slow


class FaultyProxy:
    """Each new connection suffers the next of `faults`; without any it is passed through."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.faults: deque[Fault] = deque()
        self.requests: list[bytes] = []
        self.port = 0
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections and cut those that are open."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def cut(self) -> None:
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def heads(self, path: str) -> list[str]:
        """The heads of the requests for a path, as they came."""
        return [text for text in map(_head, self.requests) if path in text.partition("\r\n")[0]]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            fault = self.faults.popleft() if self.faults else None
            threading.Thread(target=self._serve, args=(client, fault), daemon=True).start()

    def _serve(self, client: socket.socket, fault: Fault | None) -> None:
        with self._kept(client), client:
            first = _request(client)
            if not first:
                return
            self.requests.append(first)
            if isinstance(fault, Answer):
                client.sendall(fault.encoded())
                return
            if isinstance(fault, Slow):
                time.sleep(fault.seconds)
            with socket.create_connection(("127.0.0.1", self.target)) as server, self._kept(server):
                server.sendall(first)
                upward = threading.Thread(target=self._pass_up, args=(client, server), daemon=True)
                upward.start()
                _pass_down(server, client, fault if isinstance(fault, Cut) else None)
                for one in (client, server):
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)
                upward.join()

    def _pass_up(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := client.recv(65536):
                self.requests.append(chunk)
                server.sendall(chunk)
            server.shutdown(socket.SHUT_WR)

    @contextlib.contextmanager
    def _kept(self, one: socket.socket):
        with self._lock:
            self._open.add(one)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(one)


def _pass_down(server: socket.socket, client: socket.socket, cut: Cut | None) -> None:
    sent = b""
    with contextlib.suppress(OSError):
        while chunk := server.recv(65536):
            if cut is None:
                client.sendall(chunk)
                continue
            before, sent = len(sent), sent + chunk
            place = cut.place(sent)
            client.sendall(sent[before : min(len(sent), place)])
            if place <= len(sent):
                return


def _request(client: socket.socket) -> bytes:
    """A request with all of its body, however many packets it comes in."""
    got = b""
    while chunk := client.recv(65536):
        got += chunk
        head, end, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if end and len(body) >= (int(length[1]) if length else 0):
            break
    return got


def _head(request: bytes) -> str:
    return request.partition(b"\r\n\r\n")[0].decode("latin-1")
