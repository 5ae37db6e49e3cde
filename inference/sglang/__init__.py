"""Bringing up a pool of Holo3: SGLang servers, and the router before them."""
