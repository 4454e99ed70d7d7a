"""Makes letter pages with and without red seals, with truth boxes, to tune and test the stamp finder.

Everything comes from the seed: text, fonts, inks, damage, shade, noise, compression. Names are invented syllables.
Run as a script to write pages: `python -m tests.letters.generate_pages DIR --count 200 --seed 1`.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.letters.distractions import distract, red_heading
from tests.letters.drawn_seals import stamp
from tests.letters.lettering import HEIGHT, WIDTH, font, font_paths, words

POSITIVE = (
    "plain",
    "over text",
    "edge",
    "faint",
    "oval",
    "two",
    "partial",
    "speckle",
    "redhead",
    "dim",
    "perspective",
    "dense",
    "pale",
    "pale redhead",
)
NEGATIVE = (
    "text", "red heading", "red table", "scribble", "disc logo", "hand circle", "square seal", "red code", "watermark",
    "balls", "emblem", "fingerprint", "prohibition", "rings", "clock", "red text", "polygon", "blots", "half logo", "loops", "remark", "loops again", "circled words", "pen rings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Generated:
    """A page, its kind, and the boxes of its red seals as fractions."""

    page: np.ndarray
    kind: str
    boxes: tuple[tuple[float, float, float, float], ...]


def generate(seed: int) -> Generated:
    """Return the page of this seed; even seeds have seals, odd ones have none."""
    random = np.random.default_rng(seed)
    kinds = POSITIVE if seed % 2 == 0 else NEGATIVE
    kind = kinds[(seed // 2) % len(kinds)]
    short = random.random() < 0.3
    height = HEIGHT // 2 if short else HEIGHT
    page = _letter(random, height, dense=kind == "dense" or random.random() < 0.3)
    boxes: list[tuple[float, float, float, float]] = []
    if kind in POSITIVE:
        for number in range(2 if kind == "two" else 1):
            boxes.append(stamp(page, random, kind, number))
    else:
        distract(page, random, kind)
    if "redhead" in kind or (kind in POSITIVE and random.random() < 0.15):
        red_heading(page, random)
    if kind == "perspective":
        page, boxes = _in_perspective(page, boxes, random)
    page = _scanned(page, random, kind)
    if random.random() < 0.15:
        page, boxes = _cropped(page, boxes, random)
    return Generated(page, kind, tuple(boxes))


def _letter(random: np.random.Generator, height: int, *, dense: bool) -> np.ndarray:
    image = Image.new("RGB", (WIDTH, height), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    body = font(str(random.choice(font_paths())), int(random.integers(24, 32)))
    ink = tuple(int(value) for value in random.integers(10, 70, 1).repeat(3))
    pen.text((WIDTH // 4, int(height * 0.06)), words(random, 16), font=font(font_paths()[0], 40), fill=ink)
    top, step = int(height * 0.15), int(random.integers(44, 62))
    while top < height * (0.9 if dense else 0.55):
        pen.text(
            (int(random.integers(120, 200)), top), words(random, int(random.integers(14, 34))), font=body, fill=ink
        )
        top += step
    pen.text((int(WIDTH * 0.62), int(height * 0.72)), words(random, 11), font=body, fill=ink)
    pen.text(
        (int(WIDTH * 0.66), int(height * 0.72) + step),
        f"2026年{random.integers(1, 13)}月{random.integers(1, 29)}日",
        font=body,
        fill=ink,
    )
    return np.asarray(image).astype(np.float32) / 255


def _in_perspective(
    page: np.ndarray, boxes: list[tuple[float, float, float, float]], random: np.random.Generator
) -> tuple[np.ndarray, list[tuple[float, float, float, float]]]:
    height, width = page.shape[:2]
    flat = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    bent = flat + random.uniform(0, 0.07, (4, 2)).astype(np.float32) * width * np.array(
        ((1, 1), (-1, 1), (-1, -1), (1, -1)), np.float32
    )
    matrix = cv2.getPerspectiveTransform(flat, bent)
    laid = cv2.warpPerspective(page, matrix, (width, height), borderValue=(0.16, 0.12, 0.1))
    moved = []
    for left, top, right, bottom in boxes:
        turn = np.linspace(0, 2 * math.pi, 72)
        ring = np.stack(
            [
                (left + right) / 2 * width + (right - left) / 2 * width * np.cos(turn),
                (top + bottom) / 2 * height + (bottom - top) / 2 * height * np.sin(turn),
            ],
            axis=1,
        )
        ring = cv2.perspectiveTransform(ring[None].astype(np.float32), matrix)[0] / (width, height)
        moved.append((*(float(value) for value in ring.min(axis=0)), *(float(value) for value in ring.max(axis=0))))
    return laid, moved


def _cropped(
    page: np.ndarray, boxes: list[tuple[float, float, float, float]], random: np.random.Generator
) -> tuple[np.ndarray, list[tuple[float, float, float, float]]]:
    """Return a part of the page that holds its seals: what a phone or a careless crop keeps."""
    height, width = page.shape[:2]
    left, top, right, bottom = (
        (0.3, 0.3, 0.6, 0.6)
        if not boxes
        else (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    )
    x0, x1 = (
        int(left * float(random.uniform(0.2, 0.9)) * width),
        int((right + (1 - right) * float(random.uniform(0.1, 0.8))) * width),
    )
    y0, y1 = (
        int(top * float(random.uniform(0.2, 0.95)) * height),
        int((bottom + (1 - bottom) * float(random.uniform(0.05, 0.8))) * height),
    )
    moved = [
        (
            (b[0] * width - x0) / (x1 - x0),
            (b[1] * height - y0) / (y1 - y0),
            (b[2] * width - x0) / (x1 - x0),
            (b[3] * height - y0) / (y1 - y0),
        )
        for b in boxes
    ]
    return np.ascontiguousarray(page[y0:y1, x0:x1]), moved


def _scanned(page: np.ndarray, random: np.random.Generator, kind: str) -> np.ndarray:
    """Return the page as a device sees it: paper tint, shade, noise, blur, compression."""
    height = page.shape[0]
    tint = np.array((1, 1 - random.uniform(0, 0.05), 1 - random.uniform(0, 0.12)), np.float32)
    shade = cv2.resize(
        random.uniform(0.82, 1.0, (3, 3)).astype(np.float32), (WIDTH, height), interpolation=cv2.INTER_CUBIC
    )
    seen = (
        page * tint * np.clip(shade, 0.7, 1)[:, :, None] * (float(random.uniform(0.5, 0.7)) if kind == "dim" else 1.0)
    )
    if "pale" in kind:  # little contrast: a tired lamp, a copy of a copy
        seen = float(random.uniform(0.5, 0.75)) * (1 - float(random.uniform(0.3, 0.55)) * (1 - seen))
    seen = cv2.GaussianBlur(seen, (0, 0), float(random.uniform(0.3, 1.1)))
    seen += random.normal(0, float(random.uniform(0.003, 0.02)), (height, WIDTH, 1)).astype(np.float32)
    pixels = (np.clip(seen, 0, 1) * 255).astype(np.uint8)
    _, compressed = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(45, 92))])
    return np.ascontiguousarray(cv2.imdecode(compressed, cv2.IMREAD_COLOR)[:, :, ::-1])


def main() -> None:
    """Write pages as PNG with a `truth.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    wanted.directory.mkdir(parents=True, exist_ok=True)
    truth = []
    for seed in range(wanted.seed, wanted.seed + wanted.count):
        made = generate(seed)
        name = f"{seed:06d}_{made.kind.replace(' ', '_')}.png"
        Image.fromarray(made.page).save(wanted.directory / name)
        truth.append({"path": name, "kind": made.kind, "boxes": made.boxes})
    (wanted.directory / "truth.json").write_text(json.dumps(truth, indent=0), "utf-8")


if __name__ == "__main__":
    main()
