"""Draws seals as a hand prints them: ring, arc text, star, wear; and lays them on a page."""

import math

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.letters.lettering import INKS, PLACES, WIDTH, font, font_paths


def stamp(page: np.ndarray, random: np.random.Generator, kind: str, number: int) -> tuple[float, float, float, float]:
    height = page.shape[0]
    across = float(random.uniform(36, 46)) / 210 * WIDTH
    oval = kind == "oval" or random.random() < 0.06
    down = across * float(random.uniform(0.66, 0.8)) if oval else across
    x, y = float(random.uniform(0.6, 0.8)) * WIDTH, height * float(random.uniform(0.66, 0.78))
    if kind in ("over text", "dense"):
        x, y = float(random.uniform(0.3, 0.7)) * WIDTH, height * float(random.uniform(0.3, 0.5))
    if number:
        x, y = float(random.uniform(0.15, 0.35)) * WIDTH, height * float(random.uniform(0.55, 0.75))
    if kind == "edge":
        off = across * float(random.uniform(-0.15, 0.25))
        x = off if random.random() < 0.5 else WIDTH - off
    seal = _seal(random, across, down, oval=oval)
    strength = float(random.uniform(0.22, 0.5)) if kind == "faint" else float(random.uniform(0.6, 1.0))
    seal = _worn(seal, random, kind) * strength
    ink = np.array(INKS[random.integers(len(INKS))], np.float32) / 255
    turn = float(random.normal(0, 12)) if random.random() < 0.8 else float(random.uniform(-180, 180))
    size = seal.shape[0]
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), turn if not oval else turn % 24 - 12, 1)
    matrix[:, 2] += (x - size / 2, y - size / 2)
    laid = cv2.warpAffine(seal, matrix, (WIDTH, height), flags=cv2.INTER_LINEAR)[:, :, None]
    page *= 1 - laid * (1 - ink)
    angle = math.radians(turn % 24 - 12) if oval else 0.0
    half = (
        math.hypot(across / 2 * math.cos(angle), down / 2 * math.sin(angle)),
        math.hypot(across / 2 * math.sin(angle), down / 2 * math.cos(angle)),
    )
    return (
        max(0.0, (x - half[0]) / WIDTH), max(0.0, (y - half[1]) / height),
        min(1.0, (x + half[0]) / WIDTH), min(1.0, (y + half[1]) / height),
    )  # fmt: skip


def _seal(random: np.random.Generator, across: float, down: float, *, oval: bool) -> np.ndarray:
    """Return the ink of a seal, 0 to 1, in a square with a margin: ring, arc text, star or line, text below."""
    size, middle = int(across * 1.2), across * 0.6
    image = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(image)
    ring = max(3, int(across * float(random.uniform(0.018, 0.034))))
    a, b = across / 2, down / 2
    pen.ellipse((middle - a, middle - b, middle + a, middle + b), outline=255, width=ring)
    if random.random() < 0.12:
        inner = float(random.uniform(0.9, 0.94))
        pen.ellipse(
            (middle - a * inner, middle - b * inner, middle + a * inner, middle + b * inner),
            outline=255,
            width=max(1, ring // 2),
        )
    path = str(random.choice(font_paths()))
    _arc_text(image, random, path, middle, a, b)
    if not oval and random.random() < 0.85:
        star(pen, middle, middle, across * float(random.uniform(0.11, 0.17)), 255)
    if random.random() < 0.7:
        lower = "户口专用章" if random.random() < 0.6 else f"({random.integers(1, 20)})"
        face = font(path, int(across * float(random.uniform(0.075, 0.1))))
        at = middle + (down * 0.24 if not oval else (0.0 if random.random() < 0.5 else down * 0.15))
        pen.text((middle, at), lower, font=face, fill=255, anchor="mm")
    if random.random() < 0.3:
        pen.text(
            (middle, middle + b * 0.82),
            "3418" + str(random.integers(10**8, 10**9)),
            font=font(path, int(across * 0.045)),
            fill=255,
            anchor="mm",
        )
    return np.asarray(image).astype(np.float32) / 255


def _arc_text(image: Image.Image, random: np.random.Generator, path: str, middle: float, a: float, b: float) -> None:
    name = (
        "".join(random.choice(list(PLACES), 2))
        + str(random.choice(["市", "县", "区"]))
        + "公安局"
        + "".join(random.choice(list(PLACES), 2))
        + "派出所"
    )
    size = int(a * float(random.uniform(0.2, 0.27)))
    face, span = font(path, size), math.radians(float(random.uniform(190, 260)))
    radius = float(random.uniform(0.68, 0.76))
    for index, letter in enumerate(name):
        angle = -math.pi / 2 - span / 2 + span * index / (len(name) - 1)
        glyph = Image.new("L", (size * 2, size * 2), 0)
        ImageDraw.Draw(glyph).text((size, size), letter, font=face, fill=255, anchor="mm")
        turned = glyph.rotate(-math.degrees(angle) - 90, resample=Image.Resampling.BILINEAR)
        at = int(middle + radius * a * math.cos(angle)) - size, int(middle + radius * b * math.sin(angle)) - size
        image.paste(255, at, turned)


def star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: object) -> None:
    corners = []
    for index in range(10):
        angle, length = -math.pi / 2 + index * math.pi / 5, radius if index % 2 == 0 else radius * 0.382
        corners.append((x + length * math.cos(angle), y + length * math.sin(angle)))
    pen.polygon(corners, fill=fill)


def _worn(seal: np.ndarray, random: np.random.Generator, kind: str) -> np.ndarray:
    """Return the seal as a hand prints it: uneven pressure, grain, holes, bleeding."""
    size = seal.shape[0]
    pressure = cv2.resize(random.random((4, 4)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    seal = seal * np.clip(0.55 + 0.6 * pressure, 0.2, 1)
    if kind == "partial":
        slope = np.add.outer(
            np.arange(size) * float(random.uniform(-1, 1)), np.arange(size) * float(random.uniform(-1, 1))
        )
        cut = float(np.quantile(slope, float(random.uniform(0.15, 0.32))))
        seal = seal * np.clip((slope - cut) / (0.08 * size) + 0.5, 0.03, 1).astype(np.float32)
    if kind == "speckle" or random.random() < 0.35:
        grain = cv2.GaussianBlur(
            random.random((size, size)).astype(np.float32), (0, 0), float(random.uniform(0.8, 2.2))
        )
        holes = grain < np.quantile(grain, float(random.uniform(0.1, 0.45)))
        seal = seal * np.where(holes, float(random.uniform(0.0, 0.4)), 1.0).astype(np.float32)
    if random.random() < 0.2:
        seal = cv2.dilate(seal, np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(seal, (0, 0), float(random.uniform(0.6, 1.6))).astype(np.float32)
