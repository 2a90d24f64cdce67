"""Catalogue, encoder and recommenders, opened once, for the heatmaps of many items."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cached_property
from typing import Any, cast

from PIL import Image

from becam.asking import MODALITY, question_about
from becam.attributing import attribution_by
from becam.attribution import BeCAM
from becam.catalogues import open_catalogue
from becam.config import ExplainConfig, ExplainerConfig
from becam.dataset import Dataset, make_split, open_dataset
from becam.device import resolve_device
from becam.encoders.base import Encoder
from becam.encoders.layers import check_picture_size
from becam.encoders.registry import check_encoder_name, load_encoder
from becam.explanation import Explanation, Side, why_undefined
from becam.explanations import Explanations
from becam.looked import Looked
from becam.map_config import MapConfig
from becam.masked_features import MaskedFeatures
from becam.progress import Reporter
from becam.question import Question
from becam.recognition import Recognition, recognition_of
from becam.scores import Behaviour, behaviour_of
from becam.training import fit_model
from becam.workspace import open_workspace
from recsys.configs import Features, ModelConfig, TrainingConfig
from recsys.data.catalogue import Catalogue
from recsys.data.splits import Split
from recsys.errors import shown
from recsys.fit import Fitted
from recsys.models.names import ModelName


class Explainer:
    """Heatmaps of many items by many recommenders, on one catalogue with one encoder.

    Nothing is opened, computed or trained before it is asked for, and then kept, here and in
    the cache. Of pictures only the last one is kept here.

    Examples:
        >>> explainer = Explainer(encoder="demo-rn", weighting="contrast")
        >>> for item in ("123", "7"):
        ...     explainer.explain(item, "bm3+befa").save_figure(f"{item}.pdf")
    """

    def __init__(
        self,
        config: ExplainerConfig | None = None,
        /,
        *,
        reporter: Reporter | None = None,
        training: TrainingConfig | None = None,
        skip_unreadable: bool = False,
        **options: Any,
    ) -> None:
        """Check the options; open nothing yet.

        Args:
            config: all options in one object; or give them by keyword.
            reporter: where progress is shown; standard error by default.
            training: how recommenders are trained, with ``config``'s seed; by default as
                `recsys.configs.TrainingConfig` says.
            skip_unreadable: train also where pictures can't be read, as if these items had none;
                the maps of such an item still raise.
            options: fields of `ExplainerConfig`; they replace those of ``config``.

        Raises:
            InputError: an unknown name, a value outside its range, a device there is not.
        """
        self.config = replace(config, **options) if config else ExplainerConfig(**options)
        self.reporter = reporter or Reporter()
        check_encoder_name(self.config.encoder)
        self.device = resolve_device(self.config.device)
        self.workspace = open_workspace(self.config.cache)
        self._model_config = ModelConfig(features=cast(Features, self.config.features))
        self._training = replace(training or TrainingConfig(), seed=self.config.seed)
        self._skip_unreadable = skip_unreadable
        self._fitted: dict[ModelName, Fitted] = {}
        self._recognition: dict[tuple[ModelName, str], Recognition | None] = {}
        self._looked: Looked | None = None

    def with_maps(self, **options: Any) -> Explainer:
        """Return an explainer of the same catalogue, encoder and recommenders with other maps.

        What is opened or trained already is shared.

        Args:
            options: fields of `MapConfig`, as in ``fill="blur"``.

        Raises:
            InputError: an unknown name, a value outside its range.
            TypeError: an option that is not about maps.
        """
        if strange := set(options) - {entry.name for entry in fields(MapConfig)}:
            raise TypeError(f"not an option of maps: {', '.join(sorted(strange))}")
        other = copy.copy(self)
        other.config = replace(self.config, **options)
        other.__dict__.pop("cam", None)
        other._looked = None
        return other

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue.

        Raises:
            InputError: no such folder, or files in it that can't be used.
        """
        return open_catalogue(self.config.data, self.workspace, self.reporter)

    @cached_property
    def split(self) -> Split:
        """What recommenders are trained, validated and tested on.

        Raises:
            InputError: too few interactions to train and to validate.
        """
        return make_split(self.catalogue, self.config.seed)

    @cached_property
    def encoder(self) -> Encoder:
        """The frozen encoder.

        Raises:
            InputError: weights that can't be had or don't fit.
        """
        config = self.config
        return load_encoder(
            config.encoder, device=self.device, dtype=config.dtype, reporter=self.reporter
        )

    @cached_property
    def cam(self) -> BeCAM:
        """BeCAM on the encoder's target layer.

        Raises:
            InputError: the encoder has no such layer.
        """
        return BeCAM(self.encoder, self.config, store=self.workspace.masked_feature_store())

    @cached_property
    def dataset(self) -> Dataset:
        """The content features, on which recommenders are trained.

        Raises:
            InputError: a modality that there is not, features that can't be used.
        """
        return open_dataset(
            self.config,
            workspace=self.workspace,
            reporter=self.reporter,
            catalogue=self.catalogue,
            encoder=self.encoder,
            # The map is made of what the encoder gives for masked pictures, never of a file.
            always_encode=(MODALITY,),
            skip_unreadable=self._skip_unreadable,
        )

    @cached_property
    def pictured(self) -> tuple[int, ...]:
        """The items that have a picture, by index."""
        items = enumerate(self.catalogue.items)
        return tuple(index for index, item in items if item.image is not None)

    @cached_property
    def eligible(self) -> tuple[int, ...]:
        """The items with a picture and an interaction in the training split, by index."""
        known = set(self.split.trained_items.tolist())
        return tuple(index for index in self.pictured if index in known)

    def fitted(self, model: str | ModelName) -> Fitted:
        """Return a recommender, trained unless it was before.

        Raises:
            InputError: an unknown name, training that diverges.
            OSError: the cache can't be written.
        """
        name = ModelName.parse(str(model))
        if name not in self._fitted:
            self._fitted[name] = fit_model(
                name,
                self.split,
                self.dataset.features,
                self._model_config,
                self._training,
                device=self.dataset.device,
                workspace=self.workspace,
                reporter=self.reporter,
            )
        return self._fitted[name]

    def behaviour(self, index: int, model: str | ModelName, *, seed: int = 0) -> Behaviour:
        """Return an item as a recommender sees it, which `becam.scores` compare content with.

        Args:
            index: of the item in the catalogue.
            model: its recommender.
            seed: of the draw of other items.

        Raises:
            InputError: as `fitted`, an item without interactions in the training split.
        """
        return behaviour_of(
            *(self.fitted(model).model, self.split, self.dataset.features[MODALITY], index),
            candidates=self.eligible,
            modality=MODALITY,
            seed=seed,
        )

    def picture(self, index: int) -> Image.Image:
        """Return an item's picture, RGB.

        Raises:
            InputError: none, an unreadable one, one too small for the encoder.
        """
        item = self.catalogue.items[index]
        picture = self.catalogue.picture(item)
        check_picture_size(picture.size, self.encoder, self.cam.layer)
        return picture

    def masked_features(self, index: int) -> MaskedFeatures | None:
        """Return a picture's masked features, the costly part that all recommenders share.

        Returns:
            None for channels by gradient, which are chosen for each recommender.

        Raises:
            InputError: as `picture`.
        """
        return self._look(index).masked

    def sides(
        self, index: int, models: Sequence[str | ModelName], *, measure: bool = True
    ) -> tuple[Side, ...]:
        """Return an item's heatmaps by several recommenders.

        Args:
            index: of the item in the catalogue.
            models: their names, as in ``("bm3", "bm3+befa")``.
            measure: also drift, omission and pixel AUC, where the product's mask is known.

        Returns:
            One a model, in this order.

        Raises:
            InputError: a picture or mask that can't be read, as `fitted`.
        """
        names = [ModelName.parse(str(model)) for model in models]
        looked = self._look(index)
        found = [attribution_by(self, looked, name) for name in names]
        metrics = looked.measure(found, self.catalogue) if measure else [None] * len(found)
        return tuple(
            Side(name.role, str(name), attribution, measured)
            for name, attribution, measured in zip(names, found, metrics, strict=True)
        )

    def explain(self, item: str, model: str | ModelName) -> Explanation:
        """Explain an item's picture before and after the model's adapter.

        Raises:
            InputError: no such item, a picture that can't be read, an unknown model.
        """
        # Cheap checks first: a typo must not cost a minute of training.
        name = ModelName.parse(str(model))
        index = self.catalogue.index_of(item)
        self.picture(index)
        for each in name.before_and_after:
            self.fitted(each)
        sides = self.sides(index, name.before_and_after)
        looked = self._look(index)
        return Explanation(
            item_id=looked.item.item_id,
            title=looked.item.title,
            sides=sides,
            mask=looked.mask,
            notes=(*self.item_notes(index), *self.figure_notes(index, sides)),
            reused=tuple(self.reporter.reused),
            computed=tuple(self.reporter.computed),
            data=self.dataset.name,
        )

    def explain_many(
        self, items: Sequence[str], model: str | ModelName = ExplainConfig.model
    ) -> Explanations:
        """Explain several items' pictures before and after the model's adapter.

        Args:
            items: item ids.
            model: recommender, and adapter after a plus.

        Raises:
            InputError: no such item (told before anything is computed), a picture that can't be
                read, an unknown model.
        """
        if isinstance(items, str):
            raise TypeError(f"items must be a list of ids, as in ['{items}'], not a text")
        name = ModelName.parse(str(model))
        ids = [str(item) for item in items]
        for item in ids:
            self.catalogue.index_of(item)
        if ids:  # so that the bar counts heatmaps, not trainings
            for each in name.before_and_after:
                self.fitted(each)
        found = []
        with self.reporter.bar("heatmaps", len(ids), "item") as step:
            for item in ids:
                found.append(self.explain(item, name))
                step(len(found), "")
        return Explanations(tuple(found))

    def question(self, index: int, model: str | ModelName, **options: Any) -> Question:
        """Return what `becam.methods.METHODS` are asked about an item: controls, baselines.

        Args:
            index: of the item in the catalogue.
            model: its recommender.
            options: as for `becam.asking.question_about`.

        Raises:
            InputError: as `fitted`, a picture that can't be read.

        Examples:
            >>> question = explainer.question(7, "bm3", others=[8])
            >>> METHODS["self-similarity"].run(question)
        """
        return question_about(self, index, model, **options)

    def item_notes(self, index: int) -> tuple[str, ...]:
        """Say what makes an item's behavioural embedding doubtful, a line each."""
        if index in self.split.trained_items:
            return ()
        return (
            f"item {shown(self.catalogue.items[index].item_id)} has no interactions in the "
            "training split: its behavioural embedding says nothing about behaviour",
        )

    def figure_notes(self, index: int, sides: Sequence[Side]) -> tuple[str, ...]:
        """Say what a reader of an item's drift, omission and AUC should know, a line each.

        Args:
            index: of the item in the catalogue.
            sides: its heatmaps, measured.
        """
        return (*self._look(index).notes, *why_undefined(sides))

    def _look(self, index: int) -> Looked:
        if self._looked is None or self._looked.index != index:
            item, picture = self.catalogue.items[index], self.picture(index)
            masked = self.cam.masked_features(picture) if self.cam.shares_features else None
            if masked:
                self.reporter.done("masked features", cached=masked.cached)
            mask, note = self.catalogue.fitted_mask(item)
            notes = () if note is None else (note,)
            self._looked = Looked(index, item, picture, mask, masked, notes)
        return self._looked

    def recognition(self, model: str | ModelName) -> Recognition | None:
        """Return how well the score tells items' contents apart in a recommender.

        Returns:
            None in a catalogue without two items that have a picture and an interaction.

        Raises:
            InputError: as `fitted`.
        """
        name = ModelName.parse(str(model))
        key = name, self.cam.recipe.score  # `with_maps` shares these, and may change the score
        if key not in self._recognition:
            self._recognition[key] = recognition_of(
                *(self.fitted(name).model, self.split, self.dataset.features[MODALITY]),
                candidates=self.eligible,
                modality=MODALITY,
                score=self.cam.recipe.score,
                seed=self.config.seed,
            )
        return self._recognition[key]
