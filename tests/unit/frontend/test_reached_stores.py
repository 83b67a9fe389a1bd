"""Which attributes the entry points of a module may assign."""

from torch import nn

from tsir.frontend.script.reached_stores import reached_stores


class Windowed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.size = 7
        self.other = 3

    def clamp(self, n: int) -> None:
        if n < self.size:
            self.size = n

    def set_other(self, n: int) -> None:
        self.other = n

    def forward(self, x):
        self.clamp(x.size(0))
        return x * self.size


def test_what_forward_reaches_is_stored():
    assert "size" in reached_stores(Windowed, Windowed)
    assert "other" not in reached_stores(Windowed, Windowed)
