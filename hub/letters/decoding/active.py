"""Active content of a PDF: scripts, actions, forms, files inside, links outside. A walk over every object qpdf holds.

Names are compared as parsed, so escapes (`#4a`) and object streams hide nothing. Source: ISO 32000-1, 12.6, 12.7, 7.11.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf

from hub.letters.decoding.pictures import NotAccepted
from hub.letters.report import Observation, PdfPolicy, refuse, warn
from hub.protocol.codes import Code

MAX_DEPTH = 60
MAX_FIELDS = 256

# Keys that mean the same wherever they stand.
_KEYS = {
    "/JS": Code.SCAN_ACTIVE,
    "/JavaScript": Code.SCAN_ACTIVE,
    "/AA": Code.SCAN_ACTIVE,
    "/RichMediaContent": Code.SCAN_ACTIVE,
    "/EF": Code.SCAN_EMBEDDED_FILE,
    "/EmbeddedFiles": Code.SCAN_EMBEDDED_FILE,
    "/Collection": Code.SCAN_EMBEDDED_FILE,
    "/XFA": Code.SCAN_FORM,
    "/Encrypt": Code.SCAN_ENCRYPTED,
    "/OPI": Code.SCAN_EXTERNAL,
}
# Values of /S, /Type and /Subtype: kinds of action, annotation and object.
_KINDS = {
    "/JavaScript": Code.SCAN_ACTIVE,
    "/Launch": Code.SCAN_ACTIVE,
    "/SubmitForm": Code.SCAN_ACTIVE,
    "/ResetForm": Code.SCAN_ACTIVE,
    "/ImportData": Code.SCAN_ACTIVE,
    "/GoToR": Code.SCAN_ACTIVE,
    "/GoToE": Code.SCAN_ACTIVE,
    "/GoTo3DView": Code.SCAN_ACTIVE,
    "/Hide": Code.SCAN_ACTIVE,
    "/Rendition": Code.SCAN_ACTIVE,
    "/SetOCGState": Code.SCAN_ACTIVE,
    "/RichMedia": Code.SCAN_ACTIVE,
    "/RichMediaExecute": Code.SCAN_ACTIVE,
    "/Movie": Code.SCAN_ACTIVE,
    "/Sound": Code.SCAN_ACTIVE,
    "/Screen": Code.SCAN_ACTIVE,
    "/3D": Code.SCAN_ACTIVE,
    "/PS": Code.SCAN_ACTIVE,
    "/EmbeddedFile": Code.SCAN_EMBEDDED_FILE,
    "/FileAttachment": Code.SCAN_EMBEDDED_FILE,
}
_KIND_KEYS = ("/S", "/Type", "/Subtype")
_OUTSIDE_KEYS = ("/F", "/FFilter", "/Ref")


@dataclass(frozen=True, slots=True)
class Tree:
    """Every dictionary of a document, each once: those of the objects, those nested in them, the trailer."""

    dictionaries: tuple[Any, ...]
    root: Any

    @classmethod
    def of(cls, pdf: pikepdf.Pdf) -> "Tree":
        """Collect the dictionaries of `pdf`. Raises: NotAccepted when they are nested absurdly deep."""
        found: list[Any] = []
        for item in (pdf.trailer, *pdf.objects):
            _collect(item, found, depth=0)
        return cls(tuple(found), pdf.Root)


def check_active(tree: Tree, *, policy: PdfPolicy) -> Iterator[Observation]:
    """Give one observation for each thing that acts, asks, hides or reaches outside."""
    for dictionary in tree.dictionaries:
        yield from _check_dictionary(dictionary)
    yield from _check_open_action(tree.root.get("/OpenAction"))
    form = tree.root.get("/AcroForm")
    if form is not None and (what := _refused_form(form, policy)):
        yield refuse(Code.SCAN_FORM, what=what)


def _collect(item: Any, found: list[Any], *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotAccepted(refuse(Code.SCAN_DAMAGED, what="nesting"))
    if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
        found.append(item)
        children = [value for _, value in item.items()]
    elif isinstance(item, pikepdf.Array):
        children = list(item)
    else:
        return
    for child in children:
        # An indirect child is an object of its own and gets its turn from `pdf.objects`.
        if isinstance(child, pikepdf.Dictionary | pikepdf.Array) and not child.is_indirect:
            _collect(child, found, depth=depth + 1)


def _check_dictionary(dictionary: Any) -> Iterator[Observation]:
    for key, value in dictionary.items():
        if key in _KEYS:
            yield _said(_KEYS[key], key)
        elif key in _KIND_KEYS and isinstance(value, pikepdf.Name) and str(value) in _KINDS:
            yield _said(_KINDS[str(value)], str(value))
        elif key == "/URI" or (key == "/S" and value == pikepdf.Name("/URI")):
            yield warn(Code.SCAN_LINK)
        elif key == "/OCProperties":
            yield warn(Code.SCAN_LAYERS)
    if isinstance(dictionary, pikepdf.Stream) and any(key in dictionary for key in _OUTSIDE_KEYS):
        yield refuse(Code.SCAN_EXTERNAL)


def _said(code: Code, name: str) -> Observation:
    return refuse(code, what=name.lstrip("/")) if code in (Code.SCAN_ACTIVE, Code.SCAN_FORM) else refuse(code)


def _check_open_action(action: Any) -> Iterator[Observation]:
    # A plain go-to (also as a bare destination) is what office programs write; anything else acts on opening.
    if action is None or isinstance(action, pikepdf.Array | pikepdf.Name | pikepdf.String):
        return
    if not isinstance(action, pikepdf.Dictionary) or action.get("/S") != pikepdf.Name("/GoTo") or "/Next" in action:
        yield refuse(Code.SCAN_ACTIVE, what="OpenAction")


def _refused_form(form: Any, policy: PdfPolicy) -> str:
    """Return what makes this AcroForm a form, or nothing: signature fields alone are a seal, not a form."""
    if policy is not PdfPolicy.SEALED_LETTER:
        return "AcroForm"
    if not isinstance(form, pikepdf.Dictionary) or "/XFA" in form:
        return "XFA"
    waiting: list[tuple[Any, Any, int]] = [(field, None, 0) for field in form.get("/Fields", [])]
    for _ in range(MAX_FIELDS):
        if not waiting:
            return ""
        field, inherited, depth = waiting.pop()
        if not isinstance(field, pikepdf.Dictionary) or depth > MAX_DEPTH:
            return "field"
        kind = field.get("/FT", inherited)
        children = [
            child for child in field.get("/Kids", []) if isinstance(child, pikepdf.Dictionary) and "/T" in child
        ]
        waiting += [(child, kind, depth + 1) for child in children]
        if not children and kind != pikepdf.Name("/Sig"):
            return str(kind or "field").lstrip("/")
    return f"> {MAX_FIELDS} fields"
