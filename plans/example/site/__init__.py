"""The parts of the demo marketplace: its catalogue, its pages and what it remembers."""
