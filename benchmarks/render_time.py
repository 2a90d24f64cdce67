"""Time `becam render` as a user meets it: an empty cache first, then other items.

Run: ``python benchmarks/render_time.py``
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Print seconds of the cold call and of each warm one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="bm3+befa")
    parser.add_argument("--encoder", default="demo-vit")
    parser.add_argument("--data", default="demo")
    parser.add_argument("--items", default="123,7,42,500", help="the first one is cold")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for place, item in enumerate(args.items.split(",")):
            command = [sys.executable, "-m", "becam", "render", "--item", item, "--quiet"]
            command += ["--model", args.model, "--encoder", args.encoder, "--data", args.data]
            command += ["--cache", folder, "--out", str(Path(folder) / f"{place}.png")]
            start = time.perf_counter()
            subprocess.run(command, check=True)
            seconds = time.perf_counter() - start
            print(f"{'cold' if place == 0 else 'warm'}: item {item}, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
