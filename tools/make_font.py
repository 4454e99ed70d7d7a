"""Make the font that printed letters and reports carry: a subset of Noto Sans CJK SC, renamed so that no other is meant.

Needs fontTools and Debian's `fonts-noto-cjk`. Run from the project's root: `.venv/bin/python tools/make_font.py`.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
FAMILY = "Hanxun Sans SC"
TARGET = Path("hub/letters/printing/fonts/HanxunSansSC-Regular.otf")


def main() -> int:
    """Write the subset beside its licence and print its size."""
    options = subset.Options(
        layout_features=["kern"], hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True
    )
    font = TTCollection(SOURCE).fonts[_index_of("Noto Sans CJK SC")]
    worker = subset.Subsetter(options)
    worker.populate(unicodes=sorted(wanted()))
    worker.subset(font)
    _rename(font)
    # A fixed date, so that the same source makes the same bytes.
    font.recalcTimestamp = False
    font.save(TARGET)
    sys.stdout.write(f"{TARGET}: {TARGET.stat().st_size} bytes, {len(font.getBestCmap())} characters\n")
    return 0


def wanted() -> set[int]:
    """Return the code points to keep: the unified ideographs that GBK holds (so GB 2312 too), Latin, punctuation, signs.

    GB 2312 alone lacks common given names (喆, 堃, 昇); rarer characters than these come from a system font.
    """
    ranges = [(0x20, 0x7F), (0xA0, 0x180), (0x391, 0x3CA), (0x2010, 0x2028), (0x2030, 0x205F), (0x2150, 0x2180)]
    ranges += [(0x2190, 0x219A), (0x2460, 0x2500), (0x3000, 0x3040), (0xFF01, 0xFF61), (0xFFE0, 0xFFE7)]
    ranges += [(0x4E00, 0x9FA6)]
    return {code for begin, end in ranges for code in range(begin, end)}


def _index_of(family: str) -> int:
    names = [font["name"].getDebugName(1) for font in TTCollection(SOURCE).fonts]
    return names.index(family)


def _rename(font: object) -> None:
    table = font["name"]  # type: ignore[index]
    texts = {1: FAMILY, 2: "Regular", 3: "HanxunSansSC-Regular", 4: FAMILY, 6: "HanxunSansSC-Regular"}
    for record in list(table.names):
        if record.nameID in texts and record.langID not in (0, 0x409):
            table.removeNames(record.nameID, record.platformID, record.platEncID, record.langID)
        elif record.nameID in texts:
            record.string = texts[record.nameID]
    cff = font["CFF "].cff  # type: ignore[index]
    cff.fontNames[0] = texts[6]
    top = cff.topDictIndex[0]
    top.FullName, top.FamilyName = FAMILY, FAMILY


if __name__ == "__main__":
    raise SystemExit(main())
