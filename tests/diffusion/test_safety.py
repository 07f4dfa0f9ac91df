"""The safety checker against the published one (safety.safetensors: a small model in its layout)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.checkpoint import CheckpointError
from diffusion.clip_vision import image_size, preprocess, vision_config
from diffusion.placement import CountedMemory, Placement
from diffusion.safety import SafetyChecker, SafetyNetwork
from tests.tensors import load_file, save_file

GOLDEN = Path(__file__).parents[1] / "golden"
FACTS: dict[str, Any] = json.loads((GOLDEN / "safety.json").read_text(encoding="utf-8"))
WEIGHTS = "safety/weights/"


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    return load_file(GOLDEN / "safety.safetensors")


@pytest.fixture(scope="module")
def folder(golden: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published folder: config.json beside weights whose encoder sits under vision_model.vision_model."""
    path = tmp_path_factory.mktemp("checker")
    weights = {name[len(WEIGHTS) :]: value for name, value in golden.items() if name.startswith(WEIGHTS)}
    prefix = "vision_model."
    save_file(
        {(prefix if n.startswith(prefix) else "") + n: v for n, v in weights.items()},
        path / "model.safetensors",
    )
    (path / "config.json").write_text(json.dumps({"vision_config": FACTS["safety/config"]}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def checker(folder: Path) -> SafetyChecker:
    return SafetyChecker.load(folder)


def test_embeddings_similarities_and_flags_equal_the_reference(
    checker: SafetyChecker, golden: dict[str, Tensor]
) -> None:
    inputs = golden["safety/clip_input"].float()  # of the first pictures only
    with torch.no_grad():
        embeddings = checker.network.embed(inputs)
        special, concept = checker.network.similarities(golden["safety/image_embeds"])
    assert torch.allclose(embeddings, golden["safety/image_embeds"][: len(inputs)], atol=1e-5)
    assert torch.allclose(special, golden["safety/special_cos"], atol=1e-6)
    assert torch.allclose(concept, golden["safety/concept_cos"], atol=1e-6)
    assert checker.judge(special, concept).flags == FACTS["safety/flags"]


def test_a_special_care_concept_lowers_the_bar_of_what_follows(checker: SafetyChecker) -> None:
    network = checker.network
    special = network.special_care_embeds_weights.clone()[None] - 0.005
    concept = network.concept_embeds_weights.clone()[None] - 0.005
    alone = checker.judge(special, concept)
    assert alone.flags == [False] and set(alone.special_scores[0]) == {-0.005}
    special[0, 1] += 0.01
    careful = checker.judge(special, concept)
    assert careful.special_scores == [[-0.005, 0.005, 0.005]]
    assert careful.flags == [True] and set(careful.concept_scores[0]) == {0.005}


def test_pictures_are_prepared_like_the_reference(golden: dict[str, Tensor]) -> None:
    picture = golden["preprocess/a/rgb"].float() / 255
    # 2e-2: one of 255 levels, after division by CLIP's standard deviation, and the golden's float16
    assert torch.allclose(
        preprocess(picture[None])[0], golden["preprocess/a/pixel_values"].float(), atol=2e-2
    )


def test_the_whole_path_gives_a_row_per_picture(checker: SafetyChecker, golden: dict[str, Tensor]) -> None:
    picture = golden["preprocess/a/rgb"][None].float() / 255
    found = checker.check(torch.cat([picture, picture.flip(1)]))
    assert [len(found.flags), len(found.concept_scores), len(found.concept_scores[0])] == [2, 2, 17]
    again = checker.check(picture)
    assert found.flags[0] == again.flags[0]
    assert found.concept_scores[0] == pytest.approx(again.concept_scores[0], abs=1.1e-3)


def test_pictures_are_judged_alike_within_a_budget(
    folder: Path, checker: SafetyChecker, golden: dict[str, Tensor]
) -> None:
    picture = golden["preprocess/a/rgb"][None].float() / 255
    size = sum(weight.nbytes for weight in checker.network.parameters())
    memory = CountedMemory(int(1.1 * size) + 2**24)
    placement = Placement(torch.device("cpu"), memory)
    there = SafetyChecker.load(folder, placement)
    assert there.check(picture) == checker.check(picture)
    assert size < memory.peak <= memory.size
    placement.clear()
    assert memory.available() == memory.size


def test_a_single_file_loads_as_well(folder: Path, checker: SafetyChecker) -> None:
    alone = SafetyChecker.load(folder / "model.safetensors")
    assert torch.equal(alone.network.concept_embeds, checker.network.concept_embeds)


def test_the_published_layout_fits_name_by_name() -> None:
    layout = json.loads((GOLDEN / "layouts" / "sd15-safety-checker.json").read_text(encoding="utf-8"))
    shapes = {name: tuple(shape) for name, (shape, _) in layout.items()}
    prefix = "vision_model.vision_model."
    vision = {name[len(prefix) :]: shape for name, shape in shapes.items() if name.startswith(prefix)}
    config = vision_config(vision)
    assert (image_size(vision), config.num_attention_heads, config.num_hidden_layers) == (224, 16, 24)
    with torch.device("meta"):
        network = SafetyNetwork(config, projection=768, concepts=17, specials=3)
    own = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert own == {name: shape for name, shape in shapes.items() if not name.endswith("position_ids")}


def test_what_is_no_safety_checker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none of model\.safetensors"):
        SafetyChecker.load(tmp_path)
    save_file({"x": torch.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="lacks concept_embeds"):
        SafetyChecker.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "shape", "reason"),
    [
        ("vision_model.vision_model.encoder.layers.0.mlp.fc1.weight", None, "lacks vision_model.*fc1.weight"),
        ("vision_model.vision_model.embeddings.patch_embedding.weight", (4,), "shapes no network has"),
        ("vision_model.vision_model.embeddings.position_embedding.weight", (), "shapes no network has"),
        ("concept_embeds", (17,), "its tensors have shapes no network has"),
        ("special_care_embeds", (), "its tensors have shapes no network has"),
    ],
)
def test_a_malformed_safety_checker_is_refused_by_name(
    name: str, shape: tuple[int, ...] | None, reason: str, folder: Path, tmp_path: Path
) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(name)
    if shape is not None:
        tensors[name] = torch.zeros(shape)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=rf"model\.safetensors: .*{reason}"):
        SafetyChecker.load(tmp_path)


def test_a_configuration_that_does_not_fit_the_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    save_file(load_file(folder / "model.safetensors"), tmp_path / "model.safetensors")
    config = tmp_path / "config.json"
    config.write_text('{"vision_config": {"num_attention_heads": 5}}', encoding="utf-8")
    with pytest.raises(CheckpointError, match="5 attention heads cannot share"):
        SafetyChecker.load(tmp_path)
    config.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"config\.json: it is not JSON"):
        SafetyChecker.load(tmp_path)
