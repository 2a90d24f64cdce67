"""All methods by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from becam.methods.base import Method, on_demand
from recsys.errors import unknown

_MASKED = ("masked features",)
_SCORED = ("masked features", "behaviour")
# name, label, kind, family, needs, seeded, module, about
_TABLE: tuple[tuple[str, str, str, str, Iterable[str], bool, str, str], ...] = (
    ("becam", "BeCAM", "becam", "becam", _MASKED, False, "own",
     "activations weighed by the similarity of their masked content with b (BeFA, eq. 1-2)"),
    ("excess", "excess", "score", "scores", _SCORED, False, "scores",
     "BeCAM by the cosine minus its mean over other items' contents"),
    ("predictor", "predictor", "score", "scores", _SCORED, False, "scores",
     "BeCAM with the recommender's predictor on both sides (BM3)"),
    ("gate", "gate", "score", "scores", _SCORED, False, "scores",
     "BeCAM by how far the adapter's gate is open (adapters that are gates)"),
    ("effective-length", "effective length", "score", "scores", _SCORED, False, "scores",
     "BeCAM by the length of the content's projection on b (BeFA, eq. 5)"),
    ("centred", "centred", "score", "scores", _SCORED, False, "scores",
     "BeCAM by the cosine, less what the adapter makes of other items' contents on average"),
    ("centred-length", "centred length", "score", "scores", _SCORED, False, "scores",
     "the inner product in the cosine's place, b centred too"),
    ("own-minus-others", "own minus others", "score", "scores", _SCORED, False, "scores",
     "BeCAM by the cosine with b minus that with other items' embeddings"),
    ("audience", "audience", "score", "scores", _SCORED, False, "scores",
     "BeCAM by the cosine with the users who took the item"),
    ("audience-length", "audience length", "score", "scores", _SCORED, False, "scores",
     "BeCAM by the inner product with the item's users minus that with all users"),
    ("final", "final", "score", "scores", _SCORED, False, "scores",
     "BeCAM by the centred cosine with the embedding that is ranked"),
    ("neighbours", "neighbours", "score", "scores", _SCORED, False, "scores",
     "BeCAM by the centred cosine with contents of items that behaviour holds alike"),
    ("unweighted", "unweighted", "control", "activations", (), False, "controls",
     "mean activation over the channels: knows no behaviour"),
    ("centre", "centre prior", "control", "prior", (), False, "controls",
     "Gaussian in the middle of the picture: sees nothing"),
    ("random-weights", "random weights", "control", "activations", (), True, "controls",
     "activations weighed by standard normal numbers"),
    ("other-item", "other item", "control", "becam", (*_MASKED, "others"), False, "controls",
     "BeCAM with another item's embedding on the same picture"),
    ("self-similarity", "self-similarity", "control", "content", _MASKED, False, "content",
     "activations weighed by the cosine of masked and whole content, in the encoder's space"),
    ("text-prompt", "text prompt", "control", "content", (*_MASKED, "category"), False, "content",
     'activations weighed by the cosine of masked content with "a photo of a {category}"'),
    ("score-cam", "Score-CAM", "baseline", "becam", (), False, "own",
     "softmax of the similarities, then ReLU (Wang et al. 2020), as grad-cam has it"),
    ("gscore-cam", "gScoreCAM", "baseline", "becam", ("gradients",), False, "own",
     "Score-CAM on the 300 channels of the largest gradient (Chen et al. 2022)"),
    ("grad-cam", "Grad-CAM", "baseline", "gradients", ("gradients",), False, "gradients",
     "activations weighed by their mean gradient (Selvaraju et al. 2017; captum)"),
    ("integrated-gradients", "integrated gradients", "baseline", "gradients", ("gradients",),
     False, "gradients", "gradients on the way from the fill (Sundararajan et al. 2017; captum)"),
    ("occlusion", "occlusion", "baseline", "perturbation", (), False, "perturbation",
     "what the score loses where a sliding window is filled (Zeiler and Fergus 2014; captum)"),
    ("feature-ablation", "feature ablation", "baseline", "perturbation", (), False,
     "perturbation", "what the score loses where a superpixel is filled (captum)"),
    ("lime", "LIME", "baseline", "surrogate", (), True, "surrogates",
     "linear model of superpixels that are there or not (Ribeiro et al. 2016; captum)"),
    ("kernel-shap", "KernelSHAP", "baseline", "surrogate", (), True, "surrogates",
     "Shapley values of superpixels by regression (Lundberg and Lee 2017; captum)"),
    ("random-embedding", "random embedding", "sanity", "becam", _MASKED, True, "randomised",
     "BeCAM with a random vector as long as b"),
    ("shuffled-content", "shuffled content", "sanity", "becam", _MASKED, True, "randomised",
     "BeCAM with the masked contents dealt to the channels at random"),
)  # fmt: skip

METHODS: Mapping[str, Method] = {
    name: Method(
        name=name,
        label=label,
        kind=kind,
        family=family,
        needs=frozenset(needs),
        seeded=seeded,
        about=about,
        run=on_demand(f"becam.methods.{module}", name.replace("-", "_")),
    )
    for name, label, kind, family, needs, seeded, module, about in _TABLE
}


def method_of(name: str) -> Method:
    """Look a method up.

    Raises:
        InputError: an unknown name; the message names the nearest.
    """
    if name not in METHODS:
        raise unknown("method", name, METHODS)
    return METHODS[name]
