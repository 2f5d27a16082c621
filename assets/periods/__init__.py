"""Reporting periods of units: how far each is decided, and the figures that a lock holds fast."""
