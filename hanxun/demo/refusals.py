"""What must not work, shown: the letter with one byte changed, and the letter used a second time."""

import zipfile
from pathlib import Path

from hanxun.demo.commands import hanxun, refusal, verdict
from hanxun.demo.people import MISTAKEN, ORIGIN
from hanxun.demo.story import count_pages, draft_explanation, export, seal_letter, send, wait_for_delivery
from hanxun.demo.world import Tell, World
from hanxun.files import write_file
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError


def show_changed_letter(world: World, case: str, tell: Tell) -> None:
    """Change one byte of the sealed letter and of the evidence file; both must be refused."""
    tell("\n二、两次拒绝 / 2. Two refusals")
    evidence = (world.evidence / f"{case}.asice").read_bytes()
    letter = sealed_letter(world, case)
    changed = {
        "改动一字节的说明函.pdf": _with_a_changed_byte(letter.read_bytes(), at=len(letter.read_bytes()) // 3),
        "改动一字节的证据文件.asice": _with_a_changed_byte(evidence, at=len(evidence) // 2),
    }
    for name, raw in changed.items():
        path = world.refused / name
        write_file(path, raw)
        group = "letter" if path.suffix == ".pdf" else "evidence"
        answer = verdict(group, "verify", path, "--root", world.root_certificate)
        failed = next(check for check in answer["checks"] if check["result"] == "failed")
        tell(f"  {name}:{answer['verdict']} — {failed['code']} {failed['reason']}")


def show_second_use(world: World, case: str, tell: Tell) -> None:
    """Use the letter of `case` once more: for a second case of its sender, then for a second return at the origin."""
    second = draft_explanation(world)
    hanxun("agent", "approve", second, *world.desk(MISTAKEN, "head"))
    hanxun("agent", "stamp", second, *world.desk(MISTAKEN, "custodian"))
    scan = next(world.papers.glob("scan.*"))
    pages = ("--pages", count_pages(scan), "--checked")
    refused = refusal("agent", "scan", second, scan, *world.desk(MISTAKEN, "drafter"), *pages)
    if refused is None:  # a scan of one's own has no footer that would tell the letters apart
        refused = _refused_at_the_gate(world, case, second)
    elif refused.detail != Code.PAPER_OTHER_CASE.value:
        raise refused
    tell(f"  同一说明函用于另一案件:拒绝 — {refused.code.value} {refused.text.zh} / refused in a second case")
    again = refusal("agent", "act", case, *world.desk(ORIGIN, "window"))
    if again is None or again.code is not Code.LETTER_ALREADY_USED:
        raise AssertionError("a used letter was accepted a second time")
    tell(f"  同一说明函再次办理:拒绝 — {again.code.value} {again.text.zh} / a second return is refused")


def _refused_at_the_gate(world: World, case: str, second: str) -> HanxunError:
    seal_letter(world, second, "--sealed", sealed_letter(world, case))
    send(world, second)
    wait_for_delivery(world, second)
    hanxun("agent", "claim", second, *world.desk(ORIGIN, "window"))
    hanxun("agent", "look", second, *world.desk(ORIGIN, "window"), "--legible", "--unit-name", "--colour")
    refused = refusal("agent", "act", second, *world.desk(ORIGIN, "window"))
    if refused is None:
        raise AssertionError("a used letter was accepted in a second case")
    export(world, ORIGIN, second, world.refused / f"{second}.asice")
    return refused


def sealed_letter(world: World, case: str) -> Path:
    """Return the sealed letter of `case`, taken out of its evidence file as anyone could with unzip."""
    path = world.papers / f"{case}-sealed.pdf"
    with zipfile.ZipFile(world.evidence / f"{case}.asice") as container:
        name = next(item for item in container.namelist() if item.startswith("letters/"))
        write_file(path, container.read(name))
    return path


def _with_a_changed_byte(raw: bytes, *, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 0x01]) + raw[at + 1 :]
