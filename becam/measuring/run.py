"""Heatmaps of many items, by several methods, measured: the path of `becam metrics`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from PIL import Image

from becam.asking import MODALITY
from becam.attribution import BeCAM
from becam.content_dependence import item_dependence
from becam.dataset import Dataset
from becam.explainer import Explainer
from becam.masked_features import MaskedFeatures
from becam.measuring.config import MeasureConfig
from becam.measuring.methods import methods_of
from becam.measuring.metrics import metrics_of, needs_mask, values_of
from becam.measuring.records import record_key, recorded
from becam.measuring.report import report
from becam.measuring.result import Measurements, Observed
from becam.measuring.subject import Subject, chosen, others_of, product_of
from becam.measuring.summary import summarise
from becam.methods import Method, MethodOptions
from becam.metrics import MetricSettings, Value
from becam.progress import Reporter
from becam.store import TensorStore
from recsys.data.catalogue import Catalogue
from recsys.data.demo.names import is_demo
from recsys.errors import InputError
from recsys.fit import Fitted
from recsys.models.names import ModelName

SHARED = "masked features"


def measure(
    config: MeasureConfig | None = None,
    /,
    *,
    reporter: Reporter | None = None,
    metric_settings: MetricSettings | None = None,
    method_options: MethodOptions | None = None,
    **options: Any,
) -> Measurements:
    """Measure the heatmaps of many items, before and after the model's adapter.

    The controls are measured in any case. Masked features and the values of every heatmap are
    kept in the cache as they are computed, so a run that was interrupted goes on where it
    stopped, and the same options give the same bytes.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``measure(model="bm3+befa", items=200)``.
        reporter: where progress is shown; standard error by default.
        metric_settings: how metrics are computed that have a choice, instead of what
            ``config.settings`` says.
        method_options: how densely the baselines look at a picture, likewise.
        options: fields of `MeasureConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, more items than there are, an unreadable file.
        OSError: the cache can't be written.
    """
    config = replace(config, **options) if config else MeasureConfig(**options)
    reporter = reporter or Reporter()
    # Cheap checks first: a typo must not cost a minute of training.
    methods = methods_of(config.methods)
    asked = None if config.metrics is None else metrics_of(config.metrics)
    name = ModelName.parse(config.model)
    explainer = Explainer(config, reporter=reporter)
    catalogue = explainer.catalogue
    told = len(catalogue.notes)
    able = explainer.eligible
    indices = chosen(config, catalogue, able)
    others_of(indices[0], able, config.item_seed, config.others)
    metrics, notes = measurable(asked, config, catalogue, indices)
    _ = explainer.cam  # an unknown layer is told before anything is trained
    dataset = explainer.dataset
    sides = [_Side(each.role, explainer.fitted(each), str(each)) for each in name.before_and_after]
    run = _Run(
        config,
        methods,
        metrics,
        metric_settings or config.metric_settings,
        method_options or config.method_options,
        TensorStore(explainer.workspace.results),
    )
    with reporter.bar("measuring heatmaps", len(indices), "item") as step:
        for done, index in enumerate(indices, start=1):
            for subject in _subjects(run, explainer, sides, index, able):
                run.measure(subject)
            step(done, "")
    notes += [*catalogue.notes[told:], *_unrecognised(explainer, sides)]
    for note in notes:
        reporter.note(f"{config.data}: {note}")
    return _result(run, dataset, sides, indices, notes)


@dataclass(frozen=True, eq=False)
class _Side:
    role: str
    fitted: Fitted
    model: str


class _Run:
    """Measures one subject after the other, and keeps what was found."""

    def __init__(
        self,
        config: MeasureConfig,
        methods: tuple[Method, ...],
        metrics: tuple[str, ...],
        settings: MetricSettings,
        options: MethodOptions,
        store: TensorStore,
    ) -> None:
        self.config, self.methods, self.metrics = config, methods, metrics
        self.settings, self.options, self.store = settings, options, store
        self.observed: list[Observed] = []
        self.reused = self.computed = 0
        self.seconds: dict[str, list[float]] = {}

    def measure(self, subject: Subject) -> None:
        for method in self.methods:
            self.observed += [
                Observed(
                    item=subject.item.item_id,
                    side=subject.side,
                    model=subject.model,
                    method=method.name,
                    kind=method.kind,
                    metric=metric,
                    value=value,
                    mask=subject.product.source if needs_mask(metric.partition("/")[0]) else "",
                )
                for metric, value in self._found(subject, method).items()
            ]

    def masked_features(self, cam: BeCAM, picture: Image.Image) -> MaskedFeatures:
        start = time.perf_counter()
        found = cam.masked_features(picture)
        if not found.cached:
            self.seconds.setdefault(SHARED, []).append(time.perf_counter() - start)
        return found

    def _found(self, subject: Subject, method: Method) -> dict[str, Value]:
        key = record_key(subject, method.name, self.metrics, self.settings)
        try:
            found, cached = recorded(self.store, key, partial(self._computed, subject, method))
        except InputError as error:  # what the item lacks for this method, say a category
            return {metric: Value.undefined(str(error)) for metric in self.metrics}
        self.reused += cached
        self.computed += not cached
        return found

    def _computed(self, subject: Subject, method: Method) -> dict[str, Value]:
        start = time.perf_counter()
        made = method.run(subject.question)
        self.seconds.setdefault(method.name, []).append(time.perf_counter() - start)
        return values_of(subject, method, made, self.metrics, self.settings)


def _unrecognised(explainer: Explainer, sides: Sequence[_Side]) -> Iterator[str]:
    """Yield a line for each recommender whose maps the score makes of nothing."""
    score = explainer.cam.recipe.score
    for side in sides:
        found = explainer.recognition(side.model)
        if found is not None and (warning := found.warning(score)):
            yield f"{side.model}: {warning}"


def measurable(
    asked: tuple[str, ...] | None,
    config: MeasureConfig,
    catalogue: Catalogue,
    indices: Sequence[int],
) -> tuple[tuple[str, ...], list[str]]:
    """Choose the metrics; leave out those that need masks where no item has one, and say so.

    Raises:
        InputError: no metric is left.
    """
    if config.mask == "grabcut":
        note = "the product masks are estimated (GrabCut) from the pictures"
        return asked or metrics_of("mask,health"), [note]
    without = sum(catalogue.items[index].mask is None for index in indices)
    if without < len(indices):
        note = f"{without} of {len(indices)} items have no product mask"
        return asked or metrics_of("mask,health"), [note] if without else []
    left_out = [name for name in asked or metrics_of("mask") if needs_mask(name)]
    if not left_out:
        return asked or metrics_of("score,health"), []
    note = (
        "the catalogue has no product masks (column 'mask' in items.csv), and --mask grabcut was "
        f"not given: left out {', '.join(left_out)}"
    )
    left = tuple(name for name in asked or metrics_of("score,health") if not needs_mask(name))
    if not left:
        raise InputError(f"{note}; expected metrics that need none")
    return left, [note]


def _subjects(
    run: _Run,
    explainer: Explainer,
    sides: Sequence[_Side],
    index: int,
    able: Sequence[int],
) -> Iterator[Subject]:
    """Yield an item as each side sees it."""
    config, catalogue, cam = run.config, explainer.catalogue, explainer.cam
    item = catalogue.items[index]
    picture = catalogue.picture(item)
    others = others_of(index, able, config.item_seed, config.others)
    masked = run.masked_features(cam, picture) if cam.shares_features else None
    product = product_of(catalogue, item, picture, config.mask)
    annotation = catalogue.annotation(item)
    asked = any("behaviour" in method.needs for method in run.methods)
    for side in sides:
        question = explainer.question(
            index,
            side.model,
            others=others,
            seed=config.item_seed,
            options=run.options,
            masked=masked,
            scores=asked,
        )
        content = item_dependence(
            *(side.fitted.model, MODALITY, explainer.dataset.features[MODALITY], index),
            candidates=able,
            seed=config.item_seed,
        )
        yield Subject(
            item=item,
            side=side.role,
            question=question,
            product=product,
            annotation=annotation,
            content=content,
        )


def _result(
    run: _Run,
    dataset: Dataset,
    sides: Sequence[_Side],
    indices: Sequence[int],
    notes: Sequence[str],
) -> Measurements:
    simulated = "the behaviour is simulated: figures are about the method, not about people"
    told = [*notes, *([simulated] if is_demo(dataset.name) else [])]
    found = summarise(run.config, run.observed, told)
    return Measurements(
        about=_about(dataset, sides, run, indices),
        observed=tuple(run.observed),
        means=found.means,
        changes=found.changes,
        against=found.against,
        table=report(run.config, dataset.name, len(indices), found),
        notes=found.notes,
        reused=run.reused,
        computed=run.computed,
        seconds={name: sum(times) / len(times) for name, times in run.seconds.items()},
    )


def _about(
    dataset: Dataset, sides: Sequence[_Side], run: _Run, indices: Sequence[int]
) -> dict[str, Any]:
    config = run.config
    without = {"cache", "items", "ids", "data", "seed", "device", "batch", "settings"}
    options = {name: value for name, value in asdict(config).items() if name not in without}
    items = dataset.catalogue.items
    return {
        "data": dataset.name,
        "catalogue": dataset.catalogue.fingerprint(),
        "seed": config.seed,
        "items": [items[index].item_id for index in indices],
        "models": {side.model: side.fitted.key for side in sides},
        "methods": [method.name for method in run.methods],
        "metrics": list(run.metrics),
        "metric_settings": asdict(run.settings),
        "method_options": asdict(run.options),
        "options": options,
    }
