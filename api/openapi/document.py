"""The document as a whole: what FastAPI knows of the routes, made true and complete."""

from collections.abc import Iterator, Mapping

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, JsonValue, TypeAdapter

from api.openapi import examples
from api.openapi.examples import Examples
from api.openapi.requests import REF, components
from plans.failure_help import FailureHelp
from plans.summary import Summary, Video

Document = dict[str, JsonValue]

DESCRIPTION = """\
Submit a plan with `POST /v1/predict`, keep the `run_id` of the answer, and follow the run with
`GET /v1/runs/{run_id}` or its event stream. Every route but the open ones wants the tenant's
token in `X-Mantis-Token`. `Authorization` belongs to a gateway in front and is ignored.
Every refusal is `{"detail": "<one sentence>"}`.
"""
TAGS: list[dict[str, object]] = [
    {"name": "runs", "description": "Submit plans; follow, stop and read their runs."},
    {"name": "models", "description": "The pool behind the OpenAI protocol."},
    {"name": "service", "description": "What the service says of itself."},
]
_SHOWN: dict[str, type[BaseModel]] = {
    "summary": Summary,
    "failure_help": FailureHelp,
    "video": Video,
}
"""Fields that the ledger keeps as JSON, and the models that wrote them."""
_OF_RUN = (
    "poll",
    "status",
    "result",
    "logs",
    "cancel",
    "pause",
    "resume",
    "events",
    "artifact",
    "video",
)
_EXAMPLES: Mapping[str, Examples] = {
    "predict": examples.PREDICT,
    "predict_alias": examples.PREDICT,
    "status": examples.STATUS,
    "result": examples.RESULT,
    "logs": examples.LOGS,
    "cancel": examples.STATUS,
    "pause": examples.STATUS,
    "resume": examples.RESUMED,
}
_json = TypeAdapter(Document)


def operation_id(route: APIRoute) -> str:
    """An operation is called what its function is."""
    return route.name


def describe(app: FastAPI) -> None:
    """Serve the whole document at the application's `openapi_url`."""

    def document() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = build(app)
        return app.openapi_schema

    app.openapi = document


def build(app: FastAPI) -> dict[str, object]:
    """Put the document together."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    document = _json.validate_python(found)
    schemas = _member(_member(document, "components"), "schemas")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(_json.validate_python(components()))
    _show_models(schemas)
    for _, operation in _operations(document):
        _member(operation, "responses").pop("422", None)
    _show_examples(document)
    _link(document)
    return dict(document)


def _show_models(schemas: Document) -> None:
    for model in _SHOWN.values():
        schema = model.model_json_schema(ref_template=REF, mode="serialization")
        schemas.update(_json.validate_python(schema.pop("$defs", {})))
        schemas[model.__name__] = schema
    for schema in list(schemas.values()):
        assert isinstance(schema, dict)
        properties = schema.get("properties")
        if "run_id" not in _names(properties) and schema.get("title") != "Result":
            continue
        assert isinstance(properties, dict)
        for name, model in _SHOWN.items():
            if name in properties:
                shown: Document = {"$ref": REF.format(model=model.__name__)}
                properties[name] = {"anyOf": [shown, {"type": "null"}]}


def _names(properties: JsonValue) -> frozenset[str]:
    return frozenset(properties) if isinstance(properties, dict) else frozenset()


def _show_examples(document: Document) -> None:
    """Put the answers' examples in; FastAPI would drop what is null in them."""
    for name, operation in _operations(document):
        if name in _EXAMPLES:
            answer = _member(_member(operation, "responses"), "200")
            content = _member(_member(answer, "content"), "application/json")
            content["examples"] = _json.validate_python(_EXAMPLES[name])


def _link(document: Document) -> None:
    """Say which routes the `run_id` of a submission's answer leads to."""
    operations = dict(_operations(document))
    links: Document = {
        name: {
            "operationId": operations[name]["operationId"],
            "parameters": {"run_id": "$response.body#/run_id"},
        }
        for name in _OF_RUN
    }
    answer = _member(_member(operations["predict"], "responses"), "200")
    answer["links"] = links


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    """Each operation with its short name."""
    for path in _member(document, "paths").values():
        assert isinstance(path, dict)
        for operation in path.values():
            assert isinstance(operation, dict)
            yield str(operation["operationId"]), operation


def _member(document: Document, name: str) -> Document:
    member = document[name]
    assert isinstance(member, dict)
    return member
