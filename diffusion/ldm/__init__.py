"""What models of the latent diffusion paper (arXiv 2112.10752) read: words, classes, boxes, pictures."""
