"""diffusers' versions of the latent diffusion paper's parts, and our weights under diffusers' names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL as TheirKL
from diffusers.models.autoencoders.vq_model import VQModel as TheirVQ
from diffusers.models.unets.unet_2d import UNet2DModel
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig
from torch import Tensor

from diffusion.ldm.bert import BertConfig
from diffusion.unet import UNetConfig
from diffusion.vae import VAEConfig


def relative(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max())


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def their_autoencoder_names(names: list[str], levels: int) -> dict[str, str]:
    """diffusers' name for each of ours (Esser et al.'s layout), by the published correspondence."""
    found: dict[str, str] = {}
    for name in names:
        new = re.sub(r"encoder\.down\.(\d+)\.block\.(\d+)", r"encoder.down_blocks.\1.resnets.\2", name)
        new = re.sub(r"encoder\.down\.(\d+)\.attn\.(\d+)", r"encoder.down_blocks.\1.attentions.\2", new)
        new = re.sub(r"encoder\.down\.(\d+)\.downsample", r"encoder.down_blocks.\1.downsamplers.0", new)
        for part, theirs in (("block", "resnets"), ("attn", "attentions")):
            new = re.sub(
                rf"decoder\.up\.(\d+)\.{part}\.(\d+)",
                lambda m, theirs=theirs: f"decoder.up_blocks.{levels - 1 - int(m[1])}.{theirs}.{m[2]}",
                new,
            )
        new = re.sub(
            r"decoder\.up\.(\d+)\.upsample",
            lambda m: f"decoder.up_blocks.{levels - 1 - int(m[1])}.upsamplers.0",
            new,
        )
        new = new.replace("mid.block_1", "mid_block.resnets.0").replace("mid.block_2", "mid_block.resnets.1")
        new = new.replace("mid.attn_1", "mid_block.attentions.0").replace("norm_out", "conv_norm_out")
        new = new.replace("nin_shortcut", "conv_shortcut")
        if "attentions" in new:
            for ours, theirs in (("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("proj_out", "to_out.0")):
                new = re.sub(rf"\.{ours}\.(weight|bias)$", rf".{theirs}.\1", new)
            new = new.replace(".norm.", ".group_norm.")
        found[name] = new
    return found


def their_autoencoder(config: VAEConfig) -> Any:
    attends = [config.attends(level) for level in range(len(config.widths))]
    sizes: dict[str, Any] = {
        "block_out_channels": config.widths,
        "layers_per_block": config.res_blocks,
        "latent_channels": config.latent_channels,
        "down_block_types": tuple("AttnDownEncoderBlock2D" if a else "DownEncoderBlock2D" for a in attends),
        "up_block_types": tuple("AttnUpDecoderBlock2D" if a else "UpDecoderBlock2D" for a in attends[::-1]),
        "mid_block_add_attention": config.middle_attention,
    }
    return (
        TheirKL(**sizes) if config.codebook is None else TheirVQ(**sizes, num_vq_embeddings=config.codebook)
    )


def their_unet(config: UNetConfig) -> Any:
    """diffusers' network of the same structure: attention after every residual block of a level, or none."""
    attends = [bool(depths[0]) for depths in config.down_depths]
    resampling = "resnet" if config.residual_resampling else "conv"
    down, up = ("DownBlock2D", "UpBlock2D")
    if config.residual_resampling:
        down, up = "ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D"
    return UNet2DModel(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        block_out_channels=config.widths,
        layers_per_block=len(config.down_depths[0]),
        down_block_types=tuple("AttnDownBlock2D" if a else down for a in attends),
        up_block_types=tuple("AttnUpBlock2D" if a else up for a in attends[::-1]),
        attention_head_dim=config.head_dim or config.widths[-1] // (config.heads or 1),
        downsample_type=resampling,
        upsample_type=resampling,
        resnet_time_scale_shift="scale_shift" if config.scale_shift else "default",
        attn_norm_num_groups=32,
        downsample_padding=1,
        flip_sin_to_cos=True,
        freq_shift=0,
        norm_eps=1e-5,
    )


_RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}


def their_unet_weights(weights: Mapping[str, Tensor], config: UNetConfig) -> dict[str, Tensor]:
    """Our weights under diffusers' names, fused projections taken apart head by head."""
    stems = dict[str, str]()  # of layers, from ours to theirs
    place = 1
    for level, depths in enumerate(config.down_depths):
        for n in range(len(depths)):
            stems[f"input_blocks.{place}.0."] = f"down_blocks.{level}.resnets.{n}."
            stems[f"input_blocks.{place}.1."] = f"down_blocks.{level}.attentions.{n}."
            place += 1
        stems[f"input_blocks.{place}.0.op."] = f"down_blocks.{level}.downsamplers.0.conv."
        if level < len(config.widths) - 1:
            stems[f"input_blocks.{place}.0."] = f"down_blocks.{level}.downsamplers.0."
            place += 1
    place = 0
    for level, depths in enumerate(config.up_depths):
        for n, depth in enumerate(depths):
            stems[f"output_blocks.{place}.0."] = f"up_blocks.{level}.resnets.{n}."
            if depth:
                stems[f"output_blocks.{place}.1."] = f"up_blocks.{level}.attentions.{n}."
            if n == len(depths) - 1:
                stems[f"output_blocks.{place}.{2 if depth else 1}."] = f"up_blocks.{level}.upsamplers.0."
            place += 1
    stems |= {
        "middle_block.0.": "mid_block.resnets.0.",
        "middle_block.1.": "mid_block.attentions.0.",
        "middle_block.2.": "mid_block.resnets.1.",
        "input_blocks.0.0.": "conv_in.",
        "time_embed.0.": "time_embedding.linear_1.",
        "time_embed.2.": "time_embedding.linear_2.",
        "out.0.": "conv_norm_out.",
        "out.2.": "conv_out.",
    }
    found: dict[str, Tensor] = {}
    for name, value in weights.items():
        stem = max((stem for stem in stems if name.startswith(stem)), key=len)
        rest = name.removeprefix(stem)
        for ours, theirs in _RESNET.items():
            rest = rest.replace(ours, theirs)
        if rest.startswith("qkv."):
            heads = config.heads or value.shape[0] // 3 // (config.head_dim or 1)
            split = value.reshape(heads, 3, -1, *value.shape[1:])
            for part, theirs in enumerate(("to_q", "to_k", "to_v")):
                found[f"{stems[stem]}{rest.replace('qkv', theirs)}"] = (
                    split[:, part].flatten(0, 1).squeeze(-1) if value.ndim > 1 else split[:, part].flatten()
                )
            continue
        if "attentions" in stems[stem]:
            rest = rest.replace("norm.", "group_norm.").replace("proj_out", "to_out.0")
            value = value.squeeze(-1) if value.ndim == 3 else value
        found[f"{stems[stem]}{rest}"] = value
    return found


def their_bert_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, value in weights.items():
        new = name.replace("token_emb", "model.embed_tokens").replace("pos_emb.emb", "model.embed_positions")
        if match := re.match(r"attn_layers\.layers\.(\d+)\.(\d)\.(.+)", name):
            number, perceptron = divmod(int(match[1]), 2)
            rest = match[3]
            if match[2] == "0":
                norm = "final_layer_norm" if perceptron else "self_attn_layer_norm"
                new = f"model.layers.{number}.{norm}.{rest}"
            elif perceptron:
                rest = rest.replace("net.0.0", "fc1").replace("net.2", "fc2")
                new = f"model.layers.{number}.{rest}"
            else:
                rest = re.sub(r"to_(q|k|v|out)\.", r"\1_proj.", rest)
                new = f"model.layers.{number}.self_attn.{rest}"
        elif name.startswith("norm."):
            new = f"model.layer_norm.{name.removeprefix('norm.')}"
        found[new] = value
    return found


def their_bert_config(sizes: BertConfig) -> LDMBertConfig:
    return LDMBertConfig(
        vocab_size=sizes.vocabulary,
        max_position_embeddings=sizes.places,
        encoder_layers=sizes.layers,
        encoder_ffn_dim=sizes.inner,
        encoder_attention_heads=sizes.heads,
        head_dim=64,
        d_model=sizes.width,
    )
