"""The tier of Claude: gates, extraction, grounding, task suites, plans in words."""
