"""What is known not to work yet, by (script or trace, mode, constructor), with the reason. A case that works must go from here."""

_BOOL = "a bool can't be an input of a trace, as in torch.jit"
KNOWN: dict[tuple[str, str, str], str] = {
    ("script", "eval", "AdaptiveAvgPool2d((3, None))"): "None among the sizes; torch.jit refuses it, too",
    ("script", "eval", "TripletMarginWithDistanceLoss(margin=0.5)"): "torch's source raises when it is scripted",
}
"""Cases, by (script or trace, mode, constructor)."""

NOT_TRACED: dict[str, str] = {
    "r(5, 2, 8), r(6, 2, 8), r(6, 2, 8), None, False": _BOOL,
    "r(5, 2, 8), r(6, 2, 8), r(6, 2, 8), None, True, torch.triu(b(5, 6), 1), False": _BOOL,
    "r(2, 5, 8), torch.triu(torch.ones(5, 5, dtype=torch.bool), 1), None, True": _BOOL,
}
"""Inputs that a trace can't have."""
