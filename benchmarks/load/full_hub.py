"""A hub after years of work, for measuring its desk: tens of thousands of cases in the index that the desk searches."""

import random
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.load.full_agent import OPEN_SHARE, a_name, a_number
from hub.protocol.identifiers import CaseId, StationId
from hub.protocol.instants import format_instant
from hub.store.search import IndexedCase, IndexedLimit, IndexedPerson, put_case
from hub.web.desk.ground import Ground, open_ground
from tests.exchange.builders import PASSPHRASE
from tests.web.desk.bureau import Bureau, a_bureau

STATIONS = tuple(StationId(f"3418{number:02}500000") for number in range(40))
BATCH = 1000


def a_full_hub(folder: Path, *, cases: int, now: datetime, seed: int = 1) -> tuple[Bureau, Ground]:
    """Make a hub's folder with `cases` cases in its index; return its people and its desk's ground, opened."""
    bureau = a_bureau(folder)
    ground, rng = open_ground(bureau.data, PASSPHRASE), random.Random(seed)
    for start in range(0, cases, BATCH):
        with ground.engine.begin() as tx:
            for number in range(start, min(start + BATCH, cases)):
                row, people, limits = _case(number, cases, rng, now)
                put_case(tx, row, people, (("serial", f"QY-{number:08}"),), limits, ())
    return bureau, ground


def _case(
    number: int, cases: int, rng: random.Random, now: datetime
) -> tuple[IndexedCase, list[IndexedPerson], list[IndexedLimit]]:
    opener, respondent = rng.sample(STATIONS, 2)
    type, is_open = rng.choice(("C04", "C06")), number >= cases * (1 - OPEN_SHARE)
    at = now - timedelta(hours=2) - timedelta(minutes=20) * (cases - number)
    due, late = at + timedelta(days=1), rng.random() < 0.03
    people = [IndexedPerson(a_name(rng), a_number(rng)) for _ in range(rng.choice((1, 1, 2, 3)))]
    done = None if is_open else format_instant(due + timedelta(hours=1 if late else -1))
    row = IndexedCase(
        case_id=CaseId(f"{type}-{opener}-2026-{number:06d}"),
        type=type,
        opener=opener,
        respondent=respondent,
        state=rng.choice(("delivered", "claimed", "answered")) if is_open else "closed",
        open=is_open,
        opened_at=format_instant(at),
        changed_at=format_instant(at + timedelta(hours=1)),
        people=len(people),
        holder=respondent if is_open else None,
        step="first_answer" if is_open else None,
        due_at=format_instant(due) if is_open else None,
        late=late,
        outcome=None if is_open else "已更正",
        returns=int(rng.random() < 0.05),
        disputes=int(rng.random() < 0.02),
    )
    reason = "停电" if late else None
    return row, people, [IndexedLimit("first_answer", respondent, format_instant(due), done, False, reason)]
