"""Structured extraction: fields of one record, rows of a list, pairs of a page."""
