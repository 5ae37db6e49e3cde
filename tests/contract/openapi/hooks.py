"""What schemathesis may not ask: answers that take longer than a test."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case, kwargs: Any) -> None:
    """No submission waits for a run that nobody carries out; no stream is read for minutes."""
    if isinstance(case.body, dict) and case.body.get("detached") is False:
        case.body["detached"] = True
    if case.query and case.query.get("sse") not in (None, "false"):
        case.query["sse"] = "false"
