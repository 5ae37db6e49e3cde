"""`/docs` and `/redoc`: pages that load everything from this server and nothing from elsewhere.

The scripts are those of the package `fastapi-offline`. URLs in the pages are relative, so that
they hold behind a gateway's prefix.
"""

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

_TITLE = "Mantis"
_DOCUMENT = "openapi.json"
_STATIC = "docs/static"
_ICON = f"{_STATIC}/favicon.png"
_CACHE = {"Cache-Control": "public, max-age=86400"}
_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_NO_IMAGE = b"data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="

router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """Give the application both pages and their files."""
    app.include_router(router)
    static = StaticFiles(packages=[("fastapi_offline", "static")])
    app.mount(f"/{_STATIC}", static, name="docs-static")


@router.get("/docs")
async def docs() -> HTMLResponse:
    """The page to try the API out."""
    return get_swagger_ui_html(
        openapi_url=_DOCUMENT,
        title=_TITLE,
        swagger_js_url=f"{_STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f"{_STATIC}/swagger-ui.css",
        swagger_favicon_url=_ICON,
        swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True},
    )


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """The page to read."""
    return get_redoc_html(
        openapi_url=_DOCUMENT,
        title=_TITLE,
        redoc_js_url="docs/redoc.js",
        redoc_favicon_url=_ICON,
        with_google_fonts=False,
    )


@router.get("/docs/redoc.js")
async def redoc_script() -> Response:
    """Redoc's script without the one image that it fetches from its makers."""
    return Response(_redoc_script(), media_type="text/javascript", headers=_CACHE)


@cache
def _redoc_script() -> bytes:
    script = files("fastapi_offline").joinpath("static", "redoc.standalone.js").read_bytes()
    return script.replace(_LOGO, _NO_IMAGE)
