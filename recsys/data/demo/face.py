"""A stylised human head."""

from __future__ import annotations

import numpy as np

from recsys.data.demo.canvas import Canvas, mix, pick, shade, vivid
from recsys.data.demo.vocabulary import RGB

_SKIN: tuple[RGB, ...] = (
    (255, 224, 200),
    (246, 206, 174),
    (232, 184, 144),
    (206, 152, 108),
    (172, 116, 78),
    (132, 86, 58),
    (96, 62, 44),
)
_HAIR: tuple[RGB, ...] = (
    (32, 26, 26),
    (60, 40, 30),
    (102, 66, 40),
    (150, 92, 48),
    (216, 172, 92),
    (178, 72, 38),
    (170, 168, 168),
    (222, 218, 212),
)
_DARK_HAIR = (*_HAIR[:2], *_HAIR[:3], *_HAIR[-2:])
_EYES: tuple[RGB, ...] = ((74, 46, 30), (60, 110, 160), (70, 120, 76), (104, 84, 52))
_WHITE: RGB = (250, 250, 250)
_LONG, _BUN, _CURLS, _SHORT, _PARTING, _NONE = range(6)


def face(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a head with varied skin, hair, eyes, mouth, and now and then glasses or a beard."""
    tone = int(rng.integers(len(_SKIN)))
    skin, hair = _SKIN[tone], pick(rng, _HAIR if tone < 4 else _DARK_HAIR)
    style = pick(rng, (_LONG, _LONG, _BUN, _CURLS, _SHORT, _SHORT, _PARTING, _NONE))
    half, tall = rng.uniform(0.25, 0.285), rng.uniform(0.31, 0.345)
    middle = 0.53
    _back_hair(canvas, rng, style, hair, half)
    canvas.box((0.41, 0.72, 0.59, 0.98), shade(skin, 0.82), 0.05)
    for side in (-1, 1):
        ear = (0.5 + side * half * 0.98, middle + 0.03)
        canvas.ellipse(ear, (0.05, 0.07), shade(skin, 0.92))
        canvas.ellipse(ear, (0.024, 0.04), shade(skin, 0.78))
    canvas.ellipse((0.5, middle), (half, tall), skin)
    canvas.ellipse((0.5, middle + tall * 0.42), (half * 0.78, tall * 0.57), skin)
    blush = mix(skin, (240, 90, 90), 0.24)
    for side in (-1, 1):
        canvas.ellipse((0.5 + side * half * 0.56, middle + 0.11), (0.05, 0.035), blush)
    beard = style != _LONG and style != _BUN and rng.random() < 0.4
    if beard:
        chin = middle + tall * 0.44
        canvas.ellipse((0.5, chin), (half * 0.82, tall * 0.58), hair, arc=(0, 180))
        canvas.ellipse((0.5, chin + 0.005), (half * 0.8, 0.05), hair)
        canvas.ellipse((0.5, chin - 0.015), (half * 0.5, 0.05), skin, arc=(180, 360))
    _features(canvas, rng, skin, hair, half, middle)
    _front_hair(canvas, rng, style, hair, half, tall, middle)


def _features(
    canvas: Canvas, rng: np.random.Generator, skin: RGB, hair: RGB, half: float, middle: float
) -> None:
    """Draw eyes, brows, nose and mouth, and glasses on one face in four."""
    iris, look = pick(rng, _EYES), rng.uniform(-0.012, 0.012)
    brow = shade(hair, 0.8) if sum(hair) < 500 else shade(hair, 0.66)
    tilt, eye_y = rng.uniform(-0.02, 0.02), middle - 0.01
    for side in (-1, 1):
        x = 0.5 + side * half * 0.45
        canvas.ellipse((x, eye_y), (0.058, 0.04), _WHITE)
        canvas.circle((x + look, eye_y), 0.032, iris)
        canvas.circle((x + look, eye_y), 0.017, (18, 14, 14))
        canvas.circle((x + look - 0.01, eye_y - 0.012), 0.008, _WHITE)
        canvas.ellipse((x, eye_y), (0.06, 0.042), shade(skin, 0.4), width=0.014, arc=(195, 345))
        lift = eye_y - 0.078
        canvas.line(
            [
                (x - side * 0.055, lift + 0.012 + tilt),
                (x, lift - 0.01),
                (x + side * 0.06, lift + 0.012 - tilt),
            ],
            brow,
            0.024,
        )
    low = middle + 0.095
    canvas.line(
        [(0.5, middle + 0.02), (0.5 + 0.022, low), (0.5 - 0.012, low + 0.008)],
        shade(skin, 0.72),
        0.016,
    )
    mouth, lips = (
        (0.5, middle + 0.165),
        mix(shade(skin, 0.75), pick(rng, ((196, 40, 60), (170, 70, 66))), 0.6),
    )
    kind, wide = int(rng.integers(3)), rng.uniform(0.08, 0.11)
    if kind == 0:  # an open smile
        canvas.ellipse(mouth, (wide, 0.07), (120, 26, 34), arc=(0, 180))
        canvas.ellipse(mouth, (wide * 0.9, 0.024), _WHITE, arc=(0, 180))
        canvas.ellipse(mouth, (wide, 0.07), lips, width=0.014, arc=(0, 180))
    elif kind == 1:  # a closed smile
        canvas.ellipse((0.5, mouth[1] - 0.02), (wide, 0.05), lips, width=0.024, arc=(20, 160))
    else:  # full lips
        canvas.ellipse((0.5, mouth[1] + 0.008), (wide * 0.8, 0.03), lips, arc=(0, 180))
        for side in (-1, 1):
            arc = (0.5 + side * wide * 0.36, mouth[1] + 0.01)
            canvas.ellipse(arc, (wide * 0.46, 0.024), shade(lips, 0.85), arc=(180, 360))
    if rng.random() < 0.25:
        frame = pick(rng, ((34, 34, 38), vivid(rng), (140, 96, 40)))
        for side in (-1, 1):
            canvas.ellipse((0.5 + side * half * 0.45, eye_y), (0.088, 0.076), frame, width=0.02)
        bridge = half * 0.45 - 0.088
        canvas.line([(0.5 - bridge, eye_y - 0.01), (0.5 + bridge, eye_y - 0.01)], frame, 0.02)


def _back_hair(
    canvas: Canvas, rng: np.random.Generator, style: int, hair: RGB, half: float
) -> None:
    """Draw the hair behind the head."""
    dark = shade(hair, 0.82)
    if style == _LONG:
        end = rng.uniform(0.8, 0.96)
        canvas.box((0.5 - half - 0.09, 0.14, 0.5 + half + 0.09, end), dark, 0.26)
    elif style == _BUN:
        canvas.circle((0.5, 0.13), 0.12, hair)
        canvas.circle((0.5, 0.13), 0.12, dark, 0.014)
        canvas.ellipse((0.5, 0.42), (half + 0.04, 0.26), dark)
    elif style == _CURLS:
        for k in range(13):
            angle = np.pi * (0.86 + 1.28 * k / 12)
            centre = (0.5 + (half + 0.03) * np.cos(angle), 0.47 + 0.3 * np.sin(angle))
            canvas.circle(centre, 0.11, dark if k % 2 else hair)


def _front_hair(
    canvas: Canvas,
    rng: np.random.Generator,
    style: int,
    hair: RGB,
    half: float,
    tall: float,
    middle: float,
) -> None:
    """Draw the hair over the brow."""
    if style == _NONE:
        return
    wide, top = half + 0.028, middle - tall - 0.045
    angles = np.linspace(np.pi, 2 * np.pi, 17)
    crown = np.stack(
        [0.5 + wide * np.cos(angles), middle - 0.06 + (middle - 0.06 - top) * np.sin(angles)],
        axis=1,
    )
    if style in (_PARTING, _LONG):
        part = 0.5 + rng.uniform(-0.12, 0.12)
        fringe = [
            (0.5 + wide, middle),
            (0.5 + half * 0.86, middle - 0.13),
            (part, middle - tall + 0.08),
            (0.5 - half * 0.86, middle - 0.13),
            (0.5 - wide, middle),
        ]
    elif style == _SHORT:
        x = np.linspace(0.5 + half * 0.9, 0.5 - half * 0.9, 9)
        jag = middle - tall * 0.52 + np.where(np.arange(9) % 2 == 0, 0.03, -0.035)
        fringe = [
            (0.5 + wide, middle - 0.02),
            *zip(x.tolist(), jag.tolist(), strict=True),
            (0.5 - wide, middle - 0.02),
        ]
    else:
        x = np.linspace(0.5 + half * 0.88, 0.5 - half * 0.88, 9)
        arch = middle - 0.1 - (tall * 0.56) * (1 - ((x - 0.5) / half) ** 2)
        fringe = [
            (0.5 + wide, middle - 0.03),
            *zip(x.tolist(), arch.tolist(), strict=True),
            (0.5 - wide, middle - 0.03),
        ]
    if style == _LONG:  # locks that fall over the temples
        for side in (-1, 1):
            edge, lock = 0.5 + side * (wide + 0.05), 0.5 + side * half * 0.84
            fall = [(0.5 + side * wide * 0.8, middle - 0.2), (edge, middle), (edge, middle + 0.2)]
            canvas.polygon([*fall, (lock, middle + 0.27), (lock, middle - 0.1)], hair)
    canvas.polygon(np.concatenate([crown, np.array(fringe)]), hair)
    glint = mix(hair, (255, 255, 255), 0.22)
    canvas.ellipse(
        (0.5, middle - 0.04), (wide * 0.72, middle - 0.09 - top), glint, width=0.02, arc=(235, 290)
    )
