"""The story, told in order: a mistaken move explained, verified and returned; two refusals; a correction at the origin."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hanxun.demo.commands import hanxun, refusal, verdict
from hanxun.demo.paper import DPI, stamp_and_scan
from hanxun.demo.people import MISSPELT, MISTAKEN, MOVED, ORIGIN, DemoCitizen, DemoStation
from hanxun.demo.world import MOVE_DATE, MOVE_SERIAL, Tell, World
from hanxun.files import write_file
from hub.letters.limits import default_limits
from hub.letters.preview import render_page
from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import format_instant

WAIT_S = 60.0
SIMULATED = "(演示:以下“印文核对”(人工)由程序代答,真实使用时必须由民警本人看过 / demo: this human look is simulated)"


def play_mistaken_move(world: World, tell: Tell, *, scan: Path | None) -> str:
    """Play C06 from discovery to the returned record and return the case number. `scan` replaces the demo's own paper."""
    tell("\n一、错迁说明与回迁(C06) / 1. A mistaken move and its return")
    case = draft_explanation(world)
    tell(f"  {MISTAKEN.name} 张三发现错迁,当日拟写说明函 / found and drafted the same day: {case}")
    number = hanxun("agent", "approve", case, *world.desk(MISTAKEN, "head"))["letter_number"]
    tell(f"  所长审批,编号 {number} / approved by the head")
    page = _print_and_stamp(world, case)
    tell("  打印,保管人盖户口专用章并登记用印 / printed; the custodian stamps it and logs the use")
    paper = _keep_scan(world, scan or _scan(page, seed=1))
    pages = count_pages(paper)
    scanned = hanxun("agent", "scan", case, paper, *world.desk(MISTAKEN, "drafter"), "--pages", pages, "--checked")
    if scanned["findings"]:
        tell(f"  扫描件有提示,继续 / findings on the scan, going on: {', '.join(scanned['findings'])}")
    seal_letter(world, case)
    tell("  原件扫描、校对、签封(PAdES 电子签名) / scanned, compared, sealed")
    sent = send(world, case)
    tell(f"  发出{',标记迟发 / late' if sent['late'] else ',当日送出 / sent the same day'}")
    _wait_for(world, ORIGIN, case, state="delivered")
    tell(f"  {ORIGIN.name} 收到并自行核验 / received and verified at the origin")
    hanxun("agent", "claim", case, *world.desk(ORIGIN, "window"))
    _tell_gate(world, case, tell)
    tell(f"  {SIMULATED}")
    hanxun("agent", "look", case, *world.desk(ORIGIN, "window"), "--legible", "--unit-name", "--colour")
    acted = _act(world, case)
    record = hanxun("register", "show", MOVED.id18, "--dir", world.register)
    tell(f"  G1–G9 全部通过,回迁办结,流水号 {acted['serial']};记录已回到 {record['address']} / returned")
    hanxun("agent", "reply", case, *world.desk(ORIGIN, "window"), "--outcome", "已回迁", "--serial", acted["serial"])
    _wait_for(world, MISTAKEN, case, state="answered")
    closing = {"record_gone": True, "booklet": "已收回", "citizen_informed": True, "archive_number": "2026-户-0117"}
    _close(world, case, closing, tell)
    return case


def play_correction(world: World, tell: Tell) -> str:
    """Play C04 from inquiry to correction and return the case number."""
    tell("\n三、差错更正(C04) / 3. A correction at the origin before the move goes on")
    proof = next(world.papers.glob("scan.*"))
    body = {
        "caused_by_opener": False,
        "person": {"name": MISSPELT.name, "id18": MISSPELT.id18},
        "items": [
            {
                "item": "姓名",
                "change_code": "22",
                "current": "王小明",
                "proposed": "王晓明",
                "proof": digest_of(proof.read_bytes()),
            }
        ],
        "text": "迁入时核对身份证与出生医学证明,姓名用字与登记不符。",
    }
    options = ("--type", "C04", "--to", ORIGIN.code, "--body", paper_of(world, "c04", body), "--file", f"proof:{proof}")
    case = str(hanxun("agent", "draft", *world.desk(MISTAKEN, "drafter"), *options)["case"])
    hanxun("agent", "send", case, *world.desk(MISTAKEN, "drafter"))
    tell(f"  {MISTAKEN.name} 函询:姓名登记有误,附证明 / inquiry with proof: {case}")
    _wait_for(world, ORIGIN, case, state="delivered")
    hanxun("agent", "claim", case, *world.desk(ORIGIN, "window"))
    approval = "临溪公户批〔2026〕31号"
    acted = _act(world, case, "--correct", f"姓名={approval}")
    record = hanxun("register", "show", MISSPELT.id18, "--dir", world.register)
    tell(f"  凭市级批准文号更正,登记现为 {record['name']},流水号 {acted['serial']} / corrected on the city's approval")
    decision = {"item": "姓名", "decision": "更正", "serial": acted["serial"], "approval_number": approval}
    answer = paper_of(world, "c04-reply", {"outcome": "已更正", "items": [decision]})
    hanxun("agent", "reply", case, *world.desk(ORIGIN, "window"), "--body", answer)
    _wait_for(world, MISTAKEN, case, state="answered")
    _close(world, case, {"note": "新姓名已可查询"}, tell)
    return case


def draft_explanation(world: World) -> str:
    """Draft a C06 about the demo's moved citizen at the station of the mistaken move; return the case number."""
    return draft_letter(world, "c06", (MOVED,), found_at=datetime.now(UTC))


def draft_letter(world: World, name: str, people: tuple[DemoCitizen, ...], *, found_at: datetime) -> str:
    """Draft a C06 about `people`, the first of them the head of the household; return the case number."""
    address = "长亭市新桥区光明路12号"
    relations = ("户主", "配偶", "子女")
    body = {
        "letter_kind": "错迁说明函",
        "persons": [
            {
                "name": citizen.name,
                "id18": citizen.id18,
                "relation": relation,
                "original_address": citizen.address,
                "mistaken_address": address,
            }
            for citizen, relation in zip(people, relations, strict=False)
        ],
        "move_date": MOVE_DATE,
        "move_serial": MOVE_SERIAL,
        "handler": "张三",
        "discovered_at": format_instant(found_at),
        "how_found": "群众来所核对户口簿时发现",
        "cause": "同名",
        "citizen_informed": True,
    }
    options = ("--type", "C06", "--to", ORIGIN.code, "--body", paper_of(world, name, body))
    return str(hanxun("agent", "draft", *world.desk(MISTAKEN, "drafter"), *options)["case"])


def make_letter(world: World, case: str, *, seed: int) -> str:
    """Have a drafted letter approved, printed, stamped, scanned and sealed; `seed` makes its paper. Return the case number."""
    hanxun("agent", "approve", case, *world.desk(MISTAKEN, "head"))
    scan = _scan(_print_and_stamp(world, case), seed=seed)
    ticks = ("--pages", count_pages(scan), "--checked", "--no-reading")
    hanxun("agent", "scan", case, scan, *world.desk(MISTAKEN, "drafter"), *ticks)
    seal_letter(world, case)
    return case


def send(world: World, case: str) -> dict[str, Any]:
    """Send the inquiry of `case`; across midnight in Beijing a letter found the day before is late, and says so."""
    refused = refusal("agent", "send", case, *world.desk(MISTAKEN, "drafter"))
    if refused is not None and refused.code is not Code.LATE_NEEDS_REASON:
        raise refused
    if refused is not None:
        return hanxun("agent", "send", case, *world.desk(MISTAKEN, "drafter"), "--late-reason", "演示跨越了零点")
    return {"late": False}


def count_pages(scan: Path) -> int:
    """Return the number of pages of a scan."""
    return int(hanxun("letter", "check", scan)["pages"])


def seal_letter(world: World, case: str, *options: object) -> None:
    """Have the custodian of the sending station seal the scan of `case`."""
    password = ("--seal-password-file", world.password(f"{MISTAKEN.key}-seal"))
    hanxun("agent", "seal", case, *world.desk(MISTAKEN, "custodian"), *password, *options)


def export(world: World, station: DemoStation, case: str, out: Path) -> Path:
    """Export the evidence file of `case` at `station` and return its path."""
    hanxun("evidence", "export", case, *world.view(station), "--out", out)
    return out


def wait_for_delivery(world: World, case: str) -> None:
    """Wait until `case` stands in the origin's inbox, delivered."""
    _wait_for(world, ORIGIN, case, state="delivered")


def wait_cosigned(world: World, station: DemoStation, case: str) -> None:
    """Wait until enough stations have cosigned the trail behind everything of `case`."""

    def covered() -> bool:
        shown = hanxun("agent", "show", case, "--data", world.station(station))
        return not shown["not_cosigned"] and not shown["not_in_trail"]

    _wait(covered, f"cosignatures for {case}")


def _act(world: World, case: str, *options: str) -> dict[str, Any]:
    """Have the origin act on `case` as soon as enough stations have cosigned the trail behind it; return its answer."""
    _wait_sent(world, ORIGIN)
    wait_cosigned(world, ORIGIN, case)
    acted: dict[str, Any] = {}

    def done() -> bool:
        try:
            acted.update(hanxun("agent", "act", case, *world.desk(ORIGIN, "window"), *options))
        except Refused as refusal:
            # A receipt that came meanwhile waits for its witnesses; the officer is told to try again, and so does the demo.
            if refusal.code is not Code.TRAIL_NOT_COVERED:
                raise
            return False
        return True

    _wait(done, f"witnesses for {case}")
    return acted


def _tell_gate(world: World, case: str, tell: Tell) -> None:
    gate = hanxun("agent", "show", case, *world.view(ORIGIN), "--gate")["gate"]
    open_points = [check["code"] for check in gate["checks"] if check["result"] in ("failed", "indeterminate")]
    tell(f"  闸口逐项核验:{gate['verdict']},尚缺 {', '.join(open_points)} / the gate before the look")


def _close(world: World, case: str, body: Mapping[str, Any], tell: Tell) -> None:
    hanxun("agent", "close", case, *world.desk(MISTAKEN, "drafter"), "--body", paper_of(world, f"{case}-close", body))
    _wait_for(world, ORIGIN, case, state="closed")
    _wait_sent(world, ORIGIN)
    wait_cosigned(world, ORIGIN, case)
    evidence = world.evidence / f"{case}.asice"

    def passes() -> bool:
        evidence.unlink(missing_ok=True)
        export(world, ORIGIN, case, evidence)
        checked = verdict("evidence", "verify", evidence, "--root", world.root_certificate)
        waits = [check for check in checked["checks"] if check["code"] == "evidence.witnesses"]
        return checked["verdict"] == "TOTAL-PASSED" or all(check["result"] != "indeterminate" for check in waits)

    _wait(passes, f"witnesses for {case}")
    checked = hanxun("evidence", "verify", evidence, "--root", world.root_certificate)
    tell(f"  办结,证据文件核验 {checked['verdict']} / closed; the evidence file verifies: {evidence}")


def _keep_scan(world: World, scan: Path) -> Path:
    kept = world.papers / f"scan{scan.suffix}"
    write_file(kept, scan.read_bytes())
    return kept


def _print_and_stamp(world: World, case: str) -> Path:
    page = world.papers / f"{case}.pdf"
    hanxun(
        *("agent", "print", case, *world.desk(MISTAKEN, "drafter")),
        *("--addressee", ORIGIN.name, "--telephone", "0550-0000000", "--out", page),
    )
    hanxun("agent", "stamp", case, *world.desk(MISTAKEN, "custodian"))
    return page


def _scan(page: Path, *, seed: int) -> Path:
    png = render_page(page.read_bytes(), 1, DPI, limits=default_limits())
    scan = page.with_suffix(".jpg")
    write_file(scan, stamp_and_scan(png, station=MISTAKEN.name, seed=seed))
    return scan


def paper_of(world: World, name: str, body: Mapping[str, Any]) -> Path:
    """Write the fields of a message where a command can read them."""
    path = world.papers / f"{name}.json"
    write_file(path, json.dumps(body, ensure_ascii=False, indent=2).encode())
    return path


def _wait_for(world: World, station: DemoStation, case: str, *, state: str) -> None:
    def there() -> bool:
        cases = hanxun("agent", "inbox", "--data", world.station(station))["cases"]
        return any(row["case"] == case and row["state"] == state for row in cases)

    _wait(there, f"{case} {state}")


def _wait_sent(world: World, station: DemoStation) -> None:
    """Wait until the hub has receipted everything that `station` has sent."""

    def sent() -> bool:
        return all(
            line["state"] == "sent" for line in hanxun("agent", "outbox", "--data", world.station(station))["outbox"]
        )

    _wait(sent, station.key)


def _wait(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not ready():
        if time.monotonic() > deadline:
            raise Unavailable(Code.DEMO_WAITED, detail=what, values={"seconds": int(WAIT_S)})
        time.sleep(0.2)
