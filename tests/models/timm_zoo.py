"""Image models of timm, randomly initialised, as small as their families allow. timm and torchvision aren't dev dependencies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from tests.models.vision import randomise_batch_norms


@dataclass
class Model:
    """A model's name in timm, the size of its images, and arguments that make it smaller."""

    name: str
    size: int = 64
    arguments: dict[str, Any] = field(default_factory=dict)

    def make(self) -> torch.nn.Module:
        """The model in eval mode."""
        import timm

        torch.manual_seed(0)
        module = timm.create_model(self.name, pretrained=False, **self.arguments).eval()
        randomise_batch_norms(module)
        return module

    def inputs(self, batch: int) -> tuple[torch.Tensor]:
        return (torch.randn(batch, 3, self.size, self.size),)


_TWO = {"depth": 2}
MODELS = [
    Model("resnet18"),
    Model("resnet50"),
    Model("efficientnet_b0"),
    Model("convnext_atto"),
    Model("mobilenetv3_small_050"),
    Model("swin_tiny_patch4_window7_224", 56, {"img_size": 56, "embed_dim": 24, "depths": (2, 2), "num_heads": (2, 4)}),
    Model("vit_tiny_patch16_224", 48, {"img_size": 48, **_TWO}),
    Model("mixer_s32_224", 224),
    Model("deit_tiny_patch16_224", 48, {"img_size": 48, **_TWO}),
    Model("regnetx_002"),
    Model("mobilenetv2_035"),
    Model("mobilevit_xxs"),
    Model("seresnet18"),
    Model("tf_efficientnetv2_b0"),
    Model("levit_128s", 224),
    Model("poolformer_s12"),
    Model("gmlp_ti16_224", 224),
]
