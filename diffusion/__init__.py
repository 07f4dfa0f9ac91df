"""Diffusion models in torch: networks, text encoders, samplers and checkpoints. No graph and no HTTP."""
