"""What the server knows of packs, whose code runs in workers only."""
