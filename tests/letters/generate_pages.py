"""Makes letter pages with and without red seals, with truth boxes, to tune and test the stamp finder.

Everything comes from the seed: text, fonts, inks, damage, shade, noise, compression. Names are invented syllables.
Run as a script to write pages: `python -m tests.letters.generate_pages DIR --count 200 --seed 1`.
"""

import argparse
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1240, 1754  # A4 at 150 dpi
FONT_FILES = (
    "opentype/noto/NotoSerifCJK-Bold.ttc",
    "opentype/noto/NotoSerifCJK-Regular.ttc",
    "opentype/noto/NotoSansCJK-Regular.ttc",
    "opentype/noto/NotoSansCJK-Bold.ttc",
    "truetype/arphic/ukai.ttc",
    "truetype/arphic/uming.ttc",
    "truetype/wqy/wqy-microhei.ttc",
    "truetype/wqy/wqy-zenhei.ttc",
)
PLACES = "云山溪亭沙河梅园白石双塔长宁古渡清泉南浦东堰桃岭柳湾金坪望江丰乐"
WORDS = "关于户口迁移情况说明函今年我所在办理业务时因经办人员误选同名将下列错迁入辖区现请贵核对后按一站式无证定回并三个工作日内复"
INKS = ((196, 22, 30), (215, 45, 50), (170, 20, 40), (225, 60, 75), (150, 25, 35), (205, 30, 80), (230, 70, 50))
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


@cache
def _font_paths() -> tuple[str, ...]:
    roots = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
    found = [str(root / name) for root in roots for name in FONT_FILES if (root / name).is_file()]
    if not found:
        raise RuntimeError("no Chinese font: install fonts-noto-cjk")
    return tuple(found)


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


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
            boxes.append(_stamp(page, random, kind, number))
    else:
        _distract(page, random, kind)
    if "redhead" in kind or (kind in POSITIVE and random.random() < 0.15):
        _red_heading(page, random)
    if kind == "perspective":
        page, boxes = _in_perspective(page, boxes, random)
    page = _scanned(page, random, kind)
    if random.random() < 0.15:
        page, boxes = _cropped(page, boxes, random)
    return Generated(page, kind, tuple(boxes))


def _letter(random: np.random.Generator, height: int, *, dense: bool) -> np.ndarray:
    image = Image.new("RGB", (WIDTH, height), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    body = _font(str(random.choice(_font_paths())), int(random.integers(24, 32)))
    ink = tuple(int(value) for value in random.integers(10, 70, 1).repeat(3))
    pen.text((WIDTH // 4, int(height * 0.06)), _words(random, 16), font=_font(_font_paths()[0], 40), fill=ink)
    top, step = int(height * 0.15), int(random.integers(44, 62))
    while top < height * (0.9 if dense else 0.55):
        pen.text(
            (int(random.integers(120, 200)), top), _words(random, int(random.integers(14, 34))), font=body, fill=ink
        )
        top += step
    pen.text((int(WIDTH * 0.62), int(height * 0.72)), _words(random, 11), font=body, fill=ink)
    pen.text(
        (int(WIDTH * 0.66), int(height * 0.72) + step),
        f"2026年{random.integers(1, 13)}月{random.integers(1, 29)}日",
        font=body,
        fill=ink,
    )
    return np.asarray(image).astype(np.float32) / 255


def _words(random: np.random.Generator, count: int) -> str:
    return "".join(random.choice(list(WORDS), count))


def _stamp(page: np.ndarray, random: np.random.Generator, kind: str, number: int) -> tuple[float, float, float, float]:
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
    path = str(random.choice(_font_paths()))
    _arc_text(image, random, path, middle, a, b)
    if not oval and random.random() < 0.85:
        _star(pen, middle, middle, across * float(random.uniform(0.11, 0.17)), 255)
    if random.random() < 0.7:
        lower = "户口专用章" if random.random() < 0.6 else f"({random.integers(1, 20)})"
        font = _font(path, int(across * float(random.uniform(0.075, 0.1))))
        at = middle + (down * 0.24 if not oval else (0.0 if random.random() < 0.5 else down * 0.15))
        pen.text((middle, at), lower, font=font, fill=255, anchor="mm")
    if random.random() < 0.3:
        pen.text(
            (middle, middle + b * 0.82),
            "3418" + str(random.integers(10**8, 10**9)),
            font=_font(path, int(across * 0.045)),
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
    font, span = _font(path, size), math.radians(float(random.uniform(190, 260)))
    radius = float(random.uniform(0.68, 0.76))
    for index, letter in enumerate(name):
        angle = -math.pi / 2 - span / 2 + span * index / (len(name) - 1)
        glyph = Image.new("L", (size * 2, size * 2), 0)
        ImageDraw.Draw(glyph).text((size, size), letter, font=font, fill=255, anchor="mm")
        turned = glyph.rotate(-math.degrees(angle) - 90, resample=Image.Resampling.BILINEAR)
        at = int(middle + radius * a * math.cos(angle)) - size, int(middle + radius * b * math.sin(angle)) - size
        image.paste(255, at, turned)


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: object) -> None:
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


def _distract(page: np.ndarray, random: np.random.Generator, kind: str) -> None:
    """Draw something red that is no seal."""
    if kind == "text":
        return
    if kind == "red heading":
        _red_heading(page, random)
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
        _star(ImageDraw.Draw(gold), x, y - radius * 0.35, radius * 0.3, 255)
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
    path = _font_paths()[min(4, len(_font_paths()) - 1)]
    text = _words(random, int(random.integers(2, 7)))
    pen.text((x, y), text, font=_font(path, int(random.integers(50, 110))), fill=255, anchor="mm")
    if random.random() < 0.4:
        _hand_circle(image, pen, random, x, y, radius)


def _disc_logo(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    _star(pen, x, y, radius * float(random.uniform(0.4, 0.7)), 0)
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
    pen.text((x, y + radius * 1.3), _words(random, 5), font=_font(_font_paths()[0], 40), fill=255, anchor="mm")


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
        pen.text((x, y), _words(random, 3), font=_font(str(random.choice(_font_paths())), 40), fill=255, anchor="mm")


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
    font = _font(str(random.choice(_font_paths())), int(half * 0.8))
    for index, letter in enumerate(_words(random, 4)):
        pen.text(
            (x + half * (0.45 if index < 2 else -0.45), y + half * (0.45 if index % 2 else -0.45)),
            letter,
            font=font,
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
        font=_font(_font_paths()[0], 150),
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
    font = _font(str(random.choice(_font_paths())), int(random.integers(28, 60)))
    for line in range(int(random.integers(2, 9))):
        pen.text((120, 200 + line * 80), _words(random, int(random.integers(8, 20))), font=font, fill=255)


def _polygon(
    image: Image.Image, pen: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, radius: float
) -> None:
    pen.regular_polygon(
        (x, y, radius), int(random.integers(3, 7)), rotation=int(random.integers(0, 90)), outline=255, width=8
    )
    pen.text((x, y), _words(random, 2), font=_font(_font_paths()[0], 50), fill=255, anchor="mm")


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


def _red_heading(page: np.ndarray, random: np.random.Generator) -> None:
    image = Image.new("L", (WIDTH, page.shape[0]), 0)
    pen = ImageDraw.Draw(image)
    pen.text(
        (WIDTH / 2, 90),
        _words(random, 10),
        font=_font(_font_paths()[0], int(random.integers(54, 90))),
        fill=255,
        anchor="mm",
    )
    pen.line((120, 170, WIDTH - 120, 170), fill=255, width=int(random.integers(3, 8)))
    if random.random() < 0.5:
        _star(pen, WIDTH / 2, 170, 22, 255)
    page *= 1 - (np.asarray(image).astype(np.float32) / 255)[:, :, None] * (
        1 - np.array((0.85, 0.12, 0.12), np.float32)
    )


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
