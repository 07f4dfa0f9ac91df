"""`--safety` and `--watermark`: the policy on every picture that leaves."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from engine.folders import Folders, MissingFile, UnsafePath

if TYPE_CHECKING:
    from diffusion.placement import Placement
    from nodes.policy import Screen

KIND, DEMO = "safety_checker", "darkroom-demo"
TEXT = "StableDiffusionV1"
MOST_BYTES = 128
"""Of a watermark: a picture of 256 x 256 pixels has 1024 blocks of a bit each."""
_WEIGHTS = (".safetensors", ".bin")


class PolicyError(ValueError):
    """The policy asked for cannot be kept, so nothing may run; the message says what to do."""


def add_safety(command: argparse.ArgumentParser) -> None:
    """What is done to every picture that leaves, whatever the graph says."""
    group = command.add_argument_group("policy", "what is done to every picture that leaves")
    group.add_argument(
        "--safety",
        choices=("off", "required"),
        default="off",
        help="required: pictures the safety checker flags are replaced, and no graph can go around it",
    )
    group.add_argument(
        "--safety-checker", metavar="NAME", help="which of models/safety_checker (default: the only one)"
    )
    group.add_argument(
        "--safety-replacement", type=Path, metavar="FILE", help="the picture shown instead (default: black)"
    )
    group.add_argument(
        "--watermark",
        choices=("off", "required"),
        default="off",
        help="required: every picture of 256 x 256 pixels or more is marked invisibly",
    )
    group.add_argument("--watermark-text", default=TEXT, metavar="TEXT", help="the mark (%(default)s)")


def checker_of(options: argparse.Namespace, folders: Folders) -> Path | None:
    """The checker's weights; None without the policy. Raises PolicyError where it cannot be kept."""
    _make_sense(options)
    if options.safety == "off":
        return None
    name = options.safety_checker or _only(folders)
    try:
        path = folders.find(KIND, name)
    except (MissingFile, UnsafePath) as error:
        raise PolicyError(f"--safety required: {error}") from error
    if path.is_dir() and not any(one.suffix in _WEIGHTS for one in path.iterdir()):
        raise PolicyError(f"--safety required: {name} holds no weights, such as model.safetensors")
    if options.safety_replacement is not None:
        _must_be_picture(options.safety_replacement)
    return path


def _make_sense(options: argparse.Namespace) -> None:
    """Half a policy is a mistake: whoever names a checker believes that pictures are checked."""
    if options.safety == "off":
        for name in ("safety_checker", "safety_replacement"):
            if getattr(options, name) is not None:
                flag = f"--{name.replace('_', '-')}"
                raise PolicyError(f"{flag} does nothing by itself: add --safety required, or leave it out")
    size = len(options.watermark_text.encode())
    if options.watermark == "off" and options.watermark_text != TEXT:
        raise PolicyError("--watermark-text does nothing by itself: add --watermark required")
    if not 0 < size <= MOST_BYTES:
        raise PolicyError(
            f"--watermark-text: {size} bytes; from 1 to {MOST_BYTES} fit in a picture of 256 x 256, "
            "and the fewer, the better they last"
        )


def _must_be_picture(file: Path) -> None:
    if not file.is_file():
        raise PolicyError(f"--safety-replacement: there is no file {file}")
    from server.files.media import open_image
    from server.http import Problem

    try:
        open_image(file)
    except Problem as error:
        raise PolicyError(f"--safety-replacement: {error.message}") from error


def _only(folders: Folders) -> str:
    """The checker there is. The demo's knows nothing but skulls, so it has to be asked for."""
    names = [name for name in folders.list(KIND) if name != DEMO]
    if len(names) == 1:
        return names[0]
    if names:
        raise PolicyError(f"--safety required: say which --safety-checker: {', '.join(names)}")
    raise PolicyError(
        "--safety required: there is no checker. Put CompVis/stable-diffusion-safety-checker "
        "(config.json and model.safetensors) into a folder of models/safety_checker, "
        f"or try the policy with --safety-checker {DEMO}, which finds skulls and protects nobody"
    )


def words_of(options: argparse.Namespace, folders: Folders) -> list[str]:
    """The options as a worker is given them. Raises PolicyError."""
    words = [f"--watermark={options.watermark}", f"--watermark-text={options.watermark_text}"]
    if checker_of(options, folders) is None:
        return words if options.watermark == "required" else []
    words += ["--safety=required", f"--safety-checker={options.safety_checker or _only(folders)}"]
    if options.safety_replacement is not None:
        words.append(f"--safety-replacement={options.safety_replacement.resolve()}")
    return words


def screen_of(options: argparse.Namespace, folders: Folders, placement: Placement) -> Screen | None:
    """What looks at pictures in this process; None where nothing is asked for. Raises PolicyError."""
    path = checker_of(options, folders)
    text = options.watermark_text if options.watermark == "required" else None
    if path is None and text is None:
        return None
    from diffusion.checkpoint import CheckpointError
    from diffusion.safety import SafetyChecker
    from nodes.pictures import PictureError, read_picture
    from nodes.policy import Screen

    try:
        checker = None if path is None else SafetyChecker.load(path, placement)
        shown = None
        if path is not None and options.safety_replacement is not None:
            shown = read_picture(options.safety_replacement)[0]
    except (CheckpointError, PictureError, OSError) as error:
        raise PolicyError(f"--safety required: {error}") from error
    return Screen(checker, text, shown)
