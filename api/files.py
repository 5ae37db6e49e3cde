"""Files as answers: whole or in part, and refusals in the one form."""

from fastapi.responses import FileResponse
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from api.errors import refusal

_REFUSALS = {
    400: "the Range header is malformed: it looks like bytes=0-499",
    416: "the file has no such range: Content-Range says how long it is",
}


class File(FileResponse):
    """A file; a `Range` that it can't answer is refused with a sentence."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        refused = False

        async def telling(message: Message) -> None:
            nonlocal refused
            if refused:
                return
            status = message.get("status")
            if message["type"] != "http.response.start" or status not in _REFUSALS:
                await send(message)
                return
            refused = True
            length = MutableHeaders(raw=message["headers"]).get("content-range")
            headers = {} if length is None else {"Content-Range": length}
            await refusal(status, _REFUSALS[status], headers)(scope, receive, send)

        await super().__call__(scope, receive, telling)
