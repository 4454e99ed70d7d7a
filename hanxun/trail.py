"""`hanxun trail`: re-derive the hub's log, show its checkpoint, prove where a leaf stands."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hanxun.options import HubData, JsonFlag, verb_group
from hanxun.output import console, print_json
from hub.exchange.prove import newest_checkpoint, prove_leaf
from hub.exchange.verify_trail import verify_trail

app = verb_group("函件轨迹日志 / the hub's log.")


@app.command()
def verify(
    data: HubData,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="派出所保存的检查点文件,可多次给出 / checkpoints that agents hold", exists=True),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """从存下的每个字节重新推导日志;不需要口令,文件夹可以是拷贝 / re-derive the log from every stored byte.

    没有别处保存的检查点,整体重写过的历史查不出来。 / A history rewritten whole is found only with checkpoints held elsewhere.
    例 / example:  hanxun trail verify --data hub-data --against 检查点.txt
    """
    report = verify_trail(data, against=[path.read_bytes() for path in against or ()])
    if json:
        print_json(msgspec.to_builtins(report))
    elif report.ok:
        console.print(f"日志完整 / the log re-derives: {report.size} 条 leaves", markup=False)
    elif report.first_bad is not None:
        bad = report.first_bad
        console.print(f"不一致 / inconsistent: 第 {bad.index} 条 {bad.what}: {bad.reason}", markup=False)
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def checkpoint(data: HubData, json: JsonFlag = False) -> None:
    """打印最新的签名检查点 / print the newest signed checkpoint; keep it elsewhere.

    例 / example:  hanxun trail checkpoint --data hub-data > 检查点.txt
    """
    note = newest_checkpoint(data)
    if json:
        print_json({"checkpoint": note})
    else:
        print(note, end="")


@app.command()
def prove(
    index: Annotated[int, typer.Argument(min=0, help="第几条,从 0 数起 / index of the leaf, from 0")],
    data: HubData,
    out: Annotated[Path | None, typer.Option(help="写到文件 / write to a file")] = None,
    json: JsonFlag = False,
) -> None:
    """写出一条记录的包含证明(tlog-proof) / write the inclusion proof of a leaf as a tlog-proof.

    例 / example:  hanxun trail prove 17 --data hub-data --out 17.tlog-proof
    """
    proof = prove_leaf(data, index)
    if out is not None:
        out.write_bytes(proof)
    if json:
        print_json({"index": index, "proof": proof.decode(), "file": str(out) if out else None})
    elif out is None:
        print(proof.decode(), end="")
