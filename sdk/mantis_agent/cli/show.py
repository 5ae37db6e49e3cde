"""A status and a result for a person to read."""

from mantis_agent.cli.terminal import Terminal, clean, columns_of
from mantis_agent.types import Result, Status

_COLOURS = {"succeeded": 32, "failed": 31, "cancelled": 33, "paused": 35}


def show_status(terminal: Terminal, status: Status) -> None:
    """How a run stands, what it asks for, or how it ended."""
    named = terminal.coloured(status.status, _COLOURS.get(status.status, 36))
    stopping = ""
    if not status.terminal:
        stopping = " (pausing)" if status.pause_requested else ""
        stopping = " (stopping)" if status.cancel_requested else stopping
    terminal.line(f"{clean(status.run_id)}  {named}{stopping}")
    for name, value in (
        ("created", status.created_at),
        ("started", status.started_at),
        ("finished", status.finished_at),
    ):
        if value:
            terminal.line(f"  {name:<9} {clean(value)}")
    if status.status == "paused":
        show_pause(terminal, status)
    if status.halt_class:
        terminal.line(f"  {'error':<9} {clean(status.halt_class)}: {clean(status.message)}")
        for step in status.failure_help.get("next_steps") or []:
            terminal.line(f"  {'try':<9} {clean(step)}")
    if status.terminal:
        show_summary(terminal, status)


def show_pause(terminal: Terminal, status: Status) -> None:
    """What a paused run asks for, and how to go on."""
    terminal.line(f"  {'asks':<9} {clean(status.prompt or status.reason or 'nothing')}")
    answer = " --input ANSWER" if status.needs_input else ""
    if status.reason and status.prompt and status.reason not in ("user_input", status.prompt):
        terminal.line(f"  {'because':<9} {clean(status.reason)}")
    terminal.line(f"  {'go on':<9} mantis resume {clean(status.run_id)}{answer}")


def show_summary(terminal: Terminal, status: Status) -> None:
    """What a run took, brought and cost, in one line."""
    summary = status.summary
    if not summary:
        return
    tiers = ", ".join(f"{name} {count}" for name, count in summary.tiers.items() if count)
    verdict = summary.dynamic_verification_summary.get("verdict", "")
    terminal.line(
        f"  {'summary':<9} {summary.viable} leads, {summary.leads_with_phone} with phone, "
        f"{summary.steps_executed} steps in {summary.total_time_s:.1f} s, "
        f"${summary.cost_total:.4f}"
        + (f"; answered by {clean(tiers)}" if tiers else "")
        + (f"; {clean(verdict)}" if verdict else "")
    )


def show_result(terminal: Terminal, result: Result) -> None:
    """The records as a table, the tasks of a suite, and how the run ended."""
    brought = result.result
    if brought is None:
        show_status(terminal, result)
        terminal.note("the run is not over yet: its result comes with its end")
        return
    if brought.rows:
        terminal.table(brought.rows, columns_of(brought.rows))
        terminal.line()
    for task in brought.tasks:
        sign = terminal.mark(task.get("success") is True)
        terminal.line(
            f"{sign} {clean(task.get('task_id', ''))}  {clean(task.get('final_url', ''))}"
        )
    show_status(terminal, result)
