"""`features/NAME.npy` beside a catalogue: what is accepted, converted and refused."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.data.catalogue import Catalogue, load_catalogue
from recsys.data.npy import open_npy, read_features, write_features
from recsys.errors import InputError

IDS = ("a", "b", "c")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "features").mkdir(parents=True)
    (folder / "items.csv").write_text("item_id,image,title\n" + "".join(f"{i},,\n" for i in IDS))
    (folder / "interactions.csv").write_text("user_id,item_id\nu,a\n")
    return folder


def save(shop: Path, array: object, name: str = "audio") -> Path:
    path = shop / "features" / f"{name}.npy"
    np.save(path, np.asarray(array), allow_pickle=True)
    return path


def refusal(shop: Path, name: str = "audio") -> str:
    with pytest.raises(InputError) as caught:
        load_catalogue(shop).stored_features(name)
    message = str(caught.value)
    assert "\n" not in message
    return message


VALUES = np.arange(12).reshape(3, 4) - 5


@pytest.mark.parametrize(
    "array",
    [
        VALUES.astype("<f4"),
        VALUES.astype(">f4"),
        VALUES.astype("f8"),
        VALUES.astype("f2"),
        VALUES.astype(">i8"),
        VALUES.astype("i1"),
        np.asfortranarray(VALUES.astype("f4")),
        np.asfortranarray(VALUES.astype(">f8")),
    ],
)
def test_numbers_of_any_kind_are_converted(shop: Path, array: np.ndarray) -> None:
    save(shop, array)
    catalogue = load_catalogue(shop)
    assert list(catalogue.modality_files) == ["audio"]
    found = catalogue.stored_features("audio")
    assert found.dtype == np.float32
    assert found.dtype.isnative
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, VALUES)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (VALUES[:2], "audio.npy: 2 rows, expected 3, one per item"),
        (np.vstack([VALUES, VALUES]), "audio.npy: 6 rows, expected 3"),
        (np.zeros((0, 4)), "0 rows, expected 3"),
        (VALUES.ravel(), r"audio.npy: shape \(12,\), expected \(items, D\)"),
        (VALUES[None], r"shape \(1, 3, 4\)"),
        (np.zeros((3, 0)), r"shape \(3, 0\)"),
        (np.float32(1), r"shape \(\)"),
        (np.array([["a"], ["b"], ["c"]]), "dtype '<U1', expected real numbers"),
        (VALUES > 0, "dtype 'bool'"),
        (VALUES * 1j, "dtype 'complex128'"),
        (np.array([{"a": 1}] * 3, dtype=object), "holds Python objects, which are not read"),
        (np.array([[1, None]] * 3, dtype=object), "Python objects"),
    ],
)
def test_other_arrays_are_refused(shop: Path, array: np.ndarray, message: str) -> None:
    save(shop, array)
    with pytest.raises(InputError, match=message):
        load_catalogue(shop).stored_features("audio")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_the_first_bad_row_is_named(shop: Path, value: float) -> None:
    array = VALUES.astype("f8")
    array[1, 2] = array[2, 0] = value
    save(shop, array)
    assert f"audio.npy: row 1 (from 0; item 'b'), column 2 is {value}" in refusal(shop)


def test_a_bad_row_far_down_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.data.npy._BLOCK", 64)
    array = np.zeros((1000, 10), dtype=np.float32)
    array[777, 3] = np.nan
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(InputError, match=r"row 777 \(from 0; item 'i777'\), column 3 is nan"):
        read_features(tmp_path / "x.npy", [f"i{row}" for row in range(1000)])
    array[777, 3] = 5
    np.save(tmp_path / "x.npy", array)
    found = read_features(tmp_path / "x.npy", [f"i{row}" for row in range(1000)])
    np.testing.assert_array_equal(found, array)


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("x", "y")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty file"),
        (b"1,2,3\n", "not a .npy file"),
        (archive(), "is an archive"),
        (pickle.dumps([1]), "is a pickle, which is not read"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\x93NUMPY", "damaged header"),
        (b"\x93NUMPY\x01\x00\x05\x00hello", "damaged header"),
        (b"\x93NUMPY\x09\x00" + b"x" * 40, "damaged header"),
    ],
)
def test_other_files_are_refused(shop: Path, data: bytes, message: str) -> None:
    (shop / "features" / "audio.npy").write_bytes(data)
    assert message in refusal(shop)
    assert "audio.npy" in refusal(shop)


def test_cut_and_padded_files_are_refused(shop: Path) -> None:
    path = save(shop, VALUES.astype("f4"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert "truncated; 175 bytes, expected 176 for shape (3, 4)" in refusal(shop)
    path.write_bytes(whole + b"\0")
    assert "too long; 177 bytes, expected 176" in refusal(shop)
    path.write_bytes(whole.replace(b"(3, 4)", b"(3,-4)"))
    assert "damaged header" in refusal(shop)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 127), st.binary(min_size=1, max_size=6))
def test_any_damage_is_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, at: int, damage: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npy"
    buffer = io.BytesIO()
    np.save(buffer, VALUES.astype("f4"))
    data = bytearray(buffer.getvalue())
    data[at : at + len(damage)] = damage
    path.write_bytes(data)
    refused = ""
    try:
        assert open_npy(path).ndim == 2
    except InputError as error:
        refused = str(error)
    assert not refused or "damaged.npy" in refused


def test_unknown_names(shop: Path) -> None:
    save(shop, VALUES)
    assert "unknown features file 'audoi'; did you mean audio?" in refusal(shop, "audoi")
    (shop / "features" / "audio.npy").rename(shop / "features" / "a,b.npy")
    with pytest.raises(InputError, match=r"a,b.npy: 'a,b' cannot name a modality"):
        _ = load_catalogue(shop).modality_files
    (shop / "features" / "a,b.npy").rename(shop / "features" / "none.npy")
    assert "'none' cannot name a modality" in refusal(shop)


def test_no_features_folder(shop: Path) -> None:
    (shop / "features").rmdir()
    assert dict(load_catalogue(shop).modality_files) == {}


def test_strangers_are_noted(shop: Path) -> None:
    save(shop, VALUES)
    for name in ("audio.json", "audio.ids.txt", ".hidden", "image.pt"):
        (shop / "features" / name).write_text("")
    notes = load_catalogue(shop).notes
    assert notes[-1].startswith("features/: left out 'image.pt' (expected")


def test_features_must_stay_inside(shop: Path, tmp_path: Path) -> None:
    path = save(shop, VALUES)
    path.rename(tmp_path / "elsewhere.npy")
    path.symlink_to(tmp_path / "elsewhere.npy")
    assert "leads out of the catalogue's folder" in refusal(shop)


def with_ids(shop: Path, text: str, ending: str) -> Catalogue:
    save(shop, VALUES)
    (shop / "features" / f"audio{ending}").write_text(text)
    return load_catalogue(shop)


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        (".ids.txt", "a\nb\nc\n"),
        (".ids.txt", "\ufeffa\r\nb\r\nc"),
        (".ids.csv", "item_id\na\nb\nc\n"),
        (".ids.csv", 'row,item_id\n0,"a"\n1,b\n2,c\n'),
    ],
)
def test_ids_that_agree(shop: Path, ending: str, text: str) -> None:
    assert with_ids(shop, text, ending).stored_features("audio").shape == (3, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a\nc\nb\n",
            r"audio.ids.txt, row 2: 'c', but item 1 .* is 'b'; the same items in another",
        ),
        ("a\nb\nd\n", r"row 3: 'd', but item 2 \(from 0\) of the catalogue is 'c'; the rows must"),
        ("a\nb\n", "2 ids, expected 3"),
        ("a\nb\nc\nd\n", "row 4: 'd' is one id too many, expected 3"),
        ("", "0 ids, expected 3"),
    ],
)
def test_ids_that_differ(shop: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        with_ids(shop, text, ".ids.txt").stored_features("audio")


def test_two_files_of_ids(shop: Path) -> None:
    with_ids(shop, "a\nb\nc\n", ".ids.txt")
    with_ids(shop, "item_id\na\nb\nc\n", ".ids.csv")
    assert "expected one of them" in refusal(shop)


def test_written_files_are_plain(tmp_path: Path) -> None:
    values = np.asfortranarray(VALUES.astype(np.float32))
    write_features(tmp_path / "x.npy", values)
    found = np.load(tmp_path / "x.npy", allow_pickle=False)
    assert found.dtype == np.dtype("<f4")
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, values)
