"""Driving live pages: sessions, observations, navigation and acts."""
