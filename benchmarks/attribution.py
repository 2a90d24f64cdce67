"""The attribution engine against the bare encoder and against other projects' ScoreCAM.

Run: ``python benchmarks/attribution.py --encoders ViT-B-32,RN50,demo-vit,demo-rn``; on a slow
machine with ``--channels 64``, which takes that many of the target layer's channels.

Everything is timed in turns; seconds and ratios are medians over them. On a CPU with one thread
times are of the processor, so that other programs do not count.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image
from scipy.stats import spearmanr
from subjects import (
    OTHERS,
    Classifier,
    Head,
    Score,
    draw_pictures,
    load_subject,
    other_projects,
    some_channels,
)
from torch import Tensor

from becam.attribution import BeCAM
from becam.device import dtype_name, resolve_device
from becam.encoders.base import Encoder, Layer
from becam.engine import Engine
from becam.map_config import MapConfig
from becam.masked_features import compute_many, masked_features_of_many
from becam.masks import constant_channels
from becam.target import Target

# Of the whole layer, for one picture, as multiply-adds counted twice; the arithmetic floor.
TERAFLOP_PER_1000_PICTURES = {"ViT-B-32": 8.8, "RN50": 12.2}


class Meter:
    """Seconds and peak memory of a call."""

    def __init__(self, device: torch.device, threads: int) -> None:
        self.device = device
        self.clock = (
            time.process_time if device.type == "cpu" and threads == 1 else time.perf_counter
        )

    def seconds(self, work: Callable[[], object], repeats: int) -> float:
        """Return the median time of a call."""
        taken = []
        for _ in range(repeats):
            self._wait()
            start = self.clock()
            work()
            self._wait()
            taken.append(self.clock() - start)
        return median(taken)

    def rounds(
        self, works: dict[str, Callable[[], object]], repeats: int
    ) -> dict[str, list[float]]:
        """Return the times of each call; all are called in turns, every second turn backwards.

        What else the machine does then falls on all of them alike.
        """
        taken: dict[str, list[float]] = {label: [] for label in works}
        for turn in range(repeats):
            for label in works if turn % 2 == 0 else reversed(works):
                taken[label].append(self.seconds(works[label], 1))
        return taken

    def peak(self, work: Callable[[], object]) -> float:
        """Return how far memory rose above where it was before the call, in MB (NaN: unknown)."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            before = torch.cuda.memory_allocated(self.device)
            torch.cuda.reset_peak_memory_stats(self.device)
            work()
            return (torch.cuda.max_memory_allocated(self.device) - before) / 1e6
        try:
            ctypes.CDLL(None).malloc_trim(0)  # what was freed before must not hide an allocation
            Path("/proc/self/clear_refs").write_text("5")  # Linux: start a new peak
            before = _status("VmRSS")
            work()
            return (_status("VmHWM") - before) / 1e3
        except (OSError, AttributeError):
            return float("nan")

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def ratio(times: list[float], others: list[float]) -> float:
    """Return the median over turns of the ratio of two times."""
    return median(a / b for a, b in zip(times, others, strict=True))


def bare(encoder: Encoder, passes: int, batch: int) -> None:
    """Encode ``passes`` pictures of noise: no hook, no mask."""
    noise = torch.randn(
        batch, 3, *encoder.input_size, generator=torch.Generator().manual_seed(0)
    ).to(encoder.device, encoder.dtype)
    with torch.inference_mode():
        for start in range(0, passes, batch):
            encoder.encode_pictures(noise[: min(batch, passes - start)])


def best_batch(meter: Meter, batches: list[int], work: Callable[[int], object], passes: int) -> int:
    """Return the batch size with the shortest time a picture, tried on a few pictures each."""
    taken = {}
    for batch in batches:
        if batch <= max(passes, 1):
            work(batch)
            taken[batch] = meter.seconds(lambda batch=batch: work(batch), 2) / batch
    return min(taken, key=lambda batch: taken[batch])


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
    meter: Meter, encoder: Encoder, engine: Engine, head: Head, picture: Image.Image
) -> tuple[Callable[[int], None], float]:
    """Return what scores one stored picture for a target, and its milliseconds."""
    masked = next(masked_features_of_many(engine, [picture]))
    cam = BeCAM(encoder, MapConfig())
    cam.layer, cam.engine = engine.layer, engine
    head = head.cpu()

    def score(index: int) -> None:
        target = Target(head.get_buffer("vectors")[index], "item", str(index))
        cam.attribute(picture, lambda rows: head.project(index, rows), target, masked=masked)

    score(0)
    return score, 1e3 * meter.seconds(lambda: [score(0) for _ in range(10)], 5) / 10


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
        batch = best_batch(meter, args.batches, lambda b, e=plain: bare(e, b, b), passes)
        precision = dtype_name(engine.dtype)
        rows[f"bare, {label}"] = {
            "method": "bare encoder",
            "precision": precision,
            "batch": batch,
            "passes": passes,
        }
        works[f"bare, {label}"] = lambda e=plain, b=batch: bare(e, passes, b)
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
        for method, work in _others(encoder, layer, head, inputs[0], args.other_batch).items():
            works[method] = work
            rows[method] = {
                "method": method,
                "precision": "float32",
                "batch": args.other_batch,
                "passes": passes,
                "peak MB": meter.peak(work),
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
    score, milliseconds = scoring(meter, encoder, last, head, pictures[0])
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
        "curve": curve(meter, args, last, inputs, score),
    }


def _same(engine: Engine, encoder: Encoder) -> Encoder:
    """Return the encoder that bare passes go through: as it came, in float32."""
    return encoder if engine.dtype == encoder.dtype else engine.working


def _others(
    encoder: Encoder, layer: Layer, head: Head, picture: Tensor, batch: int
) -> dict[str, Callable[[], object]]:
    """Return what makes a map with each other project: float32, one target."""
    model = Classifier(encoder, layer, head).eval()
    there = picture[None].to(encoder.device)

    def run(score: Score) -> None:
        with torch.no_grad(), contextlib.redirect_stderr(io.StringIO()):  # a progress bar
            score(there, 0, batch)

    return {
        method: lambda score=score: run(score) for method, score in other_projects(model).items()
    }


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
    print(f"one stored item for one more recommender: {found['scoring ms']:.2f} ms")
    work = TERAFLOP_PER_1000_PICTURES.get(found["encoder"])
    ours = [row for row in found["rows"] if row["method"] == "becam"]
    for row in ours if work else ():
        rate = row["passes"] * work / 1000 / row["seconds"]
        print(f"{row['precision']}: {rate:.3g} TFLOP/s of the encoder's arithmetic")
    print("\n| pictures | recommenders | seconds |\n|---|---|---|")
    for point in found["curve"]:
        print(f"| {point['pictures']} | {point['recommenders']} | {point['seconds']:.3f} |")


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
    parser.add_argument("--batches", default="8,16,32", help="tried for the bare encoder")
    parser.add_argument("--other-batch", type=int, default=16, help="of the other projects")
    parser.add_argument("--no-others", dest="others", action="store_false")
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
        results.append(measure(name, args, device))
        report(results[-1], args)
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
