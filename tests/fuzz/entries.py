"""Every place where bytes from outside are read, with good examples each. A reader may answer or refuse, nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.cases.catalogue import load_catalogue
from hub.cases.stations import load_sites
from hub.exchange.settings import parse_settings
from hub.letters.decoding.work import answer_bytes
from hub.letters.embed import scan_to_pdf
from hub.letters.limits import default_limits, parse_limits
from hub.letters.paper_mark import parse_mark
from hub.letters.report import PdfPolicy
from hub.letters.scan import check_scan
from hub.letters.sniff import sniff
from hub.letters.tasks import (
    Answer,
    Failure,
    OutlineArguments,
    PagesArguments,
    Refusal,
    RenderArguments,
    Request,
    Task,
    TraceArguments,
)
from hub.protocol.errors import Refused
from hub.protocol.media_types import ACT_TYP, ENVELOPE_TYP, RECEIPT_TYP
from hub.protocol.strict_json import encode_json, parse_strict
from hub.signing.acts import open_act, sign_act
from hub.signing.authority import Subject, make_request, read_request
from hub.signing.cades import check_detached
from hub.signing.certificates import read_certificate
from hub.signing.crl import read_crl
from hub.signing.envelopes import open_envelope, sign_envelope
from hub.signing.jws import sign_jws
from hub.signing.receipts import open_receipt, sign_receipt
from hub.signing.seal_check import check_seal
from hub.trail.evidence.container import DataFile, read_container, write_files
from hub.trail.evidence.manifest import parse_manifest
from hub.trail.evidence.report import parse_report
from hub.trail.evidence.zip_form import Member, read_zip, write_zip
from tests.fuzz.statements import documents, statements
from tests.letters.compare.stamps import a_stamp, jpeg, printed
from tests.letters.test_any_bytes import PDFS, SEEDS
from tests.signing.builders import NOW, SampleProvince, a_receipt, an_act, an_envelope
from tests.signing.documents.builders import a_sealed_letter
from tests.trail.test_parsers import PARSERS

Read = Callable[[bytes], object]
LIMITS = msgspec.structs.replace(default_limits(), page_pixels=1_000_000, stream_bytes=1 << 20, child_cpu_s=5)


@dataclass(frozen=True, slots=True)
class Entry:
    """A reader and good examples. `slow`: it starts processes or checks signatures, so fewer examples are tried by default."""

    read: Read
    seeds: tuple[bytes, ...]
    slow: bool = False


@cache
def entries() -> dict[str, Entry]:
    """Return every entry by name."""
    return dict([*_letters(), *_signed(), *_certificates(), *_containers(), *_texts(), *_trail(), *_statements()])


def fault(entry: Entry, raw: bytes) -> str | None:
    """Say what a reader did that it must not do, or None when it answered or refused."""
    try:
        entry.read(raw)
    except Refused:
        return None
    except Exception as error:  # noqa: BLE001 - finding these is the purpose
        return f"{type(error).__name__}: {error}"[:300]
    return None


def outcome(entry: Entry, raw: bytes) -> str:
    """Return what became of `raw`: the code of its refusal, or `read`. Inputs with an outcome not seen yet are kept."""
    try:
        entry.read(raw)
    except Refused as refused:
        return f"{refused.code.value} {refused.field or ''}"
    except Exception as error:  # noqa: BLE001 - `fault` reports it
        return type(error).__name__
    return "read"


def _letters() -> Iterator[tuple[str, Entry]]:
    pictures, documents = tuple(SEEDS), tuple(PDFS)
    arguments = {
        Task.OUTLINE: OutlineArguments(limits=LIMITS, policy=PdfPolicy.SEALED_LETTER),
        Task.PAGES: PagesArguments(limits=LIMITS, count=1, first=0),
        Task.EMBED: PagesArguments(limits=LIMITS, count=1, first=0),
        Task.RENDER: RenderArguments(limits=LIMITS, page=0, dpi=40),
        Task.TRACE: TraceArguments(limits=LIMITS),
    }
    for task, argument in arguments.items():
        # PDFium may end the process on hostile bytes: it is met in the sandbox only.
        seeds = pictures + documents if task is Task.OUTLINE else pictures
        if task is Task.TRACE:  # files with registered impressions
            seeds = (*pictures, jpeg(printed(a_stamp())))
        yield f"letters-{task.value}", Entry(partial(_decoded, task, msgspec.msgpack.encode(argument)), seeds)
    yield "letters-sniff", Entry(sniff, pictures + documents)
    yield "letters-check", Entry(partial(check_scan, limits=LIMITS), pictures + documents, slow=True)
    yield "letters-to-pdf", Entry(partial(scan_to_pdf, limits=LIMITS), pictures + documents, slow=True)
    mark = b"HX1:C06-341882510000-2026-000017:2026-17:1/2:0123456789ABCDEF"
    yield "letters-mark", Entry(lambda raw: parse_mark(raw.decode("latin-1")), (mark,))


def _decoded(task: Task, arguments: bytes, raw: bytes) -> None:
    request = Request(task=task, arguments=arguments, cpu_s=1, wall_s=1, memory_bytes=1)
    answer = msgspec.msgpack.decode(answer_bytes(request, raw), type=Answer | Refusal | Failure)
    if isinstance(answer, Refusal):
        raise Refused(answer.observation.code)
    # A failure is a decoder's error that nobody has put into words.
    if isinstance(answer, Failure):
        raise RuntimeError(answer.kind)


def _signed() -> Iterator[tuple[str, Entry]]:
    province = SampleProvince()
    agent, officer, hub = province.agent(), province.officer(), province.hub()
    source = province.certificates
    envelope = sign_envelope(an_envelope(), signer=agent)
    receipt, act = sign_receipt(a_receipt(envelope), signer=hub), sign_act(an_act(), signer=officer)
    opened: tuple[tuple[str, Read, bytes, str, object, object], ...] = (
        ("envelope", partial(open_envelope, certificates=source), envelope, ENVELOPE_TYP, an_envelope(), agent),
        ("receipt", partial(open_receipt, certificates=source), receipt, RECEIPT_TYP, a_receipt(envelope), hub),
        ("act", partial(open_act, certificates=source), act, ACT_TYP, an_act(), officer),
    )
    for name, read, token, typ, struct, signer in opened:
        yield name, Entry(read, (token,))
        # The same signed by one who may: what stands behind a good signature is outside bytes as well.
        yield f"{name}-payload", Entry(partial(_signed_anew, read, typ, signer), (encode_json(struct),))


def _statements() -> Iterator[tuple[str, Entry]]:
    """Everything else that is signed and goes between hub and stations: the token, and the payload behind a good signature."""
    for name, statement in statements().items():
        yield name, Entry(statement.read, (statement.token,))
        anew = partial(_signed_anew, statement.read, statement.typ, statement.signer)
        yield f"{name}-payload", Entry(anew, (encode_json(statement.struct),))
    for name, (read, seed) in documents().items():
        yield name, Entry(read, (seed,))


def _signed_anew(read: Read, typ: str, signer: object, payload: bytes) -> object:
    return read(sign_jws(payload, typ=typ, signer=signer))  # type: ignore[arg-type]


def _certificates() -> Iterator[tuple[str, Entry]]:
    province = SampleProvince()
    seal = province.seal()
    certificate, crl = seal.certified, province.crls[-1]
    request = make_request(Ed25519PrivateKey.generate(), Subject("x"))
    yield "certificate", Entry(read_certificate, (certificate.pem, certificate.der))
    yield "crl", Entry(read_crl, (crl.der,))
    yield "request", Entry(read_request, (request,))
    letter = a_sealed_letter(province, seal=seal)
    judge = partial(check_seal, trust=province.trust, at=NOW, now=NOW)
    yield "sealed-letter", Entry(judge, (letter,), slow=True)
    cms = bytes.fromhex(letter.split(b"/Contents <")[1].split(b">")[0].decode()).rstrip(b"\0")
    yield "cades", Entry(lambda raw: check_detached(b"x", raw, trust=province.trust, at=NOW, now=NOW), (cms,))


def _containers() -> Iterator[tuple[str, Entry]]:
    archive = write_zip((Member("mimetype", b"x"), Member("letters/0001.pdf", b"%PDF"), Member("empty.txt", b"")))
    province = SampleProvince()
    signer = province.hub()
    container = write_files((DataFile("report.json", "application/json", b"{}\n"),), signer=signer, at=NOW)
    manifest = next(
        member.raw for member in read_zip(container) if "Manifest" in member.name and member.name.endswith("xml")
    )
    yield "evidence-zip", Entry(read_zip, (archive, container))
    yield "evidence-container", Entry(read_container, (container,))
    yield "evidence-manifest", Entry(parse_manifest, (manifest,))
    yield "evidence-report", Entry(parse_report, (b'{"version": 1, "checks": []}',))


def _texts() -> Iterator[tuple[str, Entry]]:
    config = files("config")
    limits, sites = ((config / name).read_bytes() for name in ("limits.toml", "stations.toml"))
    types = {
        entry.name: entry.read_bytes() for entry in (config / "case_types").iterdir() if entry.name.endswith("toml")
    }
    name, first = sorted(types.items())[0]
    yield "json", Entry(parse_strict, (b'{"a": [1, "x", null], "b": {"c": true}}', '{"姓名": "张三"}'.encode()))
    yield "toml-limits", Entry(partial(parse_limits, name="limits.toml"), (limits,))
    yield "toml-stations", Entry(load_sites, (sites[:6000].rpartition(b"\n[")[0] + b"\n",))
    yield "toml-case-type", Entry(lambda raw: load_catalogue(types | {name: raw}), (first,))
    yield "toml-hub", Entry(parse_settings, (b'[listen]\nhost = "127.0.0.1"\nport = 8080\n',))


def _trail() -> Iterator[tuple[str, Entry]]:
    for name, (read, good) in PARSERS.items():
        yield f"trail-{name.replace(' ', '-')}", Entry(read, (good,))
