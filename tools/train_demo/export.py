"""Write the shipped files: the checkpoint in SD 1.x layout, and the safety checker in CompVis's."""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from diffusion.clip_vision import MEAN, STD
from tools.train_demo.concept import FLAGGED, concept, vision_tower
from tools.train_demo.runs import default_directory, log
from tools.train_demo.towers import PATCH, PICTURE, VISION


def schedule_buffers() -> dict[str, Tensor]:
    """The tensors of the schedule that SD 1.x files carry beside the weights, float32 [1000] each."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64).square()
    alphas = 1 - betas
    total = alphas.cumprod(0)
    before = torch.cat([torch.ones(1, dtype=torch.float64), total[:-1]])
    variance = betas * (1 - before) / (1 - total)
    buffers = {
        "betas": betas,
        "alphas_cumprod": total,
        "alphas_cumprod_prev": before,
        "sqrt_alphas_cumprod": total.sqrt(),
        "sqrt_one_minus_alphas_cumprod": (1 - total).sqrt(),
        "log_one_minus_alphas_cumprod": (1 - total).log(),
        "sqrt_recip_alphas_cumprod": (1 / total).sqrt(),
        "sqrt_recipm1_alphas_cumprod": (1 / total - 1).sqrt(),
        "posterior_variance": variance,
        "posterior_log_variance_clipped": variance.clamp(min=1e-20).log(),
        "posterior_mean_coef1": betas * before.sqrt() / (1 - total),
        "posterior_mean_coef2": (1 - before) * alphas.sqrt() / (1 - total),
    }
    return {name: value.float() for name, value in buffers.items()}


def checkpoint(directory: Path) -> dict[str, Tensor]:
    """Every tensor of the single file: averaged weights in float16, the schedule in float32."""
    unet = torch.load(directory / "unet.pt", weights_only=True)["average"]["weights"]
    vae = torch.load(directory / "autoencoder-scaled.pt", weights_only=True)
    towers = torch.load(directory / "towers.pt", weights_only=True)["network"]
    text = "cond_stage_model.transformer.text_model."
    tensors = {f"model.diffusion_model.{name}": value.half() for name, value in unet.items()}
    tensors |= {f"first_stage_model.{name}": value.half() for name, value in vae.items()}
    tensors |= {
        text + name.removeprefix("text."): value.half()
        for name, value in towers.items()
        if name.startswith("text.")
    }
    tensors[f"{text}embeddings.position_ids"] = torch.arange(77)[None]
    return tensors | schedule_buffers()


def write_checkpoint(directory: Path, path: Path) -> None:
    """Write the single file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(checkpoint(directory), path)
    log(f"wrote {path.name}: {path.stat().st_size / 1e6:.2f} MB")


def write_safety_checker(directory: Path, folder: Path) -> None:
    """Write the safety checker: the vision tower and its one concept."""
    towers = vision_tower(directory)
    direction, threshold = concept(towers)
    tensors = {
        f"vision_model.vision_model.{name}": value.half()
        for name, value in towers.vision.state_dict().items()
    }
    positions = (PICTURE // PATCH) ** 2 + 1
    tensors |= {
        "vision_model.vision_model.embeddings.position_ids": torch.arange(positions)[None],
        "visual_projection.weight": towers.visual_projection.weight.detach().half(),
        "concept_embeds": direction[None].half(),
        "concept_embeds_weights": torch.tensor([threshold]).half(),
        # Special care lowers the bars of the concepts by 0.01. Here it is the same concept with a higher
        # bar, so that it can only confirm.
        "special_care_embeds": direction[None].half(),
        "special_care_embeds_weights": torch.tensor([(1 + threshold) / 2]).half(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    _write(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(_config(), indent=2) + "\n", encoding="utf-8")
    (folder / "preprocessor_config.json").write_text(
        json.dumps(_preprocessor(), indent=2) + "\n", encoding="utf-8"
    )
    size = (folder / "model.safetensors").stat().st_size
    log(f"wrote {folder.name}: {size / 1e6:.2f} MB, threshold {threshold}")


def _config() -> dict[str, object]:
    vision = {
        "model_type": "clip_vision_model",
        "hidden_size": VISION.hidden_size,
        "intermediate_size": VISION.intermediate_size,
        "num_hidden_layers": VISION.num_hidden_layers,
        "num_attention_heads": VISION.num_attention_heads,
        "num_channels": 3,
        "image_size": VISION.image_size,
        "patch_size": VISION.patch_size,
        "hidden_act": VISION.hidden_act,
        "layer_norm_eps": VISION.layer_norm_eps,
        "projection_dim": VISION.projection_dim,
    }
    return {
        "architectures": ["StableDiffusionSafetyChecker"],
        "model_type": "clip",
        "projection_dim": VISION.projection_dim,
        "concepts": [FLAGGED],
        "vision_config": vision,
    }


def _preprocessor() -> dict[str, object]:
    size = VISION.image_size
    return {
        "image_processor_type": "CLIPImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": size},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": size, "width": size},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(MEAN),
        "image_std": list(STD),
        "do_convert_rgb": True,
    }


def _write(tensors: dict[str, Tensor], path: Path) -> None:
    ordered = {name: tensors[name].contiguous() for name in sorted(tensors)}
    partial = path.with_suffix(".part")
    save_file(ordered, partial, metadata={"format": "pt"})
    partial.replace(path)


def main() -> None:
    """Write both from the checkpoints of a training."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_demo.export", description=__doc__)
    models = Path(__file__).parents[2] / "models"
    parser.add_argument("--work-dir", type=Path, default=default_directory(), help="where checkpoints lie")
    parser.add_argument("--models", type=Path, default=models, help="the folder of model folders to write to")
    options = parser.parse_args()
    write_checkpoint(options.work_dir, options.models / "checkpoints" / "darkroom-demo.safetensors")
    write_safety_checker(options.work_dir, options.models / "safety_checker" / "darkroom-demo")


if __name__ == "__main__":
    main()
