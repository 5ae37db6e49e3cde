"""Exit codes of the `mantis` command."""

OK = 0
"""It was done; of `run --watch`: the run succeeded."""
RUN_FAILED = 1
"""`run --watch`: the run failed or was cancelled."""
USAGE = 2
"""The command line, or a file that it names, is not usable."""
UNREACHABLE = 3
"""The service can't be reached."""
REFUSED = 4
"""The service refused: a wrong token, an unknown run, a plan that is not acceptable."""
INTERRUPTED = 130
"""Ctrl-C. A run that was watched goes on."""
