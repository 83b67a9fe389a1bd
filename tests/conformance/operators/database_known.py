"""Entries of the operator database whose first sample isn't right yet in float32, and why."""

KNOWN: dict[str, str] = {
    "cartesian_prod": "of one tensor torch gives that tensor itself, which its schema doesn't say",
    "hash_tensor": "gives uint64, which tsir hasn't got",
    "histogramdd": "not declared",
    "resize_": "changes a tensor's memory",
    "resize_as_": "changes a tensor's memory",
}


KNOWN_ERRORS: dict[str, str] = {
    "arange": "factories have no out= form",
    "nn.functional.triplet_margin_with_distance_loss": "torch's function itself refuses to be scripted",
}
"""Entries of whose wrong inputs not all raise torch's exception type, and why."""
