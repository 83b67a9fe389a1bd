"""The version of tsir, for archives and caches."""

__version__ = "0.1.0"
