"""Client and command line of Mantis, a service for durable runs of browser agents."""

from mantis_agent.aio import AsyncMantisClient
from mantis_agent.backoff import RetryPolicy
from mantis_agent.client import MantisClient
from mantis_agent.errors import (
    MantisAPIError,
    MantisAuthError,
    MantisConnectionError,
    MantisError,
    MantisRateLimitError,
    MantisRunFailed,
    MantisTimeoutError,
)
from mantis_agent.types import TERMINAL_STATUSES
from mantis_agent.version import __version__

__all__ = [
    "TERMINAL_STATUSES",
    "AsyncMantisClient",
    "MantisAPIError",
    "MantisAuthError",
    "MantisClient",
    "MantisConnectionError",
    "MantisError",
    "MantisRateLimitError",
    "MantisRunFailed",
    "MantisTimeoutError",
    "RetryPolicy",
    "__version__",
]
