"""Draws red things that are no seals: headings, tables, signatures, logos, rings, clocks, codes, marks by hand."""

import math

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.letters.drawn_seals import star
from tests.letters.lettering import INKS, WIDTH, font, font_paths, words


def distract(page: np.ndarray, random: np.random.Generator, kind: str) -> None:
    """Draw something red that is no seal."""
    if kind == "text":
        return
    if kind == "red heading":
        red_heading(page, random)
        return
    height = page.shape[0]
    image = Image.new("L", (WIDTH, height), 0)
    pen = ImageDraw.Draw(image)
    x, y = float(random.uniform(0.25, 0.75)) * WIDTH, float(random.uniform(0.3, 0.75)) * height
    radius = float(random.uniform(70, 150))
    _DISTRACTIONS[kind](image, pen, random, x, y, radius)
    ink = np.array(INKS[random.integers(len(INKS))], np.float32) / 255
    laid = (np.asarray(image).astype(np.float32) / 255 * float(random.uniform(0.5, 1.0)))[:, :, None]
    page *= 1 - laid * (1 - ink)
    if kind == "emblem":
        gold = Image.new("L", (WIDTH, height), 0)
        star(ImageDraw.Draw(gold), x, y - radius * 0.35, radius * 0.3, 255)
        ImageDraw.Draw(gold).ellipse(
            (x - radius, y - radius, x + radius, y + radius), outline=255, width=int(radius * 0.12)
        )
        mask = np.asarray(gold)[:, :, None] > 0
        page[:] = np.where(mask, np.array((0.95, 0.78, 0.2), np.float32), page)


def _red_table(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    step, width = int(random.integers(40, 80)), int(random.integers(2, 5))
    tilt = float(random.uniform(-0.06, 0.06))
    for row in range(100, image.height - 100, step):
        pen.line((100, row, WIDTH - 100, row + tilt * WIDTH), fill=255, width=width)
    for column in np.sort(random.integers(100, WIDTH - 100, int(random.integers(2, 6)))):
        pen.line((int(column), 100, int(column - tilt * image.height), image.height - 100), fill=255, width=width)


def _scribble(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    for _ in range(int(random.integers(1, 4))):
        steps = np.cumsum(cv2.GaussianBlur(random.normal(0, 60, (60, 2)), (0, 0), 2), axis=0)
        steps += np.array((x, y)) - steps.mean(axis=0) + random.normal(0, 40, 2)
        pen.line([tuple(map(float, step)) for step in steps], fill=255, width=int(random.integers(3, 8)))


def _loops(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    """A cursive signature: curves that close on themselves."""
    for _ in range(int(random.integers(1, 3))):
        time = np.linspace(0, float(random.uniform(4, 14)), 400)
        waves = [random.uniform(0.3, 1.0, 2) * radius * (0.6, 1.0)[k] for k in range(2)]
        speeds = random.uniform(0.7, 3.0, (2, 2))
        across = (
            x
            + sum(waves[k][0] * np.sin(speeds[k][0] * time + random.uniform(0, 6)) for k in range(2))
            + time * random.uniform(-8, 20)
        )
        down = y + sum(waves[k][1] * np.sin(speeds[k][1] * time + random.uniform(0, 6)) for k in range(2))
        pen.line(
            list(zip(map(float, across), map(float, down), strict=True)), fill=255, width=int(random.integers(3, 9))
        )
    if random.random() < 0.4:
        _remark(image, pen, random, x, y + radius * 1.6, radius)


def _remark(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    """A few large red characters by hand, some with a circle or a tick around them."""
    path = font_paths()[min(4, len(font_paths()) - 1)]
    text = words(random, int(random.integers(2, 7)))
    pen.text((x, y), text, font=font(path, int(random.integers(50, 110))), fill=255, anchor="mm")
    if random.random() < 0.4:
        _hand_circle(image, pen, random, x, y, radius)


def _disc_logo(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    star(pen, x, y, radius * float(random.uniform(0.4, 0.7)), 0)
    if random.random() < 0.5:
        inner = radius * 0.88
        pen.ellipse((x - inner, y - inner, x + inner, y + inner), outline=0, width=4)


def _half_logo(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    pen.pieslice(
        (x - radius, y - radius, x + radius, y + radius),
        int(random.integers(0, 360)),
        int(random.integers(400, 560)),
        fill=255,
    )
    pen.text((x, y + radius * 1.3), words(random, 5), font=font(font_paths()[0], 40), fill=255, anchor="mm")


def _hand_circle(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    for _ in range(int(random.integers(1, 4))):
        cx, cy = x + float(random.normal(0, 200)), y + float(random.normal(0, 150))
        turn = np.linspace(0, 2 * math.pi * float(random.uniform(0.9, 1.15)), 90)
        wobble = 1 + 0.06 * np.sin(turn * 2 + random.uniform(0, 6)) + np.cumsum(random.normal(0, 0.008, 90))
        flat = float(random.uniform(0.45, 1.0))
        points = [
            (cx + radius * w * math.cos(t), cy + radius * flat * w * math.sin(t))
            for t, w in zip(turn, wobble, strict=True)
        ]
        pen.line(points, fill=255, width=int(random.integers(3, 7)))
    if random.random() < 0.5:
        pen.text((x, y), words(random, 3), font=font(str(random.choice(font_paths())), 40), fill=255, anchor="mm")


def _square_seal(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    half = radius * float(random.uniform(0.5, 1.0))
    pen.rounded_rectangle(
        (x - half, y - half, x + half, y + half),
        radius=int(half * float(random.uniform(0, 0.3))),
        outline=255,
        width=int(random.integers(4, 10)),
    )
    face = font(str(random.choice(font_paths())), int(half * 0.8))
    for index, letter in enumerate(words(random, 4)):
        pen.text(
            (x + half * (0.45 if index < 2 else -0.45), y + half * (0.45 if index % 2 else -0.45)),
            letter,
            font=face,
            fill=255,
            anchor="mm",
        )


def _red_code(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    cells, side = 25, max(4, int(radius * 2 / 25))
    for row, column in np.argwhere(random.random((cells, cells)) < 0.5):
        left, top = int(x - radius + column * side), int(y - radius + row * side)
        pen.rectangle((left, top, left + side, top + side), fill=255)


def _watermark(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    layer = Image.new("L", (1000, 300), 0)
    ImageDraw.Draw(layer).text(
        (500, 150),
        str(random.choice(["复印件无效", "仅供核对", "样本作废"])),
        font=font(font_paths()[0], 150),
        fill=150,
        anchor="mm",
    )
    turned = layer.rotate(float(random.uniform(20, 50)), expand=True)
    image.paste(turned, (int(x - turned.width / 2), int(y - turned.height / 2)), turned)


def _balls(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    grid_y, grid_x = np.mgrid[0 : image.height, 0:WIDTH]
    plane = np.zeros((image.height, WIDTH), np.float32)
    for _ in range(int(random.integers(2, 6))):
        cx, cy, size = x + random.normal(0, 180), y + random.normal(0, 150), radius * float(random.uniform(0.5, 1.1))
        far = np.hypot(grid_x - cx - size * 0.2, grid_y - cy - size * 0.2) / size
        plane = np.where(np.hypot(grid_x - cx, grid_y - cy) < size, 255 * np.clip(far, 0.15, 1), plane)
    image.paste(Image.fromarray(plane.astype(np.uint8)))


def _fingerprint(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    wide, tall = radius * 0.5, radius * 0.7
    for scale in np.arange(0.08, 1.0, 0.07):
        pen.ellipse(
            (x - wide * scale, y - tall * scale, x + wide * scale, y + tall * scale),
            outline=int(random.integers(120, 255)),
            width=4,
        )


def _prohibition(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    pen.ellipse(
        (x - radius, y - radius, x + radius, y + radius),
        outline=255,
        width=int(radius * float(random.uniform(0.06, 0.2))),
    )
    if random.random() < 0.7:
        pen.line(
            (x - radius * 0.7, y - radius * 0.7, x + radius * 0.7, y + radius * 0.7), fill=255, width=int(radius * 0.14)
        )


def _rings(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    for scale in np.arange(float(random.uniform(0.2, 0.5)), 1.01, float(random.uniform(0.15, 0.3))):
        size = radius * float(scale)
        pen.ellipse((x - size, y - size, x + size, y + size), outline=255, width=int(random.integers(3, 8)))


def _clock(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=255, width=5)
    for hour in range(12):
        cos, sin = math.cos(hour * math.pi / 6), math.sin(hour * math.pi / 6)
        pen.line(
            (x + radius * 0.86 * cos, y + radius * 0.86 * sin, x + radius * 0.98 * cos, y + radius * 0.98 * sin),
            fill=255,
            width=6,
        )
    for length in (0.5, 0.75):
        angle = float(random.uniform(0, 2 * math.pi))
        pen.line(
            (x, y, x + radius * length * math.cos(angle), y + radius * length * math.sin(angle)), fill=255, width=6
        )


def _red_text(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    face = font(str(random.choice(font_paths())), int(random.integers(28, 60)))
    for line in range(int(random.integers(2, 9))):
        pen.text((120, 200 + line * 80), words(random, int(random.integers(8, 20))), font=face, fill=255)


def _polygon(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    pen.regular_polygon(
        (x, y, radius), int(random.integers(3, 7)), rotation=int(random.integers(0, 90)), outline=255, width=8
    )
    pen.text((x, y), words(random, 2), font=font(font_paths()[0], 50), fill=255, anchor="mm")


def _blots(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    noise = cv2.GaussianBlur(
        random.random((image.height, WIDTH)).astype(np.float32), (0, 0), float(random.uniform(8, 22))
    )
    level = np.quantile(noise, float(random.uniform(0.94, 0.99)))
    image.paste(Image.fromarray(np.where(noise > level, 255, 0).astype(np.uint8)))


_DISTRACTIONS = {
    "red table": _red_table, "scribble": _scribble, "disc logo": _disc_logo, "hand circle": _hand_circle,
    "square seal": _square_seal, "red code": _red_code, "watermark": _watermark, "balls": _balls, "emblem": _disc_logo,
    "fingerprint": _fingerprint, "prohibition": _prohibition, "rings": _rings, "clock": _clock, "red text": _red_text,
    "polygon": _polygon, "blots": _blots, "half logo": _half_logo, "loops": _loops, "remark": _remark, "loops again": _loops,
    "circled words": _hand_circle, "pen rings": _hand_circle,
}  # fmt: skip


def red_heading(page: np.ndarray, random: np.random.Generator) -> None:
    image = Image.new("L", (WIDTH, page.shape[0]), 0)
    pen = ImageDraw.Draw(image)
    pen.text(
        (WIDTH / 2, 90),
        words(random, 10),
        font=font(font_paths()[0], int(random.integers(54, 90))),
        fill=255,
        anchor="mm",
    )
    pen.line((120, 170, WIDTH - 120, 170), fill=255, width=int(random.integers(3, 8)))
    if random.random() < 0.5:
        star(pen, WIDTH / 2, 170, 22, 255)
    page *= 1 - (np.asarray(image).astype(np.float32) / 255)[:, :, None] * (
        1 - np.array((0.85, 0.12, 0.12), np.float32)
    )
