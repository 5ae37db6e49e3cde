"""The effects: browser sessions, step activities, artifacts."""
