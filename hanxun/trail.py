"""`hanxun trail`: re-derive the hub's log, show its checkpoint, prove where a leaf stands."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hanxun.backup_options import ProgressLine
from hanxun.files import write_file
from hanxun.options import HubData, JsonFlag, verb_group
from hanxun.output import checks_as_json, console, print_checks, print_json, say, witnessed_in_words
from hub.exchange.prove import newest_checkpoint, prove_leaf
from hub.exchange.verify_trail import verify_trail
from hub.trail.fork import check_fork_proof, is_fork_proof, notes_in
from hub.trail.note import parse_verifier_key
from hub.trail.sequence import EMPTY, Frontier, read_frontier, write_frontier

SAVE_EVERY_S = 5.0
app = verb_group("函件轨迹日志 / the hub's log.")


@app.command()
def verify(
    data: HubData,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            help="派出所保存的检查点或分叉证明文件,可多次给出 / checkpoints, or proofs of a fork, that agents hold",
            exists=True,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            help="进度存于此文件;中断后再给它就接着做 / keeps how far it is; given again, it goes on from there"
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """从存下的每个字节重新推导日志;不需要口令,文件夹可以是拷贝 / re-derive the log from every stored byte.

    没有别处保存的检查点,整体重写过的历史查不出来。 / A history rewritten whole is found only with checkpoints held elsewhere.
    例 / example:  hanxun trail verify --data hub-data --against 检查点.txt
    """
    held = [note for path in against or () for note in _notes(path)]
    start = read_frontier(resume.read_bytes()) if resume is not None and resume.is_file() else EMPTY
    report = verify_trail(data, against=held, start=start, progress=_Progress(resume))
    if resume is not None:
        resume.unlink(missing_ok=True)
    if json:
        print_json(msgspec.to_builtins(report))
    elif report.ok:
        console.print(f"日志完整 / the log re-derives: {report.size} 条 leaves", markup=False)
        if report.erased:
            words = f"其中 {report.erased} 份函件的内容已按规定删除,摘要仍在日志中 / bodies erased, their digests stand"
            console.print(words, markup=False)
    elif report.first_bad is not None:
        bad = report.first_bad
        console.print(f"不一致 / inconsistent: 第 {bad.index} 条 {bad.what}: {bad.reason}", markup=False)
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def checkpoint(data: HubData, json: JsonFlag = False) -> None:
    """打印最新的签名检查点,并说明已由哪些派出所见证 / print the newest signed checkpoint, and which stations have cosigned how far.

    请把检查点存到中心以外 / keep it elsewhere.
    例 / example:  hanxun trail checkpoint --data hub-data > 检查点.txt
    """
    note, standing = newest_checkpoint(data)
    if json:
        print_json({"checkpoint": note, "witnessed": msgspec.to_builtins(standing)})
        return
    print(note, end="")
    say(witnessed_in_words(standing))


@app.command()
def fork(
    files: Annotated[
        list[Path], typer.Argument(help="派出所端保存的分叉证明 / proofs of a fork that agents kept", exists=True)
    ],
    trail_key: Annotated[Path, typer.Option(help="中心日志公钥文件 / the hub's trail key (trail.vkey)", exists=True)],
    json: JsonFlag = False,
) -> None:
    """核验分叉证明:日志是否签署了两个互相矛盾的历史;只需要日志公钥 / is it proved that the log signed two histories?

    退出码 0 表示已证明分叉。 / Exit code 0 means that the fork is proved.
    例 / example:  hanxun trail fork 分叉.json --trail-key trail.vkey
    """
    key = parse_verifier_key(trail_key.read_text(encoding="utf-8").strip())
    proved = True
    for path in files:
        verdict = check_fork_proof(path.read_bytes(), key=key)
        proved = proved and verdict.passed
        if json:
            print_json({"file": str(path), "proved": verdict.passed, "checks": checks_as_json(verdict)})
        else:
            words = "已证明:日志签署了两个互相矛盾的历史 / proved: the log has signed two histories"
            console.print(f"{path}: {words if verdict.passed else '未证明 / not proved'}", markup=False)
            print_checks(verdict.checks)
    raise typer.Exit(0 if proved else 1)


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


def _notes(path: Path) -> tuple[bytes, ...]:
    raw = path.read_bytes()
    return notes_in(raw) if is_fork_proof(raw) else (raw,)


class _Progress:
    """Says from time to time how far the verification is, and keeps it in a file where one is named."""

    def __init__(self, state: Path | None) -> None:
        self._state = state
        self._line = ProgressLine()
        self._saved_at = time.monotonic()

    def __call__(self, tree: Frontier, size: int) -> None:
        self._line("trail", tree.size, size)
        if self._state is not None and time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self._saved_at = time.monotonic()
            write_file(self._state, write_frontier(tree))
