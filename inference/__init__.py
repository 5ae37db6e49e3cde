"""The tiers that look at a page and decide; pure functions over an observation."""
