"""Comparing files: each is decoded in a sandboxed child of its own, all that follows sees only traces."""

from collections.abc import Sequence

from hub.letters.compare.align import align
from hub.letters.compare.comparison import Comparison, Straightened, Trace, Traced
from hub.letters.compare.judge import judge
from hub.letters.compare.scorer import shipped_scorer
from hub.letters.compare.trace import disc_of
from hub.letters.limits import ScanLimits, default_limits
from hub.letters.sandbox import held, run
from hub.letters.tasks import StraightenArguments, Task, TraceArguments
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

Affine6 = tuple[float, float, float, float, float, float]
STILL: Affine6 = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def compare_impressions(
    specimens: Sequence[bytes], impression: bytes, *, limits: ScanLimits | None = None
) -> Comparison:
    """Compare a crop with one stamp with the registered impressions of the station it claims to come from.

    Each is a JPEG, PNG, TIFF or PDF whose first page shows one round stamp that fills at least a quarter of its longer
    side. The most similar specimen counts. Blocks for about half a second per specimen; call it in a thread.
    Raises: Refused (a file that cannot be read safely, or no specimen with a stamp: `compare.no_stamp`), Unavailable.
    """
    limits = limits or default_limits()
    traces = tuple(found for raw in specimens if (found := trace_of(raw, limits)))
    if len(traces) < len(specimens) or not traces:
        raise Refused(Code.COMPARE_NO_STAMP, field="specimens")
    return judge(traces, trace_of(impression, limits), scorer=shipped_scorer())


def aligned_pictures(specimen: bytes, impression: bytes, *, limits: ScanLimits | None = None) -> tuple[bytes, bytes]:
    """Return both stamps as PNG, straightened, the impression turned and placed as the specimen is, to look at together.

    Raises: Refused (unreadable, or `compare.no_stamp`), Unavailable.
    """
    limits = limits or default_limits()
    one, other = trace_of(specimen, limits), trace_of(impression, limits)
    if one is None or other is None:
        raise Refused(Code.COMPARE_NO_STAMP, field="impression" if one else "specimens")
    placed = align(disc_of(one), disc_of(other)).affine
    a, b, c, d, e, f = (float(value) for value in placed.ravel())
    return straightened(specimen, STILL, limits), straightened(impression, (a, b, c, d, e, f), limits)


def trace_of(raw: bytes, limits: ScanLimits) -> Trace | None:
    """Return the trace of the stamp in a crop, made in a child; None: no border found. Raises: Refused, Unavailable."""
    _require_size(raw, limits)
    with held(raw) as source:
        return run(Task.TRACE, source, TraceArguments(limits=limits), limits=limits, result=Traced).trace


def straightened(raw: bytes, affine: Affine6, limits: ScanLimits) -> bytes:
    """Return the crop straightened and placed by `affine`, as PNG made in a child. Raises: Refused, Unavailable."""
    arguments = StraightenArguments(limits=limits, affine=affine)
    with held(raw) as source:
        return run(Task.STRAIGHTEN, source, arguments, limits=limits, result=Straightened).png


def _require_size(raw: bytes, limits: ScanLimits) -> None:
    if len(raw) > limits.file_bytes:
        raise Refused(Code.SCAN_TOO_LARGE, values={"n": limits.file_bytes >> 20})
