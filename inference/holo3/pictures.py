"""Pictures in the messages of the chat API."""

import base64

from pydantic import JsonValue

from inference.asking import Picture


def image(picture: Picture, content: bytes) -> JsonValue:
    """A picture as a part of a message, as it is: the server sizes it, coordinates are relative."""
    data = base64.b64encode(content).decode()
    return {
        "type": "image_url",
        "image_url": {"url": f"data:{picture.media_type};base64,{data}"},
    }
