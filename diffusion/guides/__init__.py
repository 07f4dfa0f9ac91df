"""Changes of classifier-free guidance, one published idea a file; a `DiffusionModel` carries them."""
