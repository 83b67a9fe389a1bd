"""Overload resolution: torch.jit's own choice is the oracle, over the schemas that torch itself has."""

import pytest
import torch
from xdsl.builder import Builder, InsertPoint
from xdsl.dialects.builtin import UNKNOWN_LOC
from xdsl.ir import Block

from tsir.dialects import dtypes
from tsir.dialects.locations import location_attribute
from tsir.dialects.schema import SchemaError, SchemaRegistry, parse_schema
from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError, SourceLocation, UnsupportedError
from tsir.frontend.overloads import emit_aten, resolve

NAMES = """add sub mul div pow sum mean max min clamp view reshape permute expand repeat transpose select slice std var norm
zeros ones full arange to cat stack split softmax where eq lt masked_fill index index_put_ add_ copy_ fill_ size dropout
conv2d max_pool2d linear layer_norm unsqueeze squeeze flatten roll flip argmax topk sort rsub remainder floor_divide
IntImplicit FloatImplicit ScalarImplicit lerp any all new_zeros cumsum chunk unbind linspace""".split()


def _torch_registry() -> SchemaRegistry:
    table = {}
    for name in NAMES:
        for schema in torch._C._jit_get_schemas_for_operator("aten::" + name):
            text = str(schema).removeprefix("aten::")
            try:
                parsed = parse_schema(text)
            except SchemaError:
                continue
            on_tensors = any(kind.base == "Tensor" for kind in (*(a.type for a in parsed.arguments), *parsed.returns))
            if on_tensors and parsed.overload != "hacked_twin" and all(a.type.base != "Dimname" for a in parsed.arguments):
                table[parsed.key] = parsed
    return SchemaRegistry(lambda: table)


REGISTRY = _torch_registry()
TYPES = {"x": ts.TensorType(), "y": ts.TensorType(), "b": ts.TensorType(), "n": ts.INT, "r": ts.FLOAT, "l": ts.ListType(ts.INT),
         "xs": ts.ListType(ts.TensorType())}  # fmt: skip
HEADER = "x: Tensor, y: Tensor, b: Tensor, n: int, r: float, l: List[int], xs: List[Tensor]"


def _block():
    block = Block(arg_types=list(TYPES.values()))
    return Builder(InsertPoint.at_end(block)), dict(zip(TYPES, block.args))


CALLS = """
add(x, y)|add(x, 2)|add(x, n)|add(x, r)|add(x, y, alpha=2)|mul(x, 2.5)|sub(x, y, alpha=n)|div(x, y)|div(x, 2)
div(x, y, rounding_mode='floor')|pow(x, 2)|pow(2, x)|pow(x, y)|sum(x)|sum(x, 1)|sum(x, [0, 1])|sum(x, n)|sum(x, dim=1, keepdim=True)
sum(x, l)|mean(x, [1], True)|max(x)|max(x, 1)|max(x, y)|min(x, dim=n)|clamp(x, 0, 1)|clamp(x, min=0)|clamp(x, x, y)|clamp(x, 0., None)
view(x, [2, 3])|view(x, l)|view(x, [n, -1])|reshape(x, [n])|permute(x, [1, 0])|expand(x, [2, -1])|repeat(x, [2, 2])
transpose(x, 0, 1)|select(x, 0, n)|std(x)|std(x, True)|std(x, 1)|std(x, [1], True)|std(x, dim=1, keepdim=True)|norm(x)|norm(x, 2)
norm(x, 2, 1)|norm(x, 2, [1])|zeros([2, 3])|zeros([n])|ones([2])|full([2], 1.5)|full([2, 2], n)|arange(n)|arange(1, n)|arange(1, n, 2)
cat([x, y])|cat([x, y], 1)|cat(xs, dim=1)|stack(xs)|split(x, 2)|split(x, [1, 2])|split(x, l, 1)|softmax(x, 1)|softmax(x, dim=n)
where(b, x, y)|where(b, x, 1.)|where(b, 1, 2)|where(b)|eq(x, 1)|eq(x, y)|lt(x, n)|masked_fill(x, b, 0)|masked_fill(x, b, y)
index_put_(x, [b], y)|add_(x, 1)|copy_(x, y)|fill_(x, 1)|fill_(x, y)|size(x)|size(x, 0)|dropout(x, 0.5, False)
conv2d(x, y)|conv2d(x, y, None, 1, 1)|conv2d(x, y, x, [1, 2], padding=[0, 1])|conv2d(x, y, None, [1, 1], 'same')
max_pool2d(x, 2)|max_pool2d(x, [2, 2], stride=1)|layer_norm(x, [3])|layer_norm(x, l, y, None, 1e-5)|roll(x, 1, 0)|flip(x, [0])
argmax(x)|argmax(x, 1)|topk(x, 3)|topk(x, n, dim=0)|sort(x)|sort(x, 0, True)|rsub(x, 1)|remainder(x, 2)|remainder(2, x)
remainder(x, y)|floor_divide(x, 2)|floor_divide(x, y)|lerp(x, y, 0.5)|lerp(x, y, b)|any(x)|any(x, 1)|all(x, dim=1, keepdim=True)
new_zeros(x, [2])|cumsum(x, 0)|chunk(x, 2, dim=1)|unbind(x)|linspace(0, 1, 5)|linspace(r, x, n)|pow(r, x)|add(x, 1j)
squeeze(x)|squeeze(x, 0)|squeeze(x, [0, 1])|full([2], y)|select(x, 0, y)|clamp(x, y, 1)|dropout(x, y, True)|masked_fill(x, b, n)
""".replace("\n", "|").strip("|").split("|")  # fmt: skip


def torch_choice(call: str) -> str | None:
    """The overload that torch.jit takes, or None when it refuses."""
    source = f"def f({HEADER}):\n  return torch.ops.aten.{call}\n"
    try:
        graph = torch.jit.CompilationUnit(source).f.graph
    except RuntimeError:
        return None
    name = call.partition("(")[0]
    (node,) = [n for n in graph.nodes() if n.kind() == "aten::" + name]
    return parse_schema(node.schema().removeprefix("aten::")).key.removesuffix(".hacked_twin")


@pytest.mark.parametrize("call", CALLS)
def test_choice_is_torch_jits(call):
    builder, values = _block()
    name, _, rest = call.partition("(")
    args, kwargs = eval(f"(lambda *a, **k: (a, k))({rest}", dict(values))
    expected = torch_choice(call)
    if expected is None:
        with pytest.raises(FrontendError, match=rf"(no overload of )?{name}\(\) (takes|doesn't take) \("):
            resolve(builder, REGISTRY, name, args, kwargs, UNKNOWN_LOC)
        return
    schema, operands = resolve(builder, REGISTRY, name, args, kwargs, UNKNOWN_LOC)
    assert schema.key == expected
    assert len(operands) == len(schema.arguments)


def _emit(name, *args, **kwargs):
    builder, values = _block()
    result = emit_aten(
        builder, REGISTRY, name, [values.get(a, a) if isinstance(a, str) else a for a in args], kwargs, UNKNOWN_LOC
    )
    return builder.insertion_point.block, result


def test_defaults_and_constants_are_operands():
    block, result = _emit("add", "x", 2)
    ops = [str(op) for op in block.ops]
    assert len(ops) == 3 and "arith.constant 2 : i64" in ops[0] and "arith.constant 1 : i64" in ops[1]
    assert "ts.aten.add.Scalar" in ops[2] and result.type == ts.TensorType()


def test_one_int_fills_a_sized_list():
    block, _ = _emit("max_pool2d", "x", 3)
    lists = [op for op in block.ops if op.name == "ts.list"]
    assert [len(op.operands) for op in lists] == [2, 0, 2, 2]
    assert lists[0].operands[0] is lists[0].operands[1]


def test_varargs_make_the_list_of_the_last_argument():
    block, _ = _emit("view", "x", 2, "n")
    assert "ts.list" in [op.name for op in block.ops]
    with pytest.raises(FrontendError):
        _emit("sum", "x", 0, 1)


def test_several_results_and_list_results():
    _, result = _emit("topk", "x", 3)
    assert [v.type for v in result] == [ts.TensorType(), ts.TensorType()]
    _, result = _emit("split", "x", 3)
    assert result.type == ts.ListType(ts.TensorType())


def test_int_becomes_float_and_a_tensor_becomes_a_number():
    block, _ = _emit("dropout", "x", 1, True)
    assert "arith.constant 1.000000e+00 : f64" in "".join(map(str, block.ops))
    block, _ = _emit("dropout", "x", "n", True)
    assert next(op.name for op in block.ops) == "ts.py.float"
    block, _ = _emit("select", "x", 0, "y")
    assert "ts.aten.IntImplicit" in [op.name for op in block.ops]


def test_none_in_a_list_of_optional_tensors():
    block, _ = _emit("index_put_", "x", [None, None], "y")
    (made,) = [op for op in block.ops if op.name == "ts.list"]
    assert made.result.type == ts.ListType(ts.OptionalType(ts.TensorType()))


def test_dtype_argument_and_ignored_keywords():
    block, _ = _emit("zeros", 2, 3, dtype=dtypes.int64, requires_grad=False, out=None)
    assert '#ts.dtype<"int64">' in "".join(map(str, block.ops))


def test_argument_names_of_the_python_api():
    builder, values = _block()
    schema, _ = resolve(builder, REGISTRY, "sum", [], {"input": values["x"], "axis": 1, "keepdims": True}, UNKNOWN_LOC)
    assert schema.key == "sum.dim_IntList"


def test_no_match_lists_candidates_with_reasons():
    builder, values = _block()
    place = location_attribute(SourceLocation("nowhere.py", 3, 5))
    with pytest.raises(FrontendError) as caught:
        resolve(builder, REGISTRY, "transpose", [values["x"], "a"], {}, place)
    text = str(caught.value)
    assert text.startswith(
        "nowhere.py:3:5: error[TS305]: transpose() doesn't take (Tensor, str): argument 'dim0' expects int"
    )
    assert "note: it is declared as transpose(self: Tensor, dim0: int, dim1: int)" in text
    with pytest.raises(FrontendError, match="takes 3 positional arguments, the tensor included, got 4"):
        resolve(builder, REGISTRY, "transpose.int", [values["x"], 0, 1, 2], {}, place)
    with pytest.raises(FrontendError, match="argument 'dim1' is missing"):
        resolve(builder, REGISTRY, "transpose.int", [values["x"], 0], {}, place)
    with pytest.raises(FrontendError, match="has no argument 'foo'"):
        resolve(builder, REGISTRY, "add", [values["x"], 0], {"foo": 1}, place)


def test_unknown_operator():
    builder, _ = _block()
    with pytest.raises(UnsupportedError, match="torch's operator foo\(\) isn't supported yet"):
        resolve(builder, REGISTRY, "foo", [], {}, UNKNOWN_LOC)


def test_int_out_of_range_is_refused():
    with pytest.raises(FrontendError, match="doesn't fit into 64 bits"):
        _emit("add", "x", 2**63)


def test_out_keyword_chooses_the_out_overload():
    builder, values = _block()
    schema, operands = resolve(builder, REGISTRY, "add", [values["x"], values["y"]], {"out": values["b"]}, UNKNOWN_LOC)
    assert schema.key == "add.out" and operands[-1] is values["b"]
    schema, operands = resolve(builder, REGISTRY, "max", [values["x"], 1], {"out": (values["b"], values["y"])}, UNKNOWN_LOC)
    assert schema.key == "max.dim_max" and operands[-2:] == [values["b"], values["y"]]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ([1, 2], "i64"),
        ([1, 2.5], "f64"),
        ([True, False], "i1"),
        ([[1], [2]], "!ts.list<i64>"),
        ([], "f64"),
        ((1, 2j), "complex<f64>"),
    ],
)
def test_a_list_for_any_type_has_the_type_of_its_elements(data, kind):
    table = {"tensor": parse_schema("tensor(Any data) -> Tensor")}
    builder, _ = _block()
    _, (operand,) = resolve(builder, SchemaRegistry(lambda: table), "tensor", [data], {}, UNKNOWN_LOC)
    assert str(operand.type) == f"!ts.list<{kind}>"
