"""Opening pictures of any usual kind as RGB, or refusing them in one line."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from recsys.data.tables import check_regular, display, file_error
from recsys.errors import InputError

MAX_PIXELS = 89_478_485  # as Pillow's own limit: 256 MiB of RGB
MAX_BYTES = 256 << 20
MAX_RATIO = 100  # long side : short side; resizing the short side to 224 has to stay small

# What people keep photos in. Others (EPS, PDF, ...) may start foreign programs.
_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
_LOSSY = ("JPEG", "MPO")

_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

T = TypeVar("T")


def open_picture(path: Path) -> Image.Image:
    """Open a picture file as RGB; see `decode_picture`.

    Raises InputError, which names the file, where it is missing, a folder, unreadable,
    empty, larger than `MAX_BYTES`, or where `decode_picture` refuses it.
    """
    return decode_picture(read_bytes(path), display(path))


def read_bytes(path: Path) -> bytes:
    """Read a picture file whole. Raises InputError that names the file."""
    size = check_regular(path, "a picture")
    if size > MAX_BYTES:
        raise InputError(f"{display(path)}: {size:,} bytes, at most {MAX_BYTES:,} are read")
    try:
        return path.read_bytes()
    except OSError as error:
        raise file_error(path, error) from error


def decode_picture(data: bytes, name: str) -> Image.Image:
    """Decode a picture file's bytes as an RGB image, upright and free of metadata.

    The first frame of an animation; turned as its EXIF orientation says; transparency on
    white; grey, palette, CMYK and YCbCr converted; colour profiles ignored. 16-bit grey is
    scaled from 0..65535; 32-bit integers and floats, whose range no format tells, by the
    smallest of 0..1 (floats only), 0..255 and 0..65535 that holds them, else from their
    minimum to their maximum (not finite: 0).

    Raises InputError, which starts with ``name``, for bytes that are no picture, a
    truncated or damaged one, more than `MAX_PIXELS` pixels or sides beyond
    `MAX_RATIO` : 1.
    """
    return _decode(data, name, lambda image: _to_rgb(_upright(image)))


def decode_mask(data: bytes, name: str) -> npt.NDArray[np.bool_]:
    """Decode a mask picture: (H, W) bool, True where a pixel is not zero.

    A palette picture counts by its index, a colour picture by any of its channels, both
    only where not fully transparent. JPEG blurs edges: there, half of full scale and more
    is True. Raises as `decode_picture` does.
    """
    return _decode(data, name, _to_mask)


def decode_labels(data: bytes, name: str) -> npt.NDArray[np.uint8]:
    """Decode a label map: (H, W) uint8, the grey value or palette index as stored.

    Raises InputError as `decode_picture` does, and for a picture of another kind.
    """
    return _decode(data, name, lambda image: _to_labels(image, name))


def _decode(data: bytes, name: str, convert: Callable[[Image.Image], T]) -> T:
    if not data:
        raise InputError(f"{name}: empty file, expected a picture")
    try:
        with _quiet_pillow(), Image.open(io.BytesIO(data), formats=_formats()) as image:
            _check_size(image, name)
            image.load()
            _check_size(image, name)
            return convert(image)
    except InputError:
        raise
    except UnidentifiedImageError as error:
        kinds = ", ".join(kind for kind in _formats() if kind != "MPO")
        raise InputError(f"{name}: not a picture of a known kind ({kinds})") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{name}: more than {MAX_PIXELS:,} pixels; make it smaller") from error
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        detail = str(error).encode("unicode_escape").decode()[:100] or type(error).__name__
        raise InputError(f"{name}: truncated or damaged picture ({detail})") from error


@lru_cache(maxsize=1)
def _formats() -> tuple[str, ...]:
    """Name the formats that this Pillow can read, after importing their plugins."""
    from importlib import import_module

    plugins = ("Bmp", "Gif", "Jpeg", "Jpeg2K", "Mpo", "Png", "Ppm", "Tiff", "WebP", "Avif")
    for plugin in plugins:
        try:
            import_module(f"PIL.{plugin}ImagePlugin")
        except ImportError:  # Pillow before 11.3 has no AVIF
            continue
    return tuple(kind for kind in _FORMATS if kind in Image.OPEN)


class _Quiet:
    """Ignores Pillow's warnings while any thread decodes: filters are global to the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._saved: warnings.catch_warnings[Any] | None = None

    def enter(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._depth += 1

    def leave(self) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and self._saved is not None:
                self._saved.__exit__(None, None, None)
                self._saved = None


_QUIET = _Quiet()


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    _QUIET.enter()
    try:
        yield
    finally:
        _QUIET.leave()


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise InputError(f"{name}: a picture of {width} x {height} pixels")
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{name}: {width} x {height} pixels, at most {MAX_PIXELS:,} are read; make it smaller"
        )
    if max(width, height) > MAX_RATIO * min(width, height):
        raise InputError(
            f"{name}: {width} x {height} pixels; sides beyond {MAX_RATIO} : 1 are refused"
        )


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # damaged metadata do not spoil the picture
        return image
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        return _wide_to_rgb(image)
    image = _straight(image)
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        colour = image.convert("RGBA")
        white = Image.new("RGBA", colour.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, colour)
    # Built anew: no profile, orientation or other metadata follows into a saved copy.
    rgb = image.convert("RGB")
    rgb.info = {}
    return Image.merge("RGB", rgb.split())


def _straight(image: Image.Image) -> Image.Image:
    """Undo premultiplied alpha, the one step that Pillow does not convert through."""
    return image.convert(image.mode.upper()) if image.mode in ("La", "RGBa") else image


def _wide_to_rgb(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float32)
    values[~np.isfinite(values)] = 0.0
    low, high = float(values.min()), float(values.max())
    if image.mode.startswith("I;16") or image.format in ("PNG", "PPM"):
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 1 and image.mode == "F":
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    # Halved: the difference of two large floats would overflow.
    span = (high / 2 - low / 2) or 1.0
    grey = np.rint(np.clip((values / 2 - low / 2) / span, 0, 1) * 255).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[values == clear] = 255
    return Image.merge("RGB", [Image.fromarray(grey)] * 3)


def _to_mask(image: Image.Image) -> npt.NDArray[np.bool_]:
    threshold = 127 if image.format in _LOSSY else 0
    upright = _straight(_upright(image))
    seen = None
    if upright.mode in ("LA", "PA", "RGBA") or "transparency" in upright.info:
        seen = np.asarray(upright.convert("RGBA"))[..., 3] > 0
    if upright.mode in ("LA", "PA"):
        upright = upright.getchannel(0)
    elif upright.mode not in ("1", "L", "P", "F") and not upright.mode.startswith("I"):
        upright = upright.convert("RGB")
    values = np.asarray(upright)
    if values.ndim == 3:
        values = values.max(axis=2)
    product: npt.NDArray[np.bool_] = values > threshold if threshold else values != 0
    return product if seen is None else product & seen


def _to_labels(image: Image.Image, name: str) -> npt.NDArray[np.uint8]:
    if image.mode not in ("L", "P"):
        raise InputError(f"{name}: a {image.mode} picture, expected labels as 8-bit grey")
    return np.array(image, dtype=np.uint8)
