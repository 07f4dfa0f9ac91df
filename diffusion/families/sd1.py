"""Stable Diffusion 1.x: CLIP-L text encoder, U-Net that predicts the noise, KL autoencoder of factor 8."""

from diffusion.families.family import Family, Required
from diffusion.model import SD1_LATENT
from diffusion.prediction import Eps

NETWORK = "model.diffusion_model."
VAE = "first_stage_model."
TEXT = "cond_stage_model.transformer.text_model."

SD1 = Family(
    name="sd1",
    required=(
        Required(f"{TEXT}embeddings.token_embedding.weight", (49408, None), "CLIP text encoder"),
        Required(f"{NETWORK}input_blocks.0.0.weight", (None, 4, 3, 3), "U-Net input of 4 channels"),
        Required(f"{NETWORK}out.2.weight", (4, None, 3, 3), "U-Net output of 4 channels"),
        Required(f"{NETWORK}middle_block.1.proj_in.weight", (None, None, 1, 1), "U-Net attention"),
        Required(f"{VAE}decoder.conv_in.weight", (None, 4, 3, 3), "autoencoder of 4 latent channels"),
    ),
    network_prefix=NETWORK,
    vae_prefix=VAE,
    text_prefix=TEXT,
    latent_format=SD1_LATENT,
    prediction=Eps,
    embedding_key="clip_l",
)
