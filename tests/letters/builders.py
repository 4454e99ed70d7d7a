"""Small scans, good and hostile, made here: a test changes the one thing it is about."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SHARED_SCANS = Path(__file__).resolve().parents[3] / "shared" / "scans"


def a_page(width: int = 860, height: int = 1200) -> Image.Image:
    """Return a page with black lines, one red and one blue bar, nothing symmetric, on slightly grey paper."""
    image = Image.new("RGB", (width, height), (245, 244, 240))
    pen = ImageDraw.Draw(image)
    for line in range(12):
        top = height // 8 + line * height // 20
        pen.rectangle((width // 8, top, width // 8 + width // 2 + line * width // 60, top + 5), fill=(30, 30, 30))
    pen.rectangle((width // 2, height * 3 // 4, width * 4 // 5, height * 3 // 4 + 40), fill=(210, 30, 40))
    pen.rectangle((width // 9, height * 4 // 5, width // 9 + 20, height * 9 // 10), fill=(20, 40, 200))
    return image


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """Return `image` in `form` (JPEG, PNG, TIFF) at 100 dpi unless `dpi` is given."""
    written = io.BytesIO()
    image.save(written, format=form, **{"dpi": (100, 100), **options})
    return written.getvalue()


def a_jpeg(orientation: int | None = None, **options: object) -> bytes:
    """Return a JPEG scan, with an EXIF orientation if one is given."""
    if orientation is not None:
        exif = Image.Exif()
        exif[274] = orientation
        options["exif"] = exif
    return encoded(a_page(), "JPEG", quality=80, **options)


def a_png(**options: object) -> bytes:
    """Return a PNG scan."""
    return encoded(a_page(), "PNG", **options)


def a_tiff(pages: int = 1, **options: object) -> bytes:
    """Return a TIFF scan; its pages differ in one corner."""
    images = []
    for number in range(pages):
        image = a_page()
        image.putpixel((number, 0), (255, 0, 0))
        images.append(image)
    return encoded(images[0], "TIFF", save_all=True, append_images=images[1:], **options)


def interlaced_png() -> bytes:
    """Return an 8 x 8 grey PNG in Adam7 order; Pillow reads such files but does not write them."""
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8) * 3
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    rows = [pixels[y::dy, x::dx] for y, x, dy, dx in passes]
    data = b"".join(b"\x00" + row.tobytes() for part in rows for row in part)
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def a_pdf(
    *,
    catalog: bytes = b"",
    page: bytes = b"",
    contents: bytes = b"1 0 0 rg 100 100 200 90 re f",
    contents_entries: bytes = b"",
    objects: tuple[bytes, ...] = (),
    media_box: bytes = b"[0 0 595 842]",
    count: int = 1,
) -> bytes:
    """Return a one-page PDF; entries are added to its catalogue, page or contents, `objects` are numbered from 5."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R%b>>" % catalog,
        b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, b" ".join([b"3 0 R"] * count)),
        b"<</Type/Page/Parent 2 0 R/MediaBox%b/Contents 4 0 R%b>>" % (media_box, page),
        b"<</Length %d%b>>\nstream\n%b\nendstream" % (len(contents), contents_entries, contents),
        *objects,
    ]
    written, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    written += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    written += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, start)
    return bytes(written)


def two_signature_fields() -> tuple[bytes, tuple[bytes, ...]]:
    """Return the catalogue's AcroForm entry and objects of a form that holds nothing but signature fields."""
    return b"/AcroForm<</SigFlags 3/Fields[5 0 R 6 0 R]>>", (
        b"<</FT/Sig/T(one)/Type/Annot/Subtype/Widget/Rect[0 0 0 0]>>",
        b"<</T(two)/FT/Sig/Kids[<</Type/Annot/Subtype/Widget/Rect[0 0 0 0]/Parent 6 0 R>>]>>",
    )
