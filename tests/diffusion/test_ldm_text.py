"""What latent diffusion models make of a prompt, and what those that read none say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from diffusion.checkpoint import CheckpointError
from diffusion.sampling import sample
from diffusion.weighting import WEIGHTINGS
from tests.diffusion.small_ldm import ldm_tensors, opened, save_ldm


def test_an_incomplete_text_encoder_is_refused_by_name(tmp_path: Path) -> None:
    tensors = ldm_tensors("ldm-text")
    del tensors["cond_stage_model.transformer.norm.weight"]
    torch.save({"state_dict": tensors}, tmp_path / "m.ckpt")
    with pytest.raises(CheckpointError, match=r"lacks cond_stage_model\.transformer\.norm\.weight"):
        opened(tmp_path / "m.ckpt")


def test_a_prompt_is_bert_tokens_with_its_weights(ldm_files: Mapping[str, Path]) -> None:
    clip = opened(ldm_files["ldm-text"]).clip
    (chunk,) = clip.tokenize("A fox, (paintings:1.5) café foxes?")["bert"]
    # By hand, with the words at 1000 a, fox, whale, paint, ##ing, of, red, squirrel, ",", "!", cafe, ##s.
    ids = [101, 1000, 1001, 1008, 1003, 1004, 1011, 1010, 100, 100, 102]
    assert chunk.tokens == (*ids, *[0] * (77 - len(ids)))
    assert chunk.weights[4:7] == (1.5, 1.5, 1.5) and set(chunk.weights[7:]) == {1.0}
    plain, weighted, empty = (clip.encode(text).cond for text in ("a fox", "a (fox:1.5)", ""))
    assert plain.shape == (1, 77, 64)
    assert torch.allclose(weighted[0, 2], empty[0, 2] + 1.5 * (plain[0, 2] - empty[0, 2]), atol=1e-5)
    assert torch.allclose(weighted[0, 1], plain[0, 1], atol=1e-6)
    assert clip.encode("a fox " * 60).cond.shape == (1, 154, 64)
    scaled = clip.with_weighting(WEIGHTINGS["a1111"]).encode("a (fox:1.5)").cond
    assert torch.allclose(scaled[0, 2] / scaled[0, 1], 1.5 * plain[0, 2] / plain[0, 1], rtol=1e-3)
    earlier = clip.with_last_layer(-2).encode("a fox").cond
    assert not torch.allclose(earlier, plain, atol=1e-3)


def test_a_missing_or_foreign_vocabulary_is_asked_for(tmp_path: Path) -> None:
    clip = opened(save_ldm(tmp_path / "m.ckpt", "ldm-text")).clip
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nfox\n")
    with pytest.raises(
        CheckpointError, match=r"5 words and is not the vocabulary of 30522.*bert-base-uncased"
    ):
        clip.encode("a fox")
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(CheckpointError, match=r"vocabulary is missing; put vocab.txt of .*bert-base-uncased"):
        clip.encode("a fox")


def test_a_model_that_reads_no_text_says_what_to_use(ldm_files: Mapping[str, Path]) -> None:
    named = {
        "ldm-class": "LDMClassLabel",
        "ldm-boxes": "LDMBoxes",
        "ldm-unconditional": "LDMUnconditional",
        "ldm-inpaint": "LDMInpaint",
        "ldm-super-resolution": "LDMSuperResolution",
    }
    for family, remedy in named.items():
        with pytest.raises(ValueError, match=remedy):
            opened(ldm_files[family]).clip.encode("a fox")


def test_text_for_a_network_that_reads_none_is_refused(ldm_files: Mapping[str, Path]) -> None:
    model = opened(ldm_files["ldm-unconditional"]).model
    text: list[Any] = [[torch.zeros(1, 77, 768), {}]]
    with pytest.raises(ValueError, match=r"768 wide, and unconditional latent diffusion reads none"):
        sample(
            model,
            text,
            text,
            {"samples": torch.zeros(1, 3, 8, 8)},
            seed=0,
            steps=1,
            cfg=1.0,
            sampler="euler",
            scheduler="normal",
        )
