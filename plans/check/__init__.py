"""All that is wrong with a plan at once, not only what the door would refuse first."""
