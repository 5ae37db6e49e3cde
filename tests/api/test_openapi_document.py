"""The document says what the service does: all of it, by name, with examples that hold."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI

from api.actions import Action
from api.tenants import Scope
from ledger.models import RunStatus
from plans.parse import Shape
from plans.step import HaltClass
from tests.api.conftest import token

Document = dict[str, Any]

OPEN = {"/v1/models", "/v1/health", "/health", "/v1/version", "/metrics"}
OF_CONTRACT = {
    "POST /v1/predict": "run",
    "POST /predict": "run",
    "POST /v1/chat/completions": "run",
    "GET /v1/models": None,
    "GET /v1/health": None,
    "GET /health": None,
    "GET /v1/version": None,
    "GET /metrics": None,
    "GET /v1/runs/{run_id}": "status",
    "GET /v1/runs/{run_id}/status": "status",
    "GET /v1/runs/{run_id}/result": "result",
    "GET /v1/runs/{run_id}/logs": "logs",
    "POST /v1/runs/{run_id}/cancel": "run",
    "POST /v1/runs/{run_id}/resume": "run",
    "POST /v1/runs/{run_id}/pause": "run",
    "GET /v1/runs/{run_id}/events": "logs",
    "GET /v1/runs/{run_id}/video": "any",
    "GET /v1/runs/{run_id}/artifacts/{name}": "result",
    "GET /v1/runs": "status",
    "GET /v1/queue": "status",
    "GET /v1/usage": "status",
}


@pytest.fixture
def document(app: FastAPI) -> Document:
    return app.openapi()


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def holds(document: Document, schema: Document, value: object) -> None:
    """Raises where the value is not what the schema says."""
    jsonschema_rs.validate({**schema, "components": document["components"]}, value)


def test_every_route_of_the_contract_is_described_and_no_other(document: Document):
    described = {f"{method} {path}" for method, path, _ in operations(document)}
    assert described == set(OF_CONTRACT)


def test_every_operation_says_what_it_does_under_a_name_of_its_own(document: Document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for _, path, operation in operations(document):
        assert operation["summary"] and operation["description"], path
        assert all(answer["description"] for answer in operation["responses"].values()), path


def test_the_token_is_asked_for_where_it_is_needed(document: Document):
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-Mantis-Token")
    for _, path, operation in operations(document):
        assert (operation.get("security") is None) == (path in OPEN), path
        assert ("401" in operation["responses"]) == (path not in OPEN), path


def test_every_refusal_is_one_sentence(document: Document):
    for _, path, operation in operations(document):
        assert "422" not in operation["responses"] and "default" not in operation["responses"]
        assert "500" in operation["responses"]
        for status, answer in operation["responses"].items():
            if int(status) < 400 or (status == "503" and path.endswith("/health")):
                continue
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorBody"}, (path, status)


def test_the_closed_sets_have_names(document: Document):
    schemas = document["components"]["schemas"]
    assert schemas["RunStatus"]["enum"] == [str(one) for one in RunStatus]
    assert schemas["HaltClass"]["enum"] == [str(one) for one in HaltClass]


def test_the_document_refers_to_nothing_that_is_not_there(document: Document):
    named = set(re.findall(r"'#/components/schemas/([^']+)'", repr(document)))
    assert named <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_example_is_what_its_schema_says(document: Document):
    shown = 0
    for _, path, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        contents = [pair for body in bodies for pair in body.get("content", {}).items()]
        for media_type, content in contents:
            values = [one["value"] for one in content.get("examples", {}).values()]
            values += [content["example"]] if "example" in content else []
            for value in values:
                if media_type == "application/json":
                    try:
                        holds(document, content["schema"], value)
                    except jsonschema_rs.ValidationError as error:
                        raise AssertionError(f"{path}: {value}") from error
                shown += 1
    assert shown > 100


def test_each_plan_shape_and_each_action_is_shown(document: Document):
    body = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]
    values = [one["value"] for one in body["examples"].values()]
    assert {shape for shape in Shape if any(shape in value for value in values)} == set(Shape)
    assert {value["action"] for value in values if "action" in value} == set(Action)
    for wrong in ({"action": "status"}, {"action": "fly", "run_id": "x"}, {"max_cost": 3}, []):
        with pytest.raises(jsonschema_rs.ValidationError):
            holds(document, body["schema"], wrong)


async def test_the_examples_work(document: Document, tenants: httpx.AsyncClient, tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "keyed_key").write_text("sk-example")
    folder = tmp_path / "plans" / "example"
    folder.mkdir()
    plan = '[{"intent": "Go to {{demo_site}}/boats", "type": "navigate"}]'
    (folder / "extract_listings.json").write_text(plan)
    body = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]
    for name, example in body["examples"].items():
        value = dict(example["value"])
        if "action" not in value:
            value |= {"dry_run": True}
        answer = await tenants.post("/v1/predict", json=value, headers=token("keyed-1"))
        assert answer.status_code == (404 if "action" in value else 200), (name, answer.text)
        answers = document["paths"]["/v1/predict"]["post"]["responses"]
        schema = answers[str(answer.status_code)]["content"]["application/json"]["schema"]
        holds(document, schema, answer.json())


async def test_a_token_without_scopes_is_refused_where_the_document_says_so(
    document: Document, tenants: httpx.AsyncClient
):
    paths = {"run_id": "20260131_120000_0a1b2c3d", "name": "result.json"}
    for method, path, operation in operations(document):
        needed = OF_CONTRACT[f"{method} {path}"]
        scoped = needed in set(Scope)
        assert ("403" in operation["responses"]) == scoped, path
        if scoped:
            answer = await tenants.request(
                method, path.format(**paths), headers=token("acme-none"), json={}
            )
            assert answer.status_code == 403, (path, answer.text)


def test_a_run_id_leads_to_its_routes(document: Document):
    ids = {operation["operationId"] for _, _, operation in operations(document)}
    answer = document["paths"]["/v1/predict"]["post"]["responses"]["200"]
    assert len(answer["links"]) == 10
    for link in answer["links"].values():
        assert link["operationId"] in ids
        assert link["parameters"] == {"run_id": "$response.body#/run_id"}


def test_paths_and_headers(document: Document):
    for _, path, operation in operations(document):
        parameters = {one["name"]: one for one in operation.get("parameters", [])}
        if "{run_id}" in path:
            pattern = parameters["run_id"]["schema"]["pattern"]
            assert re.search(pattern, "20260131_120000_0a1b2c3d")
            assert not re.search(pattern, "x20260131_120000_0a1b2c3d")
        if "429" in operation["responses"]:
            headers = operation["responses"]["429"]["headers"]
            assert headers["Retry-After"]["required"] is True
            assert {name for name in headers if name.startswith("X-RateLimit-")} == {
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
            }
    events = document["paths"]["/v1/runs/{run_id}/events"]["get"]
    assert set(events["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    assert "Last-Event-ID" in {one["name"] for one in events["parameters"]}
    predict = document["paths"]["/v1/predict"]["post"]
    assert [one["name"] for one in predict["parameters"]] == ["Idempotency-Key"]
