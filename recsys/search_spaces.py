"""The values that a search tries: the published grids of recommenders and adapters.

Needs no torch. Keys are settings as a user types them (``reg``, ``adapter.k``; see
`recsys.settings`), and ``lr``, which belongs to the training. What the authors fix is not
searched: LATTICE's and MGCN's k, layers and lambda, FREEDOM's layers and image weight.

Sources, by what was compared with them:

- bm3, lattice, freedom, mgcn, lightgcn, vbpr: ``src/configs/model/*.yaml`` of
  https://github.com/enoche/MMRec, the toolkit of BM3's and FREEDOM's first author. BM3's best
  values in https://github.com/enoche/BM3 lie in its grid. The authors' own
  https://github.com/CRIPAC-DIG/LATTICE and https://github.com/demonph10/MGCN have one value of
  each option: what is fixed here, and values in the grids.
- befa, befa-reference: k from 0.125 to 8 in Fig. 10 of the paper (AAAI 2025) for the paper's
  adapter; ``layer_times`` and ``dropout_rate`` in ``src/configs/model/LATTICE_BeFA.yaml`` of
  https://github.com/fqldom/BeFA for the released one, whose dropout serves both.
- lora: the ranks of Table 6 in Hu et al., ICLR 2022, and the 16 of BeFA's Table 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recsys.configs import TrainingConfig
from recsys.errors import InputError, shown
from recsys.models.names import ModelName
from recsys.settings import (
    ADAPTER,
    Setting,
    check_scopes,
    model_config,
    read_setting,
    split_name,
)

Value = int | float | str | bool | None
LR = "lr"
Space = dict[str, tuple[Value, ...]]

_RECOMMENDERS: Mapping[str, Space] = {
    "bm3": {"layers": (1, 2), "dropout": (0.3, 0.5), "reg": (0.1, 0.01)},
    "lattice": {"lr": (1e-4, 5e-4, 1e-3, 5e-3), "reg": (0.0, 1e-5, 1e-4, 1e-3)},
    "freedom": {"dropout": (0.8, 0.9), "reg": (0.0, 1e-5, 1e-4, 1e-3)},
    "mgcn": {"cl": (0.001, 0.01, 0.1)},
    "lightgcn": {"layers": (1, 2, 3, 4), "reg": (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)},
    "vbpr": {"reg": (2.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5)},
}

_BEFA_DROPOUT = (0.1, 0.3, 0.5, 0.7)
_ADAPTERS: Mapping[str, Space] = {
    "befa": {"k": (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0), "dropout": _BEFA_DROPOUT},
    "befa-reference": {"k": (1.0, 2.0, 4.0, 8.0), "dropout": _BEFA_DROPOUT},
    "lora": {"rank": (1, 2, 4, 8, 16, 64)},
    "soft-prompt": {},
    "identity-gate": {},
}


def search_space(name: ModelName, dim: int = 64) -> Space:
    """Return the published values of every option that is searched, by the option's name.

    Those of an adapter that do not go with ``dim`` are left out: k = 0.125 with 100.
    """
    space = dict(_RECOMMENDERS[name.recommender])
    if name.adapter is not None:
        for key, values in _ADAPTERS[name.adapter].items():
            fitting = tuple(value for value in values if _fits(name, key, value, dim))
            if fitting:
                space[f"{ADAPTER}.{key}"] = fitting
    return space


def _fits(name: ModelName, key: str, value: Value, dim: int) -> bool:
    try:
        model_config(name, [Setting(ADAPTER, key, value)], dim=dim)
    except InputError:
        return False
    return True


def parse_grid(name: ModelName, texts: Sequence[str], dim: int = 64) -> Space:
    """Read ``KEY=VALUE,VALUE,...`` for the options of ``name`` and for ``lr``.

    Args:
        name: the model.
        texts: as they were typed.
        dim: of the embeddings that the options are for.

    Raises:
        InputError: Another form, an option that there is not, a value that it cannot have, a
            key or value twice.
    """
    space: Space = {}
    for text in texts:
        key, equals, listed = (part.strip() for part in text.partition("="))
        values = [value.strip() for value in listed.split(",")]
        if not (key and equals and all(values)):
            raise InputError(f"grid {shown(text)}: expected KEY=VALUE,VALUE, as in 'reg=0.1,0.01'")
        key = key.removeprefix(f"{name.recommender}.")
        found = tuple(_value(name, key, value, dim) for value in values)
        if key in space or len(set(found)) < len(found):
            raise InputError(f"grid {shown(text)}: expected every key and value once")
        space[key] = found
    return space


def _value(name: ModelName, key: str, text: str, dim: int) -> Value:
    if key == LR:
        try:
            lr = float(text)
            return TrainingConfig(lr=lr).lr
        except ValueError:
            raise InputError(
                f"grid value {shown(text)} of lr: expected a positive number"
            ) from None
    setting = Setting(*split_name(key), text)
    check_scopes(name, [setting])
    value: Value = read_setting(name, setting)
    model_config(name, [setting], dim=dim)  # a value of the right type may still be out of range
    return value
