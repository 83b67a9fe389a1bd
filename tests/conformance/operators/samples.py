"""Arguments for operators: made from the schema, or taken from `cases.py` for operators that need particular ones.

Arguments are torch's (tensors, dtypes); `test_operators.py` converts them.
"""

import zlib

import torch

DTYPES = (torch.float32, torch.float64, torch.int64, torch.bool)


def tensor(shape, dtype=torch.float32, seed=0):
    """A tensor of distinct, harmless numbers: within (0.1, 0.9) for floats, small positive for integers."""
    count = 1
    for size in shape:
        count *= size
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed + 17 * count)) if count else torch.arange(0)
    if dtype.is_floating_point or dtype.is_complex:
        values = 0.1 + 0.8 * (order.to(torch.float64) + 0.5) / max(count, 1)
        if dtype.is_complex:
            values = torch.complex(values, values.flip(0) - 0.5)
        return values.to(dtype).reshape(shape)
    if dtype is torch.bool:
        return (order % 2 == 0).reshape(shape)
    return (order % 7 + 1).to(dtype).reshape(shape)


_BY_TYPE = {
    "bool": lambda a: False,
    "float": lambda a: 0.5,
    "str": lambda a: "",
    "ScalarType": lambda a: None if a.type.optional else torch.float64,
    "Device": lambda a: None if a.type.optional else torch.device("cpu"),
    "complex": lambda a: 1j,
}


def _number(argument, dtype):
    return 2 if not dtype.is_floating_point else 0.75


def _value(argument, dtype, shape, seed):
    kind = argument.type
    if argument.has_default:
        return default(argument)
    if kind.optional:
        return None
    if kind.base == "Tensor":
        if kind.is_list:
            return [tensor(shape, dtype, seed), tensor(shape, dtype, seed + 1)]
        return tensor(shape, dtype, seed)
    if kind.base in ("int", "SymInt"):
        one = 0 if argument.name in ("dim", "axis", "dim0", "axis0", "dim1", "source") else 1
        return [one] * (kind.list_size or 1) if kind.is_list else one
    if kind.base == "Scalar":
        return [_number(argument, dtype)] if kind.is_list else _number(argument, dtype)
    return _BY_TYPE[kind.base](argument)


def default(argument):
    """The default of an argument as torch takes it."""
    value = argument.default
    if argument.type.base == "ScalarType" and isinstance(value, str):
        return getattr(torch, value)
    if argument.type.base == "MemoryFormat" and isinstance(value, str):
        return getattr(torch, value)
    return list(value) if isinstance(value, tuple) else value


def generated(schema, dtype):
    """Argument lists made from a schema: equal shapes, broadcast shapes, 0-d, and mixed dtypes."""
    seed = zlib.crc32(schema.key.encode()) % 1000
    tensors = [a.name for a in schema.arguments if a.type.base == "Tensor" and not a.type.optional]

    def arguments(shapes, other=None):
        found = []
        for i, argument in enumerate(schema.arguments):
            at = tensors.index(argument.name) if argument.name in tensors else 0
            kind = dtype if at == 0 or other is None else other
            found.append(_value(argument, kind, shapes[min(at, len(shapes) - 1)], seed + i))
        return found

    variants = [arguments([(2, 3)]), arguments([(3, 1, 2)])]
    if len(tensors) > 1:
        variants += [arguments([(2, 3), (3,)]), arguments([(2, 3), ()])]
        if dtype is torch.float32:
            variants += [arguments([(2, 3)], torch.int64), arguments([(2, 3), ()], torch.float64)]
    variants.append(arguments([()]))
    if dtype is torch.float32:
        variants.append(arguments([(0, 3)]))
    return variants
