"""`hanxun agent trail`: what this station holds of the hub's trail, and what of its own is not in it yet."""

from pathlib import Path
from typing import Annotated

import typer

from hanxun.desk_options import looked_into
from hanxun.files import write_file
from hanxun.options import AgentData, JsonFlag
from hanxun.output import console, print_json
from hub.protocol.identifiers import digest_of
from hub.trail.note import parse_verifier_key
from station_agent.history import standstill
from station_agent.settings import load_settings
from station_agent.store.restores import lost_checkpoints_kept
from station_agent.store.trail import misbehaviour_kept, trail_events_unlogged, witness_rows
from station_agent.store.trust import newest_checkpoint

app = typer.Typer()


@app.command()
def trail(
    data: AgentData,
    out: Annotated[
        Path | None,
        typer.Option(
            help="把检查点和分叉证明写到此文件夹 / write the checkpoints and the proofs of a fork into this folder"
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """本所所见的中心日志:最新检查点、见证到哪里、分叉证明、尚未入日志的操作 / the hub's trail as this station sees it.

    例 / example:  hanxun agent trail --data a --out 留证
    """
    origin = parse_verifier_key(load_settings(data).trail.key).name
    with looked_into(data) as store, store.read() as tx:
        still, newest = standstill(tx), newest_checkpoint(tx, origin)
        proofs, lost = misbehaviour_kept(tx), lost_checkpoints_kept(tx)
        witness = max((row.size for row in witness_rows(tx, origin)), default=0)
        waiting = trail_events_unlogged(tx)
    files = {} if out is None else _write(out, newest.note if newest else None, lost, proofs)
    if json:
        events = [{"case": row.case, "event": row.event, "at": row.at, "trouble": row.trouble} for row in waiting]
        print_json(
            {
                "size": newest.size if newest else 0,
                "cosigned": witness,
                "stopped": None if still is None else still.code.value,
                "proofs": len(proofs),
                "not_in_trail": events,
                "files": {name: str(path) for name, path in files.items()},
            }
        )
        return
    if still is not None:
        console.print(f"! {still.code.value} {still.text.zh}\n  → {still.text.remedy_zh}", markup=False)
    size = newest.size if newest else 0
    console.print(
        f"最新检查点 newest checkpoint: {size} 条 leaves;本所见证到 cosigned here up to: {witness}", markup=False
    )
    if proofs:
        console.print(
            f"日志改写历史的证明 proofs of another history: {len(proofs)}(--out 取出 / writes them)", markup=False
        )
    for row in waiting:
        trouble = f"  被拒 refused: {row.trouble}" if row.trouble else ""
        console.print(f"尚未入日志 not in the trail yet: {row.at}  {row.case}  {row.event}{trouble}", markup=False)
    for path in files.values():
        console.print(f"{path}", markup=False)


def _write(out: Path, newest: str | None, lost: tuple[str, ...], proofs: tuple[bytes, ...]) -> dict[str, Path]:
    named = {f"lost-{number:03d}.txt": note.encode() for number, note in enumerate(lost, start=1)}
    named |= {f"fork-{digest_of(raw)[:16]}.json": raw for raw in proofs}
    if newest is not None:
        named["checkpoint.txt"] = newest.encode()
    for name, raw in named.items():
        write_file(out / name, raw)
    return {name: out / name for name in named}
