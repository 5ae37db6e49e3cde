"""Clients that begin a body and send no more of it: they are not waited for without end."""

import asyncio

import pytest
from fastapi import FastAPI

from tests.serving import served

TOKEN = "test-token"


async def test_a_body_that_never_ends_is_given_up(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.body.WITHIN_S", 0.2)
    async with served(app) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nX-Mantis-Token: %b\r\n"
            b'Content-Length: 100\r\n\r\n{"task' % TOKEN.encode()
        )
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"the body was not complete within" in answer
