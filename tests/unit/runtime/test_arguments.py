"""Arguments that are containers: what the program changed in them is seen by the caller, the rest stays what it was."""

from typing import Dict, List, Tuple

import torch
from torch import Tensor

import tsir


def first_of(d: Dict[str, List[Tuple[int, Tensor]]]) -> Tensor:
    return d["k"][0][1]


def grow(numbers: List[int]) -> int:
    numbers.append(len(numbers))
    return numbers[0]


def test_a_tensor_deep_in_containers_comes_back_as_itself() -> None:
    x = torch.arange(3.0)
    pairs = [(1, x)]
    argument = {"k": pairs}
    assert tsir.script(first_of)(argument) is x
    assert argument["k"] is pairs and pairs[0][1] is x


def test_a_list_that_grew_has_grown_for_the_caller() -> None:
    numbers = [5, 6]
    assert tsir.script(grow)(numbers) == 5
    assert numbers == [5, 6, 2]
