"""How an agent signs in: its own station, this hub, for two minutes, once."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt

from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.media_types import ENVELOPE_TYP
from hub.protocol.strict_json import encode_json
from hub.signing.assertions import ASSERTION_TYP, make_assertion, read_assertion
from hub.signing.jws import sign_jws
from hub.signing.keys import Suite
from tests.signing.builders import NOW, OTHER_STATION, STATION, SampleProvince

HUB = "http://127.0.0.1:8700"


@pytest.mark.parametrize("suite", ["Ed25519", "P-256"])
def test_an_agent_is_recognised_and_joserfc_reads_the_claims(province: SampleProvince, suite: Suite) -> None:
    agent = province.agent(suite=suite)
    raw = make_assertion(agent, HUB, NOW, "id-1")
    assert read_assertion(raw, province.certificates, HUB, NOW) == agent.certified
    key = (jwk.OKPKey if suite == "Ed25519" else jwk.ECKey).import_key(agent.private_key)  # type: ignore[arg-type]
    claims = jwt.decode(raw, key, algorithms=["Ed25519", "ES256"]).claims
    assert (claims["iss"], claims["sub"], claims["aud"], claims["jti"]) == (STATION, STATION, HUB, "id-1")
    assert claims["exp"] - claims["iat"] == 120


@pytest.mark.parametrize(
    ("seconds", "code"), [(-31, Code.ASSERTION_EXPIRED), (-29, None), (149, None), (150, Code.ASSERTION_EXPIRED)]
)
def test_it_holds_for_two_minutes_and_some_seconds_of_clocks(
    province: SampleProvince, seconds: int, code: Code | None
) -> None:
    raw = make_assertion(province.agent(), HUB, NOW, "id")
    at = NOW + timedelta(seconds=seconds)
    if code is None:
        read_assertion(raw, province.certificates, HUB, at)
        return
    with pytest.raises(NotPermitted) as refusal:
        read_assertion(raw, province.certificates, HUB, at)
    assert refusal.value.code is code


def test_another_hub_does_not_take_it(province: SampleProvince) -> None:
    raw = make_assertion(province.agent(), HUB, NOW, "id")
    with pytest.raises(NotPermitted) as refusal:
        read_assertion(raw, province.certificates, "http://127.0.0.1:8701", NOW)
    assert refusal.value.code is Code.ASSERTION_INVALID


def test_it_is_spent_once(province: SampleProvince) -> None:
    raw, seen = make_assertion(province.agent(), HUB, NOW, "id-7"), dict[str, datetime]()

    def claim(jti: str, until: datetime) -> bool:
        return seen.setdefault(jti, until) is until

    read_assertion(raw, province.certificates, HUB, NOW, claim_jti=claim)
    assert seen == {"id-7": NOW + timedelta(seconds=150)}
    with pytest.raises(NotPermitted) as refusal:
        read_assertion(raw, province.certificates, HUB, NOW, claim_jti=claim)
    assert refusal.value.code is Code.ASSERTION_REPEATED


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": OTHER_STATION},
        {"sub": OTHER_STATION},
        {"iss": None},
        {"aud": None},
        {"aud": []},
        {"jti": None},
        {"jti": 7},
        {"jti": "x" * 65},
        {"exp": None},
        {"exp": "soon"},
        {"exp": int(NOW.timestamp()) + 3600},
        {"iat": None},
    ],
    ids=str,
)
def test_a_claim_out_of_place_is_refused(province: SampleProvince, changes: dict[str, object]) -> None:
    issued = int(NOW.timestamp())
    claims = {"iss": STATION, "sub": STATION, "aud": HUB, "jti": "id", "iat": issued, "exp": issued + 60}
    agent = province.agent()
    assert read_assertion(_signed(agent, claims), province.certificates, HUB, NOW) == agent.certified
    with pytest.raises(NotPermitted) as refusal:
        read_assertion(_signed(agent, claims | changes), province.certificates, HUB, NOW)
    assert refusal.value.code is Code.ASSERTION_INVALID


def test_an_envelope_is_no_sign_in_and_an_officer_no_agent(province: SampleProvince) -> None:
    claims = make_assertion(province.agent(), HUB, NOW, "id")
    officer = province.officer()
    with pytest.raises(Refused):
        make_assertion(officer, HUB, NOW, "id")
    for raw in (
        sign_jws(b"{}", typ=ENVELOPE_TYP, signer=province.agent()),
        sign_jws(encode_json({"iss": STATION, "sub": STATION}), typ=ASSERTION_TYP, signer=officer),
        claims[:-4] + b"AAAA",
    ):
        with pytest.raises(NotPermitted) as refusal:
            read_assertion(raw, province.certificates, HUB, NOW)
        assert refusal.value.code is Code.ASSERTION_INVALID


_PROVINCE = SampleProvince()
_AGENT = _PROVINCE.agent()


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["iss", "sub", "aud", "jti", "iat", "exp", "nbf", "x"]),
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5) | st.just([HUB]),
    )
)
def test_any_signed_claims_are_taken_or_refused(claims: dict[str, object]) -> None:
    try:
        read_assertion(_signed(_AGENT, claims), _PROVINCE.certificates, HUB, NOW)
    except NotPermitted as refusal:
        assert refusal.code in (Code.ASSERTION_INVALID, Code.ASSERTION_EXPIRED)  # noqa: PT017


def _signed(agent: object, claims: dict[str, object]) -> bytes:
    return sign_jws(encode_json(claims), typ=ASSERTION_TYP, signer=agent)  # type: ignore[arg-type]
