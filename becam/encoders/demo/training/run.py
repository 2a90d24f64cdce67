"""The whole training: draw, train each encoder, save, probe, write the model card."""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from becam.device import resolve_device
from becam.encoders.demo.config import load_config
from becam.encoders.demo.tokenizer import Tokenizer, demo_tokenizer, single_words
from becam.encoders.demo.towers import build_towers
from becam.encoders.demo.training.card import write_model_card
from becam.encoders.demo.training.pairs import CAPTIONS, SWAPPED, Pairs, PairsConfig, draw_pairs
from becam.encoders.demo.training.probes import REQUIRED, all_probes, picture_features, zero_shot
from becam.encoders.demo.training.train import Recipe, TrainingSet, train
from becam.encoders.demo.weights import RGB, EncoderCard, load_encoder, save_encoder
from recsys.data.demo.captions import vocabulary
from recsys.files import write_atomic

# Share of the training time; the transformer needs longer.
SHARES = {"demo-vit": 0.6, "demo-rn": 0.4}
RECIPES = {
    "demo-vit": Recipe(steps=1, learning_rate=1e-3),
    "demo-rn": Recipe(steps=1, learning_rate=1.5e-3),
}
PROBE_SETS = {"independent": 0.0, "as in the catalogue": 0.6}  # name -> correlation
_DRAWING = 0.4  # largest share of the time for drawing
_RESERVE = 40.0  # seconds an encoder needs beside its training: upload, probes


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for, see ``--help``."""

    encoders: tuple[str, ...]
    out: Path
    seed: int = 0
    pictures: int = 200_000
    probe_pictures: int = 6000
    workers: int = 1
    minutes: float | None = None
    steps: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    device: str = "auto"
    compiled: bool = False


def run(options: Options, *, start: float) -> None:
    """Run all stages; ``start`` is the ``time.monotonic()`` from which ``minutes`` count."""
    device = resolve_device(options.device)
    options.out.mkdir(parents=True, exist_ok=True)
    say = partial(_say, start)
    say(f"device {device}, torch {torch.__version__}")
    tokenizer = demo_tokenizer()
    unlisted = set(single_words(vocabulary())) - set(tokenizer.words)
    if unlisted:
        raise SystemExit(f"words.json lacks words of the captions: {', '.join(sorted(unlisted))}")
    draw = partial(draw_pairs, workers=options.workers, report=say)
    # The probes' pictures first: without them nobody knows what the training was good for.
    probe_pairs = {
        name: draw(
            PairsConfig(
                count=options.probe_pictures,
                seed=options.seed,
                stream=stream,
                correlation=correlation,
            )
        )
        for stream, (name, correlation) in enumerate(PROBE_SETS.items(), start=1)
    }
    allowed = None if options.minutes is None else options.minutes * 60
    used = time.monotonic() - start
    pairs = draw(
        PairsConfig(count=options.pictures, seed=options.seed, stream=0),
        seconds=None if allowed is None else max(5.0, _DRAWING * allowed - used),
    )
    for at, name in enumerate(options.encoders):
        seconds = None
        if allowed is not None:
            left = allowed - (time.monotonic() - start)
            coming = options.encoders[at:]
            left -= _RESERVE * len(coming)
            seconds = max(5.0, left * SHARES[name] / sum(SHARES[other] for other in coming))
        recipe = dataclasses.replace(
            RECIPES[name],
            seconds=seconds,
            steps=options.steps,
            half=device.type == "cuda",
            batch=options.batch or RECIPES[name].batch,
            learning_rate=options.learning_rate or RECIPES[name].learning_rate,
        )
        _train_one(name, options, recipe, pairs, probe_pairs, tokenizer, device, start)
        if device.type == "cuda":
            torch.cuda.empty_cache()
    write_model_card(options.out)
    say("done")


def _train_one(
    name: str,
    options: Options,
    recipe: Recipe,
    pairs: Pairs,
    probe_pairs: dict[str, Pairs],
    tokenizer: Tokenizer,
    device: torch.device,
    start: float,
) -> None:
    say = partial(_say, start)
    config = load_config(name).with_vocabulary(tokenizer.vocab_size)
    size = config.vision.image_size
    data = TrainingSet.of(pairs, size, device)
    probe_sets = {key: TrainingSet.of(values, size, device) for key, values in probe_pairs.items()}
    some = pairs.pictures[:512].reshape(-1, 3) / np.float32(255)
    mean, std = some.mean(0, dtype=np.float64), some.std(0, dtype=np.float64)
    towers = build_towers(config, seed=options.seed).to(device)
    card = EncoderCard(
        name=name,
        config=config,
        words=tokenizer.words,
        buckets=tokenizer.buckets,
        mean=_rgb(mean),
        std=_rgb(std),
    )
    pixel_mean, pixel_std = torch.tensor(card.mean), torch.tensor(card.std)
    settings = {
        "seed": options.seed,
        "pictures": len(pairs),
        "captions_a_picture": CAPTIONS,
        "negatives_a_picture": len(SWAPPED),
        "recipe": dataclasses.asdict(recipe),
        "compiled": options.compiled,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    path = options.out / f"{name}.safetensors"
    history: list[dict[str, Any]] = []
    watched = probe_sets["independent"]

    def checkpoint(state: dict[str, Any], *, finished: bool = False) -> None:
        features = picture_features(towers, watched.pictures[:500], pixel_mean, pixel_std)
        state["zero_shot"] = zero_shot(towers, features, watched.attributes[:500], tokenizer)
        history.append(state)
        say(f"{name} {json.dumps(state)}")
        training = {**settings, "finished": finished, "history": history}
        save_encoder(path, towers, dataclasses.replace(card, training=training))

    say(f"{name}: {sum(p.numel() for p in towers.parameters()):,} parameters, {recipe}")
    last = train(
        towers,
        data,
        recipe,
        mean=pixel_mean,
        std=pixel_std,
        tokenizer=tokenizer,
        seed=options.seed,
        compiled=options.compiled,
        checkpoint=checkpoint,
    )
    checkpoint(last, finished=True)
    # What is shipped is probed, float16 rounding included.
    stored, stored_card = load_encoder(path)
    probes = all_probes(stored.to(device), probe_sets, pixel_mean, pixel_std, tokenizer)
    save_encoder(path, towers, dataclasses.replace(stored_card, probes=probes))
    content = {"name": name, "probes": probes, "training": stored_card.training}
    report = json.dumps(content, indent=2)
    write_atomic(
        options.out / f"{name}.report.json",
        lambda temporary: temporary.write_text(report + "\n", encoding="utf-8"),
    )
    say(f"{name} probes {json.dumps(probes)}")
    for key, values in probes.items():
        weak = [one for one, least in REQUIRED.items() if values["linear"][one] < least]
        verdict = f"below the requirement: {', '.join(weak)}" if weak else "as required"
        say(f"{name}, {key}: {verdict}; {path.stat().st_size / 1e6:.2f} MB")


def _rgb(values: npt.NDArray[np.float64]) -> RGB:
    red, green, blue = (round(float(value), 6) for value in values)
    return red, green, blue


def _say(start: float, text: str) -> None:
    print(f"[{time.monotonic() - start:6.1f} s] {text}", flush=True)
