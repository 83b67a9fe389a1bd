"""Every operator against torch eager: dtype and shape as inferred, values as computed by dispatch, and whether it raises.

The arguments come from the schema or from `cases.py`. An operator for which there are none makes a test fail, so that a new
declaration is covered the moment it is written. What is known to differ stands in `known.py`; an unexpected pass fails too.
"""

import contextlib
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, OWN, UNCHECKED_VALUES  # noqa: E402
from known import KNOWN  # noqa: E402
from samples import DTYPES, generated  # noqa: E402

from tsir.dialects import dtypes  # noqa: E402
from tsir.dialects.schema import parse_schema  # noqa: E402
from tsir.dialects.values import Device, MemoryFormat  # noqa: E402
from tsir.errors import TsirError  # noqa: E402
from tsir.ops.aten.resizing import RESIZED  # noqa: E402
from tsir.ops.evaluate import infer  # noqa: E402
from tsir.ops.out_dtypes import OF_NUMBERS  # noqa: E402
from tsir.ops.registry import UNMARKED_VIEWS, operators  # noqa: E402
from tsir.ops.sizes import CannotLower, SymInt  # noqa: E402
from tsir.ops.tensor import SymScalar, SymTensor  # noqa: E402

try:
    from tsir.backend.numpy.dispatch import operator as dispatch
    from tsir.backend.numpy.operator_compiler import compile_operator  # noqa: F401
except ImportError:
    dispatch = None
if os.environ.get("TSIR_INFER_ONLY"):
    dispatch = None

OPERATORS = {op.key: op for op in operators()}
RANDOM = {key for key, op in OPERATORS.items() if op.kind == "host" and op.random}
"""Their streams are compared in tests/unit/ops/test_host_random.py."""
EFFECTS = {
    "manual_seed",
    "manual_seed.generator",
    "initial_seed",
    "initial_seed.generator",
    "seed.generator",
    "_generator",
    "_batch_norm_running_stats",
    "warn",
    "set_grad_enabled",
    "is_grad_enabled",
}
TO_DTYPE = {getattr(torch, d.name): d for d in dtypes.ALL}
FROM_DTYPE = {d: t for t, d in TO_DTYPE.items()}


def calls(op, dtype):
    """Argument lists of an operator; those of in-place and `out=` forms come from the functional one."""
    if op.functional is not None and op.kind in ("inplace", "out") and op.functional.key in OPERATORS:
        source = op.functional
        found = calls(source, dtype)
        if op.kind != "out":
            return found
        made = [(a, out_for(source, a)) for a in found]
        return [[*a, out] for a, out in made if out is not None]
    if op.key in CASES:
        return CASES[op.key](dtype)
    return generated(op.schema, dtype)


def out_for(functional, arguments):
    """An `out=` tensor of the dtype that the functional form gives; None where that raises."""
    result = torch_call(functional, cloned(arguments))
    return torch.empty(0, dtype=result.dtype) if isinstance(result, torch.Tensor) else None


def cloned(value):
    if isinstance(value, torch.Tensor):
        return value.clone()
    return [cloned(v) for v in value] if isinstance(value, list) else value


def torch_call(op, arguments):
    """What torch gives, or the exception."""
    schema = op.schema
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            if op.key in OWN:
                return OWN[op.key](*arguments)
            function = getattr(getattr(torch.ops.aten, schema.name), schema.overload or "default")
            positional = [v for a, v in zip(schema.arguments, arguments) if not a.kwarg_only]
            keywords = {a.name: v for a, v in zip(schema.arguments, arguments) if a.kwarg_only}
            return function(*positional, **keywords)
    except Exception as error:  # noqa: BLE001
        return error


def symbolic(value):
    """A torch value as what bodies take."""
    match value:
        case torch.Tensor():
            return SymTensor(TO_DTYPE[value.dtype], tuple(value.shape))
        case list() | tuple():
            return [symbolic(v) for v in value]
        case torch.dtype():
            return TO_DTYPE[value]
        case torch.device():
            return Device(value.type)
        case torch.memory_format():
            return MemoryFormat(str(value).removeprefix("torch."))
    return value


def on_host(value):
    """A torch value as the runtime has it."""
    if isinstance(value, torch.Tensor):
        return np.array(value.detach().numpy())  # its own memory, which an out= tensor needs to be resized
    return [on_host(v) for v in value] if isinstance(value, list | tuple) else symbolic(value)


def kind_of(number):
    return {bool: "bool", int: "int", float: "float", complex: "complex"}[type(number)]


def assert_inferred(found, expected, where):
    if found is None:
        return
    if expected is None:
        return
    if isinstance(expected, torch.Tensor):
        assert isinstance(found, SymTensor), (where, found)
        assert FROM_DTYPE[found.dtype] is expected.dtype, (where, found, expected.dtype)
        assert len(found.shape) == expected.dim(), (where, found, expected.shape)
        for size, real in zip(found.shape, expected.shape):
            assert isinstance(size, SymInt) or size == real, (where, found, expected.shape)
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), (where, found)
        for f, e in zip(found, expected):
            assert_inferred(f, e, where)
    elif isinstance(found, SymScalar):
        assert found.kind == kind_of(expected), (where, found, expected)
    else:
        assert symbolic(found) == symbolic(expected) or str(found) == str(expected), (where, found, expected)


def tolerance(dtype):
    return {torch.float32: 2e-5, torch.float16: 2e-3, torch.complex64: 2e-5}.get(dtype, 1e-9)


def assert_equal(found, expected, where):
    if expected is None:
        return
    if isinstance(expected, torch.Tensor):
        assert isinstance(found, np.ndarray), (where, type(found))
        assert found.dtype == expected.resolve_conj().numpy().dtype, (where, found.dtype, expected.dtype)
        assert found.shape == tuple(expected.shape), (where, found.shape, expected.shape)
        rtol = tolerance(expected.dtype)
        np.testing.assert_allclose(found, expected.resolve_conj().numpy(), rtol=rtol, atol=rtol, err_msg=str(where))
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), (where, found)
        for f, e in zip(found, expected):
            assert_equal(f, e, where)
    elif isinstance(expected, torch.dtype | torch.device | torch.layout):
        assert found == symbolic(expected) or str(found) == str(expected), (where, found, expected)
    elif isinstance(expected, float):
        np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=str(where))
    else:
        assert type(found) is type(expected) and found == expected, (where, found, expected)


def host_types(op, arguments):
    """The result types of a host operator, one for each result of the schema."""
    found = op.body(*arguments)
    return found if isinstance(found, tuple) and len(op.schema.returns) > 1 else (found,)


def check(op, dtype):
    """Compares all calls; gives how many of them torch takes."""
    accepted = 0
    for number, arguments in enumerate(calls(op, dtype)):
        where = (op.key, dtype, number, [tuple(a.shape) if isinstance(a, torch.Tensor) else a for a in arguments])
        mine = cloned(arguments)
        expected = torch_call(op, arguments)
        try:
            results = infer(op, symbolic(mine)) if op.kind != "host" else host_types(op, symbolic(mine))
            error = None
        except CannotLower:
            results, error = None, None
        except TsirError as found:
            results, error = None, found
        if isinstance(expected, NotImplementedError) or "MKL FFT error" in str(expected):
            continue  # a dtype or an empty shape that torch's kernel lacks: tsir may do more
        if isinstance(expected, Exception):
            if error is None and dispatch is not None:
                with contextlib.suppress(TsirError, ArithmeticError, LookupError, ValueError, RuntimeError, TypeError):
                    got = dispatch(op.key)(*on_host(mine))
                    raise AssertionError(f"{where}: torch raises {expected!r}, tsir gives {got}")
            continue
        assert error is None, (where, error)
        accepted += 1
        several = isinstance(expected, tuple) and len(op.schema.returns) > 1
        if results is not None and op.schema.returns:
            assert_inferred(list(results) if several else results[0], expected, where)
        if dispatch is not None:
            got = dispatch(op.key)(*on_host(mine))
            if (op.functional or op).key not in UNCHECKED_VALUES:
                assert_equal(got, expected, where)
    return accepted


RESIZING = {*RESIZED, "_resized", "_resized_as", "_set_to", "_note_resized", "_resize_object", "detach_", "requires_grad_"}
"""Operators that change sizes in place: tests/conformance/language/test_resizing.py runs programs of them."""

KEYS = sorted(set(OPERATORS) - RANDOM - EFFECTS - RESIZING)

try:
    from torch.testing._internal.common_methods_invocations import op_db

    DATABASE = {entry.aten_name for entry in op_db} | {entry.name.replace(".", "_") for entry in op_db}
except ImportError:  # the database needs expecttest
    DATABASE = set()
"""The operators that `test_database.py` calls with torch's own samples."""

THROUGH_OTHERS = {
    "_fft_c2c", "_fft_r2c", "_fft_c2r", "_determinant", "_sign_and_log_determinant", "_lu_permutation", "_linalg_eigh",
    "_one_hot_by_data", "_python_number", "_python_index", "view_as_real_copy", "view_as_real_copy.out",
    "_linalg_svd", "istft", "stft", "stft.out", "linalg_matrix_exp", "orgqr", "slogdet", "nuclear_norm.dim",
    "nuclear_norm.dim_out",
}  # fmt: skip
"""Kernels that are called by operators of the database, and what is tested with them."""


@pytest.mark.parametrize("key", KEYS)
def test_operator_agrees_with_torch(key):
    op = OPERATORS[key]
    reason = KNOWN.get(key)
    failure = None
    accepted = 0
    for dtype in DTYPES:
        try:
            accepted += check(op, dtype)
        except (AssertionError, Exception) as error:  # noqa: BLE001
            failure = error
            break
    if reason is not None:
        assert failure is not None, f"{key} is in known.py but agrees with torch: take it out there"
        pytest.xfail(reason)
    if failure is not None:
        raise failure
    covered = op.schema.name.removesuffix("_") in DATABASE or key in THROUGH_OTHERS
    assert accepted or covered, f"{key} has no arguments that torch takes: add some to cases.py"


def test_out_forms_convert_where_torch_does():
    """Of a wider dtype than the result's: converted to, or refused."""
    wrong = {}
    for key in KEYS:
        op = OPERATORS[key]
        if op.kind != "out" or op.functional is None or op.functional.key in OF_NUMBERS:
            continue
        for arguments in calls(op.functional, torch.float32)[:1]:
            result = torch_call(op.functional, cloned(arguments))
            wider = WIDER.get(result.dtype) if isinstance(result, torch.Tensor) else None
            if wider is None:
                continue
            expected = torch_call(op, [*cloned(arguments), torch.empty(0, dtype=wider)])
            try:
                infer(op, symbolic([*arguments, torch.empty(0, dtype=wider)]))
                found = None
            except CannotLower:
                continue
            except TsirError as error:
                found = error
            if isinstance(expected, Exception) != (found is not None):
                wrong[key] = expected, found
    assert not wrong


WIDER = {torch.float32: torch.float64, torch.int64: torch.float32, torch.bool: torch.float32}


def test_schemas_are_torchs():
    """Every operator that torch has is declared with torch's schema; ours also say which results may be views."""
    own = []
    for op in OPERATORS.values():
        schema = op.schema
        found = torch._C._get_schema(f"aten::{schema.name}", schema.overload) if exists(schema) else None
        if found is None:
            own.append(op.key)
            continue
        text = str(found).removeprefix("aten::").replace("memory_format=0", "memory_format=contiguous_format")
        expected = str(parse_schema(text.replace("dtype=4", "dtype=long")))
        shown = str(schema)
        assert (shown.replace("(a)", "") if schema.name in UNMARKED_VIEWS else shown) == expected, op.key
    assert set(own) <= OWN_NAMES, set(own) - OWN_NAMES


OWN_NAMES = {
    "dtype", "layout", "itemsize", "nbytes", "is_cuda", "is_sparse", "is_quantized", "is_meta", "is_mkldnn", "is_nested",
    "requires_grad", "is_mps", "is_xpu", "is_vulkan", "is_sparse_csr", "is_xla", "is_ipu", "is_mtia", "is_maia", "is_cpu", "tolist",
    "Complex.Tensor",
    "_batch_norm_running_stats", "device", "grad", "tensor", "as_tensor", "initial_seed", "_determinant",
    "_sign_and_log_determinant", "_lu_permutation", "_one_hot_by_data", "_resized", "_resized_as", "_set_to", "_note_resized",
    "_resize_object",
    "_python_number", "_python_index", "_rrelu_slopes", "_in_order", "_in_order_of", "_generator", "initial_seed.generator",
    "seed.generator",
    *(f"{name}.Scalar_Tensor" for name in ("add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide")),
    "floor_divide.Scalar_Tensor", "div.Scalar_Tensor_mode", "divide.Scalar_Tensor_mode",
}  # fmt: skip
"""Operators that torch has not, or has with another meaning under this name: properties, mostly."""


def exists(schema):
    if schema.key in OWN_NAMES:
        return False
    try:
        torch._C._get_schema(f"aten::{schema.name}", schema.overload)
    except RuntimeError:
        return False
    return True
