"""The door: HTTP to runs and back."""
