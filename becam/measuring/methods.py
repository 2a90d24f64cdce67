"""The methods that can be measured, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch

from becam.attribution import Attribution
from becam.health import health
from becam.measuring.config import named
from becam.measuring.subject import Subject
from becam.metrics import centre_prior
from becam.target import Projection, Target
from recsys.errors import unknown

OWN = "becam"


@dataclass(frozen=True)
class Method:
    """A way to make a heatmap.

    Attributes:
        name: what a user types.
        label: what stands in tables.
        kind: ``becam`` or ``control``; controls are measured in any case.
        run: makes the heatmap; InputError where the subject lacks what it needs.
    """

    name: str
    label: str
    kind: str
    run: Callable[[Subject], Attribution]


def _attribute(subject: Subject, projection: Projection, target: Target) -> Attribution:
    return subject.cam.attribute(
        subject.picture,
        projection,
        target,
        masked=subject.masked,
        model=subject.model,
        model_key=subject.model_key,
        modality="image",
        seed=subject.seed,
    )


def _own(subject: Subject) -> Attribution:
    found = _attribute(subject, subject.projection, subject.target)
    return replace(found, health=replace(found.health, content=subject.content))


def _other_item(subject: Subject) -> Attribution:
    return _attribute(subject, *subject.other)


def _unweighted(subject: Subject) -> Attribution:
    found = _attribute(subject, subject.projection, subject.target)
    plain = torch.from_numpy(found.unweighted)
    equal = torch.ones(len(found.weights))
    return replace(
        found,
        heatmap=found.unweighted,
        weights=equal.numpy(),
        health=health(equal, plain, plain),
    )


def _centre(subject: Subject) -> Attribution:
    found = _attribute(subject, subject.projection, subject.target)
    prior = torch.from_numpy(centre_prior(found.heatmap.shape))
    none = torch.zeros(0)
    return replace(
        found,
        heatmap=prior.numpy(),
        weights=none.numpy(),
        health=replace(
            health(torch.ones(1), prior, torch.from_numpy(found.unweighted)),
            channels=0,
            spread=float("nan"),
            mean_weight=float("nan"),
            effective_channels=float("nan"),
        ),
    )


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(OWN, "BeCAM", "becam", _own),
        Method("unweighted", "unweighted", "control", _unweighted),
        Method("centre", "centre prior", "control", _centre),
        Method("other-item", "other item", "control", _other_item),
    )
}


def methods_of(text: str) -> tuple[Method, ...]:
    """Return the methods that ``text`` names, and every control, in the registry's order.

    Raises:
        InputError: an unknown name, a name twice.
    """
    names = named("method", text)
    if names == ("all",):
        return tuple(METHODS.values())
    for name in names:
        if name not in METHODS:
            raise unknown("method", name, [*METHODS, "all"])
    return tuple(
        method for method in METHODS.values() if method.kind == "control" or method.name in names
    )
