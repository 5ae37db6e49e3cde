"""A step that has to wait for an answer unwinds, and is made again with it."""

from plans.calls import Ask


class Suspended(Exception):
    """The step can't go on without an answer: `ask` says whose, and to what.

    It is raised through the step's own code and caught by the runner, which writes down what
    the step has done so far.
    """

    def __init__(self, ask: Ask) -> None:
        super().__init__(ask.why)
        self.ask = ask


class KeepsChanging(Exception):
    """The page changed each time while a model was asked about it; the message says how."""
