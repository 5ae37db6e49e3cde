"""Shipped plans and the demo marketplace that they run against."""
