"""A contact sheet: some pictures of a catalogue, beside each the outlines of what is marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from recsys.data.demo.canvas import Pixels
from recsys.data.demo.lettering import font, printable, wrapped
from recsys.data.demo.vocabulary import RGB
from recsys.errors import InputError

if TYPE_CHECKING:
    from recsys.data.catalogue import Catalogue, Item

BoolArray = npt.NDArray[np.bool_]

PRODUCT_COLOUR: Final[RGB] = (60, 255, 120)
DISTRACTOR_COLOUR: Final[RGB] = (255, 84, 200)
_PAPER: Final[RGB] = (255, 255, 255)
_INK: Final[RGB] = (28, 30, 34)
_GREY: Final[RGB] = (112, 116, 124)
_PALE: Final[RGB] = (236, 237, 240)
_CASING: Final[RGB] = (16, 16, 20)

_MARGIN: Final = 20
_GAP: Final = 14
_HEADER: Final = 62
_TEXT_SIZE: Final = 13
_LINE: Final = 17
_TITLE_LINES: Final = 2
_SMALLEST_SIDE: Final = 32
_MOST_PIXELS: Final = 100_000_000


@dataclass(frozen=True, eq=False)
class _Cell:
    """One item as shown: its picture, its outlined picture (if anything is marked), its texts."""

    picture: Image.Image
    outlined: Image.Image | None
    heading: str
    details: str
    title: str


def contact_sheet(
    catalogue: Catalogue, *, rows: int = 4, columns: int = 4, seed: int = 0, side: int = 224
) -> Image.Image:
    """Draw a grid of items drawn at random from a catalogue, in the catalogue's order.

    Each cell holds the picture, the picture with the product mask and the distractors
    outlined (if any item of the sheet has a mask), the id, the category and the title. An item
    whose picture or labels cannot be read has a grey cell that says why.

    Args:
        catalogue: any catalogue, with or without masks and annotations.
        rows: rows of the grid; fewer are drawn where there are not enough items.
        columns: columns of the grid; fewer are drawn where there are not enough items.
        seed: chooses the items; the same seed gives the same sheet.
        side: side in pixels of the square that each picture is fitted into.

    Raises:
        InputError: ``rows`` or ``columns`` below 1, ``side`` below 32, a sheet of more than
            100 million pixels.
    """
    for name, value, least in (
        ("rows", rows, 1),
        ("columns", columns, 1),
        ("side", side, _SMALLEST_SIDE),
    ):
        if value < least:
            raise InputError(f"{name} is {value}, expected at least {least}")
    count = min(rows * columns, len(catalogue.items))
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    if rows * columns * 2 * (side + 4 * _LINE) * side > _MOST_PIXELS:
        raise InputError(
            f"a sheet of {rows} x {columns} pictures of {side} pixels is too large; "
            "expected fewer rows or columns"
        )
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(catalogue.items))[:count]).tolist()
    cells = [_cell(catalogue, catalogue.items[index], side) for index in chosen]
    return _laid_out(cells, _headline(catalogue), rows, columns, side)


def _headline(catalogue: Catalogue) -> tuple[str, str]:
    data = catalogue.interactions
    counts = f"{len(catalogue.items):,} items · {data.n_users:,} users · {data.n:,} interactions"
    return printable(catalogue.name), counts


def _cell(catalogue: Catalogue, item: Item, side: int) -> _Cell:
    """Read and draw one item."""
    heading, title = printable(item.item_id), printable(item.title)
    details = printable(item.category or "")
    try:
        picture = catalogue.picture(item)
        annotation = catalogue.annotation(item)
        mask = catalogue.mask(item) if annotation is None else annotation.product()
    except InputError as error:
        return _Cell(_broken(side, str(error)), None, heading, details, title)
    fitted = _fitted(picture, side)
    others = {} if annotation is None else annotation.distractors()
    if others:
        details = " + ".join([details, *map(printable, others)] if details else others)
    outlined = None if mask is None else _outlined(fitted, mask, list(others.values()))
    return _Cell(fitted, outlined, heading, details, title)


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    """Scale a picture so that its longer side is ``side`` pixels."""
    scale = side / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    if (width, height) == picture.size:
        return picture
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _outlined(picture: Image.Image, product: BoolArray, others: list[BoolArray]) -> Image.Image:
    """Dim what is not the product and outline the product and the distractors."""
    pixels: Pixels = np.array(picture, dtype=np.uint8)
    inside = _scaled(product, picture.size)
    grey = np.asarray(picture.convert("L"), np.float32)[:, :, None]
    dimmed = (0.4 * pixels + 0.6 * grey) * 0.62 + 30
    pixels = np.where(inside[:, :, None], pixels, dimmed.astype(np.uint8))
    for mask in others:
        _outline(pixels, _scaled(mask, picture.size), DISTRACTOR_COLOUR)
    _outline(pixels, inside, PRODUCT_COLOUR)
    return Image.fromarray(pixels)


def _scaled(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    if mask.shape == (size[1], size[0]):
        return mask
    soft = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(soft >= 0.5)


def _outline(pixels: Pixels, mask: BoolArray, colour: RGB) -> None:
    """Draw the outline of a mask, cased in black so that it shows on every ground."""
    image = mask.astype(np.uint8)
    contours, _ = cv2.findContours(image, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(pixels, contours, -1, _CASING, 4, cv2.LINE_AA)
    cv2.drawContours(pixels, contours, -1, colour, 2, cv2.LINE_AA)


def _broken(side: int, message: str) -> Image.Image:
    """Stand in for a picture that cannot be read."""
    image = Image.new("RGB", (side, side), _PALE)
    pen = ImageDraw.Draw(image)
    lines = wrapped(printable(message), _TEXT_SIZE, side - 20, max(1, (side - 20) // _LINE))
    for row, line in enumerate(lines):
        pen.text((10, 10 + row * _LINE), line, _GREY, font=font(_TEXT_SIZE))
    return image


def _laid_out(
    cells: list[_Cell], headline: tuple[str, str], rows: int, columns: int, side: int
) -> Image.Image:
    """Put the cells on a page under the header."""
    any_masks = any(cell.outlined is not None for cell in cells)
    wide = 2 * side + 4 if any_masks else side
    titles = max((len(_title(cell, wide)) for cell in cells), default=0)
    tall = side + 5 + (1 + titles) * _LINE
    name, counts = headline
    needed = round(font(_TEXT_SIZE).getlength(counts)) + (230 if any_masks else 0)
    width = max(2 * _MARGIN + columns * (wide + _GAP) - _GAP, 2 * _MARGIN + needed)
    height = _HEADER + _MARGIN + rows * (tall + _GAP) - (_GAP if rows else 0)
    page = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(page)
    line = wrapped(name, 20, width - 2 * _MARGIN, 1)
    pen.text((_MARGIN, 10), line[0] if line else "", _INK, font=font(20))
    pen.text((_MARGIN, 37), counts, _GREY, font=font(_TEXT_SIZE))
    if any_masks:
        _legend(pen, width - _MARGIN, 44)
    for place, cell in enumerate(cells):
        x = _MARGIN + place % columns * (wide + _GAP)
        y = _HEADER + place // columns * (tall + _GAP)
        _put(page, cell, (x, y), side, any_masks)
    return page


def _title(cell: _Cell, wide: int) -> list[str]:
    return wrapped(cell.title, _TEXT_SIZE, wide, _TITLE_LINES)


def _legend(pen: ImageDraw.ImageDraw, right: int, middle: int) -> None:
    """Explain the outlines' colours, aligned to the right."""
    face = font(_TEXT_SIZE)
    for text, colour in (("distractor", DISTRACTOR_COLOUR), ("product mask", PRODUCT_COLOUR)):
        right -= round(face.getlength(text))
        pen.text((right, middle), text, _INK, font=face, anchor="lm")
        pen.line([(right - 28, middle), (right - 8, middle)], _CASING, 6)
        pen.line([(right - 27, middle), (right - 9, middle)], colour, 3)
        right -= 44


def _put(
    page: Image.Image, cell: _Cell, corner: tuple[int, int], side: int, any_masks: bool
) -> None:
    """Draw one cell with its upper left corner at ``corner``."""
    x, y = corner
    pen = ImageDraw.Draw(page)
    wide = side
    for step, picture in enumerate((cell.picture, cell.outlined)):
        if step and not any_masks:
            break
        left = x + step * (side + 4)
        pen.rectangle((left, y, left + side - 1, y + side - 1), fill=_PALE)
        if picture is not None:
            dx, dy = (side - picture.width) // 2, (side - picture.height) // 2
            page.paste(picture, (left + dx, y + dy))
        else:
            middle = (left + side // 2, y + side // 2)
            pen.text(middle, "no mask", _GREY, font=font(_TEXT_SIZE), anchor="mm")
        wide = left + side - x
    y += side + 5
    heading = wrapped(cell.heading, _TEXT_SIZE, wide // 2, 1)
    start = x
    if heading:
        pen.text((x, y), heading[0], _INK, font=font(_TEXT_SIZE))
        start = x + round(font(_TEXT_SIZE).getlength(heading[0])) + 10
    for line in wrapped(cell.details, _TEXT_SIZE, x + wide - start, 1):
        pen.text((start, y), line, _GREY, font=font(_TEXT_SIZE))
    for row, line in enumerate(_title(cell, wide), start=1):
        pen.text((x, y + row * _LINE), line, _INK, font=font(_TEXT_SIZE))
