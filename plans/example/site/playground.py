"""One page with every control that makes live pages hard; each shows what happened to it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from plans.example.site.html import render

BATCH = 20
LAST_ROW = 100
TIDES = "harbor,high_tide,height_m\nAnnapolis,06:12,0.4\nKey West,09:47,0.6\nSeattle,04:31,3.2\n"


@dataclass(frozen=True)
class PlaygroundPages:
    """`/playground` and the small pages that it opens, frames and loads."""

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            Route("/playground", self.page),
            Route("/playground/frame", self.frame),
            Route("/playground/opened", self.opened),
            Route("/playground/rows", self.rows),
            Route("/playground/tides.csv", self.tides),
        ]

    async def page(self, request: Request) -> Response:
        """The page itself."""
        return HTMLResponse(render("playground"))

    async def frame(self, request: Request) -> Response:
        """The form inside the iframe; it answers in place."""
        name = request.query_params.get("frame_name", "")
        state = f"Hello {name}" if name else "Nothing sent yet"
        return HTMLResponse(render("playground_frame", state=state))

    async def opened(self, request: Request) -> Response:
        """The page that opens in a new tab."""
        way = request.query_params.get("way", "link")
        return HTMLResponse(render("playground_opened", way=way))

    async def rows(self, request: Request) -> Response:
        """The next rows of the endless list, up to 100."""
        text = request.query_params.get("after", "0")
        after = int(text) if text.isdecimal() and len(text) < 5 else 0
        last = min(after + BATCH, LAST_ROW)
        return JSONResponse({"rows": [f"Buoy {n}" for n in range(after + 1, last + 1)]})

    async def tides(self, request: Request) -> Response:
        """A file to download."""
        disposition = 'attachment; filename="tides.csv"'
        return Response(TIDES, media_type="text/csv", headers={"Content-Disposition": disposition})
