"""Weights' files: read safely, refused in one line."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from becam import InputError
from becam.encoders.checkpoints import check_finite, check_fits, read_state, state_hash

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.ones(())}


class Code:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.folder),)


def same(found: dict[str, Tensor]) -> bool:
    return set(found) == set(STATE) and all(torch.equal(found[k], v) for k, v in STATE.items())


def test_safetensors_whatever_the_ending(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "weights.bin")
    assert same(read_state(tmp_path / "weights.bin"))


@pytest.mark.parametrize(
    "wrapped",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3, "name": "x"},
        {"state_dict": {f"module.{k}": v for k, v in STATE.items()}},
        {"model": {f"_orig_mod.module.{k}": v for k, v in STATE.items()}},
        {"module": {"model_state_dict": STATE}, "optimizer": {"lr": torch.ones(1)}},
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_checkpoints_with_the_usual_wrappers(
    wrapped: dict[str, object], zipped: bool, tmp_path: Path
) -> None:
    file = tmp_path / "weights.pt"
    torch.save(wrapped, file, _use_new_zipfile_serialization=zipped)
    assert same(read_state(file))


def test_a_prefix_that_some_names_lack_stays(tmp_path: Path) -> None:
    save_file({"module.x": torch.ones(1), "y": torch.ones(1)}, tmp_path / "x")
    assert set(read_state(tmp_path / "x")) == {"module.x", "y"}


@pytest.mark.parametrize("form", ["zip", "pickle", "object", "script"])
def test_what_carries_code_is_refused_and_not_run(form: str, tmp_path: Path) -> None:
    file, code = tmp_path / "evil.pt", Code(tmp_path / "was-run")
    if form == "zip":
        torch.save({"state_dict": STATE, "extra": code}, file)
    elif form == "pickle":
        file.write_bytes(pickle.dumps({"state_dict": code}))
    elif form == "object":
        torch.save({"state_dict": STATE, "extra": Path("x")}, file)
    else:
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(file))
    with pytest.raises(InputError, match="refused") as caught:
        read_state(file)
    assert "safetensors" in str(caught.value)
    assert not code.folder.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged, or no weights"),
        (b"hello world, this is no checkpoint", "damaged, or no weights"),
        (b"\x10\0\0\0\0\0\0\0{not json      }", "damaged safetensors"),
        (b"\xff\xff\xff\xff\xff\xff\xff\x7f{", "damaged safetensors"),
        (b"PK\x03\x04" + bytes(100), "damaged, or no weights"),
    ],
)
def test_damaged_files_are_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        read_state(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_truncated_and_foreign_files(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    (tmp_path / "half.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_state(tmp_path / "half.pt")
    torch.save([torch.ones(2)], tmp_path / "list.pt")
    np.savez(tmp_path / "arrays.npz", a=np.ones(2))
    for name, said in {"list.pt": "no tensors by name", "arrays.npz": "no weights"}.items():
        with pytest.raises(InputError, match=said):
            read_state(tmp_path / name)
    with pytest.raises(InputError, match="No such file"):
        read_state(tmp_path / "gone.pt")


def test_the_first_tensor_that_differs_is_named() -> None:
    def check(**changes: Tensor | None) -> str:
        state = {k: v for k, v in (STATE | changes).items() if v is not None}
        with pytest.raises(InputError) as caught:
            check_fits(state, STATE, file=Path("x.pt"), model="M", hint="; nearest: N")
        return str(caught.value)

    assert check(**{"a.weight": torch.ones(2, 4)}) == (
        "weights 'x.pt' are not those of M: tensor 'a.weight' is (2, 4), expected (2, 3)"
        "; nearest: N"
    )
    assert "no tensor 'a.weight' of (2, 3)" in check(**{"a.weight": None})
    assert "tensor 'c' of (1) is none of its" in check(c=torch.ones(1))
    quantised = check(**{"a.weight": STATE["a.weight"].to(torch.int8)})
    assert "tensor 'a.weight' is int8, expected float32" in quantised
    check_fits({k: v.half() for k, v in STATE.items()}, STATE, file=Path("x"), model="M")
    check_fits(STATE, STATE, file=Path("x"), model="M")
    check_fits({"b": STATE["b"]}, STATE, file=Path("x"), model="M", optional=["a.weight"])


def test_weights_that_are_no_numbers() -> None:
    for value, said in ((float("nan"), "have NaN in tensor 'b'"), (float("inf"), "infinity")):
        with pytest.raises(InputError, match=said):
            check_finite(STATE | {"b": torch.tensor([1.0, value])}, "w")
    check_finite({"mask": torch.tensor(-torch.inf), "n": torch.tensor(3)}, "w", skip=["mask"])


def test_the_hash_is_of_names_values_and_architecture() -> None:
    about = {"model": "M"}
    base = state_hash(STATE, about)
    assert state_hash(dict(reversed(STATE.items())), about) == base
    assert state_hash({k: v.clone() for k, v in STATE.items()}, about) == base
    changed = [
        (STATE | {"b": torch.zeros(())}, about),
        ({"a.weight": STATE["a.weight"].T.contiguous(), "b": STATE["b"]}, about),
        (STATE | {"b": STATE["b"].double()}, about),
        ({"c" if k == "b" else k: v for k, v in STATE.items()}, about),
        (STATE, {"model": "N"}),
    ]
    assert base not in {state_hash(*each) for each in changed}
