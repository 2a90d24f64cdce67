"""The whole path: catalogue, encoder, recommender with and without adapter, BeCAM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from becam.attribution import Attribution, BeCAM
from becam.config import ExplainConfig
from becam.encoders.registry import check_encoder_name, load_encoder
from becam.explanation import Explanation, Side
from becam.features import catalogue_features
from becam.metrics import MaskMetrics, mask_metrics
from becam.progress import Reporter, Step
from becam.store import TensorStore, content_key
from becam.target import item_projection, item_target
from becam.workspace import Workspace, open_workspace
from recsys.configs import Features, ModelConfig, TrainingConfig
from recsys.data.catalogue import Catalogue, Item, load_catalogue
from recsys.data.splits import Split, split_from_column, split_random
from recsys.errors import shown
from recsys.fit import Fitted, fit
from recsys.models.names import ModelName

MODALITY = "image"


def explain(
    config: ExplainConfig | None = None, /, *, reporter: Reporter | None = None, **options: Any
) -> Explanation:
    """Explain an item's picture, before and after the model's adapter.

    What is missing is computed and kept in the cache: the demo catalogue, content features,
    trained recommenders, masked features. The second item takes seconds.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``explain(item="123", model="bm3+befa")``.
        reporter: where progress is shown; standard error by default.
        options: fields of `ExplainConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, an unreadable file, a catalogue too small to train.
        OSError: the cache can't be written.
    """
    config = replace(config, **options) if config else ExplainConfig(**options)
    reporter = reporter or Reporter()
    # Cheap checks first: a typo must not cost a minute of training.
    name = ModelName.parse(config.model)
    check_encoder_name(config.encoder)
    workspace = open_workspace(config.cache)
    catalogue = open_catalogue(config.data, workspace, reporter)
    told = catalogue.notes
    index = catalogue.index_of(config.item)
    item = catalogue.items[index]
    picture = catalogue.picture(item)
    encoder = load_encoder(config.encoder, device=config.device, dtype=config.dtype)
    cam = BeCAM(encoder, config, store=TensorStore(workspace.masked_features))
    split = make_split(catalogue, config.seed)

    features = catalogue_features(catalogue, encoder, TensorStore(workspace.features), reporter)
    names = [ModelName(name.recommender, None), name] if name.adapter else [name]
    recipe = Recipe(config.features, config.seed, str(encoder.device))
    fitted = [train(each, split, features, recipe, workspace, reporter) for each in names]
    masked = cam.masked_features(picture)
    reporter.done("masked features", cached=masked.cached)

    sides = []
    mask = catalogue.mask(item)
    for model_name, trained in zip(names, fitted, strict=True):
        attribution = cam.attribute(
            picture,
            item_projection(trained.model, MODALITY, index),
            item_target(trained.model, index, item.item_id),
            masked=masked,
            model=str(model_name),
            model_key=trained.key,
            modality=MODALITY,
            seed=config.seed,
        )
        role = "before" if model_name.adapter is None else "after"
        metrics = measure(attribution, catalogue, item, mask)
        sides.append(Side(role, str(model_name), attribution, metrics))
    for note in catalogue.notes[len(told) :]:
        reporter.note(f"{config.data}: {note}")
    return Explanation(
        item_id=item.item_id,
        title=item.title,
        sides=tuple(sides),
        mask=mask,
        notes=_item_notes(item, index, split),
        reused=tuple(reporter.reused),
        computed=tuple(reporter.computed),
    )


def open_catalogue(data: str, workspace: Workspace, reporter: Reporter) -> Catalogue:
    """Open a catalogue folder, or the demo catalogue, which is made the first time.

    Raises:
        InputError: no such folder, or files in it that can't be used.
        OSError: the cache can't be written.
    """
    if data != "demo":
        catalogue = load_catalogue(Path(data))
        for note in catalogue.notes:
            reporter.note(f"{data}: {note}")
        return catalogue
    from recsys.data.demo import DemoConfig
    from recsys.data.demo.build import GENERATOR, build_demo

    demo = DemoConfig()
    key = content_key({"generator": GENERATOR, **asdict(demo)})
    folder = workspace.catalogues / f"demo-{key[:16]}"
    cached = folder.is_dir()
    if not cached:
        with reporter.bar("drawing the demo catalogue", demo.items, "picture") as step:
            # One process: others would run a user's unguarded script a second time.
            build_demo(folder, demo, progress=lambda done, _total: step(done, ""), workers=1)
    reporter.done("demo catalogue", cached=cached)
    return load_catalogue(folder, name="demo")


def _item_notes(item: Item, index: int, split: Split) -> tuple[str, ...]:
    """Say what makes an item's behavioural embedding doubtful."""
    count = int((split.train[:, 1] == index).sum())
    if count:
        return ()
    return (
        f"item {shown(item.item_id)} has no interactions in the training split: its behavioural "
        "embedding says nothing about behaviour",
    )


def make_split(catalogue: Catalogue, seed: int) -> Split:
    """Split by the catalogue's own `split` column, else 8:1:1 per user at random.

    Raises:
        InputError: too few interactions to train and to validate.
    """
    if catalogue.interactions.splits is not None:
        return split_from_column(catalogue.interactions)
    return split_random(catalogue.interactions, seed=seed)


@dataclass(frozen=True)
class Recipe:
    """How recommenders are trained, beside the paper's protocol.

    Attributes:
        features: ``frozen`` or ``trainable`` content features.
        seed: of weights, batches and dropout.
        device: where.
    """

    features: str = "frozen"
    seed: int = 0
    device: str = "cpu"


def train(
    name: ModelName,
    split: Split,
    features: Mapping[str, Tensor],
    recipe: Recipe,
    workspace: Workspace,
    reporter: Reporter,
) -> Fitted:
    """Train a recommender, or take it from the cache."""
    config = TrainingConfig(seed=recipe.seed)
    with reporter.bar(f"training {name}", None, "epoch") as step:
        fitted = fit(
            name,
            split,
            features,
            model_config=ModelConfig(features=cast(Features, recipe.features)),
            training_config=config,
            cache=workspace.models,
            device=recipe.device,
            progress=_EpochBar(step, config.metric),
        )
    reporter.done(str(name), cached=fitted.cached)
    return fitted


@dataclass(frozen=True)
class _EpochBar:
    """Tells a progress bar about every epoch."""

    step: Step
    metric: str

    def update(
        self, epoch: int, loss: float, metric: float | None, best: float | None, patience_left: int
    ) -> None:
        now = f", {self.metric} {metric:.4f}" if metric is not None else ""
        top = f" (best {best:.4f})" if best is not None else ""
        self.step(epoch, f"loss {loss:.3f}{now}{top}, patience {patience_left}")


def measure(
    attribution: Attribution, catalogue: Catalogue, item: Item, mask: NDArray[np.bool_] | None
) -> MaskMetrics | None:
    """Measure drift, omission and pixel AUC where the product's mask is known."""
    if mask is None:
        return None
    annotation = catalogue.annotation(item)
    return mask_metrics(
        attribution.on_picture(),
        attribution.on_picture(unweighted=True),
        mask,
        annotation.distractors() if annotation else None,
    )
