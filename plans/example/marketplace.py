"""The demo marketplace: `python -m plans.example.marketplace --port 0 --seed 7`.

It prints one line, `ready http://HOST:PORT`, and serves until it is told to stop. The demo
user is `demo@harbor.test` with the password `harbor-demo`; one-time codes arrive at `/inbox`.
The CRM under `/crm` takes `sam@crm.test` with the password `crm-demo`.
"""

import argparse
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from plans.example.crm import CrmPages
from plans.example.site.account import AccountPages
from plans.example.site.accounts import Accounts
from plans.example.site.catalog import build_catalog
from plans.example.site.detail import DetailPages
from plans.example.site.knobs import Knobs, KnobsMiddleware
from plans.example.site.layout import Frame
from plans.example.site.messages import MessagePages
from plans.example.site.oracle import OraclePages
from plans.example.site.orders import OrderBook
from plans.example.site.playground import PlaygroundPages
from plans.example.site.results import ResultPages
from plans.example.site.trouble import TroublePages
from plans.example.site.visits import VisitLog, VisitMiddleware

STATIC = Path(__file__).parent / "site" / "static"
DEFAULT_SEED = 7
SHUTDOWN_S = 1


def create_app(seed: int = DEFAULT_SEED) -> Starlette:
    """The site with the catalogue of this seed and nothing remembered yet."""
    catalog = build_catalog(seed)
    log, orders, accounts = VisitLog(), OrderBook(), Accounts()
    frame = Frame(accounts)
    messages = MessagePages(frame)
    crm, knobs = CrmPages(), Knobs()
    resets = (log.reset, orders.reset, accounts.reset, crm.reset, knobs.reset)
    return Starlette(
        routes=[
            *ResultPages(catalog, frame).routes(),
            *DetailPages(catalog, orders, frame).routes(),
            *AccountPages(accounts, orders, frame).routes(),
            *messages.routes(),
            *TroublePages(frame).routes(),
            *PlaygroundPages().routes(),
            *OraclePages(catalog, log, orders, accounts, knobs, resets).routes(),
            Route("/_oracle/crm", crm.oracle),
            Mount("/crm", routes=crm.routes()),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(VisitMiddleware, log=log), Middleware(KnobsMiddleware, knobs=knobs)],
        exception_handlers={404: messages.on_error, 405: messages.on_error},
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Serves the site until SIGINT or SIGTERM and returns the exit code."""
    parser = argparse.ArgumentParser(prog="plans.example.marketplace", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    args = parser.parse_args(argv)
    listener = socket.create_server((args.host, args.port))
    sys.stdout.write(f"ready http://{args.host}:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        create_app(args.seed), log_level="warning", timeout_graceful_shutdown=SHUTDOWN_S
    )
    uvicorn.Server(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
