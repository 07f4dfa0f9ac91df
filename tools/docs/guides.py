"""Which page to read for more about a node."""

from engine.spec import NodeSpec

FILES = "[Use your models](../../how-to/use-your-models.md)"
MERGING = "[Merging and saving](../../how-to/use-your-models.md#merging-and-saving)"
FAMILIES = (
    "[What to know of single families](../../how-to/use-your-models.md#what-to-know-of-single-families)"
)
STEERING = "[Pictures that steer](../models.md#pictures-that-steer)"
LOOKING = "[What looks at pictures](../models.md#what-looks-at-pictures)"
PARTS = "[Samplers in parts](../models.md#guidance-samplers-and-noise-levels-in-parts)"

GUIDES = {
    "advanced/conditioning": FAMILIES,
    "advanced/loaders": FILES,
    "advanced/model": FAMILIES,
    "advanced/model_merging": MERGING,
    "conditioning/controlnet": STEERING,
    "conditioning/gligen": STEERING,
    "conditioning/latent diffusion": "[Latent diffusion](../models.md#latent-diffusion-the-papers-models)",
    "conditioning/style_model": LOOKING,
    "image/grid": "[Many runs](../../how-to/sweeps-and-webhooks.md)",
    "image/preprocessors": LOOKING,
    "image/safety": "[Let no unchecked picture out](../../how-to/safety.md)",
    "image/watermark": "[The watermark](../models.md#reference-samplers-and-the-watermark)",
    "loaders": FILES,
    "sampling/custom_sampling": PARTS,
    "workflows": "[Share a workflow](../../how-to/share-a-workflow.md)",
}
"""Start of a category to a link; the longest start wins."""


def guide_of(spec: NodeSpec) -> str:
    """A link, or nothing."""
    starts = [start for start in GUIDES if f"{spec.category}/".startswith(f"{start}/")]
    return GUIDES[max(starts, key=len)] if starts else ""
