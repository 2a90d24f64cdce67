"""Baselines by a linear model of superpixels that are there or filled, through captum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from becam.attribution import Attribution
from becam.finite import is_finite
from becam.methods.linear_model import WeightedLinear
from becam.methods.result import attribution_of, no_finite_score
from becam.methods.superpixels import superpixels
from becam.question import Question

if TYPE_CHECKING:
    from captum.attr import Lime


def lime(question: Question) -> Attribution:
    """LIME (Ribeiro et al. 2016): each superpixel is there or filled with even chance.

    Distances by captum's default, an exponential kernel of the pictures' cosine distance; the
    linear model is a ridge regression, as in the authors' code.

    Raises:
        InputError: scores that are not finite.
    """
    from captum.attr import Lime

    generator = question.generator("lime")

    def draw(_picture: Tensor, *, num_interp_features: int, **_: Any) -> Tensor:
        drawn = torch.rand(1, num_interp_features, generator=generator) < 0.5
        return drawn.long().to(question.encoder.device)

    ridge = question.options.ridge
    score = _finite_score(question, "lime")
    explainer = Lime(score, interpretable_model=WeightedLinear(ridge), perturb_func=draw)
    return _by_model(question, "lime", explainer, {"ridge": ridge})


def kernel_shap(question: Question) -> Attribution:
    """KernelSHAP (Lundberg and Lee 2017, theorem 2): Shapley values of the superpixels.

    Whole picture and fill are among the samples, with a weight that makes the values sum to
    the difference of their scores.

    Raises:
        InputError: scores that are not finite.
    """
    from captum.attr import KernelShap

    generator = question.generator("kernel-shap")

    def draw(picture: Tensor, **given: Any) -> Iterator[Tensor]:
        features: int = given["num_interp_features"]
        chances = given["num_select_distribution"].probs  # of each size, by the Shapley kernel
        yield torch.ones(1, features, dtype=torch.long, device=picture.device)
        yield torch.zeros(1, features, dtype=torch.long, device=picture.device)
        while True:
            size = int(torch.multinomial(chances, 1, generator=generator))
            chosen = torch.zeros(1, features, dtype=torch.long)
            chosen[0, torch.randperm(features, generator=generator)[:size]] = 1
            yield chosen.to(picture.device)

    explainer = KernelShap(_finite_score(question, "kernel-shap"))
    # captum's own draw from the global generator, and its model needs scikit-learn.
    explainer.perturb_func = draw
    explainer.interpretable_model = WeightedLinear(0.0)
    return _by_model(question, "kernel-shap", explainer, {})


def _finite_score(question: Question, method: str) -> Callable[[Tensor], Tensor]:
    """Return the question's score, which refuses what no linear model can be fitted to."""

    def score(pictures: Tensor) -> Tensor:
        found = question.score(pictures)
        if not is_finite(found):
            raise no_finite_score(question, method)
        return found

    return score


def _by_model(
    question: Question, method: str, explainer: Lime, options: dict[str, Any]
) -> Attribution:
    labels, chosen = superpixels(question), question.options
    with torch.no_grad():
        found = explainer.attribute(
            question.input[None],
            baselines=question.background[None],
            feature_mask=labels[None, None],
            n_samples=chosen.samples,
            perturbations_per_eval=question.batch,
        )
    used = {
        "segments": chosen.segments,
        "compactness": chosen.compactness,
        "samples": chosen.samples,
        **options,
    }
    return attribution_of(question, method, found[0, 0], fill=True, options=used)
