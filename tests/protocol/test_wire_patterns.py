"""Names on the wire have one spelling: a newline after them is not a part that a pattern overlooks."""

import msgspec
import pytest

from hub.protocol.envelope import WireInstant, WireMediaType
from hub.protocol.identifiers import WireCase, WireDigest, WireEnvelopeId, WireStation

GOOD = [
    (WireDigest, "0" * 64),
    (WireStation, "341802500000"),
    (WireCase, "C06-341802500000-2026-000017"),
    (WireEnvelopeId, "018f3b1e-0000-7000-8000-00000000000a"),
    (WireInstant, "2026-11-24T02:03:04.567Z"),
    (WireMediaType, "application/pdf"),
]


@pytest.mark.parametrize(("wire", "text"), GOOD, ids=lambda value: str(value)[:20])
def test_a_name_is_taken_and_the_same_with_a_newline_is_not(wire: type[str], text: str) -> None:
    assert msgspec.convert(text, type=wire) == text
    for other in (text + "\n", "\n" + text, text + " ", text + "\r"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(other, type=wire)
