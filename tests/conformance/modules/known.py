"""What is known not to work yet, by (script or trace, mode, constructor), with the reason. A case that works must go from here."""

_MISSING = "an operator is missing"
_BOOL = "a bool can't be an input of a trace, as in torch.jit"
_OPERATORS = (
    "RReLU()",
    "Fold((5, 5), 2, stride=1)",
    "MaxUnpool1d(2)",
    "MaxUnpool2d(2)",
    "MaxUnpool3d(2)",
    "FractionalMaxPool2d(2, output_size=3, _random_samples=torch.tensor([[[.3, .6], [.2, .9]]]))",
    "FractionalMaxPool3d(2, output_ratio=.5, _random_samples=torch.tensor([[[.3, .6, .1], [.2, .9, .5]]]))",
    "MultiLabelMarginLoss()",
    "CTCLoss()",
)
KNOWN: dict[tuple[str, str, str], str] = {
    **{(how, "eval", c): _MISSING for how in ("script", "trace") for c in _OPERATORS},
    ("script", "eval", "AdaptiveAvgPool2d((3, None))"): "None among the sizes; torch.jit refuses it, too",
    ("script", "eval", "CrossMapLRN2d(3)"): "a torch.autograd.Function, whose in-place forms have no schema",
    ("trace", "eval", "CrossMapLRN2d(3)"): "a torch.autograd.Function, whose in-place forms have no schema",
    ("script", "eval", "GaussianNLLLoss(full=True)"): "zip(strict=True); torch.jit refuses it, too",
    ("script", "eval", "TripletMarginWithDistanceLoss(margin=0.5)"): "torch's source raises when it is scripted",
    ("script", "eval", "LinearCrossEntropyLoss(4, 5)"): "its annotations name what its module doesn't define",
    ("script", "train", "InstanceNorm1d(3, track_running_stats=True)"): "moves its running statistics",
    ("trace", "train", "InstanceNorm1d(3, track_running_stats=True)"): "moves its running statistics",
}
"""Cases, by (script or trace, mode, constructor)."""

NOT_TRACED: dict[str, str] = {
    "r(5, 2, 8), r(6, 2, 8), r(6, 2, 8), None, False": _BOOL,
    "r(5, 2, 8), r(6, 2, 8), r(6, 2, 8), None, True, torch.triu(b(5, 6), 1), False": _BOOL,
    "r(2, 5, 8), torch.triu(torch.ones(5, 5, dtype=torch.bool), 1), None, True": _BOOL,
}
"""Inputs that a trace can't have."""
