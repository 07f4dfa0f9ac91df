"""Names and shapes of CompVis' latent diffusion checkpoints, from the settings of their configurations.

Written from how the published program builds its networks (`attention_resolutions` are factors by which it
halves, `attn_resolutions` sides in pixels), and not from the networks under test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Shapes = dict[str, tuple[int, ...]]


def linear(name: str, inner: int, outer: int, *, bias: bool = True) -> Shapes:
    return {f"{name}.weight": (outer, inner), **({f"{name}.bias": (outer,)} if bias else {})}


def conv(name: str, inner: int, outer: int, *kernel: int) -> Shapes:
    return {f"{name}.weight": (outer, inner, *kernel), f"{name}.bias": (outer,)}


def norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


@dataclass
class UNetLayout:
    """`unet_config.params` of a configuration."""

    in_channels: int
    out_channels: int
    model_channels: int
    attention_resolutions: Sequence[int]
    channel_mult: Sequence[int]
    num_res_blocks: int = 2
    resblock_updown: bool = False
    use_scale_shift_norm: bool = False
    context_dim: int | None = None
    transformer_depth: int = 1
    shapes: Shapes = field(default_factory=dict[str, tuple[int, ...]])

    def build(self) -> Shapes:
        self.shapes.clear()
        first, ch, ds = self.model_channels, self.model_channels, 1
        self.shapes |= linear("time_embed.0", first, 4 * first) | linear("time_embed.2", 4 * first, 4 * first)
        self.shapes |= conv("input_blocks.0.0", self.in_channels, first, 3, 3)
        skips, index = [first], 1
        for level, mult in enumerate(self.channel_mult):
            for _ in range(self.num_res_blocks):
                self._res(f"input_blocks.{index}.0", ch, mult * first)
                ch = mult * first
                if ds in self.attention_resolutions:
                    self._attention(f"input_blocks.{index}.1", ch)
                skips.append(ch)
                index += 1
            if level < len(self.channel_mult) - 1:
                self._resample(f"input_blocks.{index}.0", ch, "op")
                skips.append(ch)
                index, ds = index + 1, ds * 2
        self._res("middle_block.0", ch, ch)
        self._attention("middle_block.1", ch)
        self._res("middle_block.2", ch, ch)
        index = 0
        for level, mult in reversed(list(enumerate(self.channel_mult))):
            for block in range(self.num_res_blocks + 1):
                self._res(f"output_blocks.{index}.0", ch + skips.pop(), mult * first)
                ch, place = mult * first, 1
                if ds in self.attention_resolutions:
                    self._attention(f"output_blocks.{index}.1", ch)
                    place = 2
                if level and block == self.num_res_blocks:
                    self._resample(f"output_blocks.{index}.{place}", ch, "conv")
                    ds //= 2
                index += 1
        self.shapes |= norm("out.0", ch) | conv("out.2", first, self.out_channels, 3, 3)
        return dict(self.shapes)

    def _res(self, name: str, inner: int, outer: int) -> None:
        told = outer * (2 if self.use_scale_shift_norm else 1)
        self.shapes |= norm(f"{name}.in_layers.0", inner) | conv(f"{name}.in_layers.2", inner, outer, 3, 3)
        self.shapes |= linear(f"{name}.emb_layers.1", 4 * self.model_channels, told)
        self.shapes |= norm(f"{name}.out_layers.0", outer) | conv(f"{name}.out_layers.3", outer, outer, 3, 3)
        if inner != outer:
            self.shapes |= conv(f"{name}.skip_connection", inner, outer, 1, 1)

    def _resample(self, name: str, width: int, layer: str) -> None:
        if self.resblock_updown:
            self._res(name, width, width)
        else:
            self.shapes |= conv(f"{name}.{layer}", width, width, 3, 3)

    def _attention(self, name: str, width: int) -> None:
        self.shapes |= norm(f"{name}.norm", width)
        if self.context_dim is None:
            self.shapes |= conv(f"{name}.qkv", width, 3 * width, 1) | conv(
                f"{name}.proj_out", width, width, 1
            )
            return
        self.shapes |= conv(f"{name}.proj_in", width, width, 1, 1)
        for n in range(self.transformer_depth):
            block = f"{name}.transformer_blocks.{n}"
            for attention, source in (("attn1", width), ("attn2", self.context_dim)):
                stem = f"{block}.{attention}"
                self.shapes |= linear(f"{stem}.to_q", width, width, bias=False)
                self.shapes |= linear(f"{stem}.to_k", source, width, bias=False)
                self.shapes |= linear(f"{stem}.to_v", source, width, bias=False)
                self.shapes |= linear(f"{stem}.to_out.0", width, width)
            self.shapes |= linear(f"{block}.ff.net.0.proj", width, 8 * width)
            self.shapes |= linear(f"{block}.ff.net.2", 4 * width, width)
            for number in (1, 2, 3):
                self.shapes |= norm(f"{block}.norm{number}", width)
        self.shapes |= conv(f"{name}.proj_out", width, width, 1, 1)


def autoencoder(
    z: int,
    ch_mult: Sequence[int],
    *,
    n_embed: int | None = None,
    attn_resolutions: Sequence[int] = (),
    attn_type: str = "vanilla",
    ch: int = 128,
    resolution: int = 256,
    blocks: int = 2,
) -> Shapes:
    """`first_stage_config.params` of a configuration: a KL autoencoder, or VQ with `n_embed` entries."""
    shapes: Shapes = {}

    def res(name: str, inner: int, outer: int) -> None:
        shapes.update(norm(f"{name}.norm1", inner) | conv(f"{name}.conv1", inner, outer, 3, 3))
        shapes.update(norm(f"{name}.norm2", outer) | conv(f"{name}.conv2", outer, outer, 3, 3))
        if inner != outer:
            shapes.update(conv(f"{name}.nin_shortcut", inner, outer, 1, 1))

    def attention(name: str, width: int) -> None:
        if attn_type != "none":
            shapes.update(norm(f"{name}.norm", width))
            for layer in ("q", "k", "v", "proj_out"):
                shapes.update(conv(f"{name}.{layer}", width, width, 1, 1))

    def middle(side: str, width: int) -> None:
        res(f"{side}.mid.block_1", width, width)
        attention(f"{side}.mid.attn_1", width)
        res(f"{side}.mid.block_2", width, width)

    last = len(ch_mult) - 1
    shapes |= conv("encoder.conv_in", 3, ch, 3, 3)
    width, side = ch, resolution
    for level, mult in enumerate(ch_mult):
        for n in range(blocks):
            res(f"encoder.down.{level}.block.{n}", width, mult * ch)
            width = mult * ch
            if side in attn_resolutions:
                attention(f"encoder.down.{level}.attn.{n}", width)
        if level < last:
            shapes |= conv(f"encoder.down.{level}.downsample.conv", width, width, 3, 3)
            side //= 2
    middle("encoder", width)
    out = z if n_embed else 2 * z
    shapes |= norm("encoder.norm_out", width) | conv("encoder.conv_out", width, out, 3, 3)
    shapes |= conv("decoder.conv_in", z, width, 3, 3)
    middle("decoder", width)
    for level in range(last, -1, -1):
        for n in range(blocks + 1):
            res(f"decoder.up.{level}.block.{n}", width, ch_mult[level] * ch)
            width = ch_mult[level] * ch
            if side in attn_resolutions:
                attention(f"decoder.up.{level}.attn.{n}", width)
        if level:
            shapes |= conv(f"decoder.up.{level}.upsample.conv", width, width, 3, 3)
            side *= 2
    shapes |= norm("decoder.norm_out", width) | conv("decoder.conv_out", width, 3, 3, 3)
    shapes |= conv("quant_conv", out, out, 1, 1) | conv("post_quant_conv", z, z, 1, 1)
    return shapes | ({"quantize.embedding.weight": (n_embed, z)} if n_embed else {})


def bert(n_embed: int, n_layer: int, vocab_size: int = 30522, max_seq_len: int = 77) -> Shapes:
    """`BERTEmbedder`, after `cond_stage_model.`."""
    stem = "transformer"
    shapes: Shapes = {
        f"{stem}.token_emb.weight": (vocab_size, n_embed),
        f"{stem}.pos_emb.emb.weight": (max_seq_len, n_embed),
    }
    for n in range(n_layer):
        attention, perceptron = (f"{stem}.attn_layers.layers.{2 * n + place}" for place in (0, 1))
        shapes |= norm(f"{attention}.0", n_embed) | norm(f"{perceptron}.0", n_embed)
        for layer in ("to_q", "to_k", "to_v"):
            shapes |= linear(f"{attention}.1.{layer}", n_embed, 512, bias=False)
        shapes |= linear(f"{attention}.1.to_out", 512, n_embed)
        shapes |= linear(f"{perceptron}.1.net.0.0", n_embed, 4 * n_embed)
        shapes |= linear(f"{perceptron}.1.net.2", 4 * n_embed, n_embed)
    return shapes | norm(f"{stem}.norm", n_embed) | linear(f"{stem}.to_logits", n_embed, vocab_size)


_VQ4: dict[str, Any] = {"z": 3, "ch_mult": (1, 2, 4), "n_embed": 8192}
_KL8: dict[str, Any] = {"z": 4, "ch_mult": (1, 2, 4, 4)}
_CELEBA: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "model_channels": 224,
    "attention_resolutions": (8, 4, 2),
    "channel_mult": (1, 2, 3, 4),
}


@dataclass(frozen=True)
class Published:
    """One of the published models."""

    family: str
    unet: dict[str, Any]
    vae: dict[str, Any]
    betas: tuple[float, float]
    heads: int | None
    """Attention heads; None for one to every 32 channels."""
    conditioner: Shapes = field(default_factory=dict[str, tuple[int, ...]])
    millions: int | None = None
    """Parameters of the U-Net as the paper states them (arXiv 2112.10752), where it does."""

    def shapes(self) -> Shapes:
        parts = {
            "model.diffusion_model.": UNetLayout(**self.unet).build(),
            "first_stage_model.": autoencoder(**self.vae),
            "cond_stage_model.": self.conditioner,
        }
        found = {f"{prefix}{name}": shape for prefix, part in parts.items() for name, shape in part.items()}
        if self.family == "ldm-inpaint":  # the conditioning stage is the first stage, and saved twice
            twice = {f"cond_stage_model.{name}": shape for name, shape in autoencoder(**self.vae).items()}
            found |= twice
        return found


PUBLISHED = {
    "celeba256": Published("ldm-unconditional", _CELEBA, _VQ4, (0.0015, 0.0195), None, millions=274),
    "lsun_churches256": Published(
        "ldm-unconditional-f8",
        {
            "in_channels": 4,
            "out_channels": 4,
            "model_channels": 192,
            "attention_resolutions": (1, 2, 4, 8),
            "channel_mult": (1, 2, 2, 4, 4),
            "use_scale_shift_norm": True,
            "resblock_updown": True,
        },
        _KL8,
        (0.0015, 0.0155),
        8,
        millions=294,
    ),
    "cin256-v2": Published(
        "ldm-class",
        {**_CELEBA, "model_channels": 192, "channel_mult": (1, 2, 3, 5), "context_dim": 512},
        _VQ4,
        (0.0015, 0.0195),
        1,
        {"embedding.weight": (1001, 512)},
        millions=400,
    ),
    "cin-ldm-vq-f8": Published(
        "ldm-class",
        {
            "in_channels": 4,
            "out_channels": 4,
            "model_channels": 256,
            "attention_resolutions": (4, 2, 1),
            "channel_mult": (1, 2, 4),
            "context_dim": 512,
        },
        {"z": 4, "ch_mult": (1, 2, 2, 4), "n_embed": 16384, "attn_resolutions": (32,)},
        (0.0015, 0.0195),
        None,
        {"embedding.weight": (1000, 512)},
        millions=395,
    ),
    "text2img256": Published(
        "ldm-text",
        {**_CELEBA, "model_channels": 192, "channel_mult": (1, 2, 3, 5), "context_dim": 640},
        _VQ4,
        (0.0015, 0.0195),
        None,
        bert(640, 32),
    ),
    "text2img-large": Published(
        "ldm-text",
        {
            "in_channels": 4,
            "out_channels": 4,
            "model_channels": 320,
            "attention_resolutions": (4, 2, 1),
            "channel_mult": (1, 2, 4, 4),
            "context_dim": 1280,
        },
        _KL8,
        (0.00085, 0.012),
        8,
        bert(1280, 32),
    ),
    "layout2img-openimages256": Published(
        "ldm-boxes",
        {**_CELEBA, "model_channels": 128, "context_dim": 512, "transformer_depth": 3},
        _VQ4,
        (0.0015, 0.0205),
        None,
        bert(512, 16, 8192, 92),
    ),
    "bsr_sr": Published(
        "ldm-super-resolution",
        {
            "in_channels": 6,
            "out_channels": 3,
            "model_channels": 160,
            "attention_resolutions": (16, 8),
            "channel_mult": (1, 2, 2, 4),
        },
        _VQ4,
        (0.0015, 0.0155),
        None,
    ),
    "inpainting_big": Published(
        "ldm-inpaint",
        {**_CELEBA, "in_channels": 7, "model_channels": 256, "resblock_updown": True},
        {**_VQ4, "attn_type": "none"},
        (0.0015, 0.0205),
        8,
        millions=387,
    ),
}
"""By the names of the folders they were published in."""
