"""The log of Temporal's core, which is not Python's, as part of the process's own."""

import logging

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)


def forward_core_logs() -> None:
    """Let the core log by Python's means; to be called before the first client is made."""
    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=False,
    )
    wanted = TelemetryFilter(core_level="WARN", other_level="ERROR")
    config = TelemetryConfig(logging=LoggingConfig(filter=wanted, forwarding=forwarding))
    Runtime.set_default(Runtime(telemetry=config))
