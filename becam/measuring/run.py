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
from becam.measuring.again import Repeats
from becam.measuring.config import MeasureConfig
from becam.measuring.curves import ObservedCurve, mean_curves
from becam.measuring.figures import HEALTH
from becam.measuring.made import Made
from becam.measuring.methods import asks, methods_of, score_by
from becam.measuring.metrics import metrics_of, needs_mask, of_recommender, values_of
from becam.measuring.product_masks import checked_masks
from becam.measuring.records import Measured, record_key, recorded
from becam.measuring.report import report
from becam.measuring.result import Measurements, Observed
from becam.measuring.subject import UNKNOWN, Product, Subject, chosen, others_of, product_of
from becam.measuring.summary import summarise
from becam.measuring.trust import Trust
from becam.measuring.words import share
from becam.methods import Method, MethodOptions
from becam.metrics import MetricSettings, Value
from becam.presets import COSINE
from becam.progress import Reporter
from becam.recognition import recognition_of
from becam.scores import score_of
from becam.store import TensorStore
from recsys.data.catalogue import Catalogue
from recsys.data.demo.names import is_simulated
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
    able = explainer.eligible
    indices = chosen(config, catalogue, able)
    others_of(indices[0], able, config.item_seed, config.others)
    metrics, notes = measurable(asked, config, catalogue, indices)
    if any(map(needs_mask, metrics)):
        notes += checked_masks(catalogue, indices, own=config.mask == "catalogue")
    _ = explainer.cam  # an unknown layer is told before anything is trained
    dataset = explainer.dataset
    sides = [_side(explainer, each, methods) for each in name.before_and_after]
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
            for subject, trust in _subjects(run, explainer, sides, index, able):
                run.measure(subject, trust)
            step(done, "")
    weighting = config.recipe.weighting
    notes += [note for side in sides for note in side.trust.notes(weighting)]
    for note in notes:
        reporter.note(f"{config.data}: {note}")
    made = Made.by(config, explainer.encoder.name, explainer.cam.layer.name)
    return _result(run, dataset, sides, indices, notes, made)


@dataclass(frozen=True, eq=False)
class _Side:
    role: str
    fitted: Fitted
    model: str
    trust: Trust


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
        self.curves: list[ObservedCurve] = []
        self.reused = self.computed = 0
        self.seconds: dict[str, list[float]] = {}

    def measure(self, subject: Subject, trust: Trust) -> None:
        for method in self.methods:
            measured = self._found(subject, method)
            found = measured.values
            trust.add(method, found)
            which = (subject.item.item_id, subject.side, subject.model, method.name, method.kind)
            self.curves += [ObservedCurve(*which, *each) for each in measured.curves.items()]
            self.observed += [
                Observed(
                    item=subject.item.item_id,
                    side=subject.side,
                    model=subject.model,
                    method=method.name,
                    kind=method.kind,
                    metric=metric,
                    value=value,
                    mask=subject.mask_of(metric) if needs_mask(metric.partition("/")[0]) else "",
                )
                for metric, value in found.items()
                if metric.partition("/")[0] in self.metrics
            ]

    def masked_features(self, cam: BeCAM, picture: Image.Image) -> MaskedFeatures:
        start = time.perf_counter()
        found = cam.masked_features(picture)
        if not found.cached:
            self.seconds.setdefault(SHARED, []).append(time.perf_counter() - start)
        return found

    def _found(self, subject: Subject, method: Method) -> Measured:
        key = record_key(subject, method.name, self.metrics, self.settings)
        try:
            found, cached = recorded(self.store, key, partial(self._computed, subject, method))
        except InputError as error:  # what the item lacks for this method, say a category
            lacking = Value.undefined(str(error))
            return Measured(dict.fromkeys((*self.metrics, *HEALTH), lacking))
        self.reused += cached
        self.computed += not cached
        return replace(found, values=found.values | of_recommender(subject, method))

    def _computed(self, subject: Subject, method: Method) -> Measured:
        start = time.perf_counter()
        made = method.run(subject.question)
        self.seconds.setdefault(method.name, []).append(time.perf_counter() - start)
        return values_of(subject, method, made, self.metrics, self.settings)


def _side(explainer: Explainer, name: ModelName, methods: Sequence[Method]) -> _Side:
    """Train a recommender unless it was before, and see what its scores tell apart."""
    fitted, found = explainer.fitted(name), {}
    for score in dict.fromkeys(map(score_by, filter(asks, methods))) or (COSINE,):
        if score == COSINE:
            found[score] = explainer.recognition(name)
        elif score_of(score).defined_for(name.adapter):
            found[score] = recognition_of(
                *(fitted.model, explainer.split, explainer.dataset.features[MODALITY]),
                candidates=explainer.eligible,
                modality=MODALITY,
                score=score,
                seed=explainer.config.seed,
            )
    return _Side(name.role, fitted, str(name), Trust(str(name), found))


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
    with_masks = asked or metrics_of("mask,health")
    if not any(map(needs_mask, with_masks)):
        return with_masks, []
    if config.mask == "grabcut":
        return with_masks, ["the product masks are estimated (GrabCut) from the pictures"]
    without = sum(catalogue.items[index].mask is None for index in indices)
    if without < len(indices):
        return with_masks, [f"without a product mask: {share(without, len(indices))}"] * bool(
            without
        )
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
) -> Iterator[tuple[Subject, Trust]]:
    """Yield an item as each side sees it."""
    config, catalogue, cam = run.config, explainer.catalogue, explainer.cam
    item = catalogue.items[index]
    picture = catalogue.picture(item)
    others = others_of(index, able, config.item_seed, config.others)
    masked = run.masked_features(cam, picture) if cam.shares_features else None
    product, annotation = Product(None, "", UNKNOWN), None
    if any(map(needs_mask, run.metrics)):
        product = product_of(catalogue, item, picture, config.mask)
        annotation = catalogue.annotation(item)
    asked, repeats = any("behaviour" in method.needs for method in run.methods), Repeats()
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
        # As `becam render` measures it: of an item there is one value.
        content = item_dependence(
            *(side.fitted.model, MODALITY, explainer.dataset.features[MODALITY], index),
            candidates=explainer.pictured,
            seed=config.seed,
        )
        side.trust.contents.extend([content] if content else [])
        subject = Subject(
            item=item,
            side=side.role,
            question=question,
            product=product,
            annotation=annotation,
            content=content,
            recognition=side.trust.recognition,
            repeats=repeats,
        )
        yield subject, side.trust


def _result(
    run: _Run,
    dataset: Dataset,
    sides: Sequence[_Side],
    indices: Sequence[int],
    notes: Sequence[str],
    made: Made,
) -> Measurements:
    simulated = "the behaviour is simulated: figures are about the method, not about people"
    told = [*notes, *([simulated] if is_simulated(dataset.catalogue) else [])]
    found = summarise(run.config, run.observed, told)
    return Measurements(
        about=_about(dataset, sides, run, indices) | {"made": made.columns()},
        observed=tuple(run.observed),
        curves=tuple(run.curves),
        mean_curves=mean_curves(run.curves, run.config, run.settings),
        means=found.means,
        changes=found.changes,
        against=found.against,
        table=report(run.config, made, dataset.name, run.observed, found),
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
