"""Entries of the operator database that aren't right yet in float32, and why."""

KNOWN: dict[str, str] = {}
