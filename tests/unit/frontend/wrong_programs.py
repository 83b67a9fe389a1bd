"""Programs that can't be compiled; `wrong_programs.txt` has what is said about each."""

# ruff: noqa
import enum
import math
import os
import time
from collections.abc import Callable
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Plain:
    def __init__(self, n: int):
        self.n = n

    def double(self) -> int:
        return self.n * 2


class Point(NamedTuple):
    x: int
    y: float = 1.0


def undefined_name(x: Tensor):
    return x + lenght


def undefined_typo(x: Tensor):
    value = x + 1
    return vlaue


def undef_branch(x: Tensor, flag: bool):
    if flag:
        y = x
    return y


def undef_else(x: Tensor, n: int):
    if n > 3:
        pass
    else:
        z = x * 2
    x = x + 1
    return z + x


def undef_elif(n: int):
    if n == 0:
        a = 1
    elif n == 1:
        a = 2
    elif n == 2:
        b = 3
    else:
        a = 4
    return a


def read_before(x: Tensor):
    y = x + z
    z = 1
    return y


def del_then_use(x: Tensor):
    y = x
    del y
    return y


def branch_types(flag: bool):
    if flag:
        v = 1
    else:
        v = "a"
    return v - [1]


def ret_mismatch(x: Tensor) -> bool:
    return x


def ret_mismatch2(n: int) -> str:
    if n > 2:
        return "a"
    return n


def ret_list(x: Tensor) -> List[int]:
    return [x, x]


def ret_tuple(x: Tensor) -> Tuple[Tensor, int]:
    return x, "a"


def ret_tuple_len(x: Tensor) -> Tuple[Tensor, int]:
    return x, 1, 2


def ret_none(x: Tensor) -> Tensor:
    x + 1


def ret_optional(x: Optional[Tensor]) -> Tensor:
    return x


def ret_missing_branch(n: int) -> int:
    while n > 0:
        if n == 3:
            return n
        n -= 1


def ann_mismatch(n: int):
    s: str = n
    return s


def ann_list(n: int):
    l: List[str] = [1, n]
    return l


def mixed_append(x: Tensor):
    l = [x]
    l.append(1)
    return l


def list_append_wrong(values: List[int], s: str):
    values.append(s)
    return values


def empty_list_use(x: Tensor, n: int):
    l = []
    l.append(n)
    return torch.stack(l)


def dict_key_type(d: Dict[str, int]):
    return d[1]


def dict_set_type(d: Dict[str, int], x: Tensor):
    d["a"] = x
    return d


def str_plus_int(n: int):
    return "n=" + n


def compare_str_int(s: str, n: int):
    return s < n


def tensor_plus_str(x: Tensor):
    return x + "a"


def neg_str(s: str):
    return -s


def not_iterable(n: int):
    s = 0
    for i in n:
        s += i
    return s


def index_str_key(l: List[int]):
    return l["a"]


def index_tuple_range(t: Tuple[int, str]):
    return t[5]


def unpack_many(t: Tuple[int, str]):
    a, b, c = t
    return a


def unpack_int(n: int):
    a, b = n
    return a


def call_int(n: int):
    return n(3)


def in_int(n: int):
    return 3 in n


def len_int(n: int):
    return len(n)


def slice_str(l: List[int]):
    return l["a":2]


def matmul_int(x: Tensor, n: int):
    return x @ n


def assign_tuple(t: Tuple[int, int]):
    t[0] = 1
    return t


def assign_point(p: Point):
    p.x = 3
    return p


def no_annotation3(names):
    return names.split(",")


def no_annotation5(x, cfg):
    return x * cfg["scale"]


def no_annotation6(x, fn):
    return fn(x)


def opt_method(x: Optional[Tensor]):
    return x.sum()


def opt_op(x: Tensor, bias: Optional[Tensor] = None):
    return x + bias


def opt_arg(x: Tensor, n: Optional[int]):
    return x.unsqueeze(n)


def takes_tensor(x: Tensor) -> Tensor:
    return x


def opt_pass(x: Optional[Tensor]):
    return takes_tensor(x)


def opt_dict_get(d: Dict[str, Tensor]):
    t = d.get("a")
    return t + 1


def opt_branch(x: Tensor, flag: bool):
    m = None
    if flag:
        m = x
    return m + 1


def opt_iter(l: Optional[List[int]]):
    s = 0
    for i in l:
        s += i
    return s


def opt_wrong_check(x: Optional[Tensor], y: Optional[Tensor]):
    if x is not None or y is not None:
        return x + y
    return torch.zeros(1)


class OptAttr(nn.Module):
    bias: Optional[Tensor]

    def __init__(self):
        super().__init__()
        self.bias = None

    def forward(self, x):
        return x + self.bias


def helper(x: Tensor, n: int, *, scale: float = 1.0) -> Tensor:
    return x * n * scale


def call_missing(x: Tensor):
    return helper(x)


def call_missing_two(x: Tensor):
    return helper()


def call_too_many(x: Tensor):
    return helper(x, 1, 2.0)


def call_wrong_kw(x: Tensor):
    return helper(x, 1, scal=2.0)


def call_twice(x: Tensor):
    return helper(x, 1, n=2)


def call_wrong_type(x: Tensor):
    return helper(x, "three")


def call_wrong_order(x: Tensor):
    return helper(3, x)


def deep3(x: Tensor, s: str):
    return x + s


def deep2(x: Tensor, s: str):
    y = x * 2
    return deep3(y, s)


def deep1(x: Tensor):
    z = deep2(
        x,
        "name",
    )
    return z


def call_star_list(x: Tensor, l: List[int]):
    return print(*l, *l)


def call_ctor(n: int):
    p = Plain("a")
    return p.n


def call_method_args(n: int):
    p = Plain(n)
    return p.double(3)


def call_nt2(n: int):
    return Point(1, 2.0, 3)


def nt_attr(p: Point):
    return p.z


def unknown_tensor_method(x: Tensor):
    return x.sofmax(0)


def unknown_torch_fn(x: Tensor):
    return torch.sofmax(x, 0)


def unknown_str_method(s: str):
    return s.uper()


def unknown_list_method(l: List[int]):
    l.push(1)
    return l


def unknown_class_attr(n: int):
    p = Plain(n)
    return p.m


def unknown_enum(n: int):
    return Color.BLUE


def enum_ctor(n: int):
    return Color(7)


def method_noncall(x: Tensor):
    return x.sum + 1


async def st_async(x: Tensor):
    return x


def st_yield(x: Tensor):
    for i in range(3):
        yield x + i


def st_import_os(x: Tensor):
    import os

    return os.getcwd()


def st_raise_str(x: Tensor):
    raise "error"


def ob_cpu_time(x: Tensor):
    return time.thread_time()


def ob_return_fn(x: Tensor):
    return x.relu


def ob_return_lambda(x: Tensor):
    return lambda y: y + x


def an_undefined(x: "Foo"):
    return x


def an_bad_string(x: "List[int"):
    return x


def an_value(x: 3):
    return x


def an_np(x: np.ndarray):
    return x


def an_callable(x: Tensor, f: Set[Callable[[Tensor], Tensor]]):
    return len(f)


def tc_bad(x, y):
    # type: (Tensor, int -> Tensor
    return x


def sa_args(module: Set[torch.nn.Module]):
    return 1


def ov_cat(x: Tensor):
    return torch.cat(x, x)


def ov_view_str(x: Tensor, s: str):
    return x.view(s)


def ov_sum_kw(x: Tensor):
    return torch.sum(x, dims=1)


def ov_permute(x: Tensor):
    return x.permute("a", "b")


def ov_join(l: List[int]):
    return ",".join(l)


def ov_split(s: str):
    return s.split(1)


def ov_math(s: str):
    return math.sqrt(s)


def ov_insert(l: List[int]):
    l.insert(3)
    return l


def ov_chain(x: Tensor):
    return x.relu().sigmoid().foo().sum()


# fmt: off
# Where an expression takes several lines, the one with the mistake is shown; keywords, keys and values by themselves


def lines_operator(x: Tensor, n: int):
    return (x +
            n +
            "text")


def lines_comparison(n: int):
    return (n
            < "text")


def lines_methods(x: Tensor):
    return (x.relu()
             .sofmax(0)
             .sum())


# fmt: on


def dict_key(x: Tensor) -> Dict[str, Tensor]:
    return {"a": x, 1: x}


def dict_value(x: Tensor):
    values: Dict[str, int] = {"a": 1, "b": "two"}
    return values


# What to write instead


def hint_none_for_number(x: Tensor):
    n: int = None
    return n


def hint_float_for_int(x: Tensor) -> int:
    return 1.5


def hint_list_for_tuple(x: Tensor) -> Tuple[Tensor, Tensor]:
    return [x, x]


def hint_list_for_tensor(x: List[Tensor]) -> Tensor:
    return x


def hint_tensor_for_list(x: Tensor) -> List[int]:
    return x


def hint_property_called(x: Tensor):
    return x.shape()


def hint_list_method(values: List[int]):
    values.add(3)
    return values


def hint_tensor_method_of_list(values: List[Tensor]):
    return values.sum()


def hint_tensor_length(x: Tensor):
    return x.length()


def hint_key_as_attribute(values: Dict[str, Tensor]):
    return values.first


def hint_enum_member(x: Tensor):
    return Color["BLUE"]


def hint_environment(x: Tensor):
    return os.environ["TSIR_NO_SUCH_VARIABLE"]


def hint_numpy(x: Tensor):
    return x.numpy()


def hint_backward(x: Tensor):
    x.sum().backward()
    return x


def hint_item_of_tensor(x: Tensor):
    x[0] = "text"
    return x


def hint_slice(x: Tensor):
    return x[:, "a":]


def none_after_check(x: Optional[Tensor]):
    if x is None:
        return x.sum()
    return x


def import_misspelled(x: Tensor):
    from math import sqroot

    return x * sqroot(2.0)


def except_number(x: Tensor):
    try:
        x = x + 1
    except 3:
        pass
    return x


def with_plain_object(x: Tensor):
    with torch.no_grad(), Plain(1):
        x = x + 1
    return x


def enumerate_number(x: Tensor):
    for i, v in enumerate(3):
        x = x + i
    return x


def default_of_wrong_type(x: Tensor, scale: float = "a"):
    return x * scale


def default_float_for_int(x: Tensor, count: int = 1.5):
    return x * count


class NoneAttribute(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = None

    def forward(self, x: Tensor):
        return x * self.scale


def number_to_text(name: str, n: int):
    return name + n


def comprehension_over_number(n: int):
    return [2 * i for i in n]


def dtype_by_name(x: Tensor):
    return torch.zeros(2, dtype="float32") + x


def list_of_numbers_as_tensor(x: Tensor):
    return torch.mul(x, 2) + torch.dot(x, 1.5)


def misspelled_in_a_string(x: "List[Tensr]"):
    return x
