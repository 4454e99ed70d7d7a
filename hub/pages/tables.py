"""Tables for saving: CSV and XLSX, in which nothing that somebody typed can become a formula.

A cell that begins with =, +, -, @, a tab or a line's end gets an apostrophe before it. Source: OWASP, CSV injection.
"""

import csv
import io
from collections.abc import Sequence

import xlsxwriter

Cell = str | int | float | None
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "=", "+", "-", "@")


def harmless(cell: Cell) -> Cell:
    """Return the cell so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_DANGEROUS) else cell


def csv_of(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return the table as CSV in UTF-8, with the mark by which spreadsheets know it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in (head, *rows):
        writer.writerow(["" if cell is None else harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def xlsx_of(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return the table as a workbook with one sheet, its first row the head."""
    out = io.BytesIO()
    # In memory: a table of cases leaves no file behind. What looks like a formula or an address stays text.
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, plain) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((head, *rows)):
            sheet.write_row(number, 0, [_plain(cell) for cell in row])
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return out.getvalue()


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return "".join(sign for sign in str(harmless(cell)) if sign >= " " or sign in "\t\n")
    return cell
