"""From linalg-level IR with `ts` and `linalg_ext` operations to MLIR's own dialects alone."""
