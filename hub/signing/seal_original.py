"""Which bytes a seal was put on, and that sealing them added nothing but the seal.

The signature's reason text names the digest and the size of the PDF that was sealed. That PDF must be the start of the file,
the seal must be the very next update, and this update may touch only what a seal needs: otherwise a letter could begin with
the bytes of the scan and show something else.
"""

import io
import re
from typing import BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from hub.protocol.identifiers import Digest
from hub.signing.file_prefix import FilePrefix
from hub.signing.seal_box import page_boxes, read_box

_DECLARED = re.compile(r"hanxun sealed sha256:([0-9a-f]{64}) bytes:([0-9]{1,12})", re.ASCII)
_CATALOG_ADDITIONS = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Version"})
_PAGE_ADDITIONS = frozenset({"/Annots", "/MediaBox", "/CropBox"})


def declare_original(digest: Digest, size: int) -> str:
    """Return the signature's reason text, which names the bytes that are sealed."""
    return f"hanxun sealed sha256:{digest} bytes:{size}"


def declared_original(signature: EmbeddedPdfSignature) -> tuple[Digest, int] | None:
    """Return the digest and size that the seal names; None for seals of other makers."""
    declared = _DECLARED.fullmatch(str(signature.sig_object.get("/Reason", "")))
    return (Digest(declared.group(1)), int(declared.group(2))) if declared is not None else None


def is_sealed_as_declared(signature: EmbeddedPdfSignature, letter: BinaryIO, original: tuple[Digest, int]) -> bool:
    """Say whether the file begins with the original and the seal's update adds only the seal.

    Raises: what pyHanko raises on a malformed original; the caller treats it as malformed.
    """
    digest, size = original
    if size >= letter.seek(0, io.SEEK_END):
        return False
    start = FilePrefix(letter, size)
    if start.digest() != digest:
        return False
    before = PdfFileReader(io.BufferedReader(start), strict=True)
    if before.xrefs.total_revisions != signature.signed_revision:
        return False
    return _adds_only_the_seal(before, signature)


def _adds_only_the_seal(before: PdfFileReader, signature: EmbeddedPdfSignature) -> bool:
    after = signature.reader.get_historical_resolver(signature.signed_revision)
    first, new_first = _first_page(before.root), _first_page(after.root)
    if first is None or new_first is None or first[0] != new_first[0]:
        return False
    (reference, page), (_, new_page) = first, new_first
    may_change = {_key(before.root_ref), reference, *_lists_of(before.root, page)}
    if "/Info" in before.trailer:
        may_change.add(_key(before.trailer.raw_get("/Info")))
    touched = signature.reader.xrefs.explicit_refs_in_revision(signature.signed_revision)
    old_size = int(before.trailer["/Size"])
    if {(ref.idnum, ref.generation) for ref in touched if ref.idnum < old_size} - may_change:
        return False
    return (
        _same_but_for(before.root, after.root, _CATALOG_ADDITIONS)
        and _same_but_for(page, new_page, _PAGE_ADDITIONS)
        and _annotations(new_page) == [*_annotations(page), _own_key(signature)]
        and _is_beside(signature, page, new_page)
    )


def _is_beside(
    signature: EmbeddedPdfSignature, page: generic.DictionaryObject, new_page: generic.DictionaryObject
) -> bool:
    """Say whether the seal's box covers nothing of what the page showed, and the page still shows all of it."""
    x0, y0, x1, y1 = page_boxes(page)[1]
    a0, b0, a1, b1 = page_boxes(new_page)[1]
    left, low, right, high = read_box(signature.sig_field["/Rect"])
    slack = 0.01  # rounding of coordinates as they are written
    beside = right <= x0 + slack or left >= x1 - slack or high <= y0 + slack or low >= y1 - slack
    whole = a0 <= x0 + slack and b0 <= y0 + slack and a1 >= x1 - slack and b1 >= y1 - slack
    return beside and whole


def _own_key(signature: EmbeddedPdfSignature) -> tuple[int, int] | None:
    reference = signature.sig_field.container_ref
    return _key(reference) if isinstance(reference, generic.Reference) else None


def _annotations(page: generic.DictionaryObject) -> list[object]:
    annotations = page["/Annots"] if "/Annots" in page else generic.ArrayObject()
    plain = _plain(annotations)
    assert isinstance(plain, list)
    return plain


def _same_but_for(old: generic.DictionaryObject, new: generic.DictionaryObject, additions: frozenset[str]) -> bool:
    keys = (set(old) | set(new)) - additions
    return all(key in old and key in new and _plain(old.raw_get(key)) == _plain(new.raw_get(key)) for key in keys)


def _plain(value: generic.PdfObject) -> object:
    # References are compared by number: what they point to is among the objects that were not touched.
    if isinstance(value, generic.IndirectObject | generic.Reference):
        return _key(value)
    if isinstance(value, generic.DictionaryObject):
        return {str(key): _plain(value.raw_get(key)) for key in value}
    if isinstance(value, generic.ArrayObject):
        return [_plain(value.raw_get(index)) for index in range(len(value))]
    return value


def _lists_of(root: generic.DictionaryObject, page: generic.DictionaryObject) -> list[tuple[int, int]]:
    """Return the objects, if they are objects of their own, to which a signature field or the time of change is added."""
    found = [page.raw_get("/Annots")] if "/Annots" in page else []
    found += [root.raw_get("/Metadata")] if "/Metadata" in root else []
    if "/AcroForm" in root:
        found.append(root.raw_get("/AcroForm"))
        form = root["/AcroForm"]
        found += [form.raw_get("/Fields")] if isinstance(form, generic.DictionaryObject) and "/Fields" in form else []
    return [_key(item) for item in found if isinstance(item, generic.IndirectObject)]


def _first_page(root: generic.DictionaryObject) -> tuple[tuple[int, int], generic.DictionaryObject] | None:
    """Return the first page's reference and dictionary, the page that bears the box."""
    node = root["/Pages"]
    for _ in range(64):  # a loop in the tree must end
        kids = node["/Kids"] if isinstance(node, generic.DictionaryObject) and "/Kids" in node else None
        if not isinstance(kids, generic.ArrayObject) or len(kids) == 0:
            return None
        reference, node = kids.raw_get(0), kids[0]
        if not isinstance(node, generic.DictionaryObject) or not isinstance(reference, generic.IndirectObject):
            return None
        if "/Kids" not in node:
            return _key(reference), node
    return None


def _key(reference: generic.IndirectObject | generic.Reference) -> tuple[int, int]:
    return (reference.idnum, reference.generation)
