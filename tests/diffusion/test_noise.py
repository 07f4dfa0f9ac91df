"""Seeds give the stored noises, bit by bit."""

from itertools import pairwise

import pytest
import torch

from diffusion.noise import BrownianNoise, GaussianNoise, initial_noise
from tests.diffusion.toy import tensors

SEEDS = [0, 123456789]
NOWHERE = torch.tensor(0.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_initial_noise_equals_the_reference(seed: int) -> None:
    assert torch.equal(initial_noise((2, 4, 8, 8), seed), tensors()[f"noise/initial/seed{seed}"])


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_index_picks_noises_of_the_stream_in_its_order(seed: int) -> None:
    got = initial_noise((3, 4, 8, 8), seed, [3, 1, 1])
    assert torch.equal(got, tensors()[f"noise/inds_3_1_1/seed{seed}"])


def test_the_first_picture_of_a_batch_is_the_picture_made_alone() -> None:
    assert torch.equal(initial_noise((3, 4, 8, 8), 7)[:1], initial_noise((1, 4, 8, 8), 7))


def test_a_batch_index_of_another_length_than_the_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_index names 2 noises for a batch of 3"):
        initial_noise((3, 4, 8, 8), 0, [0, 1])


def test_noise_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    initial_noise((1, 4, 8, 8), 0)
    GaussianNoise(0, torch.zeros(1, 4))(NOWHERE, NOWHERE)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("seed", SEEDS)
def test_ancestral_draws_equal_the_reference_and_begin_with_the_initial_noise(seed: int) -> None:
    noise = GaussianNoise(seed, torch.zeros(1, 4, 8, 8))
    drawn = torch.stack([noise(NOWHERE, NOWHERE) for _ in range(3)])
    assert torch.equal(drawn, tensors()[f"noise/ancestral3/seed{seed}"])
    assert torch.equal(drawn[0], initial_noise((1, 4, 8, 8), seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_brownian_draws_equal_the_reference(seed: int) -> None:
    sigmas = tensors()["noise/brownian_sigmas"]
    noise = BrownianNoise(seed, torch.zeros(1, 4, 8, 8), sigmas)
    want = tensors()[f"noise/brownian/seed{seed}"]
    drawn = torch.stack([noise(a, b) for a, b in pairwise(sigmas[: len(want) + 1])])
    # The seeds of the tree's nodes are exact; numpy and torch round the additions.
    torch.testing.assert_close(drawn, want, rtol=0, atol=1e-6)


def test_a_brownian_draw_does_not_depend_on_the_draws_before_it() -> None:
    sigmas = tensors()["noise/brownian_sigmas"]
    like = torch.zeros(1, 4, 8, 8)
    first, second = BrownianNoise(5, like, sigmas), BrownianNoise(5, like, sigmas)
    first(sigmas[0], sigmas[1])
    torch.testing.assert_close(first(sigmas[2], sigmas[3]), second(sigmas[2], sigmas[3]))


def test_two_brownian_steps_add_up_to_the_step_over_both() -> None:
    sigmas = tensors()["noise/brownian_sigmas"]
    noise = BrownianNoise(5, torch.zeros(1, 4, 8, 8), sigmas)
    a, b, c = sigmas[1], sigmas[2], sigmas[3]
    both = noise(a, b) * (a - b).sqrt() + noise(b, c) * (b - c).sqrt()
    torch.testing.assert_close(noise(a, c) * (a - c).sqrt(), both, rtol=1e-4, atol=1e-4)


def test_a_brownian_step_back_is_the_step_with_the_other_sign() -> None:
    sigmas = tensors()["noise/brownian_sigmas"]
    noise = BrownianNoise(5, torch.zeros(1, 4, 8, 8), sigmas)
    assert torch.equal(noise(sigmas[1], sigmas[2]), -noise(sigmas[2], sigmas[1]))
