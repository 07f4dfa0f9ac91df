"""Which page to read for more about a node."""

from engine.spec import NodeSpec

MODELS = "[Which models work, and where their files go](../models.md)"
SAFETY = "[Safety](../../how-to/safety.md)"
FUNCTIONS = "[Use a workflow as a function](../../how-to/share-a-workflow.md)"

GUIDES = {
    "loaders": MODELS,
    "advanced/loaders": MODELS,
    "advanced/conditioning": MODELS,
    "advanced/model_merging": MODELS,
    "conditioning/controlnet": MODELS,
    "conditioning/gligen": MODELS,
    "conditioning/latent diffusion": MODELS,
    "conditioning/style_model": MODELS,
    "image/safety": SAFETY,
    "image/watermark": SAFETY,
    "workflows": FUNCTIONS,
}
"""Start of a category to a link; the longest start wins."""


def guide_of(spec: NodeSpec) -> str:
    """A link, or nothing."""
    fitting = [start for start in GUIDES if spec.category.startswith(start)]
    return GUIDES[max(fitting, key=len)] if fitting else ""
