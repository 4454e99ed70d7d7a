"""The verb `hanxun demo`: where it plays, with which scan, and what it leaves behind."""

import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from hanxun.demo.day import fill_the_day
from hanxun.demo.desks import OpenDesk, open_desks
from hanxun.demo.people import STATIONS
from hanxun.demo.processes import Processes
from hanxun.demo.refusals import show_changed_letter, show_second_use
from hanxun.demo.story import play_correction, play_mistaken_move
from hanxun.demo.world import World, build
from hanxun.options import JsonFlag
from hanxun.output import print_json, print_line, say
from hub.letters.limits import default_limits
from hub.letters.scan import require_scan
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def demo(
    dir: Annotated[
        Path | None, typer.Option(help="放在哪个文件夹(须为空),默认新建临时文件夹 / folder, must be empty")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="演完即退出 / exit when the story ends")] = False,
    scan: Annotated[
        Path | None,
        typer.Option(help="用您自己的扫描件 / use your own scan", exists=True, dir_okay=False, readable=True),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """演示:错迁说明函从发现到回迁,两次拒绝,一次差错更正 / the whole story on this machine, with real processes.

    中心和三个派出所端是独立进程,只用公开命令。不加 --once 时再备好一天的业务,打开民警和审计员的工作台,打印免登录链接
    (一次有效,15 分钟内,仅限本机),Ctrl-C 结束。
    例 / example:  hanxun demo --once --scan 说明函.jpg
    """
    started = time.monotonic()
    if scan is not None:
        require_scan(scan.read_bytes(), limits=default_limits(), name=scan.name)  # before anything is made
    world = World(_folder(dir))
    signal.signal(signal.SIGTERM, _interrupt)
    with Processes(world.logs) as processes:
        build(world, processes, say)
        desks = () if once else open_desks(world, processes)
        _tell_desks(desks, say if json else print_line)
        evidence = _play(world, scan)
        elapsed = round(time.monotonic() - started, 1)
        say(f"\n演示完成,用时 {elapsed} 秒 / done in {elapsed} s")
        for path in evidence:
            say(f"  证据文件 evidence: {path}")
        say(f"  离线核验 verify: hanxun evidence verify {evidence[0]} --root {world.root_certificate}")
        if not once:
            fill_the_day(world, say)
        if json:
            print_json(_outcome(world, evidence, desks, elapsed))
        if not once:
            _tell_desks(desks, say if json else print_line)
            _stay(world)


def _outcome(world: World, evidence: list[Path], desks: tuple[OpenDesk, ...], elapsed: float) -> dict[str, object]:
    outcome: dict[str, object] = {
        "dir": str(world.root),
        "hub_data": str(world.hub),
        "root": str(world.root_certificate),
        "evidence": [str(path) for path in evidence],
        "elapsed_s": elapsed,
    }
    if desks:
        outcome["desks"] = [
            {"name": desk.name, "url": desk.url, "links": [asdict(link) for link in desk.links]} for desk in desks
        ]
    return outcome


def _tell_desks(desks: tuple[OpenDesk, ...], tell: Callable[[str], None]) -> None:
    if desks:
        tell(
            "\n工作台已打开;每个链接只能用一次,15 分钟内有效 / The desks are open; each link works once, for 15 minutes"
        )
    for desk in desks:
        tell(f"  {desk.name}  {desk.url}")
        for link in desk.links:
            tell(f"    {link.who}: {link.url}")


def _play(world: World, scan: Path | None) -> list[Path]:
    moved = play_mistaken_move(world, say, scan=scan)
    show_changed_letter(world, moved, say)
    show_second_use(world, moved, say)
    corrected = play_correction(world, say)
    return [world.evidence / f"{case}.asice" for case in (moved, corrected)]


def _folder(dir: Path | None) -> Path:
    if dir is None:
        return Path(tempfile.mkdtemp(prefix="hanxun-demo-"))
    if dir.exists() and (not dir.is_dir() or any(dir.iterdir())):
        raise Refused(Code.FILE_EXISTS, field="--dir", detail=str(dir))
    dir.mkdir(parents=True, exist_ok=True)
    return dir.resolve()


def _stay(world: World) -> None:
    say("\n中心和派出所端仍在运行,可另开终端试用命令,Ctrl-C 结束 / still running; Ctrl-C ends it. For example:")
    for station in STATIONS:
        say(f"  hanxun agent inbox --data {world.station(station)}")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say("正在停止 / stopping")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
