"""The code of a step that is a task of a suite: an agent in turns, or the free tiers alone."""
