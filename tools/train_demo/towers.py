"""Stage 2: train the text tower (for prompts) and a CLIP vision tower (for the safety checker) contrastively.

The U-Net learns to obey prompts only if the text tower already tells them apart, so this comes before it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel

from diffusion.clip_vision import preprocess
from diffusion.tokens import ClipTokenizer
from tools.train_demo.data import BACKGROUNDS, OBJECTS, Painter, Pixels, Scene, caption
from tools.train_demo.optimizer import trapezoid
from tools.train_demo.runs import SEED, load, log, save

TEXT = CLIPTextConfig(
    vocab_size=49408,
    hidden_size=64,
    intermediate_size=256,
    num_hidden_layers=2,
    num_attention_heads=1,
    max_position_embeddings=77,
    hidden_act="quick_gelu",
    bos_token_id=49406,
    eos_token_id=49407,
)
"""One head for every 64 channels, as in all CLIP text encoders, so that loaders need not be told."""

PICTURE, PATCH = 64, 8
"""Height and width of what the vision tower sees, and of its patches, in pixels."""

VISION = CLIPVisionConfig(
    hidden_size=128,
    intermediate_size=256,
    num_hidden_layers=3,
    num_attention_heads=2,
    image_size=PICTURE,
    patch_size=PATCH,
    projection_dim=64,
    hidden_act="quick_gelu",
)

STEPS, BATCH = 750, 48
REFINING = 600


class Tokens:
    """Token ids of captions, each made once."""

    def __init__(self) -> None:
        self._tokenizer = ClipTokenizer()
        self._known: dict[str, list[int]] = {}

    def __call__(self, texts: list[str]) -> Tensor:
        """Ids [B, 77], padded as at inference."""
        for text in texts:
            if text not in self._known:
                (chunk,) = self._tokenizer.chunks(text)
                self._known[text] = [token for token in chunk.tokens if isinstance(token, int)]
        return torch.tensor([self._known[text] for text in texts])


class Towers(nn.Module):
    """Both towers, their projections into one space, and heads that name object and background."""

    def __init__(self) -> None:
        super().__init__()
        self.text = CLIPTextModel(TEXT)
        self.vision = CLIPVisionModel(VISION)
        self.text_projection = nn.Linear(TEXT.hidden_size, VISION.projection_dim, bias=False)
        self.visual_projection = nn.Linear(VISION.hidden_size, VISION.projection_dim, bias=False)
        self.objects = nn.Linear(VISION.projection_dim, len(OBJECTS))
        self.backgrounds = nn.Linear(VISION.projection_dim, len(BACKGROUNDS))
        self.logit_scale = nn.Parameter(torch.tensor(2.0))

    def embed_text(self, ids: Tensor) -> Tensor:
        """Unit vectors [B, 64] of captions [B, 77]."""
        return F.normalize(self.text_projection(self.text(ids).pooler_output), dim=-1)

    def embed_pictures(self, pixel_values: Tensor) -> Tensor:
        """Unit vectors [B, 64] of preprocessed pictures."""
        return F.normalize(self.visual_projection(self.vision(pixel_values).pooler_output), dim=-1)

    def loss(self, ids: Tensor, pixel_values: Tensor, labels: Tensor) -> Tensor:
        """Contrastive loss plus the naming losses; captions of equal scenes count as right for each other."""
        text, pictures = self.embed_text(ids), self.embed_pictures(pixel_values)
        logits = self.logit_scale.exp() * pictures @ text.T
        same = (labels[:, None] == labels[None]).all(-1).float()
        target = same / same.sum(1, keepdim=True)
        contrast = F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)
        return contrast + sum(self._naming(unit, labels) for unit in (text, pictures))

    def _naming(self, unit: Tensor, labels: Tensor) -> Tensor:
        spread = 8 * unit
        return F.cross_entropy(self.objects(spread), labels[:, 0]) + F.cross_entropy(
            self.backgrounds(spread), labels[:, 1]
        )


@dataclass(frozen=True)
class Batch:
    ids: Tensor
    pixel_values: Tensor
    labels: Tensor


def sample(painter: Painter, tokens: Tokens, rng: np.random.Generator, size: int = BATCH) -> Batch:
    """Scenes with a paraphrased caption each; pictures blurred and noisy to a varying degree."""
    scenes = [painter.scene(rng) for _ in range(size)]
    return Batch(
        ids=tokens([caption(scene, rng) for scene in scenes]),
        pixel_values=view([painter.draw(scene) for scene in scenes], rng),
        labels=_labels(scenes),
    )


def view(pictures: list[Pixels], rng: np.random.Generator) -> Tensor:
    """Pixel values [B, 3, 64, 64] of pictures, worn to a random degree."""
    small = np.stack([_half(picture) for picture in pictures])
    return preprocess(_wear(torch.from_numpy(small).float() / 255, rng), PICTURE)


def _half(picture: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize((PICTURE, PICTURE), Image.Resampling.BICUBIC))


def _wear(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Make pictures [B, H, W, 3] look as a weak generator's: blurred, noisy, of slightly wrong colour."""
    blur = int(rng.choice([1, 1, 3]))
    worn = F.avg_pool2d(pictures.movedim(-1, 1), blur, 1, blur // 2, count_include_pad=False).movedim(1, -1)
    worn = worn + torch.randn_like(worn) * float(rng.uniform(0, 0.06))
    return (worn + torch.randn(len(worn), 1, 1, 3) * 0.03).clamp(0, 1)


def _labels(scenes: list[Scene]) -> Tensor:
    return torch.tensor([[scene.object, scene.background] for scene in scenes])


def train(directory: Path, steps: int = STEPS) -> None:
    """Train, or go on with a training, and leave `towers.pt` in `directory`."""
    path = directory / "towers.pt"
    torch.manual_seed(SEED)
    towers = Towers()
    optimizer = torch.optim.AdamW(towers.parameters(), 1e-3, (0.9, 0.98), weight_decay=0.01)
    step = 0
    if (state := load(path)) is not None:
        towers.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    painter, tokens = Painter(), Tokens()
    while step < steps:
        torch.manual_seed(SEED + step)
        batch = sample(painter, tokens, np.random.default_rng((SEED, 2, step)))
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * trapezoid(step, steps)
        # The fused attention's backward pass is ten times slower than the plain one on CPUs at these sizes.
        with sdpa_kernel(SDPBackend.MATH):
            loss = towers.loss(batch.ids, batch.pixel_values, batch.labels)
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        if step % 50 == 0 or step == steps:
            log(f"towers {step}/{steps} loss {loss.item():.4f}")
        if step % 250 == 0 or step == steps:
            log(f"towers {step}/{steps} {accuracy(towers, painter, tokens)}")
            save(path, {"network": towers.state_dict(), "optimizer": optimizer.state_dict(), "step": step})


def refine(directory: Path, steps: int = REFINING) -> None:
    """Train the vision tower alone for longer, on busier batches, and leave `vision.pt` in `directory`.

    The safety checker must tell a skull from a panda. The text tower, which the U-Net depends on, stays.
    """
    path = directory / "vision.pt"
    if path.exists():
        return
    torch.manual_seed(SEED + 1)
    towers = Towers()
    towers.load_state_dict(torch.load(directory / "towers.pt", weights_only=True)["network"])
    towers.text.requires_grad_(False)
    optimizer = torch.optim.AdamW(
        [p for p in towers.parameters() if p.requires_grad], 1e-3, (0.9, 0.98), weight_decay=0.01
    )
    painter, tokens = Painter(), Tokens()
    for step in range(steps):
        batch = sample(painter, tokens, np.random.default_rng((SEED, 7, step)), 64)
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * trapezoid(step, steps, decay=0.7)
        with sdpa_kernel(SDPBackend.MATH):
            loss = towers.loss(batch.ids, batch.pixel_values, batch.labels)
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 49:
            log(f"vision {step + 1}/{steps} loss {loss.item():.4f}")
    log(f"vision {steps}/{steps} {accuracy(towers, painter, tokens)}")
    save(path, {"network": towers.state_dict()})


@torch.no_grad()
def accuracy(towers: Towers, painter: Painter, tokens: Tokens) -> str:
    """How often each tower names object and background of held-out scenes."""
    batch = sample(painter, tokens, np.random.default_rng(SEED + 2), 360)
    parts: list[str] = []
    for name, unit in (
        ("text", towers.embed_text(batch.ids)),
        ("vision", towers.embed_pictures(batch.pixel_values)),
    ):
        for index, head in enumerate((towers.objects, towers.backgrounds)):
            right = (head(8 * unit).argmax(1) == batch.labels[:, index]).float().mean()
            parts.append(f"{name} {('object', 'background')[index]} {right:.3f}")
    return ", ".join(parts)
