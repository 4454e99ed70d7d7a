"""Letters and colours that generated pages are drawn with: fonts of the system, invented words, inks."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import ImageFont

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


@cache
def fonts_found() -> tuple[str, ...]:
    """Return the Chinese fonts of this machine; tests that draw pages skip plainly where there are none."""
    roots = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
    return tuple(str(root / name) for root in roots for name in FONT_FILES if (root / name).is_file())


def font_paths() -> tuple[str, ...]:
    if not fonts_found():
        raise RuntimeError("no Chinese font: install fonts-noto-cjk")
    return fonts_found()


@cache
def font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def words(random: np.random.Generator, count: int) -> str:
    return "".join(random.choice(list(WORDS), count))
