"""The archive: one file that holds a program. Written atomically, read without trust."""

from tsir.archive.reading import load
from tsir.archive.writing import save

__all__ = ["load", "save"]
