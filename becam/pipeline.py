"""The whole path: catalogue, encoder, recommender with and without adapter, BeCAM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from becam.attribution import Attribution, BeCAM
from becam.catalogues import open_catalogue
from becam.config import ExplainConfig
from becam.content_dependence import item_dependence
from becam.dataset import make_split, open_dataset
from becam.device import resolve_device
from becam.encoders.layers import check_picture_size
from becam.encoders.registry import check_encoder_name, load_encoder
from becam.explanation import Explanation, Side
from becam.metrics import MaskMetrics, mask_metrics_of_many
from becam.progress import Reporter
from becam.target import item_projection, item_target
from becam.training import fit_model
from becam.workspace import open_workspace
from recsys.configs import Features, ModelConfig, TrainingConfig
from recsys.data.catalogue import Catalogue, Item
from recsys.data.splits import Split
from recsys.errors import shown
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
    device = resolve_device(config.device)
    workspace = open_workspace(config.cache)
    catalogue = open_catalogue(config.data, workspace, reporter)
    told = catalogue.notes
    index = catalogue.index_of(config.item)
    item = catalogue.items[index]
    picture = catalogue.picture(item)
    encoder = load_encoder(config.encoder, device=device, dtype=config.dtype, reporter=reporter)
    cam = BeCAM(encoder, config, store=workspace.masked_feature_store())
    check_picture_size(picture.size, encoder, cam.layer)
    split = make_split(catalogue, config.seed)
    dataset = open_dataset(
        config,
        workspace=workspace,
        reporter=reporter,
        catalogue=catalogue,
        encoder=encoder,
        # The map is made of what the encoder gives for masked pictures, never of a file.
        always_encode=(MODALITY,),
    )
    names = [name.without_adapter(), name] if name.adapter else [name]
    fitted = [
        fit_model(
            each,
            split,
            dataset.features,
            ModelConfig(features=cast(Features, config.features)),
            TrainingConfig(seed=config.seed),
            device=dataset.device,
            workspace=workspace,
            reporter=reporter,
        )
        for each in names
    ]
    shared = cam.masked_features(picture) if cam.shares_features else None
    if shared:
        reporter.done("masked features", cached=shared.cached)

    contents = dataset.features[MODALITY]
    pictured = [place for place, each in enumerate(catalogue.items) if each.image is not None]
    attributions = []
    for model_name, trained in zip(names, fitted, strict=True):
        projection = item_projection(trained.model, MODALITY, index)
        target = item_target(trained.model, index, item.item_id)
        masked = shared
        if masked is None:
            masked = cam.masked_features(picture, projection, target)
            reporter.done(f"masked features for {model_name}", cached=masked.cached)
        attribution = cam.attribute(
            picture,
            projection,
            target,
            masked=masked,
            model=str(model_name),
            model_key=trained.key,
            modality=MODALITY,
            seed=config.seed,
        )
        dependence = item_dependence(
            trained.model, MODALITY, contents, index, candidates=pictured, seed=config.seed
        )
        measured_health = replace(attribution.health, content=dependence)
        attributions.append(replace(attribution, health=measured_health))
    mask = catalogue.mask(item)
    metrics = _measure(attributions, catalogue, item, mask)
    for note in catalogue.notes[len(told) :]:
        reporter.note(f"{config.data}: {note}")
    return Explanation(
        item_id=item.item_id,
        title=item.title,
        sides=tuple(
            Side("before" if each.adapter is None else "after", str(each), attribution, measured)
            for each, attribution, measured in zip(names, attributions, metrics, strict=True)
        ),
        mask=mask,
        notes=_item_notes(item, index, split),
        reused=tuple(reporter.reused),
        computed=tuple(reporter.computed),
    )


def _item_notes(item: Item, index: int, split: Split) -> tuple[str, ...]:
    """Say what makes an item's behavioural embedding doubtful."""
    count = int((split.train[:, 1] == index).sum())
    if count:
        return ()
    return (
        f"item {shown(item.item_id)} has no interactions in the training split: its behavioural "
        "embedding says nothing about behaviour",
    )


def _measure(
    attributions: Sequence[Attribution],
    catalogue: Catalogue,
    item: Item,
    mask: NDArray[np.bool_] | None,
) -> Sequence[MaskMetrics | None]:
    """Measure drift, omission and pixel AUC of all sides where the product's mask is known."""
    if mask is None:
        return [None] * len(attributions)
    annotation = catalogue.annotation(item)
    return mask_metrics_of_many(
        [attribution.on_picture() for attribution in attributions],
        attributions[0].on_picture(unweighted=True),  # of the picture alone, so one for all
        mask,
        annotation.distractors() if annotation else None,
    )
