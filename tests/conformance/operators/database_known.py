"""Entries of the operator database whose first sample isn't right yet in float32, and why."""

KNOWN: dict[str, str] = {
    "_native_batch_norm_legit": "a training kernel that writes statistics",
    "broadcast_shapes": "torch.functional's source compares items of empty tuples",
    "cartesian_prod": "of one tensor torch gives that tensor itself, which its schema doesn't say",
    "conj_physical": "of a real tensor torch gives that tensor itself, which its schema doesn't say",
    "hash_tensor": "not declared",
    "histogramdd": "not declared",
    "nn.functional.instance_norm": "running statistics in training are hidden effects",
    "polygamma[polygamma_n_1]": "torch's float32 series is off by 2e-5 near poles",
    "resize_": "changes a tensor's memory",
    "resize_as_": "changes a tensor's memory",
    "view_as_complex": "a view of parts of elements that leaves the function is a copy",
}


KNOWN_ERRORS: dict[str, str] = {
    "arange": "factories have no out= form",
    "nn.functional.triplet_margin_with_distance_loss": "torch's function itself refuses to be scripted",
}
"""Entries of whose wrong inputs not all raise torch's exception type, and why."""
