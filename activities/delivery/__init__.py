"""Delivery of webhooks: what is sent, how it is signed, and where it may go."""
