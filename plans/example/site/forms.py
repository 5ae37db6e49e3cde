"""Reading the forms that visitors post."""

from urllib.parse import parse_qsl

from starlette.requests import Request


async def posted(request: Request) -> dict[str, str]:
    """The fields of a URL-encoded form, stripped; the last value of a name wins."""
    body = (await request.body()).decode("utf-8", errors="replace")
    return {name: value.strip() for name, value in parse_qsl(body, keep_blank_values=True)}
