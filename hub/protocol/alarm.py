"""A station's alarm (JWS `typ` hanxun-alarm+jws, signed by its agent): a letter it has acted on bears a seal that was lost before.

The fields are those of a case of type C10, which the two stations settle. No personal data. DOMAIN, M3 and C10.
"""

from typing import Annotated, Literal

import msgspec

from hub.protocol.administration import WireX5t
from hub.protocol.envelope import WireInstant
from hub.protocol.identifiers import WireCase, WireDigest, WireEnvelopeId, WireStation

Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class SealAlarm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `station` states: it used letter `letter` of `sender` in `cases` (serial `serial`), received at `received_at`; its
    seal was out of hand since `compromised_since`, says list `list_number`.

    `problem_class`, `facts`, `harm`, `proposal` and `fault` are C10's; `fault` is for the two stations to agree.
    """

    id: WireEnvelopeId
    at: WireInstant
    station: WireStation
    sender: WireStation
    cases: Annotated[tuple[WireCase, ...], msgspec.Meta(min_length=1)]
    letter: WireDigest
    serial: str
    seal: WireX5t
    received_at: WireInstant
    compromised_since: WireInstant
    list_number: int
    problem_class: Literal["重", "错", "假", "漏", "迁移不同步"]
    facts: Sentence
    harm: Sentence
    proposal: Sentence
    fault: Literal["未定", "我方", "对方", "双方", "系统"]
