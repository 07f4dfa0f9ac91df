"""What made a picture: records of runs, and the comparison of a run with its record."""

from workflows.provenance.environment import Difference, code_differences, differences
from workflows.provenance.hashes import FileHash, FileHashes
from workflows.provenance.inventory import classes_of, files_of, seeds_of
from workflows.provenance.pictures import pixel_hash, psnr
from workflows.provenance.record import LOST, RUNNING, FileUsed, Output, RunRecord

__all__ = [
    "LOST",
    "RUNNING",
    "Difference",
    "FileHash",
    "FileHashes",
    "FileUsed",
    "Output",
    "RunRecord",
    "classes_of",
    "code_differences",
    "differences",
    "files_of",
    "pixel_hash",
    "psnr",
    "seeds_of",
]
