import io
import os
import struct
import threading
import warnings
import zlib
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recsys.data.pictures import (
    MAX_PIXELS,
    decode_labels,
    decode_mask,
    decode_picture,
    open_picture,
)
from recsys.errors import InputError


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixel(data, x=0, y=0):
    picture = decode_picture(data, "p")
    assert picture.mode == "RGB"
    return picture.getpixel((x, y))


@pytest.fixture(autouse=True)
def no_warnings():
    """A warning that leaks out of Pillow fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def plain(mode, colour):
    return Image.new(mode, (4, 3), colour)


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (plain("1", 1), "PNG", (255, 255, 255)),
        (plain("L", 77), "PNG", (77, 77, 77)),
        (plain("LA", (0, 0)), "PNG", (255, 255, 255)),
        (plain("LA", (100, 255)), "PNG", (100, 100, 100)),
        (plain("RGB", (1, 2, 3)), "PNG", (1, 2, 3)),
        (plain("RGBA", (10, 20, 30, 0)), "PNG", (255, 255, 255)),
        (plain("RGBA", (0, 0, 0, 51)), "PNG", (204, 204, 204)),
        (plain("RGBA", (10, 20, 30, 255)), "WEBP", None),
        (plain("CMYK", (0, 255, 255, 0)), "TIFF", (255, 0, 0)),
        (plain("YCbCr", (255, 128, 128)), "TIFF", (255, 255, 255)),
        (plain("I;16", 65535), "PNG", (255, 255, 255)),
        (plain("I;16", 257 * 40), "PNG", (40, 40, 40)),
        (plain("I;16", 257 * 40), "TIFF", (40, 40, 40)),
        (plain("I", 200), "TIFF", (200, 200, 200)),
        (plain("I", 257 * 200), "TIFF", (200, 200, 200)),
        (plain("F", 0.2), "TIFF", (51, 51, 51)),
        (plain("F", 51.0), "TIFF", (51, 51, 51)),
        (plain("F", float("nan")), "TIFF", (0, 0, 0)),
        (plain("F", -3.4e38), "TIFF", (0, 0, 0)),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_modes(image, kind, expected):
    got = pixel(encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert got == (expected or (10, 20, 30))


def test_wide_range_is_stretched_from_minimum_to_maximum():
    values = np.array([[-3e38, 0.0, 3e38]], dtype=np.float32)
    picture = decode_picture(encoded(Image.fromarray(values), "TIFF"), "p")
    assert [value[0] for value in np.asarray(picture)[0]] == [0, 128, 255]


def test_cmyk_jpeg():
    red, green, blue = pixel(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"))
    assert red > 240
    assert max(green, blue) < 20


@pytest.mark.parametrize("transparency", [0, bytes([0, 255])])
def test_transparent_palette_is_white(transparency):
    image = Image.new("P", (2, 1))
    image.putpalette([9, 9, 9, 200, 0, 0])
    image.putpixel((1, 0), 1)
    data = encoded(image, transparency=transparency)
    assert pixel(data) == (255, 255, 255)
    assert pixel(data, 1) == (200, 0, 0)


def test_transparent_colour_and_grey():
    assert pixel(encoded(plain("RGB", (1, 2, 3)), transparency=(1, 2, 3))) == (255, 255, 255)
    assert pixel(encoded(plain("L", 5), transparency=5)) == (255, 255, 255)
    assert pixel(encoded(plain("I;16", 5), transparency=5)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_first_frame(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert pixel(data) == (255, 0, 0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(10))
def test_orientation(orientation, kind):
    upright = np.zeros((16, 32, 3), dtype=np.uint8)
    upright[:8, :16] = 255  # the top left quarter is white
    turns = {
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),  # stored turned left: to be shown turned right
        7: lambda a: np.rot90(a.transpose(1, 0, 2), 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = np.ascontiguousarray(turns.get(orientation, lambda a: a)(upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode_picture(encoded(Image.fromarray(stored), kind, exif=exif), "p")
    assert picture.size == (32, 16)
    assert np.abs(np.asarray(picture).astype(int) - upright).mean() < 8
    assert not picture.info
    assert 0x0112 not in picture.getexif()  # saved again, it would be turned twice


def test_damaged_exif_is_ignored():
    data = encoded(plain("RGB", (255, 255, 255)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert pixel(data) == (255, 255, 255)


def test_one_pixel():
    assert decode_picture(encoded(Image.new("L", (1, 1), 3)), "p").size == (1, 1)


def claimed_png(width, height):
    """A PNG that claims to be this large and holds next to nothing."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 64)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_460, 12_000, 14_000, 100_000])
def test_bombs(side):
    with pytest.raises(InputError, match=f"x.png: .*{MAX_PIXELS:,}"):
        decode_picture(claimed_png(side, side), "x.png")


@pytest.mark.parametrize("size", [(1, 101), (5000, 20), (60_000, 1)])
def test_extreme_sides(size):
    with pytest.raises(InputError, match=f"x.png: {size[0]} x {size[1]} pixels; sides beyond 100"):
        decode_picture(encoded(Image.new("L", size)), "x.png")
    assert decode_picture(encoded(Image.new("L", (300, 3))), "x.png").size == (300, 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.jpg: empty file"),
        (b"not a picture at all", "x.jpg: not a picture of a known kind .JPEG, PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 40, "x.jpg: "),
    ],
)
def test_no_pictures(data, message):
    with pytest.raises(InputError, match=message):
        decode_picture(data, "x.jpg")


@cache
def sample(kind):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    options = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    return encoded(image.quantize(16) if kind == "GIF" else image, kind, **options)


def accepts_or_refuses(data):
    for decode in (decode_picture, decode_mask, decode_labels):
        refusal = None
        try:
            result = decode(data, "name")
        except InputError as error:
            refusal = str(error)
        if refusal is not None:
            assert refusal.startswith("name: ")
            assert "\n" not in refusal
        elif decode is decode_picture:
            assert result.mode == "RGB"
        else:
            assert result.ndim == 2


KINDS = ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_truncated_anywhere(data):
    whole = sample(data.draw(st.sampled_from(KINDS)))
    accepts_or_refuses(whole[: data.draw(st.integers(0, len(whole)))])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_anywhere(data):
    damaged = bytearray(sample(data.draw(st.sampled_from(KINDS))))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(len(damaged), 200) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    accepts_or_refuses(bytes(damaged))


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM"])
)
def test_any_bytes(tail, head):
    accepts_or_refuses(head + tail)


def test_half_a_jpeg_is_refused():
    whole = sample("JPEG")
    with pytest.raises(InputError, match="x: truncated or damaged"):
        decode_picture(whole[: len(whole) // 2], "x")


def test_files(tmp_path):
    good = tmp_path / "ein Bild 🙂.png"
    good.write_bytes(encoded(plain("L", 9)))
    assert open_picture(good).getpixel((0, 0)) == (9, 9, 9)
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for path, message in [
        (tmp_path / "missing.png", "missing.png: no such file"),
        (tmp_path / "folder.png", "folder.png: is a folder"),
        (tmp_path / "pipe.png", "pipe.png: not a regular file"),
        (good / "below.png", "below.png: no such file"),
        (tmp_path / ("x" * 300), "(?i)name too long"),
        (tmp_path / "a\0b", "not a file name"),
    ]:
        with pytest.raises(InputError, match=message):
            open_picture(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(encoded(plain("L", 9)))
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        open_picture(path)


def test_warning_filters_are_left_as_they_were():
    before = list(warnings.filters)
    limit = Image.MAX_IMAGE_PIXELS
    bomb, good = claimed_png(12_000, 12_000), sample("PNG")

    def work():
        for _ in range(20):
            decode_picture(good, "x")
            with pytest.raises(InputError):
                decode_picture(bomb, "x")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
    assert limit == Image.MAX_IMAGE_PIXELS


def test_masks():
    values = np.array([[0, 1, 255]], dtype=np.uint8)
    expected = [[False, True, True]]
    grey = Image.fromarray(values)
    for image in (grey, grey.convert("RGB"), Image.fromarray(values > 0)):
        assert decode_mask(encoded(image), "m").tolist() == expected
    palette = Image.fromarray(values)
    palette.putpalette([0, 0, 0] * 256)  # black, but the index counts
    assert decode_mask(encoded(palette), "m").tolist() == expected
    cut_out = Image.merge("LA", [Image.new("L", (3, 1), 200), grey])
    assert decode_mask(encoded(cut_out), "m").tolist() == expected
    deep = Image.fromarray(np.array([[0, 1, 65535]], dtype=np.uint16))
    assert decode_mask(encoded(deep), "m").tolist() == expected
    square = np.zeros((32, 32), dtype=np.uint8)
    square[8:20, 8:20] = 255
    blurred = decode_mask(encoded(Image.fromarray(square), "JPEG", quality=60), "m")
    assert (blurred != (square > 0)).sum() <= 8


def test_labels():
    values = np.array([[0, 7, 32]], dtype=np.uint8)
    grey = Image.fromarray(values)
    np.testing.assert_array_equal(decode_labels(encoded(grey), "l"), values)
    palette = grey.copy()
    palette.putpalette([channel for value in range(256) for channel in (value, 0, 255 - value)])
    np.testing.assert_array_equal(decode_labels(encoded(palette), "l"), values)
    with pytest.raises(InputError, match="l: a RGB picture"):
        decode_labels(encoded(grey.convert("RGB")), "l")
