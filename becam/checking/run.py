"""Sanity checks of many items' heatmaps: the path of `becam sanity`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from becam.checking.checks import MPRT, Check, checks_of
from becam.checking.config import SanityConfig
from becam.checking.methods import methods_to_check
from becam.checking.report import report
from becam.checking.result import Checked, SanityChecks, means_of
from becam.checking.staged import staged
from becam.checking.steps import Step, keep, kept, one_step, step_key
from becam.explainer import Explainer
from becam.measuring.made import Made
from becam.measuring.subject import chosen, others_of
from becam.methods import Method
from becam.progress import Reporter
from becam.question import Question
from becam.store import TensorStore
from recsys.data.demo.names import is_demo
from recsys.models.names import ModelName

SIMULATED = "The behaviour is simulated: figures are about the method, not about people."


def check_sanity(
    config: SanityConfig | None = None,
    /,
    *,
    reporter: Reporter | None = None,
    **options: Any,
) -> SanityChecks:
    """Check whether heatmaps change where what they explain is random.

    The encoder's weights, stage by stage (MPRT, Adebayo et al. 2018); the item's behavioural
    embedding; which channel is weighed by which masked content. A map that stays as it is
    explains none of it. The unweighted map and the centre prior are checked in any case. What
    was computed is kept in the cache, so a run that was interrupted goes on where it stopped,
    and the same options give the same bytes.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``check_sanity(model="bm3", items=20)``.
        reporter: where progress is shown; standard error by default.
        options: fields of `SanityConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, more items than there are, an unreadable file, an encoder
            whose tower can't be told.
        OSError: the cache can't be written.
    """
    config = replace(config, **options) if config else SanityConfig(**options)
    reporter = reporter or Reporter()
    # Cheap checks first: a typo must not cost a minute of training.
    methods, checks = methods_to_check(config.methods), checks_of(config.checks)
    names = ModelName.parse(config.model).before_and_after
    explainer = Explainer(config, reporter=reporter)
    able = explainer.eligible
    indices = chosen(config, explainer.catalogue, able)
    if any("others" in method.needs for method in methods):
        others_of(indices[0], able, config.item_seed, 1)
    _ = explainer.cam  # an unknown layer is told before anything is trained
    data = explainer.dataset.name
    for name in names:
        explainer.fitted(name)
    run = _Run(config, explainer, methods, checks)
    with reporter.bar("checking heatmaps", len(indices), "item") as step:
        for done, index in enumerate(indices, start=1):
            run.check(index, names)
            step(done, "")
    made = _made(config, explainer)
    means = means_of(run.found, config)
    notes = (SIMULATED,) if is_demo(data) else ()
    table, readings = report(config, made, data, run.found, means, notes)
    return SanityChecks(
        about=_about(run, names, indices, made),
        checked=tuple(run.found),
        means=means,
        readings=readings,
        table=table,
        notes=table.notes,
        reused=run.reused,
        computed=run.computed,
    )


class _Run:
    """Checks one item after the other, and keeps what was found."""

    def __init__(
        self,
        config: SanityConfig,
        explainer: Explainer,
        methods: Sequence[Method],
        checks: Sequence[Check],
    ) -> None:
        self.config, self.explainer = config, explainer
        self.methods, self.checks = methods, checks
        self.options = config.method_options
        self.store = TensorStore(explainer.workspace.results)
        self.found: list[Checked] = []
        self.reused = self.computed = 0

    def check(self, index: int, names: Sequence[ModelName]) -> None:
        questions = {name: self._question(index, name) for name in names}
        item = self.explainer.catalogue.items[index].item_id
        every = [
            (check.name, method, name)
            for name in names
            for method in self.methods
            for check in self.checks
        ]
        keys = [
            step_key(check, method, questions[name], self._stages(check), item)
            for check, method, name in every
        ]
        steps = [kept(self.store, key) for key in keys]
        self.reused += sum(each is not None for each in steps)
        left = [place for place, each in enumerate(steps) if each is None]
        self.computed += len(left)
        # Those that share random encoders together, the others one by one.
        together = [place for place in left if every[place][0] == MPRT]
        asked = [(every[place][1], questions[every[place][2]]) for place in together]
        if asked:
            config = self.config
            made = staged(asked, seed=config.item_seed, most=config.stages)
            for place, found in zip(together, made, strict=True):
                steps[place] = found
                keep(self.store, keys[place], found)
        for place in left:
            check, method, name = every[place]
            if check != MPRT:
                steps[place] = alone = one_step(check, method, questions[name])
                keep(self.store, keys[place], alone)
        for (check, method, name), each in zip(every, steps, strict=True):
            assert each is not None
            self.found += _rows(item, name, method, check, each)

    def _stages(self, check: str) -> int:
        """Only mprt has several: other checks are the same however many these are."""
        return self.config.stages if check == MPRT else 1

    def _question(self, index: int, name: ModelName) -> Question:
        needs = {need for method in self.methods for need in method.needs}
        others: list[int] = []
        if "others" in needs:
            others = others_of(index, self.explainer.eligible, self.config.item_seed, 1)
        return self.explainer.question(
            index,
            name,
            others=others,
            seed=self.config.item_seed,
            options=self.options,
            scores="behaviour" in needs,
        )


def _rows(
    item: str, name: ModelName, method: Method, check: str, steps: Sequence[Step]
) -> list[Checked]:
    return [
        Checked(
            item=item,
            side=name.role,
            model=str(name),
            method=method.name,
            kind=method.kind,
            check=check,
            step=step.number,
            stage=step.stage,
            similarity=similarity,
            value=value,
        )
        for step in steps
        for similarity, value in step.values.items()
    ]


def _made(config: SanityConfig, explainer: Explainer) -> Made:
    return Made(
        encoder=explainer.encoder.name,
        layer=explainer.cam.layer.name,
        chosen_layer=config.layer is not None,
        recipe=config.recipe,
        half=config.half,
        model=config.model,
        seed=config.seed,
        mask="catalogue",
    )


def _about(
    run: _Run, names: Sequence[ModelName], indices: Sequence[int], made: Made
) -> dict[str, Any]:
    config, explainer = run.config, run.explainer
    without = {"cache", "items", "ids", "data", "seed", "device", "batch", "settings"}
    items = explainer.catalogue.items
    return {
        "data": explainer.dataset.name,
        "catalogue": explainer.catalogue.fingerprint(),
        "seed": config.seed,
        "items": [items[index].item_id for index in indices],
        "models": {str(name): explainer.fitted(name).key for name in names},
        "methods": [method.name for method in run.methods],
        "checks": [check.name for check in run.checks],
        "method_options": asdict(run.options),
        "options": {name: value for name, value in asdict(config).items() if name not in without},
        "made": made.columns(),
    }
