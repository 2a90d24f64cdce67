"""Baselines by gradients, through captum."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from becam.attribution import Attribution
from becam.encoders.base import Layer
from becam.methods.result import attribution_of
from becam.question import Question

# A pass with gradients keeps the output of every layer, where one without frees them.
SHARE_OF_BATCH = 4


def grad_cam(question: Question) -> Attribution:
    """Grad-CAM at the target layer (Selvaraju et al. 2017, eq. 1-2) by captum's LayerGradCam.

    Signed like all maps here, unless the question's config rectifies; the published method does.

    Raises:
        ValueError: no gradient comes through.
    """
    from captum.attr import LayerGradCam

    grid = nn.Identity()
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        passed_through(question.layer, grid),
    ):
        found = LayerGradCam(_differentiable(question), grid).attribute(_leaf(question))
    return attribution_of(question, "grad-cam", found[0, 0])


def integrated_gradients(question: Question) -> Attribution:
    """Integrated gradients (Sundararajan et al. 2017, eq. 1) by captum, summed over colours.

    The way starts at the question's fill. The map sums to the score of the picture minus that
    of the fill, up to the error of the integration.

    Raises:
        ValueError: no gradient comes through.
    """
    from captum.attr import IntegratedGradients

    steps = question.options.steps
    with torch.inference_mode(False), torch.enable_grad():
        found = IntegratedGradients(_differentiable(question)).attribute(
            _leaf(question),
            baselines=question.background.clone()[None],
            n_steps=steps,
            internal_batch_size=max(question.batch // SHARE_OF_BATCH, 1),
        )
    return attribution_of(
        question, "integrated-gradients", found[0].sum(0), fill=True, options={"steps": steps}
    )


@contextmanager
def passed_through(layer: Layer, module: nn.Module) -> Iterator[None]:
    """Let the layer's output pass through a module on its grid while the block runs.

    The module sees (B, N, h, w), whatever the layer gives; special tokens go by. What the
    module returns goes back to where it came from. The hook is removed whatever happens, and
    other threads that use the encoder don't notice.
    """
    caller = threading.get_ident()

    def route(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor | None:
        if threading.get_ident() != caller:
            return None
        places = torch.arange(output.numel(), device=output.device).view(output.shape)
        taken = layer.to_grid(places).flatten()
        passed = module(layer.to_grid(output))
        return output.flatten().index_copy(0, taken, passed.flatten()).view(output.shape)

    handle = layer.module.register_forward_hook(route)
    try:
        yield
    finally:
        handle.remove()


def _leaf(question: Question) -> Tensor:
    """The picture as (1, 3, H, W), to differentiate by; the question's own stays as it is."""
    return question.input.clone()[None].requires_grad_()


def _differentiable(question: Question) -> Callable[[Tensor], Tensor]:
    def score(pictures: Tensor) -> Tensor:
        found = question.score(pictures)
        if not found.requires_grad:
            raise ValueError("the projection does not let gradients through")
        return found

    return score
