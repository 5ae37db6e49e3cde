"""Holo3: where on a screenshot a step acts, and what to do next (any OpenAI-compatible server)."""
