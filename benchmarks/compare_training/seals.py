"""Designs of stamps that exist nowhere, drawn with free fonts, and copies of them with one thing changed.

Training data only. Fonts are those of Debian's fonts-arphic-*, fonts-cwtex-* and fonts-wqy-*; none is shipped.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from fontTools.ttLib import TTFont
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

RADIUS = 400  # pixels of the master drawing, to the border's outer edge
SIDE = 880
FONTS = tuple(
    path
    for name in (
        "arphic/uming.ttc", "arphic/ukai.ttc", "arphic-gkai00mp/gkai00mp.ttf", "arphic-bkai00mp/bkai00mp.ttf",
        "cwtex/cwfs.ttf", "cwtex/cwheib.ttf", "cwtex/cwming.ttf", "cwtex/cwkai.ttf", "cwtex/cwyen.ttf",
        "wqy/wqy-zenhei.ttc", "wqy/wqy-microhei.ttc",
    )
    if (path := Path("/usr/share/fonts/truetype") / name).exists()
)  # fmt: skip
# Characters of invented place names and offices, simplified and traditional; each font uses those it has.
CHARACTERS = (
    "东西南北中上下前后左右大小新老高长平安宁和兴盛丰乐泰康福寿吉祥如意金木水火土石山川江河湖海溪泉池塘湾港岛洲"
    "沙滩田园林森松柏杨柳桃李梅兰竹菊荷莲花草禾谷米麦豆牛羊马龙凤虎鹤鹿燕雁白青红黄紫蓝绿黑赤丹光明日月星云雨"
    "雪风雷电天地城镇乡村里庄屯堡寨关口桥路街巷门坊亭台楼阁塔寺庙宫殿堂院府县市省州区旗盟局所厅处科室部委会社团"
    "队站厂店行业工商农林牧渔交通运输邮政财税审计统计教育文化卫生体育民宗侨台法司检察院公信用章专合同财务户籍档案"
    "資產業務會計東車門馬龍鳳鳥魚島嶺縣區廠廳處務總經銷際樂豐興寧萬義烏廣廈雲無錫鎮鄉灣溝澤濱漢滬贛魯齊趙韓衛"
    "一二三四五六七八九十百千人民共建设和平解放胜利前进友谊团结育才求实创新惠济仁德礼智信孝廉忠勇坚毅清正严明"
)


@dataclass(frozen=True, slots=True)
class Seal:
    """One design; lengths are shares of the radius, angles are degrees. `diameter_mm` is the size of the metal."""

    text: str
    foot: str
    number: str
    font: Path
    foot_font: Path
    border: float
    inner_border: float
    text_radius: float
    height: float
    width: float
    span: float
    star: float
    foot_at: float
    foot_height: float
    foot_width: float
    weight: float
    diameter_mm: float
    mirrored: bool = False


def make_seal(random: Generator) -> Seal:
    """Return a random design."""
    font = FONTS[random.integers(len(FONTS))]
    count = int(random.integers(7, 17))
    return Seal(
        text=_word(random, font, count),
        foot=_word(random, font, int(random.integers(3, 7))) if random.random() < 0.9 else "",
        number=f"({random.integers(1, 20)})" if random.random() < 0.4 else "",
        font=font,
        foot_font=font,
        border=random.uniform(0.03, 0.085),
        inner_border=0.012 if random.random() < 0.12 else 0.0,
        text_radius=random.uniform(0.70, 0.77),
        height=random.uniform(0.19, 0.29),
        width=random.uniform(0.62, 1.05),
        span=random.uniform(190, 290),
        star=random.uniform(0.24, 0.38) if random.random() < 0.92 else 0.0,
        foot_at=random.uniform(0.48, 0.62),
        foot_height=random.uniform(0.12, 0.18),
        foot_width=random.uniform(0.75, 1.05),
        weight=random.choice([0.0, 0.0, 0.0, 1.0, 2.0]),
        diameter_mm=random.uniform(36, 46),
    )


FORGERIES = (
    "one_char", "other_font", "other_text", "arc_span", "star_size", "mirrored", "foot", "two_chars", "spacing", "weight",
    "half_the_chars",
)  # fmt: skip
PAIR_SHARES = (0.30, 0.24, 0.08, 0.08, 0.07, 0.03, 0.06, 0.05, 0.06, 0.03, 0.0)
WINDOW_SHARES = (0.0, 0.30, 0.05, 0.06, 0.06, 0.0, 0.06, 0.0, 0.06, 0.03, 0.38)  # many changed windows in each pair


def forge(seal: Seal, kind: str, random: Generator) -> Seal:
    """Return a copy of the design with one thing changed."""
    sign = random.choice([-1, 1])
    if kind in ("one_char", "two_chars", "half_the_chars"):
        text = list(seal.text)
        count = {"one_char": 1, "two_chars": 2, "half_the_chars": len(text) // 2}[kind]
        for place in random.choice(len(text), count, replace=False):
            text[place] = _word(random, seal.font, 1, but=text[place])
        return replace(seal, text="".join(text))
    if kind == "other_font":
        others = [font for font in FONTS if font != seal.font and _has(font, seal.text + seal.foot)]
        alike = [font for font in others if _style(font) == _style(seal.font)]
        others = alike if alike and random.random() < 0.4 else others
        font = others[random.integers(len(others))] if others else seal.font
        changed = replace(seal, font=font, foot_font=font if random.random() < 0.7 else seal.foot_font)
        return changed if others else replace(seal, weight=3.0, width=seal.width * 0.85)
    if kind == "other_text":
        same_length = len(seal.text) if random.random() < 0.7 else int(random.integers(7, 17))
        return replace(seal, text=_word(random, seal.font, same_length))
    if kind == "arc_span":
        return replace(seal, span=seal.span + sign * random.uniform(14, 45))
    if kind == "star_size":
        return replace(seal, star=max(seal.star, 0.24) * (1 + sign * random.uniform(0.12, 0.3)))
    if kind == "mirrored":
        return replace(seal, mirrored=True)
    if kind == "foot":
        return replace(seal, foot=_word(random, seal.foot_font, max(3, len(seal.foot))))
    if kind == "spacing":
        return replace(seal, text_radius=seal.text_radius - 0.035, height=seal.height * random.uniform(0.82, 0.9))
    if kind == "weight":
        return replace(seal, width=seal.width * (1 + sign * 0.16))
    raise ValueError(kind)


def draw(seal: Seal) -> NDArray[np.float32]:
    """Return the design as ink 0..1 on a square of `SIDE` pixels."""
    page = np.zeros((SIDE, SIDE), np.float32)
    middle = SIDE / 2
    _circle(page, 1 - seal.border / 2, seal.border)
    if seal.inner_border:
        _circle(page, 1 - seal.border - 0.035, seal.inner_border)
    if seal.star:
        turns = np.radians(np.arange(10) * 36 - 90)
        reach = np.where(np.arange(10) % 2 == 0, 1.0, 0.382) * seal.star * RADIUS
        points = np.stack([middle + reach * np.cos(turns), middle + reach * np.sin(turns)], -1)
        cv2.fillPoly(page, [np.round(points * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    step = seal.span / max(len(seal.text) - 1, 1)
    for place, character in enumerate(seal.text):
        angle = -seal.span / 2 + place * step
        glyph = _glyph(seal.font, character, seal.height * RADIUS, seal.height * seal.width * RADIUS, seal.weight)
        _paste(page, glyph, angle, seal.text_radius)
    if seal.foot:
        _paste_line(page, seal.foot, seal.foot_font, seal.foot_at, seal.foot_height, seal.foot_width, seal.weight)
    if seal.number:
        _paste_line(page, seal.number, FONTS[0], min(seal.foot_at + 0.19, 0.82), 0.11, 0.55, 0.0)
    return page[:, ::-1].copy() if seal.mirrored else page


def _circle(page: NDArray[np.float32], radius: float, width: float) -> None:
    across, down = np.meshgrid(np.arange(SIDE) - SIDE / 2 + 0.5, np.arange(SIDE) - SIDE / 2 + 0.5)
    away = np.abs(np.hypot(across, down) - radius * RADIUS)
    np.maximum(page, np.clip(width * RADIUS / 2 - away + 0.5, 0, 1), out=page)


def _paste(page: NDArray[np.float32], glyph: NDArray[np.float32], angle: float, reach: float) -> None:
    turn = np.radians(angle)
    cos, sin = np.cos(turn), np.sin(turn)
    height, width = glyph.shape
    x, y = SIDE / 2 + reach * RADIUS * sin, SIDE / 2 - reach * RADIUS * cos
    affine = np.array(
        [[cos, -sin, x - cos * width / 2 + sin * height / 2], [sin, cos, y - sin * width / 2 - cos * height / 2]]
    )
    np.maximum(page, cv2.warpAffine(glyph, affine, (SIDE, SIDE)), out=page)


def _paste_line(
    page: NDArray[np.float32], text: str, font: Path, down: float, height: float, width: float, weight: float
) -> None:
    step = height * width * RADIUS * 1.08
    for place, character in enumerate(text):
        glyph = _glyph(font, character, height * RADIUS, height * width * RADIUS, weight * 0.7)
        x = SIDE / 2 + (place - (len(text) - 1) / 2) * step - glyph.shape[1] / 2
        affine = np.array([[1, 0, x], [0, 1, SIDE / 2 + down * RADIUS - glyph.shape[0] / 2]])
        np.maximum(page, cv2.warpAffine(glyph, affine, (SIDE, SIDE)), out=page)


def _glyph(font: Path, character: str, height: float, width: float, weight: float) -> NDArray[np.float32]:
    size = 120
    image = Image.new("L", (size * 3 // 2, size * 3 // 2))
    drawing = ImageDraw.Draw(image)
    drawing.text((size * 3 // 4, size * 3 // 4), character, font=_loaded(font, size), fill=255, anchor="mm")
    values = np.asarray(image, np.float32) / 255
    if weight:
        values = cv2.dilate(values, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(2 * weight) + 1,) * 2))
    scale = np.array([width, height]) / size
    shape = np.maximum(np.round(np.array(values.shape[::-1]) * scale).astype(int), 2)
    return cv2.resize(values, (int(shape[0]), int(shape[1])), interpolation=cv2.INTER_AREA)


@lru_cache(maxsize=64)
def _loaded(font: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font), size)


@lru_cache(maxsize=64)
def _known(font: Path) -> frozenset[str]:
    mapping = TTFont(font, fontNumber=0, lazy=True).getBestCmap()
    return frozenset(character for character in CHARACTERS if ord(character) in mapping)


def _style(font: Path) -> str:
    """Return which of the four hands of Chinese type a font follows."""
    hands = {
        "uming": "song",
        "cwming": "song",
        "zenhei": "hei",
        "microhei": "hei",
        "cwheib": "hei",
        "cwyen": "hei",
        "cwfs": "fang",
    }
    return next((hand for part, hand in hands.items() if part in font.stem), "kai")


def _has(font: Path, text: str) -> bool:
    return set(text) <= _known(font)


def _word(random: Generator, font: Path, count: int, but: str = "") -> str:
    known = sorted(_known(font) - set(but))
    return "".join(known[place] for place in random.integers(0, len(known), count))
