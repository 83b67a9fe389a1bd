"""What is in a tsir archive: names of its members and versions. docs/archive.md is the specification."""

from __future__ import annotations

FORMAT = "tsir-archive"
FORMAT_VERSION = 3
"""The version that is written; `upgrades.py` says how earlier ones differ."""
MANIFEST = "manifest.json"
MODULE = "module.mlir"
WEIGHTS = "weights.safetensors"
EXTRA_PREFIX = "extra/"
STORAGE_PREFIX = "storage."

MAPPED_BYTES = 1 << 20
"""Shorter files are read, longer ones are mapped into memory."""
VERIFIED_BYTES = 16 << 20
"""Weights of at most so many bytes are compared with their checksum when an archive is opened, longer ones before their first use."""
