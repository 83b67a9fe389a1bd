"""Models of transformers, randomly initialised from small configurations, and inputs for them of a batch size and a length."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

Inputs = dict[str, torch.Tensor]


@dataclass
class Model:
    """A model's class with the arguments of its configuration."""

    name: str
    cls: str
    configuration: str
    arguments: dict[str, Any]
    inputs: Callable[[int, int], Inputs]
    same_length: bool = False
    """Whether it has a Python loop over the length, whose number of iterations a trace fixes."""

    def make(self) -> torch.nn.Module:
        """The model in eval mode, without a cache of keys and values among its results."""
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import transformers

        transformers.utils.logging.set_verbosity_error()
        torch.manual_seed(0)
        configuration = getattr(transformers, self.configuration)(**self.arguments)
        module = getattr(transformers, self.cls)(configuration).eval()
        for part in module.modules():
            if hasattr(part, "config"):
                part.config.use_cache = False
        return module


def ids(batch: int, length: int) -> torch.Tensor:
    return torch.randint(3, 99, (batch, length))


def mask(batch: int, length: int) -> torch.Tensor:
    """Ones; where there are several sequences, all but the first are padded."""
    found = torch.ones(batch, length, dtype=torch.long)
    found[1:, -3:] = 0
    return found


def image(batch: int, length: int) -> Inputs:
    return {"pixel_values": torch.randn(batch, 3, 16, 16)}


def text(batch: int, length: int) -> Inputs:
    return {"input_ids": ids(batch, length), "attention_mask": mask(batch, length)}


def decoded(batch: int, length: int) -> Inputs:
    return {**text(batch, length), "decoder_input_ids": ids(batch, length - 2)}


def speech(batch: int, length: int) -> Inputs:
    return {"input_features": torch.randn(batch, 8, 16), "decoder_input_ids": ids(batch, length)}


SIZES: dict[str, Any] = {
    "vocab_size": 99, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 24,
    "max_position_embeddings": 32,
}  # fmt: skip
DECODER = {**SIZES, "num_key_value_heads": 2}
IMAGE = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 4, "image_size": 16,
         "patch_size": 8}  # fmt: skip
T5 = {"vocab_size": 99, "d_model": 16, "d_kv": 4, "d_ff": 24, "num_layers": 1, "num_heads": 4}

MODELS = [
    Model("bert", "BertModel", "BertConfig", SIZES, text),
    Model("distilbert", "DistilBertModel", "DistilBertConfig", {
        "vocab_size": 99, "dim": 16, "n_layers": 1, "n_heads": 4, "hidden_dim": 24, "max_position_embeddings": 32,
    }, text),
    Model("roberta", "RobertaModel", "RobertaConfig", SIZES, text),
    Model("gpt2", "GPT2Model", "GPT2Config", {
        "vocab_size": 99, "n_embd": 16, "n_layer": 1, "n_head": 4, "n_positions": 32,
    }, text),
    Model("t5_encoder", "T5EncoderModel", "T5Config", T5, text),
    Model("t5", "T5Model", "T5Config", T5, decoded),
    Model("llama", "LlamaModel", "LlamaConfig", DECODER, text),
    Model("mistral", "MistralModel", "MistralConfig", {**DECODER, "sliding_window": 4}, text),
    Model("mixtral", "MixtralModel", "MixtralConfig", {**DECODER, "num_local_experts": 4}, text),
    Model("mamba", "MambaModel", "MambaConfig", {
        "vocab_size": 99, "hidden_size": 16, "num_hidden_layers": 1, "state_size": 4, "intermediate_size": 32,
    }, lambda batch, length: {"input_ids": ids(batch, 4)}, same_length=True),
    Model("whisper", "WhisperModel", "WhisperConfig", {
        "vocab_size": 99, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "num_mel_bins": 8,
        "max_source_positions": 8, "max_target_positions": 32, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
        "decoder_start_token_id": 1,
    }, speech),
    Model("clip", "CLIPModel", "CLIPConfig", {
        "text_config": {**SIZES, "eos_token_id": 2}, "vision_config": IMAGE, "projection_dim": 8,
    }, lambda batch, length: {**text(batch, length), **image(batch, length)}),
    Model("clip_vision", "CLIPVisionModel", "CLIPVisionConfig", IMAGE, image),
    Model("vit", "ViTModel", "ViTConfig", IMAGE, image),
    Model("wav2vec2", "Wav2Vec2Model", "Wav2Vec2Config", {
        **SIZES, "conv_dim": (8, 8), "conv_stride": (5, 2), "conv_kernel": (10, 3), "num_feat_extract_layers": 2,
        "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2,
    }, lambda batch, length: {"input_values": torch.randn(batch, length * 20)}),
]  # fmt: skip


def words(batch: int, length: int) -> Inputs:
    return {"input_ids": torch.randint(3, 30_000, (batch, length)), "attention_mask": mask(batch, length)}


def photo(batch: int, length: int) -> Inputs:
    return {"pixel_values": torch.randn(batch, 3, 224, 224)}


REAL_SIZES = [
    Model("bert_base", "BertModel", "BertConfig", {}, words),
    Model("distilbert_base", "DistilBertModel", "DistilBertConfig", {}, words),
    Model("roberta_base", "RobertaModel", "RobertaConfig", {}, words),
    Model("gpt2_124m", "GPT2Model", "GPT2Config", {}, words),
    Model("t5_small", "T5Model", "T5Config", {}, lambda b, n: {**words(b, n), "decoder_input_ids": words(b, n - 2)["input_ids"]}),
    Model("llama_137m", "LlamaModel", "LlamaConfig", {
        "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    }, words),
    Model("vit_base", "ViTModel", "ViTConfig", {}, photo),
    Model("clip_base", "CLIPModel", "CLIPConfig", {}, lambda b, n: {**words(b, n), **photo(b, n)}),
    Model("whisper_tiny", "WhisperModel", "WhisperConfig", {}, lambda b, n: {
        "input_features": torch.randn(b, 80, 3000), "decoder_input_ids": words(b, n)["input_ids"],
    }),
    Model("wav2vec2_base", "Wav2Vec2Model", "Wav2Vec2Config", {}, lambda b, n: {"input_values": torch.randn(b, 400 * n)}),
    Model("mamba_4_layers", "MambaModel", "MambaConfig", {"num_hidden_layers": 4}, lambda b, n: {
        "input_ids": torch.randint(3, 50_000, (b, 8)),
    }, same_length=True),
]  # fmt: skip
"""The sizes that people run, from the configurations' defaults."""
