"""What follows a convolution, whose result has its channels last: norms, sums, reshapes and softmax over regrouped axes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import tsir


class Regrouped(nn.Module):
    """Rows of the convolution's result, in several groupings, and the result itself afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.LayerNorm([8, 6, 6])

    def forward(self, x):
        y = self.conv(x)
        flat = y.flatten(2)
        groups = y.reshape(y.size(0), 2, -1)
        return (
            self.norm(y),
            flat.mean(-1),
            flat.softmax(-1),
            flat.transpose(1, 2).sum(-1),
            groups.sum(-1),
            (groups * groups).sum(-1),
            y,
        )


class Excited(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.gate = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        y = self.conv(x)
        y = y * torch.sigmoid(self.gate(F.adaptive_avg_pool2d(y, 1)))
        return y.view(y.size(0), 2, 4, -1).transpose(1, 2).reshape(y.size(0), -1)


MODELS = {
    "group_norm": lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU()),
    "instance_norm": lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.InstanceNorm2d(8)),
    "layer_norm": lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.LayerNorm(8)),
    "patches": lambda: nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.Flatten(2), nn.LayerNorm(4)),
    "regrouped": Regrouped,
    "excited": Excited,
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("batch", [1, 2])
def test_same_as_eager(name, batch):
    torch.manual_seed(0)
    model = MODELS[name]().eval()
    compiled = tsir.script(model)
    for _ in range(2):
        x = torch.randn(batch, 3, 8, 8)
        torch.testing.assert_close(compiled(x), model(x), rtol=1e-4, atol=1e-5)  # float32 sums in another order
