"""The score that metrics and baselines share: batches, gradients, memory."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from becam.scorer import Scorer
from becam.similarity import cosine_similarity
from becam.target import Target
from recsys.errors import InputError
from tests.cases import small_scorer
from tests.small import SmallEncoder

PICTURES = torch.randn(7, 3, 24, 24, generator=torch.Generator().manual_seed(5))


def test_it_is_the_cosine_that_becam_explains() -> None:
    scorer = small_scorer()
    content = SmallEncoder().encode_pictures(PICTURES)
    expected = cosine_similarity(scorer.projection(content), scorer.target.vector)
    torch.testing.assert_close(scorer(PICTURES), expected)


@pytest.mark.parametrize("batch", [1, 3, 7, 50])
def test_batches_do_not_change_scores(batch: int) -> None:
    torch.testing.assert_close(small_scorer(batch=batch)(PICTURES), small_scorer()(PICTURES))


def test_batches_have_the_given_size() -> None:
    scorer = small_scorer(batch=3)
    assert [part.stop - part.start for part in scorer.parts(7)] == [3, 3, 1]
    assert scorer(PICTURES[:0]).shape == (0,)
    with pytest.raises(InputError, match="batch '0': expected at least 1"):
        small_scorer(batch=0)


def test_the_batch_follows_from_a_budget_measured_once_an_encoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder, plain = SmallEncoder(size=48), small_scorer()
    monkeypatch.setattr("becam.scorer.memory_budget", lambda _device: 1 << 20)
    sizes = [Scorer(encoder, plain.projection, plain.target).batch_size for _ in range(3)]
    # Bytes of a picture: 3 * 48 * 48 floats, and four of the layer's output, 6 * 12 * 12 floats.
    assert sizes == [16] * 3
    assert encoder.calls == 1


def test_gradients_are_those_of_the_score() -> None:
    scorer = small_scorer()
    pictures = PICTURES[:2].clone().requires_grad_()
    scores = scorer.with_gradients(pictures)
    torch.testing.assert_close(scores.detach(), scorer(PICTURES[:2]))
    (gradient,) = torch.autograd.grad(scores.sum(), pictures)
    step = 1e-2 * gradient / gradient.norm()
    gained = (scorer(PICTURES[:2] + step) - scorer(PICTURES[:2] - step)).sum() / 2
    assert float(gained) == pytest.approx(1e-2 * float(gradient.norm()), rel=0.05)
    assert not scorer(pictures).requires_grad


def test_a_score_of_one_still_has_a_gradient() -> None:
    """Clamped to 1, a cosine rounded above it would lose its gradient."""
    encoder = SmallEncoder()
    with torch.no_grad():
        own = encoder.encode_pictures(PICTURES[:1])[0]
    scorer = Scorer(encoder, lambda content: content, Target(own, "item", "1"))
    nearly = (PICTURES[:1] * 1.001).requires_grad_()
    (gradient,) = torch.autograd.grad(scorer.with_gradients(nearly).sum(), nearly)
    assert float(gradient.abs().max()) > 0


class Forgetful(SmallEncoder):
    """Has memory for two pictures."""

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        if len(pictures) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return super().encode_pictures(pictures)


def test_the_batch_is_halved_where_memory_runs_out() -> None:
    plain = small_scorer()
    scorer = Scorer(Forgetful(), plain.projection, plain.target, 7)
    torch.testing.assert_close(scorer(PICTURES), plain(PICTURES))
    assert scorer.batch_size <= 2


def test_other_errors_are_not_swallowed() -> None:
    with pytest.raises(RuntimeError, match="channels"):
        small_scorer()(torch.zeros(1, 4, 24, 24))
