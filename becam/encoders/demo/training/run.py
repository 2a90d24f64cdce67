"""The whole training: draw, train each encoder, save, probe, write the model card."""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from becam.encoders.demo import NAMES
from becam.encoders.demo.config import load_config
from becam.encoders.demo.tokenizer import demo_tokenizer, single_words
from becam.encoders.demo.towers import Towers, build_towers
from becam.encoders.demo.training.card import write_model_card
from becam.encoders.demo.training.centre import centre_residual_stream
from becam.encoders.demo.training.pairs import Pairs, PairsConfig, draw_pairs
from becam.encoders.demo.training.probes import REQUIRED, all_probes
from becam.encoders.demo.training.recipe import PICTURES, PROBE_PICTURES, RECIPES, Recipe
from becam.encoders.demo.training.train import pixel_statistics, train
from becam.encoders.demo.weights import RGB, EncoderCard, load_encoder, save_encoder
from recsys.data.demo.captions import vocabulary
from recsys.errors import InputError
from recsys.files import write_text

# name -> (stream, correlation); the training pictures have stream 0
PROBE_SETS: Final = {"independent": (1, 0.0), "as in the catalogue": (2, 0.6)}
_WATCHED: Final = "independent"  # checked while training
_STATISTICS: Final = 1024  # pictures that the pixel statistics are taken from


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for, see ``--help``. None: as in the encoder's recipe."""

    encoders: tuple[str, ...]
    out: Path
    work: Path
    seed: int = 0
    pictures: int = PICTURES
    probe_pictures: int = PROBE_PICTURES
    steps: tuple[int, int] | None = None
    batch: int | None = None
    learning_rate: float | None = None
    workers: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        for name, least in (
            ("seed", 0),
            ("pictures", 1),
            ("probe_pictures", 30),
            ("workers", 1),
            ("threads", 1),
        ):
            if getattr(self, name) < least:
                shown = name.replace("_", "-")
                raise InputError(f"--{shown} must be at least {least}, got {getattr(self, name)}")
        for encoder in self.encoders:
            batch = self.recipe(encoder).batch
            if self.pictures < batch:
                raise InputError(f"--pictures must be at least a batch, {batch}")

    def recipe(self, encoder: str) -> Recipe:
        """The recipe of an encoder with what the command line changes.

        Raises:
            InputError: a number makes no sense.
        """
        recipe = RECIPES[encoder]
        rounds = recipe.rounds
        try:
            if self.steps is not None:
                windows, whole = self.steps
                single = dataclasses.replace(
                    rounds[0], window_steps=windows, whole_steps=whole, stop_after=None
                )
                rounds = (single,)
            if self.learning_rate is not None:
                rate = self.learning_rate
                rounds = tuple(dataclasses.replace(one, learning_rate=rate) for one in rounds)
            batch = recipe.batch if self.batch is None else self.batch
            return dataclasses.replace(recipe, rounds=rounds, batch=batch)
        except ValueError as error:
            raise InputError(str(error)) from None


def run(options: Options) -> None:
    """Run all stages.

    Raises:
        InputError: the work folder holds something else than drawn pictures.
        OSError: a disk is full or not writable.
    """
    torch.set_num_threads(options.threads)
    say = partial(_say, time.monotonic())
    unlisted = set(single_words(vocabulary())) - set(demo_tokenizer().words)
    if unlisted:
        raise RuntimeError(f"words.json lacks words of the captions: {sorted(unlisted)}")
    options.out.mkdir(parents=True, exist_ok=True)
    pairs, unseen = _draw(options, say)
    for name in options.encoders:
        _train_one(name, options, pairs, unseen, say)
    say("done")


def training_record(recipe: Recipe, *, seed: int, pictures: int, threads: int) -> dict[str, Any]:
    """What a weight file tells about its training, before the first step."""
    return {
        "seed": seed,
        "pictures": pictures,
        "recipe": dataclasses.asdict(recipe),
        "device": f"CPU ({platform.machine()})",
        "threads": threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "finished": False,
        "history": [],
    }


def encoder_card(
    name: str, towers: Towers, mean: Tensor, std: Tensor, training: dict[str, Any]
) -> EncoderCard:
    """The card of an encoder that is not probed yet."""
    tokenizer = demo_tokenizer()
    return EncoderCard(
        name=name,
        config=towers.config,
        words=tokenizer.words,
        buckets=tokenizer.buckets,
        mean=_rgb(mean),
        std=_rgb(std),
        training=training,
    )


def finish(
    folder: Path,
    towers: Towers,
    card: EncoderCard,
    unseen: Mapping[str, Pairs],
    say: Callable[[str], None],
) -> None:
    """Save a trained encoder, probe what was saved, write its report and the model card.

    Args:
        folder: where to.
        towers: trained.
        card: without probes.
        unseen: pictures to probe on, by the set's name.
        say: told the results.
    """
    path = folder / f"{card.name}.safetensors"
    save_encoder(path, towers, card)
    stored, read = load_encoder(path)  # float16 rounding included
    mean, std = torch.tensor(read.mean), torch.tensor(read.std)
    probes = all_probes(stored, unseen, mean, std, read.tokenizer)
    save_encoder(path, towers, dataclasses.replace(read, probes=probes))
    report = json.dumps({"name": card.name, "probes": probes, "training": read.training}, indent=2)
    write_text(folder / f"{card.name}.report.json", report + "\n")
    write_model_card(folder)
    for key, values in probes.items():
        weak = [one for one, least in REQUIRED.items() if values["linear"][one] < least]
        verdict = f"below the requirement: {', '.join(weak)}" if weak else "as required"
        say(f"{card.name}, {key}: {json.dumps(values)}, {verdict}")
    say(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


def _draw(options: Options, say: Callable[[str], None]) -> tuple[Pairs, dict[str, Pairs]]:
    # Every encoder's size, so that a later run for another encoder finds its pictures.
    sizes = tuple(sorted({load_config(name).vision.image_size for name in NAMES}))

    def draw(folder: str, count: int, stream: int, correlation: float) -> Pairs:
        config = PairsConfig(
            count=count, seed=options.seed, stream=stream, sizes=sizes, correlation=correlation
        )
        return draw_pairs(options.work / folder, config, workers=options.workers, report=say)

    unseen = {
        name: draw(f"probe-{stream}", options.probe_pictures, stream, correlation)
        for name, (stream, correlation) in PROBE_SETS.items()
    }
    return draw("train", options.pictures, 0, 0.0), unseen


def _train_one(
    name: str,
    options: Options,
    pairs: Pairs,
    unseen: Mapping[str, Pairs],
    say: Callable[[str], None],
) -> None:
    recipe = options.recipe(name)
    tokenizer = demo_tokenizer()
    config = load_config(name).with_vocabulary(tokenizer.vocab_size)
    towers = build_towers(config, seed=options.seed)
    mean, std = pixel_statistics(pairs.pictures[config.vision.image_size][:_STATISTICS])
    training = training_record(
        recipe, seed=options.seed, pictures=len(pairs), threads=options.threads
    )

    def checkpoint(state: dict[str, Any]) -> None:
        training["history"].append(state)
        done = recipe.done(state["round"], state["step"], config.vision)
        left = state["seconds"] * (1 - done) / done
        say(f"{name} {json.dumps(state)}, {left / 60:.1f} min left")
        path = options.out / f"{name}.unfinished.safetensors"
        save_encoder(path, towers, encoder_card(name, towers, mean, std, training))

    say(f"{name}: {sum(p.numel() for p in towers.parameters()):,} parameters, {recipe}")
    train(
        towers,
        pairs,
        unseen[_WATCHED],
        recipe,
        mean=mean,
        std=std,
        tokenizer=tokenizer,
        seed=options.seed,
        checkpoint=checkpoint,
    )
    centre_residual_stream(towers)
    training["finished"] = True
    finish(options.out, towers, encoder_card(name, towers, mean, std, training), unseen, say)
    (options.out / f"{name}.unfinished.safetensors").unlink(missing_ok=True)


def _rgb(values: Tensor) -> RGB:
    red, green, blue = (round(float(value), 6) for value in values)
    return red, green, blue


def _say(start: float, text: str) -> None:
    print(f"[{time.monotonic() - start:6.1f} s] {text}", flush=True)
