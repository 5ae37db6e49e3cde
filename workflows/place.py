"""The page that a run stands on, and the last one that it can go back to."""

from plans.state import RunState
from workflows.messages import Opening

SHOWN = {
    Opening.FRESH: "a new browser, on an empty page",
    Opening.ADOPTED: "the browser lives on, its pages untouched",
    Opening.RESTORED: "a new browser, on the pages of the checkpoint",
    Opening.STEPPED_BACK: "a new browser, on the last page that can be restored",
}
"""What a session that was opened so shows, for logs."""

TOO_FAR_BACK = (
    "while the run was paused its browser was lost, its page can't be restored, and an act that "
    "must not happen twice was done since the last page that can"
)


class Place:
    """What is known of the run's page, for when its browser is replaced.

    `anchor` is the run's state at the last page that can be restored; `acted` says that an act
    was done since that must not happen twice, other than a sign-in. `misplaced`: the page that
    is shown is an earlier one than that of the pending call.
    """

    def __init__(self, anchor: RunState | None, acted: bool) -> None:
        self.anchor = anchor
        self.acted = acted
        self.misplaced = False

    def left(self, state: RunState, anchor: bool | None, acted: bool) -> None:
        """A call left the page so; `anchor` says whether it can be restored, None: as before."""
        self.acted = self.acted or acted
        if anchor:
            self.anchor = state.model_copy(deep=True)
            self.acted = False

    def waits(self, state: RunState, anchor: bool | None, acted: bool) -> None:
        """A call has left the page so between two of its turns.

        Args:
            state: the run before the call, which is done from its start where the run goes back.
            anchor: as in `left`.
            acted: whether an act of this very call must not happen twice.
        """
        if anchor:
            self.anchor = state.model_copy(deep=True)
            self.acted = False
        self.acted = self.acted or acted

    def back(self, state: RunState) -> RunState | None:
        """The state that fits the page that could be restored; None: the run may not go back."""
        self.misplaced = False
        if self.acted or self.anchor is None:
            return None
        return state.step_back(self.anchor)
