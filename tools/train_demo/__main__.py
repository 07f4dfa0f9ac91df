"""Train the demo model from nothing, or go on where it stopped."""

import argparse
from pathlib import Path

import torch

from tools.train_demo import autoencoder, latents, towers, unet
from tools.train_demo.runs import default_directory


def main() -> None:
    """Run the stages in order; each one that has ended is skipped, one that stopped goes on."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_demo", description=__doc__)
    parser.add_argument("--work-dir", type=Path, default=default_directory(), help="where checkpoints lie")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    directory: Path = options.work_dir
    directory.mkdir(parents=True, exist_ok=True)
    autoencoder.train(directory)
    towers.train(directory)
    towers.refine(directory)
    if not (directory / "latents.pt").exists():
        latents.prepare(directory)
    unet.train(directory)


if __name__ == "__main__":
    main()
