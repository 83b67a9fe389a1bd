"""What is in a tsir archive: names of its members, the manifest's layout, and the limits that readers hold.

An archive is an uncompressed zip:

    manifest.json         format, format_version, producer, entry points, the object tree, a SHA-256 for each other member
    module.mlir           the `ts` IR as text, with locations
    weights.safetensors   every tensor once, by the number that the object tree uses; `storage.<number>` for memory that
                          several share, or one that isn't in rows, whose `storage`, `offset` and `strides` the manifest gives
    extra/<name>          the user's extra files

No member is executable and nothing is pickled.
"""

from __future__ import annotations

FORMAT = "tsir-archive"
FORMAT_VERSION = 2
WITHOUT_SHARING = 1
"""The version in which every tensor is stored alone and in rows: what archives have that need no more."""
MANIFEST = "manifest.json"
MODULE = "module.mlir"
WEIGHTS = "weights.safetensors"
EXTRA_PREFIX = "extra/"
STORAGE_PREFIX = "storage."

MAX_MEMBERS = 10_000
MAX_MANIFEST_BYTES = 64 << 20
MAX_MODULE_BYTES = 256 << 20
MAX_DEPTH = 100
"""How deep values in the manifest may nest."""
