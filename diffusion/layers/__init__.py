"""Building blocks of the networks; attribute names are those of the published checkpoints."""
