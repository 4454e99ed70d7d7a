"""What paper, ink, hand and scanner do to a stamp: worn, faint, cut, blotted, printed over, photographed, compressed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.compare_training.seals import CHARACTERS, FONTS, RADIUS, SIDE

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pressed:
    """`jpeg`: the scanned crop. `design`: the undamaged design in the same pixels, 0..1. `dpi` as the scanner says."""

    jpeg: bytes
    design: Map
    dpi: int


def clean_specimen(design: Map, diameter_mm: float, random: Generator) -> Pressed:
    """Return the stamp as a registered specimen: mostly straight from the maker, sometimes a careful first impression."""
    if random.random() < 0.3:
        return press(design, diameter_mm, random, careful=True)
    dpi = int(random.choice([300, 300, 400, 600]))
    placed = _place(
        design, diameter_mm, dpi, random, margin=random.uniform(2.15, 2.7), tilt=0.0, turn=random.normal(0, 1)
    )
    ink = np.array([random.uniform(20, 70), random.uniform(15, 60), random.uniform(180, 230)], np.float32)
    picture = 255 - placed[..., None] * (255 - ink)
    return Pressed(_jpeg(picture, random, low=80), placed, dpi)


def press(design: Map, diameter_mm: float, random: Generator, *, careful: bool = False) -> Pressed:
    """Return one impression of a design on a letter, scanned. `careful`: nothing faint, missing or printed over."""
    dpi = int(random.choice([150, 200, 240, 300]))
    turn = random.uniform(-180, 180) if random.random() < 0.4 else random.uniform(-25, 25)
    tilt = 0.0 if random.random() < 0.6 else random.uniform(0, 0.06)
    placed = _place(design, diameter_mm, dpi, random, margin=random.uniform(2.3, 3.6), tilt=tilt, turn=turn)
    pixel = diameter_mm / 25.4 * dpi / 2 / 112  # of the common disc
    worn = _wear(placed, pixel, random, careful)
    pressure = _pressure(placed.shape, random, careful)
    ink = _inked(worn * pressure, pixel, random, careful)
    picture = _paper(placed.shape, random) * np.exp(-ink[..., None] * _ink_colour(random))
    if not careful and random.random() < 0.65:
        picture *= np.exp(-_print(placed.shape, dpi, random)[..., None] * np.float32(random.uniform(1.2, 3.0)))
    picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.3, 1.1) * max(dpi / 200, 0.8))
    if random.random() < 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.6, 1.3) * dpi / 200)
    picture += random.standard_normal(picture.shape, np.float32) * np.float32(random.uniform(0.3, 4.0))
    return Pressed(_jpeg(picture, random, low=35), placed, dpi)


def _place(
    design: Map, diameter_mm: float, dpi: int, random: Generator, *, margin: float, tilt: float, turn: float
) -> Map:
    radius = diameter_mm / 25.4 * dpi / 2
    side = round(radius * margin)
    slack = max(side / 2 - radius * 1.04, 0)
    x, y = side / 2 + random.uniform(-0.7, 0.7) * slack, side / 2 + random.uniform(-0.7, 0.7) * slack
    scale = radius / RADIUS
    stretch = 1 + random.normal(0, 0.006, 2)
    angle = np.radians(turn)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale * stretch[:, None]
    to_middle = np.array([[1, 0, -SIDE / 2], [0, 1, -SIDE / 2], [0, 0, 1.0]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    lean = np.eye(3)
    lean[2, :2] = random.normal(0, 1, 2) * tilt / radius
    shift = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    soft = cv2.GaussianBlur(design, (0, 0), max(0.4 / scale - 0.3, 0.3))
    return cv2.warpPerspective(soft, shift @ lean @ matrix @ to_middle, (side, side), flags=cv2.INTER_LINEAR)


def _field(shape: tuple[int, ...], cell: float, random: Generator) -> Map:
    """Return smooth noise, mean 0 and spread 1, that changes over about `cell` pixels."""
    height, width = (max(2, int(length / cell) + 3) for length in shape)
    small = random.standard_normal((height, width), np.float32)
    field = cv2.resize(small, (shape[1] + int(2 * cell), shape[0] + int(2 * cell)), interpolation=cv2.INTER_CUBIC)
    field = field[int(cell) : int(cell) + shape[0], int(cell) : int(cell) + shape[1]]
    return field / max(float(field.std()), 1e-3)


def _wear(placed: Map, pixel: float, random: Generator, careful: bool) -> Map:
    """Grow or thin the strokes unevenly, roughen their edges, drop flecks of ink."""
    blotted = not careful and random.random() < 0.35
    spread = random.uniform(0.9, 2.2) if blotted else random.uniform(0.3, 0.8)
    soft = cv2.GaussianBlur(placed, (0, 0), spread * pixel)
    # A wide blur lowers the peak of thin strokes: the level must fall with it, or ink would vanish instead of run.
    level = random.uniform(0.12, 0.28) if blotted else random.uniform(0.28, 0.5)
    uneven = _field(placed.shape, 60 * pixel, random) * 0.04 + _field(
        placed.shape, 2.2 * pixel, random
    ) * random.uniform(0, 0.06)
    uneven *= np.clip(soft * 12, 0, 1)
    sharp = random.uniform(2.5, 7)
    worn = np.clip((soft - level + uneven) * sharp + 0.5, 0, 1)
    if not careful and random.random() < 0.45:
        cell, share = random.uniform(0.8, 3.5) * pixel, random.uniform(0.02, 0.25)
        flecks = _field(placed.shape, max(cell, 1.0), random) + 0.4 * _field(placed.shape, 30 * pixel, random)
        edge = float(np.quantile(flecks, 1 - share))
        worn = worn * (1 - np.clip((flecks - edge) * 4, 0, 1) * random.uniform(0.5, 1))
    return worn.astype(np.float32)


def _pressure(shape: tuple[int, ...], random: Generator, careful: bool) -> Map:
    """Return how much ink reached the paper: uneven, faint, missing on one side, or with gaps."""
    height, width = shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    amount = np.full(shape, random.uniform(0.8, 1.2) if careful else random.uniform(0.55, 1.2), np.float32)
    amount *= np.exp(_field(shape, min(shape) * random.uniform(0.15, 0.5), random) * random.uniform(0.02, 0.2))
    if careful:
        return amount
    fate = random.random()
    if fate < 0.22:
        amount *= random.uniform(0.15, 0.5)
        amount *= np.clip(
            1 + _field(shape, min(shape) * random.uniform(0.02, 0.1), random) * random.uniform(0, 0.35), 0, None
        )
    elif fate < 0.42:
        angle, soft = random.uniform(0, 2 * np.pi), min(shape) * random.uniform(0.005, 0.12)
        along = (across - width / 2) * np.cos(angle) + (down - height / 2) * np.sin(angle)
        along += _field(shape, min(shape) * 0.1, random) * min(shape) * random.uniform(0, 0.02)
        amount *= np.clip(0.5 + (min(shape) * random.uniform(-0.02, 0.24) - along) / soft, 0, 1)
    elif fate < 0.5:
        gaps = _field(shape, min(shape) * random.uniform(0.08, 0.2), random)
        amount *= np.clip((gaps - np.quantile(gaps, random.uniform(0.05, 0.3))) * random.uniform(1.5, 5), 0, 1)
    return amount


def _inked(amount: Map, pixel: float, random: Generator, careful: bool) -> Map:
    """Return absorbance: the layer is grainy, thicker at times, and may leave a weak shadow around the strokes."""
    grain = 1 + _field(amount.shape, max(1.0, random.uniform(0.6, 2) * pixel), random) * random.uniform(0, 0.2)
    ink = amount * np.clip(grain, 0.2, 2)
    if not careful and random.random() < 0.2:
        ink = ink + cv2.GaussianBlur(ink, (0, 0), 3 * pixel) * random.uniform(0.05, 0.2)
    return np.asarray(ink, np.float32)


def _ink_colour(random: Generator) -> Map:
    """Return absorbance of a full layer for blue, green, red light: from bright vermilion to dark crimson."""
    depth = random.uniform(0.8, 2.2)
    return np.array([random.uniform(0.65, 1.1), 1.0, random.uniform(0.03, 0.55)], np.float32) * np.float32(depth)


def _paper(shape: tuple[int, ...], random: Generator) -> Map:
    tint = random.uniform(222, 255) + random.uniform(-12, 12, 3).astype(np.float32)
    shade = 1 + _field(shape, min(shape) * random.uniform(0.25, 0.8), random) * random.uniform(0, 0.07)
    shade *= 1 + _field(shape, 1.5, random) * random.uniform(0, 0.012)
    return np.clip(tint * shade[..., None], 60, 255) * np.float32(random.uniform(0.8, 1.0))


def _print(shape: tuple[int, ...], dpi: int, random: Generator) -> Map:
    """Return black print over or under the stamp: lines of text, at times a rule or a scribble."""
    page = Image.new("L", (shape[1], shape[0]))
    drawing = ImageDraw.Draw(page)
    font = ImageFont.truetype(str(FONTS[random.integers(len(FONTS))]), max(12, int(dpi * random.uniform(0.12, 0.24))))
    y = random.uniform(0, 0.4) * shape[0]
    for _ in range(int(random.integers(1, 5))):
        text = "".join(CHARACTERS[place] for place in random.integers(0, len(CHARACTERS), 30))
        drawing.text((random.uniform(-0.2, 0.4) * shape[1], y), text, font=font, fill=255)
        y += random.uniform(0.12, 0.3) * shape[0]
    if random.random() < 0.2:
        points = random.uniform(0, 1, (12, 2)) * np.array(shape[::-1])
        drawing.line([tuple(point) for point in points.tolist()], fill=255, width=max(1, dpi // 80))
    turned = page.rotate(float(random.normal(0, 2)), resample=Image.Resampling.BILINEAR)
    return np.asarray(turned, np.float32) / 255


def _jpeg(picture: NDArray[np.float32], random: Generator, *, low: int) -> bytes:
    quality = int(random.integers(low, 96))
    ok, raw = cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    return bytes(raw)
