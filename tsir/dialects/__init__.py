"""The IR: the `ts` and `linalg_ext` dialects, operator schemas, element types, and the context that knows them all."""
