"""Specs of galleries: what is wrong is told with file, line, key and nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest

import becam
from becam.cli.main import run
from becam.galleries.document import read_spec
from becam.galleries.kinds import Overrides, kinds
from becam.galleries.kinds.items import ItemsSpec
from recsys.errors import InputError
from tests.docs_blocks import ROOT, blocks
from tests.shops import make_shop


def write(tmp_path: Path, text: str, name: str = "spec.toml") -> Path:
    file = tmp_path / name
    file.write_text(text)
    return file


def refusal(tmp_path: Path, text: str, **overrides: object) -> str:
    with pytest.raises(InputError) as caught:
        becam.load_spec(write(tmp_path, text), Overrides(**overrides))
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("# a comment\n\nmodel = 'bm3'\n", 3, ("'model'", "did you mean", "models")),
        ("models = ['bm3']\n[items]\ncuont = 3\n", 3, ("'items.cuont'", "[items]", "count")),
        ("models = ['bm3']\n[items]\ncount = '3'\n", 3, ("whole number", "'3'")),
        ("models = ['bm3']\n[items]\ncount = true\n", 3, ("whole number", "True")),
        ("models = ['bm3']\n[items]\ncount = 0\n", 3, ("'0'", "at least 1")),
        ("models = [\n  'bm3', # fine\n  'bm33',\n]\n", 3, ("'bm33'", "bm3")),
        ("models = [\n  'bm3',\n  'lightgcn',\n]\n", 3, ("'models'", "lightgcn")),
        ("fill = 'mean'\nmodels = ['bm3+bfea']\n", 2, ("'bfea'", "befa")),
        ("models = ['bm3']\nseed = 1\nfill = 'maen'\n", 3, ("'fill'", "'maen'", "mean")),
        ("fill = 'mean'\ntemperature = 0.5\n", 2, ("'temperature'", "'0.5'", "softmax")),
        ("seed = -1\n", 1, ("'seed'", "'-1'")),
        ("data = 'nowhere'\n", 1, ("'data'", "nowhere", "does not exist")),
        ("encoder = 'demo-vti'\n", 1, ("'encoder'", "demo-vit")),
        ("encoder = 'demo-vit'\nencoders = ['demo-rn']\n", 2, ("'encoder' is given too",)),
        ("encoder = 'clip:ViT-B-32@missing.safetensors'\n", 1, ("missing.safetensors",)),
        ("models = []\n", 1, ("empty list",)),
        ("models = ['bm3', 'bm3']\n", 1, ("twice",)),
        ("items = 3\n", 1, ("expected a table, [items]",)),
        ("[items]\nfile = 'a.txt'\n", 2, ("a.txt", "no such file")),
        ("[items]\nids = ['1']\nfile = 'a.txt'\n", 3, ("ids and file are both given",)),
        ("[items]\npick = 'dirft'\n", 2, ("'dirft'", "drift")),
        ("[items]\npick = 'drift'\ncount = 9\npool = 5\n", 2, ("'9'", "'5'")),
        ("[items]\nquery = 'category = 3'\n", 2, ("query", "==")),
        ("[items]\nquery = \"__import__('os')\"\n", 2, ("query",)),
        ("kind = 'itmes'\n", 1, ("'itmes'", "items")),
        ("limit = 0\n", 1, ("'limit'", "0.1 to 100")),
        ("limit = 'x'\n", 1, ("a number", "'x'")),
        ("name = 'a/b'\n", 1, ("'a/b'", "letters")),
        ("[figure]\nfont = 'nope.ttf'\n", 2, ("'figure.font'", "'nope.ttf'", "no such file")),
        ("[figure]\nformats = ['svg']\ntex = true\n", 2, ("pdf or png",)),
        ("[figure]\nformats = [\n'svg',\n'pfd']\n", 4, ("'figure.formats'", "did you mean pdf")),
        ("[figure]\nformats = ['png', 'png']\n", 2, ("given twice",)),
        ("[figure]\nnumbers = ['drfit']\n", 2, ("'figure.numbers'", "drift")),
        (
            "models = ['bm3']\n[figure]\npanels = ['after']\n",
            3,
            ("'figure.panels'", "nothing to show of bm3", "expected before"),
        ),
        (
            "models = ['bm3+befa']\n[figure]\npanels = ['picture', 'difference']\nmodels = 'bm3'\n",
            3,
            ("nothing to show of bm3;",),
        ),
        ("models = 'bm3'\n[items]\npick = [\n'random',\n'improvement',\n]\n", 5, ("an adapter",)),
        ("models = 'bm3'\n[items]\npick = 'disagreement'\n", 3, ("several recommenders",)),
        ("[items]\npick = [\n  'drift',\n  'dirft',\n]\n", 4, ("'items.pick'", "'dirft'")),
        ("[items]\nids = [\n  '1',\n  2,\n]\n", 4, ("'items.ids'", "each a text")),
        ("encoders = [\n  'demo-vit',\n\n  # one more\n  'demo-vti',\n]\n", 5, ("demo-vit",)),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, says: tuple[str, ...]
) -> None:
    message = refusal(tmp_path, text)
    assert message.startswith(f"/spec.toml, line {line}, key "), message
    for part in says:
        assert part in message


def test_lines_are_those_of_the_statement_that_sets_a_key(tmp_path: Path) -> None:
    text = (
        'title = """\nmodels = 1\n[items]\n"""  # a text that looks like keys\n'
        "[other]\nseed = 1\n[items.x]\n"
        "y = [\n  1,\n  2,\n]\n[last]\nseed = 2\na.b = 3\ninline = {deep = {er = 4}}\n"
    )
    document = read_spec(write(tmp_path, text)).document
    where = {
        **{("title",): 1, ("other", "seed"): 6, ("items", "x"): 7, ("items", "x", "y"): 8},
        **{("last", "seed"): 13, ("last", "a", "b"): 14, ("last", "inline", "deep", "er"): 15},
        **{("models",): None, (): None},
    }
    assert {path: document.line_of(path) for path in where} == where


def test_elements_of_lists_have_lines_of_their_own(tmp_path: Path) -> None:
    text = (
        'a = [1, 2,\n  3,  # [ and ]\n\n  4]\nb = [\n\'x\', """\ny\n]""",\n \'z\' ]\n'
        "c = [[1,\n2],\n[3]]\nd = {e = [\n1,\n2]}\nf = 'text'\n"
    )
    document = read_spec(write(tmp_path, text)).document
    lines = {
        **{("a", 0): 1, ("a", 1): 1, ("a", 2): 2, ("a", 3): 4},
        **{("b", 0): 6, ("b", 1): 6, ("b", 2): 9, ("c", 1): 12},
        **{("d.e", 1): 13, ("f", 0): 16, ("a", 9): 1},
    }
    found = {(key, at): document.line_of(tuple(key.split(".")), at) for key, at in lines}
    assert found == lines


def test_files_that_are_no_specs(tmp_path: Path) -> None:
    for text, says in {
        "a = 1\nmodels = [": "line 2: not TOML",
        "a = 1\na = 2\n": "line 2: not TOML",
        "x" * 300_000: "is it a spec?",
    }.items():
        assert says in refusal(tmp_path, text)
    (tmp_path / "latin.toml").write_bytes(b"a = 1\ntitle = '\xe9'\n")
    with pytest.raises(InputError, match="line 2: not UTF-8"):
        becam.load_spec(tmp_path / "latin.toml")
    with pytest.raises(InputError, match=r"does not exist; did you mean 'spec\.toml'"):
        becam.load_spec(tmp_path / "sepc.toml")
    with pytest.raises(InputError, match="found a folder"):
        becam.load_spec(tmp_path)


def test_what_a_spec_says_and_what_replaces_it(tmp_path: Path) -> None:
    shop = str(make_shop(tmp_path / "shop"))
    text = "seed = 3\nmodalities = ['image']\nmodels = 'lattice+befa'\n[items]\nids = ['i1']\n"
    file = write(tmp_path, text, "mine.toml")
    spec = becam.load_spec(file)
    assert isinstance(spec, ItemsSpec)
    assert (spec.kind, spec.name, spec.title) == ("items", "mine", "mine")
    assert spec.models == ("lattice", "lattice+befa")
    assert (spec.config.seed, spec.config.modalities) == (3, "image")
    assert spec.selection.ways == ("all",)
    assert (spec.data, spec.encoders) == (("demo",), ("demo-vit",))
    cache = tmp_path / "c"
    other = becam.load_spec(
        file, Overrides(data=(shop,), encoders=("demo-rn",), items=2, device="cpu", cache=cache)
    )
    assert isinstance(other, ItemsSpec)
    assert (other.data, other.encoders, other.cut) == ((shop,), ("demo-rn",), 2)
    config = other.config_of(shop, "demo-rn")
    assert (config.data, config.encoder, config.cache) == (shop, "demo-rn", cache)
    assert other.identity() != spec.identity()
    assert becam.load_spec(file, Overrides(items=2)).identity() == spec.identity(), "a start of it"


def test_what_the_command_line_gives_is_not_blamed_on_the_spec(tmp_path: Path) -> None:
    message = refusal(tmp_path, "data = 'demo'\n", data=("nowhere",))
    assert "spec.toml" not in message
    assert "nowhere" in message


def test_paths_cache_and_looks_are_no_part_of_what_a_gallery_is(tmp_path: Path) -> None:
    one = becam.load_spec(write(tmp_path, "title = 'A'\n[items]\nids = ['1', '2']\n"))
    (tmp_path / "ids.txt").write_text("1\n\n2\n1\n")
    text = f"title = 'B'\ncache = 'x'\n[items]\nfile = '{tmp_path / 'ids.txt'}'\n"
    assert becam.load_spec(write(tmp_path, text)).identity() == one.identity()


def test_columns_put_each_recommender_before_its_adapters(tmp_path: Path) -> None:
    spec = becam.load_spec(
        write(
            tmp_path,
            "encoders = ['demo-vit', 'demo-rn']\n"
            "models = ['bm3+befa', 'bm3+lora', 'freedom', 'freedom+befa']\n",
        )
    )
    assert isinstance(spec, ItemsSpec)
    found = [(c.encoder, c.model, c.role, c.before) for c in spec.columns]
    models = [
        *(("bm3", "before", None), ("bm3+befa", "after", 0), ("bm3+lora", "after", 0)),
        *(("freedom", "before", None), ("freedom+befa", "after", 3)),
    ]
    assert found == [
        *(("demo-vit", *each) for each in models),
        *(("demo-rn", *each[:2], None if each[2] is None else each[2] + 5) for each in models),
    ]


def test_every_kind_is_found_and_checks_its_keys(tmp_path: Path) -> None:
    assert "items" in kinds()
    for kind in kinds():
        assert "line 2" in refusal(tmp_path, f"kind = '{kind}'\nno_such_key = 1\n")


@pytest.mark.parametrize("file", sorted((ROOT / "gallery").glob("*.toml")), ids=lambda f: f.stem)
def test_the_specs_of_the_paper_are_right(file: Path) -> None:
    assert becam.load_spec(file).name == file.stem


def test_the_spec_in_the_documentation_is_right(tmp_path: Path) -> None:
    (block,) = (each for each in blocks("docs/how-to/gallery.md") if each.language == "toml")
    text = block.text.replace("my-shop", str(make_shop(tmp_path / "shop")))
    assert becam.load_spec(write(tmp_path, text)).title == "Adapters compared"


def test_the_command_line_tells_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "modles = 'bm3'\n")
    assert run(["gallery", str(file)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "line 1, key 'modles': unknown key; did you mean models" in told
    assert run(["gallery", str(write(tmp_path, "models = 'bm3'\n")), "--check"]) == 0
    assert run(["gallery", str(file), "--items", "0"]) == 2
    assert not list(tmp_path.glob("becam-gallery*"))
