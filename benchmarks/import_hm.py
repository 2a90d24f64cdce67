"""Seconds and peak memory of importing H&M's transactions, on a generated file of their size.

The file has H&M's columns, widths and numbers of rows, customers, articles and days; who buys
what is drawn at random, unevenly. There are no pictures.

Run: ``python benchmarks/import_hm.py`` (3.5 GB of disk for the file, about as much for the result)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROWS, CUSTOMERS, ARTICLES, DAYS = 31_788_324, 1_362_281, 105_542, 734
FIRST_DAY = np.datetime64("2018-09-20")
CHUNK = 500_000

IMPORT = """
import json, resource, sys, time
source, out, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
strict = options.pop("strict")
from recsys.data import blocks, import_catalogue
if strict:
    blocks.FAST_BYTES = 1 << 62
stages, now = {}, ["", time.perf_counter()]
def progress(what, done, total):
    if what != now[0]:
        stages[now[0]] = stages.get(now[0], 0) + time.perf_counter() - now[1]
        now[:] = what, time.perf_counter()
start = time.perf_counter()
report = import_catalogue(source, out, progress=progress, **options)
progress("", 0, 0)
stages.pop("", None)
print(json.dumps({
    "seconds": time.perf_counter() - start, "cpu": time.process_time(), "stages": stages,
    "kept": report.kept.interactions,
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 ** 2,
}))
"""


def fixed(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Turn texts of one length into (n, length) bytes."""
    return np.array([text.encode() for text in texts]).view(np.uint8).reshape(len(texts), -1)


def generate(folder: Path, rows: int, seed: int) -> int:
    """Write the two tables; return the bytes of the log."""
    rng = np.random.default_rng(seed)
    # Fewer rows: fewer customers and articles, so that there is a core.
    n_customers, n_articles = (max(1000, n * rows // ROWS) for n in (CUSTOMERS, ARTICLES))
    articles = [f"{100_000_000 + 7 * place:010d}" for place in range(n_articles)]
    lines = ["article_id,prod_name,product_type_name,detail_desc\n"]
    lines += [f"{article},Strap top,Vest top,Jersey top with straps.\n" for article in articles]
    (folder / "articles.csv").write_text("".join(lines), encoding="utf-8")
    of_customer = fixed([rng.bytes(32).hex() for _ in range(n_customers)])
    of_article = fixed(articles)
    of_day = fixed([str(FIRST_DAY + day) for day in range(DAYS)])
    of_price = fixed([f"{price:.16f}" for price in rng.random(1000) / 10])
    comma = np.full((CHUNK, 1), ord(","), dtype=np.uint8)
    ends = fixed(["1\n", "2\n"])
    path = folder / "transactions_train.csv"
    with path.open("wb") as file:
        file.write(b"t_dat,customer_id,article_id,price,sales_channel_id\n")
        for start in range(0, rows, CHUNK):
            n = min(CHUNK, rows - start)
            columns = [
                of_day[np.arange(start, start + n) * DAYS // rows],
                of_customer[(n_customers * rng.random(n) ** 2.5).astype(np.int64)],
                of_article[(n_articles * rng.random(n) ** 3).astype(np.int64)],
                of_price[rng.integers(0, len(of_price), n)],
                ends[rng.integers(0, 2, n)],
            ]
            parts = [part for column in columns for part in (column, comma[:n])][:-1]
            file.write(np.concatenate(parts, axis=1).tobytes())
    return path.stat().st_size


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the files are written, then removed")
    parser.add_argument("--runs", type=int, default=3, help="how many of the runs")
    parser.add_argument("--strict", action="store_true", help="also without pyarrow")
    args = parser.parse_args()
    runs = [
        {"core": 10, "split": "none", "strict": False},
        {"core": 10, "split": "random", "strict": False},
        {"core": 0, "split": "time", "strict": False},
    ]
    runs = runs[: args.runs]
    runs += [{"core": 10, "split": "none", "strict": True}] if args.strict else []
    with tempfile.TemporaryDirectory(dir=args.folder) as scratch:
        source = Path(scratch) / "hm"
        source.mkdir()
        start = time.perf_counter()
        size = generate(source, args.rows, args.seed)
        seconds = time.perf_counter() - start
        print(
            f"{args.rows:,} rows, {size / 1e9:.2f} GB, seed {args.seed}; {seconds:.0f} s to write"
        )
        print(
            "\n| core | split | reader | kept | seconds | CPU | peak GiB | seconds of each stage |"
        )
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for place, options in enumerate(runs):
            out = Path(scratch) / f"out{place}"
            command = [sys.executable, "-c", IMPORT, str(source), str(out), json.dumps(options)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found = json.loads(done.stdout)
            stages = ", ".join(f"{what} {took:.0f}" for what, took in found["stages"].items())
            reader = "csv" if options["strict"] else "pyarrow"
            print(
                f"| {options['core']} | {options['split']} | {reader} | "
                f"{found['kept']:,} | {found['seconds']:.0f} | {found['cpu']:.0f} | "
                f"{found['peak']:.2f} | {stages} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
