"""Element types and their promotion, against torch."""

import itertools
import pickle

import pytest
import torch

from tsir.dialects import dtypes


@pytest.mark.parametrize("a, b", itertools.product(dtypes.ALL, repeat=2), ids=lambda d: d.name)
def test_promote_as_torch_does(a: dtypes.DType, b: dtypes.DType) -> None:
    wanted = torch.promote_types(getattr(torch, a.name), getattr(torch, b.name))
    assert repr(dtypes.promote(a, b)) == repr(wanted)


@pytest.mark.parametrize("d", dtypes.ALL, ids=lambda d: d.name)
def test_properties_as_torch_has_them(d: dtypes.DType) -> None:
    theirs = getattr(torch, d.name)
    assert (d.is_floating_point, d.is_complex, d.is_signed, d.itemsize) == (
        theirs.is_floating_point, theirs.is_complex, theirs.is_signed, theirs.itemsize,
    )  # fmt: skip
    assert repr(dtypes.to_complex(d)) == repr(torch.promote_types(theirs, torch.complex64))


def test_names() -> None:
    assert dtypes.dtype("torch.long") is dtypes.int64
    assert dtypes.from_mlir("complex<f32>") is dtypes.complex64
    assert dtypes.from_numpy("bool") is dtypes.bool_
    assert pickle.loads(pickle.dumps(dtypes.float16)) is dtypes.float16
    with pytest.raises(KeyError):
        dtypes.dtype("float99")
