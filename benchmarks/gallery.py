"""A gallery of many items against the encoding of their masked pictures alone.

    python benchmarks/gallery.py --items 200 --workers 2
    python benchmarks/gallery.py --items 12 --figure "each = true"

Both are whole programs, started afresh, on the demo catalogue with trained recommenders and
content features in the cache and no masked features. One encodes the masked pictures of the items
and keeps them; the other is `becam gallery`. Both use as many processes of one thread. The gallery
made again, with everything finished, tells what it takes to start, check and write its page. With
`--figure` the gallery is made once more, from the beginning and with a `[figure]`. On a machine
that others use too, compare the seconds of CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from becam.explainer import Explainer
from becam.galleries.run import load_spec
from becam.progress import Reporter
from becam.workers import Crew, Stopped, torch_threads
from becam.workspace import open_workspace

MODELS = [
    f"{name}{adapter}"
    for name in ("bm3", "lattice", "freedom", "mgcn")
    for adapter in ("", "+befa")
]
SHARED = ("catalogues", "features", "models")


@dataclass
class Encoding:
    """Encodes the masked pictures of an item; when it began and ended is its result."""

    encoder: str
    cache: Path
    explainer: Explainer | None = None

    def do(self, index: int, stopped: Stopped) -> tuple[float, float]:
        """Do it."""
        if self.explainer is None:
            quiet = Reporter(quiet=True)
            self.explainer = Explainer(encoder=self.encoder, cache=self.cache, reporter=quiet)
            self.explainer.cam  # noqa: B018  opened, so that it is not timed
        start = time.time()
        self.explainer.masked_features(index)
        return start, time.time()


def encode(encoder: str, cache: Path, workers: int, indices: list[int]) -> float:
    """Encode the masked pictures; return the seconds from the first one's begin to the last end."""
    work, spans = Encoding(encoder, cache), []
    with Crew(work, workers=workers, threads=1, here=True) as crew, torch_threads(1):
        if workers > 1:
            crew.start()
        crew.do(indices, finish=lambda _, span: spans.append(span), lost=print)
    return max(end for _, end in spans) - min(start for start, _ in spans)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--encoder", default="demo-vit")
    parser.add_argument(
        "--figure",
        metavar="KEYS",
        nargs="?",
        const="",
        help="also draw the figure for a paper; keys of [figure], as in 'each = true'",
    )
    parser.add_argument("--only-encode", metavar="FILE", help="internal: a part of the run")
    options = parser.parse_args()
    if options.only_encode:
        task = json.loads(Path(options.only_encode).read_text())
        took = encode(options.encoder, Path(task["cache"]), options.workers, task["indices"])
        Path(task["told"]).write_text(json.dumps(took))
        return

    root = open_workspace(None).root
    explainer = Explainer(encoder=options.encoder, reporter=Reporter(quiet=True))
    for model in MODELS:
        explainer.fitted(model)
    with tempfile.TemporaryDirectory() as folder:
        parts = Path(folder)
        spec = parts / "benchmark.toml"
        spec.write_text(
            f"encoder = {options.encoder!r}\nmodels = {MODELS}\n[items]\ncount = {options.items}\n"
        )
        load_spec(spec)
        drawing = parts / "figure.toml"
        if options.figure is not None:
            drawing.write_text(f"{spec.read_text()}[figure]\n{options.figure}\n")
            load_spec(drawing)
        caches = [parts / name for name in ("encoding", "gallery", "figure")]
        for cache in caches:
            cache.mkdir()
            for name in SHARED:
                (cache / name).symlink_to(root / name)
        command = [sys.executable, "-m", "becam", "gallery", str(spec), "--quiet"]
        command += ["--cache", str(caches[1]), "--out", str(parts / "out")]
        command += ["--workers", str(options.workers)]
        gallery, again = measured(command), measured(command)
        found = json.loads((parts / "out" / "gallery.json").read_text())
        indices = [explainer.catalogue.index_of(item["id"]) for item in found["items"]]
        task, told = parts / "task.json", parts / "told.json"
        task.write_text(
            json.dumps({"cache": str(caches[0]), "indices": indices, "told": str(told)})
        )
        own = [sys.executable, __file__, "--only-encode", str(task)]
        own += ["--encoder", options.encoder, "--workers", str(options.workers)]
        program = measured(own)
        alone = json.loads(told.read_text())
        drawn = None
        if options.figure is not None:
            changed = {spec: drawing, caches[1]: caches[2], parts / "out": parts / "drawn"}
            words = {str(old): str(new) for old, new in changed.items()}
            drawn = measured([words.get(word, word) for word in command])
            figures = [*(parts / "drawn" / "figures").glob("*")]
        size = sum(path.stat().st_size for path in (parts / "out").rglob("*") if path.is_file())
    print(f"{options.items} items x {len(MODELS)} models, {options.encoder}, ", end="")
    print(f"{options.workers} processes of one thread, {os.cpu_count()} cores; ", end="")
    print(f"load {os.getloadavg()[0]:.1f}\n{'':44}  seconds   of CPU")
    print(f"encoding the masked pictures, as a program: {program[0]:9.1f}{program[1]:9.1f}")
    print(f"  from the first picture to the last:       {alone:9.1f}")
    print(f"becam gallery:                              {gallery[0]:9.1f}{gallery[1]:9.1f}")
    print(f"  the same again, with nothing left to do:  {again[0]:9.1f}{again[1]:9.1f}")
    if drawn is not None:
        label = f"becam gallery with figures, {len(figures)} files:"
        print(f"{label:44}{drawn[0]:9.1f}{drawn[1]:9.1f}")
    ratios = [one / other for one, other in zip(gallery, program, strict=True)]
    print(f"gallery / encoding:                         {ratios[0]:9.3f}{ratios[1]:9.3f}")
    print(f"gallery / encoding from first to last:      {gallery[0] / alone:9.3f}")
    print(f"files: {size / 1e6:.1f} MB")


def measured(command: list[str]) -> tuple[float, float]:
    """Run a program; return how long it took, and how much of processors with its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True)
    took = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main()
