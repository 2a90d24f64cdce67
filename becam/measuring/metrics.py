"""Which metrics are measured, and how: those of `becam.metrics`, and a heatmap's health."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from becam.attribution import Attribution
from becam.health import Health
from becam.measuring.config import named
from becam.measuring.methods import OWN
from becam.measuring.subject import Subject
from becam.methods import Method
from becam.metrics import METRICS, Case, MetricSettings, Value, measured
from becam.metrics.stability import becam_explainer
from becam.scorer import Scorer
from recsys.errors import unknown


@dataclass(frozen=True)
class Described:
    """A figure that describes a heatmap and does not judge it.

    Attributes:
        name: what a user types.
        label: what stands in tables.
        of: the figure; NaN where there is none.
        undefined: what that means.
    """

    name: str
    label: str
    of: Callable[[Health], float]
    undefined: str


_UNWEIGHED = "the method does not weigh channels"

HEALTH: Mapping[str, Described] = {
    each.name: each
    for each in (
        Described("spread", "spread of weights", lambda health: health.spread, _UNWEIGHED),
        Described(
            "effective-channels",
            "effective channels",
            lambda health: health.effective_channels,
            _UNWEIGHED,
        ),
        Described(
            "distance",
            "distance from unweighted",
            lambda health: health.distance,
            "the map or the unweighted one is constant",
        ),
        Described(
            "content-dependence",
            "content dependence",
            lambda health: health.content.ratio if health.content else math.nan,
            "measured for methods that ask the recommender about this item alone",
        ),
    )
}

GROUPS: Mapping[str, Callable[[frozenset[str]], bool]] = {
    "mask": lambda needs: "mask" in needs,
    "score": lambda needs: needs == {"score"},
    "stability": lambda needs: "explain" in needs,
}
"""Metrics by what they need."""


def metrics_of(text: str) -> tuple[str, ...]:
    """Return the names of the metrics that ``text`` names, in the registry's order.

    Args:
        text: names, ``mask``, ``score``, ``stability``, ``health`` or ``all``, comma-separated.

    Raises:
        InputError: an unknown name, a name twice.
    """
    names = named("metric", text)
    everything = [*METRICS, *HEALTH, *GROUPS, "health", "all"]
    for name in names:
        if name not in everything:
            raise unknown("metric", name, everything)
    wanted = [GROUPS[name] for name in names if name in GROUPS]
    found = [
        name
        for name, metric in METRICS.items()
        if "all" in names or name in names or any(asks(metric.needs) for asks in wanted)
    ]
    every = "all" in names or "health" in names
    return (*found, *(name for name in HEALTH if every or name in names))


def label_of(name: str) -> str:
    """Return what a table calls a metric; a detail as ``drift/face`` is called by its name."""
    if name in METRICS:
        return METRICS[name].label
    return HEALTH[name].label if name in HEALTH else name


def better_of(name: str) -> str | None:
    """Return which direction is better; None for what does not judge and for details."""
    return METRICS[name].better if name in METRICS else None


def needs_mask(name: str) -> bool:
    """Tell whether a metric needs the product's mask."""
    return name in METRICS and "mask" in METRICS[name].needs


def values_of(
    subject: Subject,
    method: Method,
    found: Attribution,
    names: Sequence[str],
    settings: MetricSettings,
) -> dict[str, Value]:
    """Measure one heatmap.

    Args:
        subject: what was explained.
        method: how.
        found: its heatmap.
        names: the metrics.
        settings: theirs.

    Returns:
        By name, details after their metric, each a value or the reason why there is none.
    """
    judged = [name for name in names if name in METRICS]
    values = measured(_case(subject, method, found, judged, settings), judged) if judged else {}
    if subject.product.mask is None:
        lacking = Value.undefined(subject.product.reason)
        values |= {name: lacking for name in judged if needs_mask(name)}
    # The recommender's own dependence; of a control it would say nothing.
    asks = method.kind in ("becam", "score", "baseline")
    health = replace(found.health, content=subject.content if asks else None)
    for name in names:
        if name in HEALTH:
            figure = HEALTH[name].of(health)
            known = math.isfinite(figure)
            values[name] = Value(figure) if known else Value.undefined(HEALTH[name].undefined)
    return values


def _case(
    subject: Subject,
    method: Method,
    found: Attribution,
    names: Sequence[str],
    settings: MetricSettings,
) -> Case:
    """Prepare what these metrics need, and nothing else."""
    needs = {need for name in names for need in METRICS[name].needs}
    question = subject.question
    others = []
    if "others" in needs:
        for place, (projection, target) in enumerate(question.others):
            asked = replace(
                question,
                projection=projection,
                target=target,
                others=((question.projection, question.target),),
                behaviour=next(iter(question.other_behaviours[place : place + 1]), None),
            )
            others.append(method.run(asked))
    scorer = explain = None
    if needs & {"score", "explain"}:
        scorer = Scorer(
            question.encoder, question.projection, question.target, question.config.batch
        )
    if "explain" in needs and method.name == OWN and question.cam.recipe.passes is None:
        explain = becam_explainer(
            question.cam, question.picture, question.projection, question.target
        )
    return Case.of(
        found,
        mask=subject.product.mask,
        annotation=subject.annotation,
        others=others,
        scorer=scorer,
        explain=explain,
        settings=settings,
    )
