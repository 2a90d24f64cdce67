"""`becam features`: files, their provenance, and that a catalogue takes them back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import becam
from becam.cli.main import run
from becam.encoders.tower_encoder import TowerEncoder
from becam.progress import Reporter
from tests.shops import ITEMS, make_shop, write_csv


def arguments(shop: Path, *more: str) -> list[str]:
    cache = str(shop.parent / "cache")
    return ["features", "--data", str(shop), "--encoder", "demo-rn", "--cache", cache, *more]


def test_features_are_written_and_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = make_shop(tmp_path / "shop", without_picture={2})
    out = tmp_path / "out"
    assert run(arguments(shop, "--out", str(out))) == 0
    printed, told = capsys.readouterr()
    assert "| image | 18 | 128 | 1 |" in printed
    assert "their 'image' features are the mean of the others'" in told
    assert "computed: content features" in told
    assert {path.name for path in out.iterdir()} == {
        f"{name}{ending}" for name in ("image", "text") for ending in (".npy", ".ids.txt", ".json")
    }
    rows = np.load(out / "image.npy", allow_pickle=False)
    assert (rows.shape, rows.dtype) == ((ITEMS, 128), np.float32)
    ids = [f"i{ITEMS - place}" for place in range(ITEMS)]
    assert (out / "image.ids.txt").read_text().splitlines() == ids

    manifest = json.loads((out / "image.json").read_text())
    encoder = becam.load_encoder("demo-rn")
    assert (manifest["encoder"], manifest["weights"]) == ("demo-rn", encoder.weights_hash)
    assert manifest["preprocessing"]["size"] == list(encoder.input_size)
    assert (manifest["dtype"], manifest["precision"]) == ("float32", "float32")
    assert manifest["missing_items"] == ["i16"]
    data = (out / "image.npy").read_bytes()
    assert manifest["sha256"]["image.npy"] == hashlib.sha256(data).hexdigest()

    own = becam.encode(data=str(shop), encoder="demo-rn", cache=shop.parent / "cache")
    assert np.array_equal(own.features["image"].numpy(), rows)
    assert own.ids == tuple(ids)

    # The same again: from the cache, the same bytes. Another cache: the same bytes, too.
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run(arguments(shop, "--out", str(out))) == 0
    assert "computed: nothing" in capsys.readouterr().err
    assert run(arguments(shop, "--out", str(out), "--cache", str(tmp_path / "other"))) == 0
    assert before == {path.name: path.read_bytes() for path in out.iterdir()}

    # In the catalogue's own folder they are what the encoder gives.
    assert run(arguments(shop, "--out", str(shop / "features"), "--quiet")) == 0
    config = becam.DataConfig(data=str(shop), cache=tmp_path / "third", device="cpu")
    dataset = becam.open_dataset(config, reporter=Reporter(quiet=True))
    assert dataset.sources["image"] == "features/image.npy"
    assert np.array_equal(dataset.features["image"].numpy(), rows)
    assert not (tmp_path / "third").exists(), "nothing was encoded"


def test_ids_that_are_no_lines_get_a_table(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", items=15)
    text = (shop / "items.csv").read_text().replace("i15,", '"i\n15",')
    (shop / "items.csv").write_text(text)
    pairs = [line.split(",") for line in (shop / "interactions.csv").read_text().splitlines()]
    write_csv(
        shop / "interactions.csv", [[user, item.replace("i15", "i\n15")] for user, item in pairs]
    )
    out = shop / "features"
    assert run(arguments(shop, "--modalities", "text", "--out", str(out), "--quiet")) == 0
    assert {path.name for path in out.iterdir()} == {"text.npy", "text.ids.csv", "text.json"}
    catalogue = becam.load_catalogue(shop)
    assert catalogue.stored_features("text").shape == (15, 128)
    assert not catalogue.notes


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--modalities", "imgae"], "unknown modality to encode 'imgae'; did you mean image?"),
        (["--modalities", "none"], "expected image, text or image,text"),
        (["--encoder", "demo-vti"], "did you mean demo-vit"),
        (["--modalities", "image"], "has no pictures"),
        (["--data", "/no/such"], "/no/such"),
        (["--batch", "0"], "batch '0': expected 1 to 64"),
        (["--batch", "65"], "batch '65': expected 1 to 64"),
    ],
)
def test_bad_input_is_one_line(
    more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = make_shop(tmp_path / "shop", without_picture=range(ITEMS))
    assert run(arguments(shop, "--quiet", "--out", str(tmp_path / "out"), *more)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not (tmp_path / "out").exists()


def test_the_batch_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    encode = TowerEncoder.encode_pictures

    def watched(self: TowerEncoder, pictures: Tensor) -> Tensor:
        sizes.append(len(pictures))
        return encode(self, pictures)

    monkeypatch.setattr(TowerEncoder, "encode_pictures", watched)
    shop = make_shop(tmp_path / "shop")
    assert run(arguments(shop, "--quiet", "--modalities", "image", "--batch", "7")) == 0
    assert sizes[-3:] == [7, 7, 4]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            torch.cuda.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of "
                "7.9 GiB of which\n 1.0 GiB is free. See documentation for Memory Management."
            ),
            "tried to allocate 2.00 GiB; a smaller --batch, or another --device, may help",
        ),
        (
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
                "memory: you tried to allocate 4503599627370496 bytes. Error code 12 (Cannot)"
            ),
            "tried to allocate 4503599627370496 bytes; a smaller --batch, or another --device, may",
        ),
        (
            RuntimeError("out of memory: Unable to allocate 745. GiB for an array"),
            "unable to allocate 745. GiB; a smaller --batch",
        ),
        (MemoryError("encoding one picture with x takes more than cpu has"), "encoding one pictur"),
    ],
)
def test_no_memory_is_one_line(
    error: BaseException,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("becam.encoding.load_encoder", fail)  # nothing halves a batch there
    assert run(arguments(make_shop(tmp_path / "shop"), "--quiet")) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("becam: out of memory: ")
    assert said in err


def test_other_faults_of_the_program_are_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr("becam.encoding.load_encoder", fail)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        run(arguments(make_shop(tmp_path / "shop"), "--quiet"))
