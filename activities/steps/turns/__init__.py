"""A step in turns: it leaves off with a question and is made again with the answer."""
