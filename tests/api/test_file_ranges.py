"""Files in part: the ranges that a player asks for, and those that nobody can answer."""

import httpx
import pytest
from fastapi import FastAPI

from api.settings import ApiSettings
from tests.api.conftest import TOKEN, over_asgi

PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]


@pytest.fixture
async def place(client: httpx.AsyncClient, settings: ApiSettings) -> str:
    """Where a run's result of 26 bytes is."""
    handle = (await client.post("/v1/predict", json={"task_suite": PLAN})).json()
    folder = settings.data_dir / "tenants" / "default" / "runs" / handle["run_id"]
    folder.mkdir(parents=True)
    (folder / "leads.csv").write_text("abcdefghijklmnopqrstuvwxyz")
    return f"/v1/runs/{handle['run_id']}/artifacts/leads.csv"


async def test_a_part_of_a_file(app: FastAPI, place: str):
    async with over_asgi(app, **{"X-Mantis-Token": TOKEN}) as client:
        whole = await client.get(place)
        part = await client.get(place, headers={"Range": "bytes=2-4"})
    assert (whole.status_code, whole.text) == (200, "abcdefghijklmnopqrstuvwxyz")
    assert (part.status_code, part.text) == (206, "cde")
    assert part.headers["content-range"] == "bytes 2-4/26"


@pytest.mark.parametrize(
    ("asked", "status", "length"),
    [("bytes=100-200", 416, "bytes */26"), ("bytes=9-2", 400, None), ("pages=1-2", 400, None)],
)
async def test_a_range_that_is_not_there(
    app: FastAPI, place: str, asked: str, status: int, length: str | None
):
    async with over_asgi(app, **{"X-Mantis-Token": TOKEN}) as client:
        answer = await client.get(place, headers={"Range": asked})
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]
    assert answer.headers.get("content-range") == length
