"""What activities raise when a session can't go on.

    ActivityError
    ├── ChromiumMissing    no Chromium on this machine
    ├── LaunchFailed       Chromium or its holder did not start
    ├── SessionLost        the session's holder or browser is gone, or the worker has none
    │   └── NotRestored    the browser is there, but not the page that the run was on
    └── StaleEpoch         another worker has adopted the session since

Whether another try may help is said by `retryable`: after a lost session it may, on a new
one; a missing Chromium stays missing.
"""


class ActivityError(Exception):
    """Base of the errors that activities raise; the message says what to do."""

    retryable = True


class ChromiumMissing(ActivityError):
    """No Chromium was found; the message names the places looked at and how to install it."""

    retryable = False


class LaunchFailed(ActivityError):
    """Chromium or its holder did not become ready; the message carries the end of its log."""


class SessionLost(ActivityError):
    """The session can't be reached any more: open a new one from the last checkpoint."""


class NotRestored(SessionLost):
    """The page of the checkpoint does not come up, or leads elsewhere now."""


class StaleEpoch(ActivityError):
    """The caller's epoch is older than the session's: another worker holds it now."""

    retryable = False
