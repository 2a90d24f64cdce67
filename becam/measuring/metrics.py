"""Which metrics are measured, and how: those of `becam.metrics`, and a heatmap's health."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from becam.attribution import Attribution
from becam.measuring.config import named
from becam.measuring.figures import (
    CONTENT,
    HEALTH,
    RECOGNITION,
    health_of,
    of_content,
    of_recognition,
)
from becam.measuring.methods import asks, score_by
from becam.measuring.records import Measured
from becam.measuring.subject import Subject
from becam.methods import Method
from becam.metrics import METRICS, Case, MetricSettings, Value, measured
from becam.metrics.curves import curves_of
from becam.scorer import Scorer
from recsys.errors import InputError, unknown

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
        if "all" in names or name in names or any(of(metric.needs) for of in wanted)
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
) -> Measured:
    """Measure one heatmap.

    Args:
        subject: what was explained.
        method: how.
        found: its heatmap.
        names: the metrics.
        settings: theirs.

    Returns:
        Values by name, details after their metric, each a value or the reason why there is none.
        The figures of its health are among them whether they are asked for or not: what speaks
        against a map has to be said in any case. For those of the recommender see
        `of_recommender`. And the curves behind the metrics that have one.
    """
    judged = [name for name in names if name in METRICS]
    values: dict[str, Value] = {}
    curves = {}
    if judged:
        case = _case(subject, method, found, judged, settings)
        for name in judged:
            try:
                values |= measured(case, [name])
            except InputError as error:  # what the method lacks when it is run again
                values[name] = Value.undefined(str(error))
        curves = curves_of(case, judged)
    if subject.product.mask is None:
        lacking = Value.undefined(subject.product.reason)
        values |= {name: lacking for name in judged if needs_mask(name)}
    return Measured(values | health_of(found.health), curves)


def of_recommender(subject: Subject, method: Method) -> dict[str, Value]:
    """Return the figures that are the recommender's own; none for a control, of which they say
    nothing."""
    if not asks(method):
        return {}
    recognised = subject.recognition.get(score_by(method))
    return {CONTENT: of_content(subject.content), RECOGNITION: of_recognition(recognised)}


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
    scorer = None
    if needs & {"score", "explain"}:
        scorer = Scorer(
            question.encoder, question.projection, question.target, question.config.batch
        )
    return Case.of(
        found,
        mask=subject.product.mask,
        annotation=subject.annotation,
        others=others,
        scorer=scorer,
        explain=subject.repeats.explain(method, question) if "explain" in needs else None,
        settings=settings,
    )
