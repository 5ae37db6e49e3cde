"""The DOM tier: from words to elements without a model."""
