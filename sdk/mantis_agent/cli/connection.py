"""Which service the command speaks to, and as whom."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

import httpx

from mantis_agent.client import MantisClient
from mantis_agent.endpoint import is_loopback

DEFAULT_ENDPOINT = "http://127.0.0.1:8000"
"""Where `mantis serve` listens on this machine."""


class Options(argparse.Namespace):
    """What every command takes."""

    endpoint: str | None
    token: str | None
    json: bool


def add_options(parser: argparse.ArgumentParser, *, suppress: bool) -> None:
    """Add `--endpoint`, `--token`; `suppress` where the main parser has given them a value."""
    default = argparse.SUPPRESS if suppress else None
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        default=default,
        help=f"address of the service (MANTIS_ENDPOINT, else {DEFAULT_ENDPOINT})",
    )
    parser.add_argument(
        "--token",
        default=default,
        help="the tenant's token; better given as MANTIS_API_TOKEN, since other users of this "
        "machine can see command lines. For a service on this machine, the token that "
        "`mantis serve` keeps in its data folder is found by itself",
    )


def connect(options: Options, environ: Mapping[str, str] | None = None) -> MantisClient:
    """A client for the service that the options and the environment name.

    Raises:
        MantisError: the endpoint is no http(s) URL.
    """
    values = os.environ if environ is None else environ
    endpoint = options.endpoint or values.get("MANTIS_ENDPOINT") or DEFAULT_ENDPOINT
    return MantisClient(
        endpoint,
        api_key=values.get("BASETEN_API_KEY"),
        mantis_token=options.token or values.get("MANTIS_API_TOKEN") or _kept(endpoint, values),
    )


def _kept(endpoint: str, values: Mapping[str, str]) -> str | None:
    """The token of the embedded stack: `api_token` in `MANTIS_DATA_DIR`, else in `data`."""
    try:
        host = httpx.URL(endpoint.strip()).host
    except (httpx.InvalidURL, TypeError):
        return None
    if not is_loopback(host):
        return None
    try:
        return (Path(values.get("MANTIS_DATA_DIR") or "data") / "api_token").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
