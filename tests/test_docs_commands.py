"""Every command and every Python block of the README and the documentation is run.

A page is read from top to bottom in a folder of its own, where later commands find what earlier
ones wrote. See `tests.docs_world` for what stands in for data, encoders and long trainings.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
import pytest
import torch

from becam.cli.main import cli, run
from becam.content_dependence import ContentDependence
from becam.encoders.names import EncoderName
from becam.explanation import UNDEFINED
from becam.faults import product_fault
from becam.health import Health
from becam.recognition import Recognition
from tests import docs_world
from tests.docs_blocks import Block, Command, blocks, commands, mentioned, pages

# What is no command of becam, and where it is run instead.
OTHERS = {
    ("python3", "-m", "venv"): "the installation: .ci/run does it",
    (".venv/bin/pip", "install"): "the installation: .ci/run does it",
    (".venv/bin/uv", "pip", "install"): "the installation: .ci/run does it",
    ("pip", "install", "--no-deps", "imagebind-packaged"): "needs a network: .ci/run does it",
    ("pip", "install", "einops"): "needs a network: the extra 'imagebind' has the same",
    (".venv/bin/python", "-m", "pytest"): "these tests",
    (".venv/bin/mkdocs",): "tests/test_docs_site.py builds the pages",
    ("python", "notebooks/refresh.py"): "tests/test_notebooks.py executes the notebooks",
}
# What cannot work here, by the value of an option, and why. It is parsed all the same.
NOT_HERE = {
    ("--encoder", "clip:ViT-B-32/openai"): "downloads weights",
    ("--encoder", "clip:RN50/openai"): "downloads weights",
    ("--encoder", "imagebind"): "downloads weights",
    ("--device", "cuda"): "needs a GPU",
}
# Pages that make a stand-in themselves.
MADE = {"README.md": ["shop"]}
EXTRA_PACKAGES = {
    "--sampler tpe": "optuna",
    "--tensorboard": "tensorboard",
    "import quantus": "quantus",
}
WRITERS = ("--out", "--save-result", "--curves", "--save-items", "--tensorboard")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return docs_world.make_world(tmp_path_factory.mktemp("docs") / "world")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(name="_world")
def world(prepared: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "page"
    shutil.copytree(prepared, folder)
    docs_world.patch(monkeypatch, cache, folder)
    monkeypatch.chdir(folder)
    return folder


def runnable(block: Block) -> bool:
    return block.language in ("sh", "python")


@pytest.mark.usefixtures("_world")
@pytest.mark.parametrize("page", [page for page in pages() if any(map(runnable, blocks(page)))])
def test_what_a_page_says_works(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    for made in MADE.get(page, []):
        shutil.rmtree(made)
    names: dict[str, object] = {"__name__": "page", **given(page)}
    for block in filter(runnable, blocks(page)):
        if block.language == "python":
            run_python(block, names)
            continue
        for command in typed(block):
            parsed(command)
            if not unusual(command):
                capsys.readouterr()
                code = run(docs_world.shorter(command.words[1:]))
                check(command, code, "".join(capsys.readouterr()))


def given(page: str) -> dict[str, object]:
    """Return what a page takes to be the reader's own."""
    if page != "README.md":
        return {}
    return {"projection": lambda content: content @ torch.ones(12, 4), "vector": torch.ones(4)}


def run_python(block: Block, names: dict[str, object]) -> None:
    if missing(block.text):
        return
    exec(compile(docs_world.shorter_code(block.text), str(block), "exec"), names)


def check(command: Command, code: int, told: str) -> None:
    assert code == 0, f"{command}: {told}"
    for name in [*re.findall(r"^wrote (.+)$", told, re.MULTILINE), *named(command)]:
        assert Path(name).exists(), f"{command}: no {name}"


def typed(block: Block) -> Iterator[Command]:
    """Yield a block's commands of becam; fail on any other that is not known."""
    for command in commands(block):
        if Path(command.words[0]).name == "becam":
            yield command
        else:
            known = any(command.words[: len(start)] == start for start in OTHERS)
            assert known, f"{command}: neither run here nor known to be run elsewhere"


def named(command: Command) -> Iterator[str]:
    """Yield the files that a command is told to write."""
    for option, value in zip(command.words, command.words[1:], strict=False):
        if option == "--save-result":
            yield from (f"{value}.json", f"{value}.safetensors")
        elif option in WRITERS:
            yield value


def unusual(command: Command) -> str | None:
    """Say why a command can't be run here."""
    for pair in zip(command.words, command.words[1:], strict=False):
        if pair in NOT_HERE:
            return NOT_HERE[pair]
    return missing(" ".join(command.words))


def missing(text: str) -> str | None:
    """Name a package that a command or block needs and that is not installed."""
    needed = [package for word, package in EXTRA_PACKAGES.items() if word in text]
    return next((name for name in needed if find_spec(name) is None), None)


def parsed(command: Command) -> None:
    """Parse a command as it stands, with its real numbers; it is not run."""
    context, found, rest = find(command)
    made = found.make_context(context.info_name, rest, parent=context.parent)
    if encoder := made.params.get("encoder"):
        EncoderName.parse(encoder)


def find(command: Command) -> tuple[click.Context, click.Command, list[str]]:
    """Follow the words to the command that they name."""
    found: click.Command = cli
    context, rest = click.Context(cli, info_name="becam"), list(command.words[1:])
    while isinstance(found, click.Group) and rest and not rest[0].startswith("-"):
        name, child, rest = found.resolve_command(context, rest)
        assert child is not None, command
        found, context = child, click.Context(child, info_name=name, parent=context)
    return context, found, rest


@pytest.mark.parametrize("page", pages())
def test_commands_and_options_in_prose_exist(page: str) -> None:
    for command in mentioned(page):
        _, found, rest = find(command)
        known = {name for parameter in found.params for name in parameter.opts} | {"--help"}
        used = {word for word in rest if word.startswith("--")}
        assert used <= known, f"{command}: no option {', '.join(used - known)}"


def test_warnings_are_quoted_as_they_are() -> None:
    """What a page says that becam prints is what it prints, but for the numbers."""
    nothing = Health(0.0, 0.0, 0.0, 12, float("nan"))
    equal = Health(0.004, 0.31, 12.0, 12, 0.001)
    ignored = ContentDependence(4.3e-05, 3.6e-5, 1.0, 64)
    ignores = Health(8e-5, 1.0, 12.0, 12, 1e-5, ignored)
    unrecognised = Health(0.1, 0.3, 12.0, 12, 1.0, recognition=Recognition(0.41, 64, 0.03))
    said = [each.warning("raw") for each in (nothing, equal, ignores, unrecognised)]
    unseen = product_fault(np.eye(2, dtype=bool), ~np.eye(2, dtype=bool))
    said.append(f"{UNDEFINED}: {unseen}")
    quoted = [b for b in blocks("docs/blank-map.md") if b.language == "text"]
    for text in said:
        assert text is not None
        found = [block for block in quoted if shape(text) in shape(block.text)]
        assert found, f"the page on bad maps does not quote: {text}"
    assert len(quoted) == len(said) + 1, "one more: the item without interactions"


def shape(text: str) -> str:
    return re.sub(r"\d[\d.e-]*", "#", text.strip())


def test_the_tests_would_notice() -> None:
    """A wrong command in a page is a failure."""
    block = Block("x.md", 1, "sh", "becam render --itm 1  # no such option\npwd && \\\n  ls\n")
    wrong, *others = commands(block)
    with pytest.raises(click.UsageError, match="--itm"):
        parsed(wrong)
    assert [command.words for command in others] == [("pwd",), ("ls",)]
