"""The agent that works on a task of a suite: what it is told, shown and asked, as pure data."""
