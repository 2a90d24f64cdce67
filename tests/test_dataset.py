"""Datasets: modalities from encoders and files, rows in order, gaps filled, chunks resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import becam.features
from becam.config import DataConfig
from becam.dataset import Dataset, open_dataset
from becam.feature_files import ids_file, write_features
from becam.progress import Reporter
from becam.workspace import Workspace
from recsys.errors import InputError
from tests.shops import ITEMS, make_shop
from tests.small import SmallEncoder, noise_picture


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(becam.features, "CHUNK", 4)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> SmallEncoder:
    encoder = SmallEncoder()
    monkeypatch.setattr("becam.dataset.load_encoder", lambda *_, **__: encoder)
    return encoder


def opened(folder: Path, cache: Path, modalities: str = "image,text", **more) -> Dataset:
    config = DataConfig(data=str(folder), modalities=modalities, device="cpu")
    return open_dataset(config, workspace=Workspace(cache), reporter=Reporter(quiet=True), **more)


def encoded(encoder: SmallEncoder, place: int) -> Tensor:
    picture = encoder.preprocess(noise_picture(32, 24, seed=place))
    return encoder.tower(picture[None])[0]


def contents_of(folder: Path) -> dict[str, bytes]:
    """What the files hold; safetensors orders the names in a header at random."""
    found = {}
    for path in folder.rglob("*.safetensors"):
        data = path.read_bytes()
        found[path.name] = data[8 + int.from_bytes(data[:8], "little") :]
    return found


def test_rows_are_in_the_order_of_the_items(tmp_path: Path, encoder: SmallEncoder) -> None:
    dataset = opened(make_shop(tmp_path / "shop"), tmp_path / "cache")
    assert list(dataset.features) == ["image", "text"]
    image, text = dataset.features.values()
    assert image.dtype == torch.float32
    assert image.shape == (ITEMS, encoder.feature_dim)
    for place in range(ITEMS):
        # The titles are as long as their item's place is far down; SmallEncoder counts letters.
        assert text[place, 0] == place + 1
        assert torch.allclose(image[place], encoded(encoder, place), atol=1e-5)
    again = opened(tmp_path / "shop", tmp_path / "cache", "text,image")
    assert list(again.features) == ["text", "image"]
    assert torch.equal(again.features["image"], image)
    assert encoder.calls == ITEMS, "the second time they come from the store"


def test_an_item_without_picture_or_text_gets_the_mean(
    tmp_path: Path, encoder: SmallEncoder
) -> None:
    shop = make_shop(tmp_path / "shop", without_picture={0, 7}, without_title={3})
    (shop / "images" / "5.png").unlink()  # named in items.csv, but not there
    dataset = opened(shop, tmp_path / "cache")
    image, text = dataset.features.values()
    others = [place for place in range(ITEMS) if place not in (0, 5, 7)]
    mean = torch.stack([encoded(encoder, place) for place in others]).mean(dim=0)
    for place in (0, 5, 7):
        assert torch.allclose(image[place], mean, atol=1e-5)
    assert torch.allclose(image[17], encoded(encoder, 17), atol=1e-5), "the others keep their place"
    titles = [place + 1.0 for place in range(ITEMS) if place != 3]
    assert text[3, 0] == pytest.approx(sum(titles) / len(titles))
    told = "\n".join(dataset.notes)
    assert "3 of 18 items without picture to encode: their 'image' features are the mean" in told
    assert "1 of 18 items without text to encode" in told
    assert opened(shop, tmp_path / "cache").notes == dataset.notes, "said again from the cache"


def test_changed_pictures_and_weights_are_encoded_anew(
    tmp_path: Path, encoder: SmallEncoder
) -> None:
    shop = make_shop(tmp_path / "shop")
    before = opened(shop, tmp_path / "cache").features["image"]
    noise_picture(32, 24, seed=99).save(shop / "images" / "2.png")
    after = opened(shop, tmp_path / "cache").features["image"]
    changed = [place for place in range(ITEMS) if not torch.equal(before[place], after[place])]
    assert changed == [2]
    encoder.weights_hash = "other"
    calls = encoder.calls
    opened(shop, tmp_path / "cache")
    assert encoder.calls == calls + ITEMS


class Stopped(BaseException):
    pass


def test_finished_chunks_are_not_computed_again(
    tmp_path: Path, encoder: SmallEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(tmp_path / "shop", without_picture={1})
    opened(shop, tmp_path / "whole")
    encode = encoder.encode_pictures
    encoder.calls = 0

    def stopping(pictures: Tensor) -> Tensor:
        if encoder.calls >= 8:
            raise Stopped
        return encode(pictures)

    monkeypatch.setattr(encoder, "encode_pictures", stopping)
    with pytest.raises(Stopped):
        opened(shop, tmp_path / "cut")
    monkeypatch.setattr(encoder, "encode_pictures", encode)
    encoder.calls = 0
    opened(shop, tmp_path / "cut")
    assert encoder.calls == ITEMS - 1 - 8
    assert contents_of(tmp_path / "cut") == contents_of(tmp_path / "whole"), (
        "same bytes, no chunk left"
    )


def test_a_killed_process_goes_on_to_the_same_bytes(tmp_path: Path, encoder: SmallEncoder) -> None:
    shop = make_shop(tmp_path / "shop")
    script = (
        "import sys, time, pathlib\n"
        "import becam.dataset, becam.features\n"
        "from tests import test_dataset as t\n"
        "class Slow(t.SmallEncoder):\n"
        "    def encode_pictures(self, pictures):\n"
        "        print(self.calls, flush=True)\n"
        "        time.sleep(60 if self.calls >= 8 else 0)\n"
        "        return super().encode_pictures(pictures)\n"
        "becam.features.CHUNK = 4\n"
        "becam.dataset.load_encoder = lambda *_, **__: Slow()\n"
        "t.opened(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", script, str(shop), str(tmp_path / "cut")]
    root = Path(__file__).parent.parent
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "8":
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    opened(shop, tmp_path / "cut")
    assert encoder.calls == ITEMS - 8
    opened(shop, tmp_path / "whole")
    assert contents_of(tmp_path / "cut") == contents_of(tmp_path / "whole")


def test_features_that_are_not_finite_name_the_item(
    tmp_path: Path, encoder: SmallEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(tmp_path / "shop", without_title={0})
    monkeypatch.setattr(
        encoder,
        "encode_texts",
        lambda texts: torch.tensor([[torch.inf if len(t) == 5 else 1.0] * 5 for t in texts]),
    )
    with pytest.raises(InputError, match="item 'i14': encoder 'small' gives 'text' features"):
        opened(shop, tmp_path / "cache", "text")


def test_ready_made_features_are_used_and_need_no_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object, **__: object) -> None:
        raise AssertionError("no encoder is needed")

    monkeypatch.setattr("becam.dataset.load_encoder", none)
    shop = make_shop(tmp_path / "shop")
    rows = np.random.default_rng(0).normal(size=(ITEMS, 3)).astype(np.float32)
    ids = [f"i{ITEMS - place}" for place in range(ITEMS)]
    write_features(shop / "features", "audio", rows, ids, {})
    dataset = opened(shop, tmp_path / "cache", "audio")
    assert np.array_equal(dataset.features["audio"].numpy(), rows)
    assert dataset.sources == {"audio": "features/audio.npy"}
    assert not dataset.notes

    write_features(shop / "features", "audio", rows, ids[::-1], {})
    with pytest.raises(InputError, match=r"audio.ids.txt.*'i1'.*order"):
        opened(shop, tmp_path / "cache", "audio")


def test_an_encoder_s_own_pictures_may_be_asked_for(tmp_path: Path, encoder: SmallEncoder) -> None:
    shop = make_shop(tmp_path / "shop")
    rows = np.ones((ITEMS, 3), np.float32)
    (shop / "features").mkdir()
    np.save(shop / "features" / "image.npy", rows)
    assert opened(shop, tmp_path / "cache", "image").features["image"].shape == (ITEMS, 3)
    own = opened(shop, tmp_path / "cache", "image", always_encode=("image",))
    assert own.features["image"].shape == (ITEMS, encoder.feature_dim)
    assert "image.npy is not used" in own.notes[-1]


def test_files_that_are_not_those_of_the_manifest_are_refused(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop")
    ids = [f"i{ITEMS - place}" for place in range(ITEMS)]
    rows = np.ones((ITEMS, 3), np.float32)
    write_features(shop / "features", "audio", rows, ids, {"encoder": "x"})
    manifest = json.loads((shop / "features" / "audio.json").read_text())
    assert (manifest["encoder"], manifest["shape"]) == ("x", [ITEMS, 3])
    np.save(shop / "features" / "audio.npy", rows + 1)
    with pytest.raises(InputError, match=r"are not the ones that audio\.json describes"):
        opened(shop, tmp_path / "cache", "audio")


@pytest.mark.parametrize("ids", [["a", "b"], ["a\nb", "c"], ["a\u2028b"], [" a"], ['"']])
def test_any_id_survives_its_file(ids: list[str], tmp_path: Path) -> None:
    from recsys.data.modality_files import check_ids

    ending, text = ids_file(ids)
    path = tmp_path / f"x{ending}"
    path.write_bytes(text.encode())
    check_ids(path, ids)
    with pytest.raises(InputError):
        check_ids(path, [*ids[:-1], "other"])


@pytest.mark.parametrize(
    ("modalities", "said"),
    [
        ("imgae", "unknown modality 'imgae' of catalogue 'shop'; did you mean image"),
        ("whisper", "available: image, text (or 'none' for behaviour alone)"),
        ("image,image", "'image' twice"),
        ("image,,text", "expected different names"),
    ],
)
def test_unknown_modalities(modalities: str, said: str, tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop")
    with pytest.raises(InputError) as error:
        opened(shop, tmp_path / "cache", modalities)
    assert said in str(error.value)


def test_a_modality_that_no_item_has(tmp_path: Path) -> None:
    everything = range(ITEMS)
    shop = make_shop(tmp_path / "shop", without_picture=everything, without_title=everything)
    for name, what in (("image", "pictures"), ("text", "texts")):
        with pytest.raises(InputError, match=f"modality '{name}': catalogue 'shop' has no {what}"):
            opened(shop, tmp_path / "cache", name)
    assert opened(shop, tmp_path / "cache", "none").features == {}


def test_splits(tmp_path: Path) -> None:
    given = opened(make_shop(tmp_path / "given", split=True), tmp_path / "cache", "none")
    assert given.split(0).fingerprint() == given.split(1).fingerprint()
    drawn = opened(make_shop(tmp_path / "drawn"), tmp_path / "cache", "")
    assert drawn.split(0).fingerprint() != drawn.split(1).fingerprint()


def test_a_folder_in_mmrec_s_format_is_opened_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "songs"
    folder.mkdir()
    lines = ["userID\titemID\trating\tx_label"]
    for user in range(6):
        lines += [f"{user}\t{(user + k) % 5}\t1\t{max(0, k - 1)}" for k in range(4)]
    (folder / "songs.inter").write_text("\n".join(lines) + "\n")
    rows = np.arange(10, dtype=np.float64).reshape(5, 2)
    np.save(folder / "audio_feat.npy", rows)
    first = opened(folder, tmp_path / "cache", "none")
    (name,) = first.catalogue.modality_files
    dataset = opened(folder, tmp_path / "cache", name)
    assert dataset.name == "songs"
    assert np.array_equal(dataset.features[name].numpy(), rows.astype(np.float32))
    assert len(dataset.split(0).test) == 6
    assert len(list((tmp_path / "cache" / "catalogues").iterdir())) == 1


def test_what_the_import_of_mmrec_s_format_dropped_is_told_every_time(tmp_path: Path) -> None:
    folder = tmp_path / "songs"
    folder.mkdir()
    rows = [f"{user}\t{(user + k) % 5}\t{max(0, k - 1)}" for user in range(6) for k in range(4)]
    lines = ["userID\titemID\tx_label", *rows, *rows[:2]]
    (folder / "songs.inter").write_text("\n".join(lines) + "\n")
    (folder / "other.pt").write_bytes(b"x")
    told = [opened(folder, tmp_path / "cache", "none").notes for _ in range(2)]
    assert told[0] == told[1]
    dropped, unused, *_ = told[0]
    assert dropped.startswith("dropped 2 interactions: the user has the item already")
    assert unused == "not used: 'other.pt'"


def test_users_with_too_few_interactions_are_told(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop")
    with (shop / "interactions.csv").open("a") as file:
        file.write("new,i1\nnewer,i1\nnewer,i2\n")
    (note,) = opened(shop, tmp_path / "cache", "none").notes
    assert note.startswith("2 of 26 users have fewer than 3 interactions: all of theirs are in tr")
    given = make_shop(tmp_path / "given", split=True)
    with (given / "interactions.csv").open("a") as file:
        file.write("new,i1,test\n")
    assert not opened(given, tmp_path / "cache", "none").notes, "the column decides"


class Limited(SmallEncoder):
    """Runs out of memory above a number of pictures or texts."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.sizes = most, list[int]()

    def _check(self, count: int) -> None:
        self.sizes.append(count)
        if count > self.most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        self._check(len(pictures))
        return super().encode_pictures(pictures)

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        self._check(len(texts))
        return super().encode_texts(texts)


@pytest.mark.usefixtures("encoder")
def test_where_memory_runs_out_batches_are_halved_and_stay_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(tmp_path / "shop")
    expected = opened(shop, tmp_path / "roomy").features
    limited = Limited(1)
    monkeypatch.setattr("becam.dataset.load_encoder", lambda *_, **__: limited)
    found = opened(shop, tmp_path / "tight").features
    assert limited.sizes == [4, 2, *[1] * ITEMS, *[1] * ITEMS]
    for name, rows in expected.items():
        assert torch.allclose(found[name], rows, atol=1e-5)
    names = {path.name for path in (tmp_path / "roomy").rglob("*.safetensors")}
    assert names == {path.name for path in (tmp_path / "tight").rglob("*.safetensors")}
    limited.most = 0
    with pytest.raises(MemoryError, match="encoding one picture with small takes more than cpu"):
        opened(shop, tmp_path / "none")
