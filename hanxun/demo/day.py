"""What an ordinary day leaves on the desks beside the finished stories: a letter about three people that waits, one sent late,
one that waits for the head, and an inquiry about somebody whose name has a rare character."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hanxun.demo.commands import hanxun
from hanxun.demo.people import FAMILY, MISTAKEN, ORIGIN, RARE, VISITOR
from hanxun.demo.story import draft_letter, make_letter, paper_of, wait_for_delivery
from hanxun.demo.world import Tell, World
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import format_instant


def fill_the_day(world: World, tell: Tell) -> None:
    """Let both stations have work waiting."""
    tell("\n四、工作台上的一天 / 4. A day on the desks")
    family = make_letter(world, draft_letter(world, "family", FAMILY, found_at=datetime.now(UTC)), seed=2)
    _send(world, family)
    tell(f"  {len(FAMILY)} 人同函,待 {ORIGIN.name} 签收 / three people in one letter, waiting: {family}")
    late = make_letter(world, draft_letter(world, "late", (VISITOR,), found_at=_yesterday()), seed=3)
    _send(world, late, "--late-reason", "昨日停电,今日补发")
    tell(f"  昨日发现、今日补发,标记迟发 / found yesterday, sent today, marked late: {late}")
    waiting = draft_letter(world, "waiting", (VISITOR,), found_at=datetime.now(UTC))
    tell(f"  待所长审批的说明函 / a letter that waits for the head: {waiting}")
    inquiry = _ask_about_a_rare_name(world)
    tell(f"  姓名含生僻字“{RARE.name}”的函询 / an inquiry about a name with a rare character: {inquiry}")
    for case in (family, late, inquiry):
        wait_for_delivery(world, case)


def _send(world: World, case: str, *options: str) -> None:
    hanxun("agent", "send", case, *world.desk(MISTAKEN, "drafter"), *options)


def _yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


def _ask_about_a_rare_name(world: World) -> str:
    proof = next(world.papers.glob("scan.*"))
    body: Mapping[str, Any] = {
        "caused_by_opener": False,
        "person": {"name": RARE.name, "id18": RARE.id18},
        "items": [
            {
                "item": "姓名",
                "change_code": "22",
                "current": RARE.name[0] + "王宝",
                "proposed": RARE.name,
                "proof": digest_of(proof.read_bytes()),
            }
        ],
        "text": f"登记时生僻字无法录入,以两字代替;身份证件为“{RARE.name}”。发现于{format_instant(datetime.now(UTC))[:10]}。",
    }
    options = (
        "--type",
        "C04",
        "--to",
        ORIGIN.code,
        "--body",
        paper_of(world, "rare", body),
        "--file",
        f"proof:{proof}",
    )
    case = str(hanxun("agent", "draft", *world.desk(MISTAKEN, "drafter"), *options)["case"])
    _send(world, case)
    return case
