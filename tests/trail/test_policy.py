"""Policies: who makes up a quorum, the rules of tlog-policy line by line, and what a policy says about a checkpoint."""

import pytest

from hub.protocol.errors import Refused
from hub.protocol.verdict import Indication, Result
from hub.trail.checkpoint import add_signatures, parse_checkpoint, sign_checkpoint
from hub.trail.cosignature import cosign
from hub.trail.policy import check_policy, parse_policy
from tests.trail.builders import AT, ORIGIN, a_log, a_witness

WITNESSES = "".join(f"witness w{number} {a_witness(number).key.text}\n" for number in range(1, 6))
LOG = f"log {a_log().key.text} https://hub.police.example/\n"


def a_policy(rest: str) -> bytes:
    return (LOG + WITNESSES + rest).encode()


def met(rest: str, *numbers: int) -> bool:
    return parse_policy(a_policy(rest)).is_met_by(frozenset(a_witness(number).key for number in numbers))


def test_groups_of_groups_make_a_quorum() -> None:
    rest = "group X 2 w1 w2 w3\ngroup Y any w4 w5\ngroup both all X Y\nquorum both\n"
    assert met(rest, 1, 3, 5)
    assert met(rest, 1, 2, 3, 4, 5)
    assert not met(rest, 1, 2, 3)
    assert not met(rest, 1, 4, 5)
    assert not met(rest)


def test_a_quorum_may_be_one_witness_or_none() -> None:
    assert met("quorum w2\n", 2)
    assert not met("quorum w2\n", 1)
    assert met("quorum none\n")


def test_spaces_tabs_comments_and_empty_lines_mean_nothing() -> None:
    spaced = a_policy(" \t# 注释\n\n\tgroup   g\t1  w1\n quorum g \n")
    assert parse_policy(spaced) == parse_policy(a_policy("group g any w1\nquorum g\n"))


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "quorum w9\n",
        "quorum g\ngroup g any w1\n",
        "quorum w1\nquorum w1\n",
        "quorum w1 w2\n",
        "quorum w1",
        "quorum w1 # not a comment\n",
        "group g any\nquorum g\n",
        "group g 0 w1\nquorum g\n",
        "group g 3 w1 w2\nquorum g\n",
        "group g +1 w1 w2\nquorum g\n",
        "group g 01 w1 w2\nquorum g\n",
        "group g any w1 w1\nquorum g\n",
        "group g any w1\ngroup h any w1\nquorum h\n",
        "group g any none\nquorum g\n",
        "group none any w1\nquorum none\n",
        "group w1 any w2\nquorum w1\n",
        "group g any g\nquorum g\n",
        f"witness w9 {a_witness(1).key.text}\nquorum w9\n",
        f"witness w1 {a_witness(9).key.text}\nquorum w1\n",
        f"witness w9 {a_log().key.text}\nquorum w9\n",
        f"log {a_log().key.text}\nquorum none\n",
        f"log {a_witness(9).key.text}\nquorum none\n",
        "log\nquorum none\n",
        "Quorum none\n",
        "quorum\u00a0none\n",
        "quorum none\r\n",
        "quorum none\n\x00\n",
        "quorum none\n\x7f\n",
    ],
)
def test_a_policy_against_the_rules_is_refused_with_its_line(rest: str) -> None:
    with pytest.raises(Refused) as error:
        parse_policy(a_policy(rest))
    assert "line" in error.value.values


def test_names_are_octets_and_a_kelvin_sign_is_not_k() -> None:
    raw = a_policy("group 所K any w1\nquorum 所K\n")
    assert parse_policy(raw).is_met_by(frozenset({a_witness(1).key}))
    with pytest.raises(Refused):
        parse_policy(a_policy("group K any w1\nquorum \u212a\n"))


def test_thirty_two_of_each_are_supported() -> None:
    witnesses = "".join(f"witness w{number} {a_witness(number).key.text}\n" for number in range(32))
    groups = "".join(f"group g{number} any w{number}\n" for number in range(31))
    names = " ".join(f"g{number}" for number in range(31))
    raw = (LOG + witnesses + groups + f"group all {31} {names}\nquorum all\n").encode()
    assert parse_policy(raw).is_met_by(frozenset(a_witness(number).key for number in range(31)))


def test_too_few_cosignatures_are_indeterminate_and_a_false_one_fails() -> None:
    policy = parse_policy(a_policy("group g 2 w1 w2 w3\nquorum g\n"))
    signed = parse_checkpoint(sign_checkpoint(ORIGIN, 9, bytes(32), signer=a_log()))
    lines = [cosign(signed, signer=a_witness(number), at=AT) for number in (1, 2)]
    assert check_policy(signed, policy).indication is Indication.INDETERMINATE
    one = parse_checkpoint(add_signatures(signed.raw, lines[:1]))
    assert check_policy(one, policy).indication is Indication.INDETERMINATE
    two = parse_checkpoint(add_signatures(signed.raw, lines))
    assert check_policy(two, policy).passed
    other = parse_checkpoint(add_signatures(sign_checkpoint(ORIGIN, 8, bytes(32), signer=a_log()), lines))
    assert check_policy(other, policy).checks[-1].result is Result.FAILED


def test_a_checkpoint_of_another_log_fails_however_well_it_is_cosigned() -> None:
    policy = parse_policy(a_policy("quorum w1\n"))
    signed = parse_checkpoint(sign_checkpoint("another.example/log", 9, bytes(32), signer=a_log()))
    signed = parse_checkpoint(add_signatures(signed.raw, [cosign(signed, signer=a_witness(1), at=AT)]))
    verdict = check_policy(signed, policy)
    assert verdict.indication is Indication.TOTAL_FAILED
    assert verdict.checks[0].result is Result.FAILED
