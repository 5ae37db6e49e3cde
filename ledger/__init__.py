"""What outlives a process and must be seen by others: runs, events, rows, items."""
