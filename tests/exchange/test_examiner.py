"""The examining process only saves work: what it cannot vouch for, for whatever reason, the hub examines itself."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.catalogue import default_catalogue
from hub.exchange.examiner import FEWEST, Examiner
from hub.exchange.examining import LOOK, PASSED, examine
from hub.protocol.envelope import Kind
from hub.protocol.instants import SHANGHAI
from hub.signing.certificates import known
from hub.signing.envelopes import open_envelope, reopen_envelope
from hub.signing.purposes import DEFAULT_ARC
from tests.exchange.builders import A, B, a_province, an_envelope, now_utc, signed

PROVINCE = a_province()
CERTIFICATES = known([PROVINCE.agent(A).certified, PROVINCE.agent(B).certified])
GOOD = signed(PROVINCE, an_envelope())
MANY = [signed(PROVINCE, an_envelope()) for _ in range(3 * FEWEST)]
TODAY = now_utc().astimezone(SHANGHAI).date()


async def asked(examiner: Examiner, raws: list[bytes], today: date = TODAY) -> list[bool]:
    return await asyncio.gather(*(examiner.passes(raw, today=today) for raw in raws))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - a process is waited for
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def an_examiner(*, patience_s: float = 10.0, restart_s: float = 0.0) -> AsyncIterator[Examiner]:
    """One whose process is ready and knows the agent of A."""
    examiner = Examiner(DEFAULT_ARC, patience_s=patience_s, restart_s=restart_s)
    try:
        assert await asked(examiner, MANY) == [False] * len(MANY), "the first are not kept waiting for the start"
        await until(lambda: examiner._ready)
        examiner.introduce(PROVINCE.agent(A).certified)
        yield examiner
    finally:
        examiner.close()


async def test_each_of_many_gets_its_own_answer() -> None:
    other = signed(PROVINCE, an_envelope(sender=B, to=A))
    bad = [GOOD[:-8] + GOOD[-4:] + GOOD[-8:-4], signed(PROVINCE, an_envelope(body={})), other, b"", b"x.y.z"]
    mixed = [raw for pair in zip(MANY, bad, strict=False) for raw in pair]
    async with an_examiner() as examiner:
        assert await asked(examiner, mixed) == [raw in MANY for raw in mixed]
        examiner.introduce(PROVINCE.agent(B).certified)
        assert await asked(examiner, [*MANY, other]) == [True] * (len(MANY) + 1)


async def test_few_are_left_to_the_hub_and_start_nothing() -> None:
    examiner = Examiner(DEFAULT_ARC)
    assert await asked(examiner, MANY[: FEWEST - 1]) == [False] * (FEWEST - 1)
    assert examiner._process is None


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_was_killed_or_hangs_costs_no_answer_and_is_replaced(how: signal.Signals) -> None:
    async with an_examiner(patience_s=0.3) as examiner:
        assert examiner._process is not None
        first = examiner._process.pid
        os.kill(first, how)
        assert await asked(examiner, MANY) == [False] * len(MANY)
        await until(lambda: examiner._process is None)
        with pytest.raises(ProcessLookupError):  # it was reaped
            os.kill(first, 0)
        await asked(examiner, MANY)
        await until(lambda: examiner._ready)
        examiner.introduce(PROVINCE.agent(A).certified)
        assert await asked(examiner, MANY) == [True] * len(MANY)


async def test_what_was_asked_is_answered_when_the_hub_ends() -> None:
    async with an_examiner(patience_s=60) as examiner:
        assert examiner._process is not None
        process = examiner._process
        os.kill(process.pid, signal.SIGSTOP)
        asking = asyncio.ensure_future(asked(examiner, MANY))
        await asyncio.sleep(0.05)
        examiner.close()
        assert await asking == [False] * len(MANY)
        assert process.returncode is not None


async def test_a_caller_that_has_gone_leaves_the_others_their_answers() -> None:
    async with an_examiner() as examiner:
        futures = [examiner.passes(raw, today=TODAY) for raw in MANY]
        futures[1].cancel()
        answers = await asyncio.gather(*futures, return_exceptions=True)
        assert answers[0] is True
        assert answers[2:] == [True] * (len(MANY) - 2)


@given(data=st.data())
def test_what_passes_is_what_the_hub_would_have_opened(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    raw = GOOD[:at] + data.draw(st.binary(max_size=3)) + GOOD[at + data.draw(st.integers(0, 3)) :]
    answer = examine(raw, certificates=CERTIFICATES, catalogue=default_catalogue(), today=TODAY)
    assert answer == (PASSED if raw == GOOD else LOOK)


@pytest.mark.parametrize("kind", [Kind.INQUIRY, Kind.CLAIM])
def test_an_envelope_is_reopened_as_it_was_opened(kind: Kind) -> None:
    raw = signed(PROVINCE, an_envelope(kind=kind))
    assert reopen_envelope(raw, certificates=CERTIFICATES) == open_envelope(raw, certificates=CERTIFICATES)
