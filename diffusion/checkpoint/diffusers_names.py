"""The names diffusers gives the tensors of networks and autoencoders, as original checkpoints have them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from diffusion.names import Shape
from diffusion.names.transformers import FLUX, MMDIT, Parts

_BLOCK = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)")
_UNET = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "class_embedding.linear_1": "label_emb.0.0",
    "class_embedding.linear_2": "label_emb.0.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE = {
    "mid_block.resnets.0": "mid.block_1",
    "mid_block.attentions.0": "mid.attn_1",
    "mid_block.resnets.1": "mid.block_2",
    "conv_norm_out": "norm_out",
}
_VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
    "query": "q",
    "key": "k",
    "value": "v",
    "proj_attn": "proj_out",
}
"""Both generations: files from before 2023 have the last four."""


_POSITIONS = {"pos_embed.pos_embed": "pos_embed", "pos_embed.proj.bias": "x_embedder.proj.bias"}
"""Of Stable Diffusion 3, beside what the tables for adapters have."""


def network_parts(shapes: Mapping[str, Shape]) -> dict[str, Parts]:
    """Original name to diffusers' tensors for a network: a U-Net, or the transformer of SD3 or Flux.

    Args:
        shapes: of the tensors, by diffusers' names.
    """
    if "single_transformer_blocks.0.proj_mlp.weight" in shapes:
        return FLUX.parts(shapes)
    if "pos_embed.proj.weight" in shapes:
        more = {ours: Parts((name,)) for name, ours in _POSITIONS.items() if name in shapes}
        return {**MMDIT.parts(shapes), **more}
    if "mid_block.attentions.0.group_norm.weight" in shapes:
        return _plain_parts(shapes)
    return _single(unet_names(list(shapes)))


_HEAD = 32
"""Channels of a head, in networks of plain attention."""
_PLAIN = re.compile(r"(.+_block(?:s\.\d+)?\.1)\.(group_norm|to_q|query|to_out\.0|proj_attn)\.(weight|bias)")
_PLAIN_OTHERS = ("to_k", "to_v", "key", "value")
"""Read together with the queries."""


def _plain_parts(shapes: Mapping[str, Shape]) -> dict[str, Parts]:
    """The same for U-Nets that read no text, whose original attention fuses queries, keys and values."""
    found: dict[str, Parts] = {}
    for ours, theirs in unet_names(list(shapes)).items():
        match = _PLAIN.fullmatch(ours)
        if match is None:
            if not any(f".{other}." in ours for other in _PLAIN_OTHERS):
                found[ours] = Parts((theirs,))
            continue
        stem, layer, kind = match.groups()
        if layer == "group_norm":
            found[f"{stem}.norm.{kind}"] = Parts((theirs,))
        elif layer in ("to_q", "query"):
            layers = ("to_q", "to_k", "to_v") if layer == "to_q" else ("query", "key", "value")
            names = tuple(theirs.replace(f".{layer}.", f".{each}.") for each in layers)
            heads = shapes[theirs][0] // _HEAD
            found[f"{stem}.qkv.{kind}"] = Parts(names, heads=heads, convolution=True)
        else:
            found[f"{stem}.proj_out.{kind}"] = Parts((theirs,), convolution=True)
    return found


def vae_parts(shapes: Mapping[str, Shape]) -> dict[str, Parts]:
    """Original name to diffusers' tensor for an autoencoder."""
    return _single(vae_names(list(shapes)))


def text_parts(shapes: Mapping[str, Shape]) -> dict[str, Parts]:
    """transformers 5 writes the tensors of a tower without projection without `text_model.`."""
    known = ("text_model.", "text_projection.")
    return {name if name.startswith(known) else f"text_model.{name}": Parts((name,)) for name in shapes}


_BERT = {
    "model.embed_tokens": "token_emb",
    "model.embed_positions": "pos_emb.emb",
    "model.layer_norm": "norm",
}
_BERT_LAYER = re.compile(r"model\.layers\.(\d+)\.(.+)")
_BERT_ATTENTION = {"q_proj": "to_q", "k_proj": "to_k", "v_proj": "to_v", "out_proj": "to_out"}
_BERT_PERCEPTRON = {"fc1": "net.0.0", "fc2": "net.2"}


def bert_parts(shapes: Mapping[str, Shape]) -> dict[str, Parts]:
    """Original name to diffusers' tensor for the text encoder of latent diffusion (`LDMBertModel`)."""
    return {_bert_name(name): Parts((name,)) for name in shapes}


def _bert_name(name: str) -> str:
    match = _BERT_LAYER.fullmatch(name)
    if match is None:
        return _renamed(name, _BERT)
    # The original counts attention and perceptron as layers of their own: a norm (0) and what follows (1).
    layer, rest = 2 * int(match[1]), match[2]
    part, _, kind = rest.rpartition(".")
    if part.startswith("self_attn."):
        return f"attn_layers.layers.{layer}.1.{_BERT_ATTENTION[part.removeprefix('self_attn.')]}.{kind}"
    if part in _BERT_PERCEPTRON:
        return f"attn_layers.layers.{layer + 1}.1.{_BERT_PERCEPTRON[part]}.{kind}"
    return f"attn_layers.layers.{layer if part == 'self_attn_layer_norm' else layer + 1}.0.{kind}"


def _single(names: Mapping[str, str]) -> dict[str, Parts]:
    return {ours: Parts((name,)) for ours, name in names.items()}


def unet_names(names: Collection[str]) -> dict[str, str]:
    """Original name to diffusers' for the tensors of a U-Net; an unknown name stays as it is."""
    depth = _count(names, "down_blocks.0.resnets.")
    attended = {name.partition(".attentions.")[0] for name in names if ".attentions." in name}
    return {_unet_name(name, depth, attended): name for name in names}


def _unet_name(name: str, depth: int, attended: set[str]) -> str:
    match = _BLOCK.fullmatch(name)
    if match is None:
        return _inside(_renamed(name, _UNET), ("middle_block.0.", "middle_block.2."), _UNET_RESNET)
    side, level, kind, number, rest = match.groups()
    # Going down, a level is its residual blocks and a sampler; going up, one residual block more.
    place = depth if kind in ("downsamplers", "upsamplers") else int(number)
    index = int(level) * (depth + 1) + place
    if side == "down":
        index += 1
    block = f"{'input' if side == 'down' else 'output'}_blocks.{index}"
    match kind:
        case "resnets":
            return f"{block}.0.{_renamed(rest, _UNET_RESNET)}"
        case "attentions":
            return f"{block}.1.{rest}"
        case "downsamplers":
            return f"{block}.0.{_renamed(rest, {'conv': 'op'})}"
        case _:
            return f"{block}.{2 if f'up_blocks.{level}' in attended else 1}.{rest}"


def vae_names(names: Collection[str]) -> dict[str, str]:
    """Original name to diffusers' for the tensors of an autoencoder; an unknown name stays as it is."""
    levels = _count(names, "decoder.up_blocks.")
    return {_vae_name(name, levels): name for name in names}


def _vae_name(name: str, levels: int) -> str:
    side, _, inner = name.partition(".")
    match = _BLOCK.fullmatch(inner)
    if match is None:
        inner = _renamed(inner, _VAE)
        inner = _inside(inner, ("mid.attn_1.",), _VAE_ATTENTION)
        inner = _inside(inner, ("mid.block_1.", "mid.block_2."), {"conv_shortcut": "nin_shortcut"})
        return f"{side}.{inner}"
    way, level, kind, number, rest = match.groups()
    # Checkpoints count a decoder's levels from the finest, diffusers from the coarsest.
    stem = f"{side}.{way}.{int(level) if way == 'down' else levels - 1 - int(level)}"
    if kind == "resnets":
        return f"{stem}.block.{number}.{_renamed(rest, {'conv_shortcut': 'nin_shortcut'})}"
    return f"{stem}.{way}sample.{rest}"


def _count(names: Collection[str], prefix: str) -> int:
    """How many numbered parts there are."""
    return len({name.removeprefix(prefix).split(".")[0] for name in names if name.startswith(prefix)})


def _renamed(name: str, table: dict[str, str]) -> str:
    """The name with its beginning replaced, if the table has it as whole parts."""
    for theirs, ours in table.items():
        if name == theirs or name.startswith(f"{theirs}."):
            return ours + name.removeprefix(theirs)
    return name


def _inside(name: str, stems: tuple[str, ...], table: dict[str, str]) -> str:
    """The name with what follows one of the stems renamed."""
    stem = next((stem for stem in stems if name.startswith(stem)), None)
    return name if stem is None else stem + _renamed(name.removeprefix(stem), table)
