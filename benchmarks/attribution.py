"""The attribution engine against the bare encoder and against other projects' ScoreCAM.

Run: ``python benchmarks/attribution.py --encoders ViT-B-32,RN50,demo-vit,demo-rn``; on a slow
machine with ``--channels 64``, which takes that many of the target layer's channels.

Everything is timed in turns; seconds and ratios are medians over them. On a CPU with one thread
times are of the processor, so that other programs do not count.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from meter import Meter, best_batch, product_rate, ratio
from PIL import Image
from scipy.stats import spearmanr
from subjects import (
    OTHERS,
    Classifier,
    Head,
    Score,
    bare,
    draw_pictures,
    load_subject,
    noise,
    other_projects,
    some_channels,
)
from torch import Tensor

from becam.attribution import BeCAM
from becam.device import dtype_name, resolve_device
from becam.encoders.base import Encoder, Layer
from becam.engine import Engine
from becam.map_config import MapConfig
from becam.masked_features import (
    MaskedFeatures,
    compute_many,
    job_of,
    masked_features_of_many,
)
from becam.masks import constant_channels
from becam.store import TensorStore
from becam.target import Target

# What a thousand passes through the encoder take at least, each multiply-add counted as two
# operations; a picture takes a pass for every channel that is not constant, and two more.
TERAFLOP_PER_1000_PASSES = {"ViT-B-32": 8.8, "RN50": 12.2}


def maps_of(encoder: Encoder, head: Head, found: dict[str, Tensor], weighting: str) -> list[Tensor]:
    """Return the map of every target."""
    similar = head(found["features"].to(encoder.device)).cpu()
    if weighting == "contrast":
        similar = similar - similar.mean(0)
    return list(torch.einsum("nt,nhw->thw", similar, found["activations"]))


def agreement(
    encoder: Encoder, head: Head, exact: list[dict[str, Tensor]], other: list[dict[str, Tensor]]
) -> dict[str, tuple[float, float]]:
    """Return mean and least Spearman correlation over pictures and targets, by weighting."""
    result = {}
    for weighting in ("raw", "contrast"):
        values = [
            float(spearmanr(first.flatten(), second.flatten()).statistic)
            for a, b in zip(exact, other, strict=True)
            for first, second in zip(
                maps_of(encoder, head, a, weighting),
                maps_of(encoder, head, b, weighting),
                strict=True,
            )
        ]
        result[weighting] = (sum(values) / len(values), min(values))
    return result


def scoring(
    meter: Meter,
    encoder: Encoder,
    engine: Engine,
    head: Head,
    picture: Image.Image,
    tensors: dict[str, Tensor],
) -> tuple[Callable[[int], None], float, float]:
    """Return what scores one stored picture for a target, and two times in milliseconds.

    They are those of scoring a picture whose masked features, ``tensors``, are in memory, and of
    reading them from the store, checksum included; what was written just before lies in the
    system's memory.
    """
    cam = BeCAM(encoder, MapConfig())
    cam.layer, cam.engine = engine.layer, engine
    head = head.cpu()
    with tempfile.TemporaryDirectory(prefix="becam-store-") as folder:
        store = TensorStore(Path(folder))
        job = job_of(engine, picture)
        store.put(job.key, tensors, job.about)

        def read() -> MaskedFeatures:
            return next(masked_features_of_many(engine, [picture], store=store))

        masked = read()
        assert masked.cached

        def score(index: int) -> None:
            target = Target(head.get_buffer("vectors")[index], "item", str(index))
            cam.attribute(picture, lambda rows: head.project(index, rows), target, masked=masked)

        score(0)
        in_memory = meter.seconds(lambda: [score(0) for _ in range(10)], 5)
        reading = meter.seconds(lambda: [read() for _ in range(10)], 5)
    return score, 1e3 * in_memory / 10, 1e3 * reading / 10


def stored(name: str, args: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Measure what a stored picture takes, on made-up features: nothing is encoded for them."""
    encoder = load_subject(name, device=device, seed=args.seed)
    engine = Engine(encoder, some_channels(encoder, args.channels), precision=args.precision)
    (picture,) = draw_pictures(1, args.seed)
    (seen,) = engine.look([encoder.preprocess(picture)])
    generator = torch.Generator().manual_seed(args.seed)
    rows = torch.randn(len(seen.activations) + 2, encoder.feature_dim, generator=generator)
    tensors = {
        "features": rows[:-2],
        "activations": seen.activations.cpu(),
        "content": rows[-2],
        "fill_content": rows[-1],
    }
    head = Head(args.targets, rows, seed=args.seed)
    meter = Meter(device, args.threads)
    _, in_memory, reading = scoring(meter, encoder, engine, head, picture, tensors)
    size = sum(each.numel() * each.element_size() for each in tensors.values()) / 1e6
    return {
        "encoder": name,
        "channels": len(seen.activations),
        "MB": size,
        "scoring ms": in_memory,
        "reading ms": reading,
    }


def measure(name: str, args: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Measure everything for one encoder."""
    meter = Meter(device, args.threads)
    encoder = load_subject(name, device=device, seed=args.seed)
    layer = some_channels(encoder, args.channels)
    pictures = draw_pictures(args.pictures, args.seed)
    inputs = [encoder.preprocess(picture) for picture in pictures]
    engines = {
        "float32": Engine(encoder, layer, precision="float32"),
        "default": Engine(encoder, layer, precision=args.precision),
    }
    default = dtype_name(engines["default"].dtype)
    maps = engines["float32"].look(inputs[:1])[0].activations
    channels = len(maps)
    passes = channels + 2  # the whole picture and the fill
    # Constant channels (a ReLU's dead ones) share the fill's pass: fewer are encoded.
    encoded = passes - int(constant_channels(maps).sum())
    found: dict[str, list[dict[str, Tensor]]] = {}
    rows: dict[str, dict[str, Any]] = {}
    works: dict[str, Callable[[], object]] = {}
    for label, engine in engines.items():
        if label == "default" and engine.dtype == torch.float32:
            break
        conversion = meter.peak(lambda engine=engine: engine.working)
        engine.look(inputs[:1])
        plain = _same(engine, encoder)
        drawn = noise(plain, max(args.batches))
        batch = best_batch(
            meter, args.batches, lambda b, e=plain, n=drawn: bare(e, b, b, n), passes
        )
        precision = dtype_name(engine.dtype)
        rows[f"bare, {label}"] = {
            "method": "bare encoder",
            "precision": precision,
            "batch": batch,
            "passes": passes,
        }
        works[f"bare, {label}"] = lambda e=plain, b=batch, n=drawn: bare(e, passes, b, n)
        peak = meter.peak(lambda e=engine: compute_many(e, inputs[:1]))
        rows[f"becam, {label}"] = {
            "method": "becam",
            "precision": precision,
            "batch": engine.chunk,
            "passes": encoded,
            "peak MB": peak,
            "weights MB": conversion,
        }
        works[f"becam, {label}"] = lambda e=engine: compute_many(e, inputs[:1])
        found[label] = [compute_many(engine, [each])[0] for each in inputs]
    features = found["float32"][0]["features"].to(device)
    head = Head(args.targets, features, seed=args.seed).to(device)
    plain = Head(args.targets, features, seed=args.seed, centred=False).to(device)
    agree = {
        f"{weighting}, {label} head": values
        for label, each in (("centred", head), ("plain", plain))
        for weighting, values in (
            agreement(encoder, each, found["float32"], found["default"])
            if "default" in found
            else {}
        ).items()
    }
    last = engines["default" if "default" in found else "float32"]
    if args.others:
        few = some_channels(encoder, max(args.batches))
        trial = _others(encoder, few, head, inputs[0])
        for method, run in _others(encoder, layer, head, inputs[0]).items():
            batch = best_batch(meter, args.batches, trial[method], passes, once=True)
            works[method] = partial(run, batch)
            rows[method] = {
                "method": method,
                "precision": "float32",
                "batch": batch,
                "passes": passes,
                "peak MB": meter.peak(works[method]),
            }
    taken = meter.rounds(works, args.repeats)
    for label, row in rows.items():
        row["seconds"] = median(taken[label])
    for label in found:
        ours, floor = taken[f"becam, {label}"], taken[f"bare, {label}"]
        row = rows[f"becam, {label}"]
        row["ratio to bare"] = ratio(ours, floor)
        row["ratio a pass"] = row["ratio to bare"] * passes / encoded
    for method in works.keys() & OTHERS:
        for label in found:
            rows[f"becam, {label}"][f"{method} / becam"] = ratio(
                taken[method], taken[f"becam, {label}"]
            )
        rows[method]["seconds, all targets"] = rows[method]["seconds"] * args.targets
    tensors = found["default" if "default" in found else "float32"][0]
    score, milliseconds, reading = scoring(meter, encoder, last, head, pictures[0], tensors)
    many = meter.seconds(lambda: [score(index) for index in range(args.targets)], 3)
    for label in found:
        row = rows[f"becam, {label}"]
        row["seconds, all targets"] = row["seconds"] + many
    return {
        "encoder": name,
        "default precision": default,
        "channels": channels,
        "rows": list(rows.values()),
        "spearman": agree,
        "scoring ms": milliseconds,
        "reading ms": reading,
        "product TFLOP/s": {
            dtype_name(engine.dtype): product_rate(meter, engine.dtype)
            for engine in engines.values()
            if device.type == "cuda"
        },
        "curve": curve(meter, args, last, inputs, score),
    }


def _same(engine: Engine, encoder: Encoder) -> Encoder:
    """Return the encoder that bare passes go through: as it came, in float32."""
    return encoder if engine.dtype == encoder.dtype else engine.working


def _others(
    encoder: Encoder, layer: Layer, head: Head, picture: Tensor
) -> dict[str, Callable[[int], object]]:
    """Return what makes a map with each other project and a batch size: float32, one target."""
    model = Classifier(encoder, layer, head).eval()
    there = picture[None].to(encoder.device)

    def run(score: Score, batch: int) -> None:
        with torch.no_grad(), contextlib.redirect_stderr(io.StringIO()):  # a progress bar
            score(there, 0, batch)

    return {method: partial(run, score) for method, score in other_projects(model).items()}


def curve(
    meter: Meter,
    args: argparse.Namespace,
    engine: Engine,
    inputs: list[Tensor],
    score: Callable[[int], None],
) -> list[dict[str, float]]:
    """Measure seconds over pictures and over recommenders."""
    points: list[dict[str, float]] = []
    for pictures in sorted({1, min(2, len(inputs)), len(inputs)}):
        seconds = meter.seconds(lambda p=pictures: compute_many(engine, inputs[:p]), 1)
        for recommenders in sorted({1, 4, args.targets}):
            more = meter.seconds(
                lambda p=pictures, r=recommenders: [score(i) for _ in range(p) for i in range(r)], 1
            )
            points.append(
                {"pictures": pictures, "recommenders": recommenders, "seconds": seconds + more}
            )
    return points


COLUMNS = (
    *("method", "precision", "batch", "passes", "seconds", "ratio to bare", "ratio a pass"),
    *("grad-cam / becam", "torchcam / becam", "seconds, all targets", "peak MB", "weights MB"),
)


def report(found: dict[str, Any], args: argparse.Namespace) -> None:
    """Print one encoder's tables."""
    print(f"\n## {found['encoder']}: {found['channels']} channels", end="")
    print(f" (a sample: --channels {args.channels})" if args.channels else " (all)", end="")
    print(f", default precision {found['default precision']}\n")
    columns = [column for column in COLUMNS if any(column in row for row in found["rows"])]
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for row in found["rows"]:
        cells = [row.get(column, "") for column in columns]
        print("| " + " | ".join(f"{c:.4g}" if isinstance(c, float) else str(c) for c in cells), "|")
    print(f"\nall targets: {args.targets}; other projects run once a target (one run, multiplied)")
    for weighting, (mean, least) in found["spearman"].items():
        print(f"Spearman with float32, {weighting}: mean {mean:.4f}, least {least:.4f}")
    print(
        f"one stored item for one more recommender: {found['scoring ms']:.2f} ms in memory, ",
        end="",
    )
    print(f"and {found['reading ms']:.2f} ms to read it from the store")
    work = TERAFLOP_PER_1000_PASSES.get(found["encoder"])
    ours = [row for row in found["rows"] if row["method"] == "becam"]
    for row in ours if work else ():
        rate = row["passes"] * work / 1000 / row["seconds"]
        most = found["product TFLOP/s"].get(row["precision"])
        share = (
            f", {rate / most:.0%} of its floor (large matrix products: {most:.4g})" if most else ""
        )
        print(f"{row['precision']}: {rate:.3g} TFLOP/s of the encoder's arithmetic{share}")
    print("\n| pictures | recommenders | seconds |\n|---|---|---|")
    for point in found["curve"]:
        print(f"| {point['pictures']} | {point['recommenders']} | {point['seconds']:.3f} |")


def report_stored(results: list[dict[str, Any]]) -> None:
    """Print what a stored picture takes, a row an encoder."""
    columns = list(results[0])
    print(f"\n| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for row in results:
        cells = [f"{c:.3g}" if isinstance(c, float) else str(c) for c in row.values()]
        print(f"| {' | '.join(cells)} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoders", default="ViT-B-32,RN50,demo-vit,demo-rn")
    parser.add_argument("--channels", type=int, default=0, help="a sample of them; 0: all")
    parser.add_argument("--pictures", type=int, default=3)
    parser.add_argument("--targets", type=int, default=16, help="4 recommenders x 4 adapters")
    parser.add_argument("--precision", default="auto", help="beside float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--batches", default="8,16,32", help="tried for the bare encoder and the other projects"
    )
    parser.add_argument("--no-others", dest="others", action="store_false")
    parser.add_argument(
        "--stored",
        action="store_true",
        help="only what scoring and reading a stored picture take, on made-up features",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the figures")
    args = parser.parse_args()
    args.batches = [int(batch) for batch in args.batches.split(",")]
    torch.set_num_threads(args.threads)
    device = resolve_device(args.device)
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    print(f"{where}, {args.threads} thread(s), torch {torch.__version__}, seed {args.seed}")
    results = []
    for name in args.encoders.split(","):
        results.append((stored if args.stored else measure)(name, args, device))
        if not args.stored:
            report(results[-1], args)
    if args.stored:
        report_stored(results)
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
