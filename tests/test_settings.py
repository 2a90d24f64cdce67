"""Options as a user types them, checked against the configurations; published grids."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from adapters.registry import ADAPTERS, BeFAConfig
from becam.config import SearchConfig, TrainConfig, TrainOptions
from recsys.configs import BM3Config, FREEDOMConfig, TrainingConfig
from recsys.errors import InputError
from recsys.models.names import RECOMMENDERS, ModelName
from recsys.search_spaces import LR, search_space
from recsys.settings import model_config, parse_settings

BEFA = ModelName("bm3", "befa")


def config_of(*texts: str, name: ModelName = BEFA):
    return model_config(name, parse_settings(texts), features="frozen")


def test_settings_reach_the_recommender_and_the_adapter() -> None:
    config = config_of("reg=0.01", "bm3.layers=2", "adapter.k=0.5")
    assert config.recommender == BM3Config(layers=2, reg=0.01)
    assert config.adapter == BeFAConfig(k=0.5)
    assert type(config.recommender.layers) is int
    assert config_of().recommender == BM3Config()
    optional = config_of("weighted=text", name=ModelName("freedom")).recommender
    assert isinstance(optional, FREEDOMConfig)
    assert optional.weighted == "text"
    assert config_of("weighted=none", name=ModelName("freedom")).recommender == FREEDOMConfig()


def test_one_list_serves_several_recommenders() -> None:
    texts = ("bm3.reg=0.5", "mgcn.cl=0.1")
    assert config_of(*texts).recommender == BM3Config(reg=0.5)
    with pytest.raises(InputError, match=r"not for model 'bm3'.*bm3\.cl="):
        TrainConfig(model="bm3", settings=texts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rge=1", "unknown setting 'rge' of bm3; did you mean reg?"),
        ("zzz=1", "unknown setting 'zzz' of bm3; available: layers, reg, cl, dropout"),
        ("adapter.kk=1", "unknown setting 'adapter.kk' of befa; did you mean adapter.k?"),
        ("reg=x", "setting 'reg=x': expected a number for reg"),
        ("reg=nan", "reg must be a finite number"),
        ("layers=1.5", "expected a whole number for layers"),
        ("layers=1_0", "expected a whole number for layers"),
        ("layers=-1", "layers must be at least 0, not -1"),
        ("adapter.k=-1", "k must be a positive number"),
        ("adapter.k=0.001", "k * dim must be a whole number"),
        ("adapter.k=0.3", "k=0.3 and dim=64 give 19.2; the nearest k is 0.296875"),
        ("bm33.reg=1", "unknown scope of a setting 'bm33'; did you mean bm3"),
        ("reg", "expected KEY=VALUE"),
        ("=1", "expected KEY=VALUE"),
    ],
)
def test_bad_settings(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        TrainConfig(model="bm3+befa", settings=(text,))
    assert said in str(error.value)


def test_settings_that_would_be_ignored_are_refused() -> None:
    with pytest.raises(InputError, match="model 'bm3' has no adapter"):
        TrainConfig(model="bm3", settings=("adapter.k=1",))
    with pytest.raises(InputError, match="given twice"):
        TrainConfig(model="bm3", settings=("reg=1", "reg=2"))
    with pytest.raises(InputError, match="soft-prompt has no options"):
        TrainConfig(model="bm3+soft-prompt", settings=("adapter.k=1",))
    with pytest.raises(TypeError, match="tuple"):
        TrainConfig(model="bm3", settings="reg=1")


@pytest.mark.parametrize("settings", [("bm3.reg=1", "reg=2"), ("reg=2", "bm3.reg=1")])
def test_a_recommender_s_own_setting_counts_before_one_for_all(settings: tuple[str, ...]) -> None:
    assert config_of(*settings).recommender.reg == 1


@pytest.mark.parametrize("dim", [10, 64, 100])
def test_a_space_goes_with_the_dimension(dim: int) -> None:
    widths = SearchConfig(model="bm3+befa", dim=dim).space()["adapter.k"]
    assert all((k * dim).is_integer() for k in widths)
    assert 4.0 in widths
    assert (0.125 in widths) == (dim == 64)
    own = SearchConfig(model="bm3+befa", dim=dim, grid=(f"adapter.k={1 / dim},1",))
    assert own.space()["adapter.k"] == (1 / dim, 1.0)


def test_training_options_reach_the_training() -> None:
    assert TrainOptions().training_config(3) == TrainingConfig(seed=3)
    options = TrainOptions(lr=0.1, lr_decay=0.5, batch=7, patience=3, max_epochs=9, mask="train")
    assert options.training_config(0) == TrainingConfig(
        lr=0.1, lr_decay=0.5, batch=7, patience=3, max_epochs=9, mask="train"
    )
    assert TrainOptions(seed=4, seeds=3).seed_list() == (4, 5, 6)
    for bad in ({"lr": 0.0}, {"seeds": 0}, {"mask": "valid"}, {"dim": 0}, {"metric": "recall"}):
        with pytest.raises(InputError):
            TrainOptions(**bad)


@pytest.mark.parametrize("model", [*RECOMMENDERS, *(f"bm3+{adapter}" for adapter in ADAPTERS)])
def test_every_published_combination_can_be_built(model: str) -> None:
    name = ModelName.parse(model)
    space = search_space(name)
    assert space
    for values in itertools.product(*space.values()):
        options = dict(zip(space, values, strict=True))
        TrainingConfig(lr=options.pop(LR, 1e-3))
        config_of(*(f"{key}={value}" for key, value in options.items()), name=name)


def test_a_grid_of_one_s_own() -> None:
    config = SearchConfig(model="bm3+befa", grid=("bm3.cl=1,2", "lr=0.1"), settings=("reg=0.1",))
    space = config.space()
    assert (space["cl"], space["lr"]) == ((1.0, 2.0), (0.1,))
    assert "reg" not in space, "what is set is not searched"
    assert space["dropout"] == (0.3, 0.5), "the rest as published"
    assert LR not in SearchConfig(model="lattice", lr=0.01).space()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"grid": ("rge=1",)}, "unknown setting 'rge' of bm3; did you mean reg?"),
        ({"grid": ("reg=1,x",)}, "expected a number for reg"),
        ({"grid": ("dropout=0.1,3",)}, "dropout must be in"),
        ({"grid": ("reg=1,1",)}, "every key and value once"),
        ({"grid": ("reg=",)}, "expected KEY=VALUE,VALUE"),
        ({"grid": ("lr=0",)}, "expected a positive number"),
        ({"grid": ("mgcn.cl=1",)}, "not for model 'bm3'"),
        ({"grid": ("reg=1",), "settings": ("reg=2",)}, "'reg' is both set and searched"),
        ({"grid": ("lr=0.1",), "lr": 0.2}, "'lr' is both set and searched"),
        ({"sampler": "gird"}, "unknown sampler 'gird'; did you mean grid"),
        ({"trials": 0}, "trials '0'"),
        ({"settings": ("reg=1", "layers=1", "dropout=0")}, "nothing to search"),
    ],
)
def test_bad_searches(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as error:
        SearchConfig(model="bm3", **options)
    assert said in str(error.value)


def test_options_need_nothing_heavy() -> None:
    code = (
        "import sys, becam.config; becam.config.SearchConfig(model='bm3+befa').space();"
        "heavy = {'torch', 'numpy', 'optuna', 'matplotlib'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
