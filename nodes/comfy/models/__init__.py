"""Models as packs expect them: the values of MODEL, CLIP and VAE sockets, sampling and loading."""
