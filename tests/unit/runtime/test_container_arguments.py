"""Lists and dicts of tensors as arguments: a variant for what is in them, and what of them a program and its caller can tell."""

from typing import Dict, List, Optional, Tuple

import numpy as np
import pytest
import torch
from torch import Tensor

import tsir
from tsir.runtime.specialization import MAX_STRUCTURES


def combined(d: Dict[str, Tensor], xs: List[Tensor], last: Optional[List[Tensor]] = None) -> Tensor:
    s = d["a"] + d["b"]
    for x in xs:
        s = torch.relu(s + x)
    if last is not None:
        s = s - last[0]
    return s * len(xs)


def nested(groups: Dict[str, List[Tensor]], pair: Tuple[Tensor, List[Tensor]]) -> Tuple[Tensor, Tensor]:
    return torch.cat(groups["x"]) + pair[0], pair[1][-1] * len(groups)


def appended(xs: List[Tensor], y: Tensor) -> List[Tensor]:
    xs.append(y)
    return xs


def returned(xs: List[Tensor], y: Tensor) -> Tuple[List[Tensor], Tensor]:
    xs[0].add_(y)
    return xs, xs[0]


def written(xs: List[Tensor], y: Tensor) -> Tensor:
    xs[0].add_(y)
    return xs[1]


def inner_kept(xss: List[List[Tensor]]) -> List[Tensor]:
    return xss[1]


def twice(xs: List[Tensor], ys: List[Tensor]) -> int:
    xs.append(xs[0])
    return len(ys)


def by_number(d: Dict[int, Tensor]) -> Tensor:
    return d[3] - d[1]


def missing(d: Dict[str, Tensor]) -> Tensor:
    return d["b"]


def of_sizes(*sizes: int) -> List[Tensor]:
    return [torch.arange(float(n)) for n in sizes]


def test_calls_of_many_forms() -> None:
    compiled = tsir.script(combined)
    for n in (3, 4):
        d = {"a": torch.randn(n), "b": torch.randn(n)}
        calls = [
            (d, of_sizes(n, n)),
            (d, of_sizes(1, n)),
            (d, of_sizes(n)),
            (d, [torch.randn(n, 2).t()[0], torch.randn(n).double()], of_sizes(n)),
            ({"b": d["b"], "c": torch.ones(2), "a": d["a"]}, of_sizes(n, n)),
        ]
        for call in calls:
            for _ in range(2):
                torch.testing.assert_close(compiled(*call), combined(*call), rtol=0, atol=0)


def test_what_is_known_of_the_elements_is_compiled() -> None:
    compiled = tsir.script(combined)
    call = ({"a": torch.ones(3), "b": torch.ones(3)}, of_sizes(3, 3))
    compiled(*call)
    assert str(compiled.specializations[0]) == "{'a': float32[3], 'b': float32[3]}, [float32[3], float32[3]], None"
    assert "0 operators run by dispatch" in compiled.explain(*call)
    assert "@combined(%d_a: tensor<3xf32>, %d_b: tensor<3xf32>, %xs: tensor<3xf32>, %xs_1: tensor<3xf32>)" in compiled.mlir(
        *call
    )


def test_one_variant_for_all_lengths_after_a_few() -> None:
    compiled = tsir.script(combined)
    d = {"a": torch.ones(3), "b": torch.ones(3)}
    for n in range(1, 10):
        for _ in range(2):
            assert torch.equal(compiled(d, of_sizes(3) * n), combined(d, of_sizes(3) * n))
    assert len(compiled.specializations) == MAX_STRUCTURES + 1


def test_open_sizes_of_elements() -> None:
    def f(xs: List[Tensor]) -> Tensor:
        return torch.stack(xs).sum(0)

    compiled = tsir.script(f)
    for n in (2, 3, 4, 5):
        assert torch.equal(compiled(of_sizes(n, n)), f(of_sizes(n, n)))
    assert len(compiled.specializations) == 2
    with pytest.raises(RuntimeError):
        compiled(of_sizes(2, 3))


def test_nested() -> None:
    compiled = tsir.script(nested)
    for n in (2, 3):
        call = ({"x": of_sizes(n, 2), "y": of_sizes(1)}, (torch.ones(n + 2), of_sizes(4, 5)))
        for _ in range(2):
            for a, b in zip(compiled(*call), nested(*call)):
                assert torch.equal(a, b)


def test_a_list_that_is_changed_or_returned_is_the_callers() -> None:
    xs, y = of_sizes(2), torch.ones(1)
    assert tsir.script(appended)(xs, y) is xs and xs[1] is y
    compiled = tsir.script(returned)
    for _ in range(2):
        same, first = compiled(xs, y)
        assert same is xs and first is xs[0]
    assert xs[0].tolist() == [2.0, 3.0]
    xss = [of_sizes(1), of_sizes(2)]
    kept = tsir.script(inner_kept)
    assert kept(xss) is xss[1] and kept(xss) is xss[1]
    assert tsir.script(twice)(xs, xs) == len(xs) == 3


def test_elements_that_are_one_tensor() -> None:
    compiled = tsir.script(written)
    t = torch.zeros(2)
    for n in range(1, 4):
        assert compiled([t, t], torch.ones(1)) is t
        assert t.tolist() == [n, n]


def test_other_keys_and_missing_ones() -> None:
    compiled = tsir.script(by_number)
    for _ in range(2):
        assert compiled({1: torch.ones(2), 3: torch.full((2,), 4.0)}).tolist() == [3.0, 3.0]
    with pytest.raises(KeyError):
        tsir.script(missing)({"a": torch.ones(2)})
    assert tsir.script(missing)({"a": torch.ones(2), "b": torch.ones(1)}).tolist() == [1.0]


def test_arrays_without_torch_and_the_cache_of_sources(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TSIR_CACHE_DIR", str(tmp_path))
    file = tmp_path / "f.pt"
    tsir.script(combined).save(file)
    call = ({"a": np.ones(3, np.float32), "b": np.ones(3, np.float32)}, [np.ones(3, np.float32)])
    for _ in range(2):
        loaded = tsir.load(file)
        for _ in range(2):
            assert np.asarray(loaded(*call)).tolist() == [3.0, 3.0, 3.0]
        assert str(loaded.specializations[0]).startswith("{'a'")
        loaded = tsir.load(file)
        assert np.asarray(loaded(*call)).tolist() == [3.0, 3.0, 3.0]
    assert len(list(tmp_path.glob("*.tsir"))) == 1


def read_around_a_write(xs: List[Tensor], ys: Optional[List[Tensor]], x: Tensor, k: Tensor) -> Tensor:
    t = torch.relu(ys[0] if ys is not None else x)
    xs[0].mul_(k.sum())
    return torch.relu(t)


def counted_around_an_append(xs: List[Tensor], q: Tuple[Tensor, List[Tensor]]) -> Tuple[int, List[Tensor]]:
    before = len(xs)
    q[1].append(q[0])
    return before * 10 + len(xs), [v * 1 for v in xs]


def test_containers_that_share_what_is_in_them() -> None:
    compiled, counted = tsir.script(read_around_a_write), tsir.script(counted_around_an_append)
    for n in range(1, 7):  # more lengths than there are variants for
        t = torch.tensor([3.0, -1.0])
        others = of_sizes(*[2] * n)
        assert compiled([t, *others], [t], t, torch.tensor([-1.0, 0.0])).tolist() == [3.0, 0.0]
        assert t.tolist() == [-3.0, 1.0]
        number, items = counted(others, (t, others))
        assert number == 11 * n + 1 and len(items) == n + 1
