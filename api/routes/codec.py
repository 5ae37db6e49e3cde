"""The Temporal UI's remote codec: payloads in the clear for operators, but for their secrets.

`POST …/decode` and `…/encode` take and answer `{"payloads": [{"metadata", "data"}]}` with values
in base64. The token comes as `Authorization: Bearer …` or, since the UI can't send one of ours,
as a segment of the path: `…/{token}/decode`.
"""

import base64
import json
import secrets
from collections.abc import Callable, Iterable

from google.protobuf.json_format import ParseDict, ParseError
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads

from api import errors
from api.apart import about
from api.body import read_object
from api.errors import BadRequest, Unauthorised
from api.settings import ApiSettings
from ledger.models import Document
from ledger.vault import Keyring
from plans.secret_names import is_secret_name
from temporal.codec import EncryptingCodec, PayloadUnreadable

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Temporal's own limit is 2 MiB a payload; the UI asks for those of one event together."""
MASK = "***"
_JSON = (b"json/plain", b"json/protobuf")

Convert = Callable[[EncryptingCodec, Payload], Payload]


def application(settings: ApiSettings, keyring: Callable[[], Keyring]) -> Starlette:
    """The codec as an application of its own, so that its CORS is its own.

    Args:
        settings: the token, and the origins that the UI is served from.
        keyring: asked for at each request, since there is none before the start.
    """
    token = settings.codec_token.get_secret_value()

    def route(name: str, convert: Convert) -> Iterable[Route]:
        async def handle(request: Request) -> JSONResponse:
            _authorise(request, token)
            document = await read_object(request, MAX_BODY_BYTES)
            codec = EncryptingCodec(keyring())
            return await about(document, lambda: _answer(document, codec, convert))

        for path in (f"/{name}", f"/{{token}}/{name}"):
            yield Route(path, handle, methods=["POST"])

    app = Starlette(routes=[*route("decode", shown), *route("encode", EncryptingCodec.encrypt)])
    errors.install(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.codec_origin_list,
        allow_methods=["POST"],
        allow_headers=["authorization", "content-type", "x-namespace"],
    )
    return app


def shown(codec: EncryptingCodec, payload: Payload) -> Payload:
    """A payload decrypted, with `***` for what its name says is a secret."""
    plain = codec.decrypt(payload)
    if plain.metadata.get("encoding") not in _JSON:
        return plain
    try:
        value: JsonValue = json.loads(plain.data)
        masked = _masked(value)
    except (ValueError, RecursionError):
        value, masked = None, MASK
    if masked == value:
        return plain
    return Payload(metadata=plain.metadata, data=json.dumps(masked).encode())


def _masked(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {
                name: MASK if is_secret_name(name) and inner is not None else _masked(inner)
                for name, inner in value.items()
            }
        case list():
            return [_masked(inner) for inner in value]
        case _:
            return value


def _authorise(request: Request, token: str) -> None:
    given = request.path_params.get("token") or request.headers.get("authorization", "")
    given = given.removeprefix("Bearer ").strip()
    if not secrets.compare_digest(given.encode(), token.encode()):
        raise Unauthorised("this codec needs its token: see MANTIS_CODEC_TOKEN")


def _answer(document: Document, codec: EncryptingCodec, convert: Convert) -> JSONResponse:
    try:
        given = ParseDict(document, Payloads(), ignore_unknown_fields=True)
        converted = [convert(codec, payload) for payload in given.payloads]
    except ParseError:
        raise BadRequest(
            "the body must be the JSON form of Temporal's Payloads, with values in base64"
        ) from None
    except PayloadUnreadable as unreadable:
        raise BadRequest(str(unreadable)) from None
    return JSONResponse(
        {"payloads": [_wire(payload) for payload in converted]},
        headers={"Cache-Control": "no-store"},
    )


def _wire(payload: Payload) -> Document:
    return {
        "metadata": {name: _base64(value) for name, value in payload.metadata.items()},
        "data": _base64(payload.data),
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
