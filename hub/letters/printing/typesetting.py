"""One template and its data become one PDF/A-2b. Data goes in as JSON and is never pasted into the source.

Every character is looked up in the fonts beforehand: our own first, then the system's; one that none has is refused.
The same input, time and fonts give the same bytes.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import typst

from hub.letters.printing.glyphs import Coverage, read_coverage
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.strict_json import encode_json

FAMILY = "Hanxun Sans SC"
_FOLDER = Path(str(files("hub.letters.printing")))
_FONTS = _FOLDER / "fonts"
# Looked at first among the system's fonts, so that machines that have them print alike.
_PREFERRED = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Serif CJK SC")


def typeset(template: str, data: object, *, at: datetime, system_fonts: bool = True) -> bytes:
    """Return the PDF/A-2b that `template` (a `.typ` file of this package) makes of `data` (anything JSON can hold).

    `at` becomes the document's date. With `system_fonts` False only the font that ships is used.
    Raises: Refused (`print.glyph_missing`) naming the character, HanxunError (`print.failed`).
    """
    text = encode_json(data).decode()
    families = _families_for(data, system_fonts=system_fonts)
    try:
        return typst.compile(
            str(_FOLDER / template),
            root=str(_FOLDER),
            format="pdf",
            font_paths=[str(_FONTS)],
            ignore_system_fonts=len(families) == 1,
            sys_inputs={"data": text, "fonts": encode_json(families).decode()},
            pdf_standards="a-2b",
            timestamp=int(at.timestamp()),
        )
    except typst.TypstError as error:
        # Typst quotes the text that it could not show: a name must not reach a log.
        detail = template if "could not be displayed" in str(error) else f"{template}: {error}"
        raise HanxunError(Code.PRINT_FAILED, detail=detail) from error


def font_file() -> bytes:
    """Return the font that ships (OpenType, OFL), for whoever draws text beside printing."""
    return next(_FONTS.glob("*.otf")).read_bytes()


def can_print(text: str, *, system_fonts: bool = True) -> bool:
    """Whether every character of `text` has a glyph."""
    try:
        _families_for(text, system_fonts=system_fonts)
    except Refused:
        return False
    return True


def _families_for(data: object, *, system_fonts: bool) -> list[str]:
    own = _own_coverage()
    missing = sorted(
        {one for text in _texts(msgspec.to_builtins(data)) for one in text if one != "\n" and not own.has(one)}
    )
    families = [FAMILY]
    for character in missing:
        family = _system_family(character) if system_fonts and character.isprintable() else None
        if family is None:
            values = {"character": character, "codepoint": f"U+{ord(character):04X}"}
            raise Refused(Code.PRINT_GLYPH_MISSING, values=values)
        if family not in families:
            families.append(family)
    return families


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


@cache
def _own_coverage() -> Coverage:
    return read_coverage(next(_FONTS.glob("*.otf")))


@cache
def _system_family(character: str) -> str | None:
    return next((family for family, coverage in _system_faces() if coverage.has(character)), None)


@cache
def _system_faces() -> tuple[tuple[str, Coverage], ...]:
    """The regular face of every system family, preferred ones first."""
    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False).fonts()
    upright = [font for font in fonts if font.style == "normal" and font.path]
    upright.sort(key=lambda font: (_rank(font.family), abs(font.weight - 400), str(font.path), font.index))
    faces: dict[str, Coverage] = {}
    for font in upright:
        if font.family not in faces:
            faces[font.family] = read_coverage(Path(str(font.path)), font.index)
    return tuple(faces.items())


def _rank(family: str) -> tuple[int, str]:
    return (_PREFERRED.index(family) if family in _PREFERRED else len(_PREFERRED), family)
