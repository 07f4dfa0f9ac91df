"""What large models take of a device that is too small for all of their parts.

    python -m benchmarks.memory [sdxl|sd3] [--size 1024] [--budget GB]

Two prompts are encoded, one guided step is sampled and the picture decoded: Stable Diffusion XL in 8 GB,
Stable Diffusion 3 medium with CLIP-L, OpenCLIP-G and T5-XXL in 12 GB. Sizes are the published ones, weights
random. Networks are bfloat16, CLIPs float32. The device is simulated: weights on it are real copies, and
every tensor that an operation makes counts until it is freed; the first byte over the budget is an error.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from math import prod
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from diffusion.checkpoint.header import Header, TensorInfo
from diffusion.checkpoint.loader import Checkpoint, load_file
from diffusion.checkpoint.placed import placed
from diffusion.conditioning import Conditioning
from diffusion.placement import CountedMemory, Placement, module_of
from diffusion.placement.weights import size_of, tensors_of
from diffusion.precision import Precision
from diffusion.sampling import sample
from diffusion.text import T5_KEY, TextEncoder
from diffusion.tokens import Chunk

LAYOUTS = Path(__file__).parents[1] / "tests" / "golden" / "layouts"
CPU = torch.device("cpu")
GIGA = 1e9
MODELS: Mapping[str, tuple[str, float, tuple[str, ...]]] = {
    "sdxl": ("Stable Diffusion XL", 8.0, ("sdxl-base",)),
    "sd3": ("Stable Diffusion 3 medium with T5-XXL", 12.0, ("sd3-medium", "sd3-medium-text-encoders")),
}
"""Title, budget in GB, and the layouts of its files."""
T5_TOKENS = 77
Result = TypeVar("Result")


class RandomFile:
    """A model file of a published layout whose tensors are views of one block of random numbers: at home they
    take next to nothing, on the device as much as true ones.
    """

    def __init__(self, layouts: Iterable[str]) -> None:
        tensors: dict[str, TensorInfo] = {}
        for layout in layouts:
            read = json.loads((LAYOUTS / f"{layout}.json").read_text(encoding="utf-8"))
            tensors |= {name: TensorInfo(dtype, tuple(shape), 0, 0) for name, (shape, dtype) in read.items()}
        self.header = Header(Path("random.safetensors"), tensors)
        self._largest = max(prod(info.shape) for info in tensors.values())
        self._blocks: dict[torch.dtype, Tensor] = {}

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """The named tensors: gains are 1, everything else random."""
        infos = self.header.tensors
        return {name: self._tensor(infos[name].shape, infos[name].dtype, dtype) for name in names}

    def _tensor(self, shape: tuple[int, ...], stored: str, dtype: torch.dtype) -> Tensor:
        if stored == "I64":
            return torch.arange(shape[-1]).expand(shape)
        if len(shape) < 2:
            return torch.ones(shape, dtype=dtype)
        if dtype not in self._blocks:
            self._blocks[dtype] = torch.empty(self._largest, dtype=dtype).normal_(std=0.02)
        return self._blocks[dtype][: prod(shape)].view(shape)


class Bench:
    """Runs stages and prints what each took."""

    def __init__(self, memory: CountedMemory, networks: Mapping[str, object]) -> None:
        self._memory = memory
        self._networks = networks

    def stage(self, name: str, work: Callable[[], Result]) -> Result:
        self._memory.reset_peak()
        started = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - started
        held = (self._memory.size - self._memory.available()) / GIGA
        print(f"{name:34} {self._memory.peak / GIGA:8.2f} {held:10.2f} {seconds:9.1f}", flush=True)
        return result


def weights(network: object) -> int:
    """Bytes of a network."""
    module = module_of(network)
    return size_of(tensors_of(module)) if isinstance(module, nn.Module) else 0


def encode(clip: TextEncoder, text: str) -> Conditioning:
    """A prompt; for T5, whose vocabulary is not at hand, tokens at random."""
    chunks = {key: tower.tokenize(text) for key, tower in clip.towers.items()}
    if clip.t5 is not None:
        chunks[T5_KEY] = [Chunk(tuple(range(100, 100 + T5_TOKENS)), (1.0,) * T5_TOKENS)]
    encoding = clip.encode_tokens(clip.padded(chunks))
    return [(encoding.cond, {"pooled_output": encoding.pooled})]


def measure(model: str, size: int, budget: float | None, tiled: bool) -> None:
    """One picture under a budget."""
    title, usual, layouts = MODELS[model]
    memory = CountedMemory(int((usual if budget is None else budget) * GIGA))
    loaded = load_file(RandomFile(layouts), Precision.BF16, CPU)
    loaded = placed(loaded, Placement(CPU, memory))
    parts = {"network": loaded.model.network, "autoencoder": loaded.vae.module}
    parts |= {key: tower.model for key, tower in loaded.clip.towers.items()}
    parts |= {} if loaded.clip.t5 is None else {"t5": loaded.clip.t5.model}
    listed = ", ".join(f"{name} {weights(part) / GIGA:.2f}" for name, part in parts.items())
    print(f"\n{title}, {size} x {size}, budget {memory.size / GIGA:.0f} GB")
    print(f"weights in GB: {listed}; together {sum(map(weights, parts.values())) / GIGA:.2f}")
    print(f"{'stage':34} {'peak GB':>8} {'kept GB':>10} {'seconds':>9}")
    run(Bench(memory, parts), loaded, size, tiled)


def run(bench: Bench, loaded: Checkpoint, size: int, tiled: bool) -> None:
    positive = bench.stage("positive prompt", lambda: encode(loaded.clip, "a photograph of a red fox"))
    negative = bench.stage("negative prompt", lambda: encode(loaded.clip, "blurry"))
    empty = torch.zeros(1, loaded.model.latent_format.channels, size // 8, size // 8)

    def denoise() -> Tensor:
        return sample(
            loaded.model,
            positive,
            negative,
            {"samples": empty},
            seed=0,
            steps=1,
            cfg=5.0,
            sampler="euler",
            scheduler="normal",
        )

    latent = bench.stage("one guided step", denoise)
    latent = latent.clamp(-4, 4)  # random networks know no measure
    bench.stage("decode", lambda: loaded.vae.decode(latent))  # warns if it takes tiles
    if tiled:
        bench.stage("decode in tiles", lambda: loaded.vae.decode_tiled(latent, 512, 128))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="*", choices=[[], *MODELS], help="default: all")
    parser.add_argument("--size", type=int, default=1024, help="side of the picture in pixels")
    parser.add_argument("--budget", type=float, metavar="GB", help="instead of the usual one")
    parser.add_argument("--tiled", action="store_true", help="also decode in tiles")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="  %(message)s")
    with torch.inference_mode():
        for model in options.model or MODELS:
            measure(model, options.size, options.budget, options.tiled)


if __name__ == "__main__":
    main()
