"""Deterministic answers to conditions on a page: holds, fails, or undecided."""
