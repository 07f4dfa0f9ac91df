"""From parsed options to the values the parts are built from."""

import argparse
from pathlib import Path

from engine.context import RunOptions
from engine.folders import Folders
from server.files.model_paths import with_extra_models

ROOT = Path(__file__).resolve().parent.parent
EXTRA_PATHS = "extra_model_paths.yaml"


def folders_of(options: argparse.Namespace) -> Folders:
    """The folders the options name; models are always searched in the project's own `models/` too."""
    base = (options.base_directory or ROOT).resolve()
    usual = Folders.at(base)
    chosen = Folders(
        base=base,
        input=options.input_directory or usual.input,
        output=options.output_directory or usual.output,
        temp=(options.temp_directory or base) / "temp",
        user=options.user_directory or usual.user,
        models=usual.models,
    )
    shipped = Folders.at(ROOT).models
    found = [ROOT / EXTRA_PATHS] if (ROOT / EXTRA_PATHS).is_file() else []
    return with_extra_models(chosen.with_models(shipped), [*found, *options.extra_model_paths_config])


def run_options_of(options: argparse.Namespace) -> RunOptions:
    return RunOptions(
        preview_method=options.preview_method,
        preview_size=options.preview_size,
        disable_metadata=options.disable_metadata,
    )
