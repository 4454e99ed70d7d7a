"""A practice scan for the tutorial: the printed letter with red ink on it, scanned a little crooked. Paper, not an electronic seal.

Usage: python -m hanxun.demo.practice_scan LETTER.pdf SCAN.jpg --station NAME
"""

from pathlib import Path
from typing import Annotated

import typer

from hanxun.demo.paper import DPI, stamp_and_scan
from hanxun.files import write_file
from hub.letters.limits import default_limits
from hub.letters.preview import render_page


def practice_scan(
    letter: Annotated[Path, typer.Argument(help="打印用 PDF / the printed letter", exists=True, dir_okay=False)],
    scan: Annotated[Path, typer.Argument(help="扫描件写到哪里 / where the scan goes, JPEG")],
    station: Annotated[str, typer.Option(help="印文中的单位名称 / the unit's name in the impression")],
) -> None:
    """仅供练习:代替打印、盖章、扫描三步 / for practice only: stands in for printer, stamp and scanner."""
    page = render_page(letter.read_bytes(), 1, DPI, limits=default_limits())
    write_file(scan, stamp_and_scan(page, station=station, seed=1))


if __name__ == "__main__":
    typer.run(practice_scan)
