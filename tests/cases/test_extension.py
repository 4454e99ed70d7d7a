"""Which limits may be extended, how far, and that an extension belongs to the round of the case in which it was signed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub.cases.catalogue import default_catalogue
from hub.cases.extension import Extension, extended, in_force, require_extendable, why_fixed
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DUE = START + timedelta(days=1)
C06 = default_catalogue().case_type("C06")
SIGNED_FOR = C06.clock("signed_for")
LATER = Extension("signed_for", DUE + timedelta(hours=2), DUE + timedelta(days=2), "管理员甲 900001", "停电")


def test_what_the_notice_sets_and_what_ends_the_same_day_is_never_extended() -> None:
    fixed = {
        (type.code, rule.step): why_fixed(rule) for type in default_catalogue().types.values() for rule in type.clocks
    }
    assert {key: code for key, code in fixed.items() if code} == {("C06", "letter_sent"): Code.LIMIT_FIXED_NOTICE}
    same_day = msgspec.structs.replace(C06.clock("letter_sent"), basis="P", extendable=True)
    assert why_fixed(same_day) is Code.LIMIT_SAME_DAY
    with pytest.raises(Refused) as caught:
        require_extendable(msgspec.structs.replace(SIGNED_FOR, extendable=False))
    assert caught.value.code is Code.LIMIT_NOT_EXTENDABLE


def test_an_extension_moves_its_own_limit_and_never_shortens_one() -> None:
    counting = in_force(SIGNED_FOR, START, DUE, [LATER])
    assert extended(DUE, counting) == LATER.due_at
    earlier = replace(LATER, due_at=LATER.due_at - timedelta(hours=5), at=LATER.at + timedelta(hours=1))
    assert extended(DUE, in_force(SIGNED_FOR, START, DUE, [LATER, earlier])) == LATER.due_at
    assert in_force(SIGNED_FOR, START, DUE, [replace(LATER, due_at=DUE - timedelta(hours=1))]) == ()
    assert in_force(C06.clock("returned"), START, DUE, [LATER]) == ()
    assert extended(DUE, ()) == DUE


def test_a_letter_that_came_back_and_is_sent_anew_has_its_own_time() -> None:
    again = LATER.at + timedelta(minutes=1)
    assert in_force(SIGNED_FOR, again, again + timedelta(days=1), [LATER]) == ()


def test_an_extension_without_end_or_of_a_fixed_limit_counts_nothing_whoever_signed_it() -> None:
    assert in_force(SIGNED_FOR, START, DUE, [replace(LATER, due_at=DUE + timedelta(days=90))]) == ()
    sent = C06.clock("letter_sent")
    assert in_force(sent, START, DUE, [replace(LATER, step="letter_sent")]) == ()
