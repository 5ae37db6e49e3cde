"""A session's line to its holder: marks before acts, the tab that is current, the journals."""

from dataclasses import dataclass
from pathlib import Path

from activities.holder.client import HolderClient
from activities.holder.journal import JournalEntry, read_journal
from activities.holder.messages import Hello, journal_path


@dataclass(frozen=True)
class JournalView:
    """What a session's journal says.

    `complete`: its file is on this disk, so that what is not in it did not leave. `alive`: the
    session is the one at hand, so that answers may still come.
    """

    entries: tuple[JournalEntry, ...]
    complete: bool
    alive: bool


@dataclass(frozen=True)
class Holding:
    """How a worker holds a session.

    `hello` is what the holder said when this worker took the session; `journals_dir` keeps the
    journals of all sessions of the run that were on this machine.
    """

    holder: HolderClient
    hello: Hello
    journals_dir: Path

    async def acting(self, call_key: str, *, guarded: bool) -> Hello:
        """Tell the holder that a call is about to act on a page.

        Raises:
            StaleEpoch: this worker holds the session no more.
            SessionLost: the holder is gone.
        """
        return await self.holder.acting(self.hello.epoch, call_key, guarded=guarded)

    async def tab(self, target: str) -> None:
        """Tell the holder which tab is current; empty: it has crashed.

        Raises:
            StaleEpoch: this worker holds the session no more.
            SessionLost: the holder is gone.
        """
        await self.holder.tab(self.hello.epoch, target)

    def journal_of(self, session_id: str) -> JournalView:
        """The journal of this session, or of an earlier one of the run."""
        path = journal_path(self.journals_dir, session_id)
        return JournalView(
            entries=read_journal(path),
            complete=path.exists(),
            alive=session_id == self.hello.session_id,
        )
