"""Repeated calls: the short way that the second and later ones take means the same as the general one."""

import gc
import threading
import warnings
import weakref
from typing import Dict, List, Optional, Tuple

import numpy as np
import pytest
import torch
import torch.nn as nn
from torch import Tensor

import tsir

TIMES = 3


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(6, 5)
        self.fc2 = nn.Linear(5, 2)
        self.register_buffer("scale", torch.ones(2))
        self.factor = 1.0

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.relu(self.fc1(x))) * self.scale * self.factor


def check(compiled, eager, *args, **kwargs) -> None:
    for _ in range(TIMES):
        torch.testing.assert_close(compiled(*args, **kwargs), eager(*args, **kwargs), rtol=1e-5, atol=1e-6)


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net().eval()


@pytest.mark.parametrize("batch", [1, 4])
def test_weights_changed_in_place_or_exchanged_are_seen(net: Net, batch: int) -> None:
    compiled = tsir.script(net)
    x = torch.randn(batch, 6)
    with torch.no_grad():
        check(compiled, net, x)
        net.fc1.weight.mul_(2)
        check(compiled, net, x)
        net.fc2.bias.add_(1)
        check(compiled, net, x)
        net.fc1.weight.data = torch.randn(5, 6)
        check(compiled, net, x)
        net.fc2.bias.data = torch.randn(2)
        net.scale.data = torch.tensor([2.0, 3.0])
        check(compiled, net, x)
        torch.testing.assert_close(compiled.scale, net.scale)


def test_weights_of_another_dtype_are_compiled_for(net: Net) -> None:
    compiled = tsir.script(net)
    x = torch.randn(2, 6)
    with torch.no_grad():
        check(compiled, net, x)
        net.double()
        check(compiled, net, x.double())
        check(compiled, net, torch.randn(1, 6).double())


@pytest.mark.parametrize("batch", [1, 4])
def test_weights_of_inference_mode_may_change_too(batch: int) -> None:
    with torch.inference_mode():
        net = Net().eval()
        compiled = tsir.script(net)
        x = torch.randn(batch, 6)
        check(compiled, net, x)
        net.fc1.weight.mul_(2)
        check(compiled, net, x)


def test_attributes_set_from_outside_are_seen(net: Net) -> None:
    compiled = tsir.script(net)
    x = torch.randn(2, 6)
    check(compiled, net, x)
    compiled.factor = net.factor = 3.0
    check(compiled, net, x)
    compiled.scale = net.scale = torch.tensor([5.0, 6.0])
    check(compiled, net, x)
    compiled.load_state_dict({k: v + 1 for k, v in net.state_dict().items()})
    check(compiled, net, x)


def test_shapes_dtypes_and_kinds_of_arguments_alternate(net: Net) -> None:
    compiled = tsir.script(net)
    inputs = [torch.randn(n, 6) for n in (1, 3, 1, 4, 0, 5, 2)]
    for _ in range(TIMES):
        for x in inputs:
            torch.testing.assert_close(compiled(x), net(x).detach(), rtol=1e-5, atol=1e-6)
            result = compiled(x.numpy())
            assert isinstance(result, np.ndarray) and result.shape == (len(x), 2)
    with pytest.raises(RuntimeError):
        compiled(torch.randn(2, 7))
    with pytest.raises(RuntimeError):
        compiled(torch.randn(2, 6).double())


def twice(x: Tensor) -> Tensor:
    return x * 2 + 1


def test_tensors_that_are_no_plain_memory() -> None:
    compiled = tsir.script(twice)
    base = torch.randn(4, 6)
    complex_base = torch.randn(2, 3, dtype=torch.complex64)
    for x in (
        base, base.t(), base[:, ::2], base[1].expand(3, 6), base[0, 0], base.half(), base.bfloat16(), torch.zeros(0, 3),
        torch.randn(1, 2, 3, 4).to(memory_format=torch.channels_last), complex_base, complex_base.conj(), complex_base.conj().imag,
        base.to(torch.int32), nn.Parameter(base), base.clone().requires_grad_(), base > 0,
    ):  # fmt: skip
        for _ in range(TIMES):
            result, expected = compiled(x), twice(x)
            assert result.dtype == expected.dtype and type(result) is Tensor
            torch.testing.assert_close(result, expected.detach(), rtol=1e-2 if x.dtype.itemsize == 2 else 1e-6, atol=1e-6)


def test_tensors_elsewhere_are_refused() -> None:
    compiled = tsir.script(twice)
    compiled(torch.ones(2))
    for bad in (torch.ones(2, device="meta"), torch.ones(2, 2).to_sparse()):
        with pytest.raises(tsir.TsirError, match="CPU"):
            compiled(bad)


def view_of(x: Tensor, fresh: bool) -> Tensor:
    return x + 0 if fresh else x[1:].t()


def itself(x: Tensor, y: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    return y, x, x * y


def test_results_alias_arguments_as_in_torch() -> None:
    view, same = tsir.script(view_of), tsir.script(itself)
    x, y = torch.randn(3, 3), torch.randn(3, 3)
    kept = []
    for _ in range(TIMES):
        result = view(x, False)
        assert result.data_ptr() == x[1:].data_ptr()
        result.zero_()
        assert not x[1:].any()
        x.normal_()
        fresh = view(x, True)
        kept.append((fresh, fresh.clone()))
        first, second, third = same(x, y)
        assert first is y and second is x
        kept.append((third, third.clone()))
    for result, copy in kept:
        torch.testing.assert_close(result, copy, rtol=0, atol=0)


def containers(
    x: Tensor,
    n: int,
    xs: List[Tensor],
    by_name: Dict[str, Tensor],
    sizes: List[int],
    s: float = 2.0,
    m: Optional[Tensor] = None,
) -> Tuple[Tensor, List[int]]:
    y = x * n + xs[0] * s
    xs.append(y)
    by_name["y"] = y
    sizes[0] += 1
    if m is not None:
        y = y + m
    return y, sizes


def test_containers_are_the_callers_own() -> None:
    compiled = tsir.script(containers)
    x = torch.randn(2, 2)
    for m in (None, torch.ones(2, 2)):
        for _ in range(TIMES):
            results, states = [], []
            for function in (compiled, containers):
                xs, by_name, sizes = [x, x + 1], {"x": x}, [1, 2]
                results.append(function(x, 3, xs, by_name, sizes, m=m))
                assert results[-1][1] is sizes and xs[0] is x and by_name["x"] is x and xs[2] is by_name["y"]
                states.append((xs, by_name, sizes))
            torch.testing.assert_close(results[0], results[1])
            torch.testing.assert_close(states[0], states[1])


def longer(a: List[int], b: List[int]) -> int:
    a.append(1)
    return len(b)


def fails(xs: List[Tensor], n: int) -> Tensor:
    xs.append(xs[0] + 1)
    if n > 1:
        raise ValueError("too large")
    return xs[0]


def test_one_list_given_twice_and_changes_before_an_error() -> None:
    compiled = tsir.script(longer)
    for _ in range(TIMES):
        assert compiled([1], [1]) == 1
        same = [1]
        assert compiled(same, same) == 2
    raising = tsir.script(fails)
    for _ in range(TIMES):
        raising([torch.ones(1)], 1)
        xs = [torch.ones(1)]
        with pytest.raises(ValueError, match="too large"):
            raising(xs, 2)
        assert len(xs) == 2


def scaled(x: Tensor, n: float, flag: bool = False) -> Tensor:
    return x if flag else x * n


def test_scalars_convert_and_keywords_bind() -> None:
    compiled = tsir.script(scaled)
    x = torch.ones(2)
    for _ in range(TIMES):
        for args, kwargs in (
            ((x, 2), {}),
            ((x, 2.5), {}),
            ((x,), {"n": 3}),
            ((), {"n": 1.5, "x": x}),
            ((x, torch.tensor(4.0)), {}),
        ):
            torch.testing.assert_close(compiled(*args, **kwargs), scaled(*args, **kwargs))
        assert compiled(x, 1, True) is x
        for args, kwargs in (((x,), {}), ((x, 1, True, 2), {}), ((x, 1), {"x": x}), ((x, 1), {"y": 1}), ((x, "a"), {})):
            with pytest.raises((TypeError, RuntimeError)):
                compiled(*args, **kwargs)


def divided(x: Tensor, y: Tensor) -> Tensor:
    return x / y + torch.exp(x)


def test_numpys_warnings_stay_off_inside_and_on_outside() -> None:
    compiled = tsir.script(divided)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(TIMES):
            compiled(torch.tensor([1e30, 0.0]), torch.zeros(2))
        with pytest.raises(RuntimeWarning):
            np.ones(1) / np.zeros(1)


def test_threads_share_a_module(net: Net) -> None:
    compiled = tsir.script(net)
    inputs = [torch.randn(1 + i % 3, 6) for i in range(8)]
    expected = [net(x).detach() for x in inputs]
    wrong: List[int] = []

    def work(i: int) -> None:
        for k in range(200):
            j = (i + k) % len(inputs)
            if not torch.allclose(compiled(inputs[j]), expected[j], atol=1e-5):
                wrong.append(j)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_arrays_that_die_are_forgotten(net: Net) -> None:
    compiled = tsir.script(net)
    compiled.scale = torch.ones(2)
    old = weakref.ref(compiled.instance.attributes["scale"])
    for _ in range(TIMES):
        compiled.scale = torch.ones(2)
        compiled(torch.ones(1, 6))
    compiled(torch.ones(1, 6))
    gc.collect()
    assert old() is None
    assert len(compiled.program.sources) <= 5 + MAX_KEPT


MAX_KEPT = 4
"""Specialisations that were made for earlier attributes keep theirs."""


def test_errors_show_the_program_only() -> None:
    compiled = tsir.script(fails)
    for _ in range(TIMES):
        with pytest.raises(ValueError) as caught:
            compiled([torch.ones(1)], 2)
        files = [str(entry.path) for entry in caught.traceback]
        assert all("tsir/runtime" not in f and not f.startswith("<tsir") for f in files), files


class Counting(torch.nn.Module):
    """One method writes what another computes with."""

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.ones(3))

    def forward(self, x):
        return x * (self.scale * 2).exp()

    @torch.jit.export
    def advance(self, by: float):
        self.scale.add_(by)


@pytest.mark.parametrize("loaded", [False, True])
def test_what_one_method_writes_another_sees(loaded, tmp_path):
    model, compiled = Counting(), tsir.script(Counting())
    if loaded:
        compiled.save(tmp_path / "model")
        compiled = tsir.load(tmp_path / "model")
    x = torch.randn(2, 3)
    for step in range(4):
        torch.testing.assert_close(compiled(x), model(x))
        compiled.advance(0.5 * step)
        model.advance(0.5 * step)
