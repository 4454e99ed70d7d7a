"""What `hanxun agent look --show` writes and says: the impression beside the registered ones. Nothing is recorded by it."""

from datetime import datetime
from pathlib import Path
from typing import Any

from hanxun.output import console, print_json
from hub.letters.compare.comparison import Comparison, Likeness
from hub.letters.compare.error_rates import ErrorRates, error_rates
from hub.letters.compare.overlay import side_by_side
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import beijing, parse_instant
from hub.protocol.texts import text_of
from station_agent.agent import Agent
from station_agent.desk.beside import impression_on, impressions_beside, lay_beside

_WORDS = {
    Likeness.SIMILAR: "相似 similar",
    Likeness.DIFFERENT: "不同 different",
    Likeness.NOT_LEGIBLE: "无法辨认 not legible",
}


def show_beside(agent: Agent, case: CaseId, folder: Path, *, json: bool) -> None:
    """Write the pictures into `folder` and say what the comparisons say.

    Raises: Refused (`station.*`, `specimen.no_impression`, what the letter cannot be read for), Unavailable, Damaged.
    """
    beside = impressions_beside(agent, case)
    impression = impression_on(agent, beside.letter)
    folder.mkdir(parents=True, exist_ok=True)
    crop = folder / "impression.png"
    crop.write_bytes(impression.crop)
    found: list[dict[str, Any]] = []
    for place, (specimen, own) in enumerate(zip(beside.specimens, beside.own, strict=True), start=1):
        line: dict[str, Any] = {"specimen": specimen.digest, "registered_at": specimen.registered_at, "own_seal": own}
        try:
            sight = lay_beside(agent, specimen, impression)
        except HanxunError as error:
            found.append(line | {"problem": error.code.value})
            continue
        picture = folder / f"beside-{place}.png"
        picture.write_bytes(side_by_side(tuple(filter(None, (sight.specimen, sight.impression, sight.overlay)))))
        found.append(line | {"file": str(picture)} | _said(sight.comparison))
    if json:
        lacking = None if beside.lacking is None else beside.lacking.value
        print_json(
            {"page": impression.page, "impression": str(crop), "compared": found, "lacking": lacking, "recorded": False}
        )
        return
    _tell(found, impression.page, crop, beside.lacking)


def rates_in_words(rates: ErrorRates) -> str:
    """Return the measured error rates in one sentence."""
    rejected, accepted = f"{100 * rates.genuine_rejected:.0f} %", f"{100 * rates.forged_accepted:.0f} %"
    return (
        f"试验中真印被说成不同 {rejected},仿印被说成相似 {accepted}(改编号的看不出)"
        f" / in trials {rejected} of genuine ones were called different, {accepted} of forged ones similar"
    )


def _said(comparison: Comparison) -> dict[str, Any]:
    differences = [{"what": one.what.value, "where": one.where} for one in comparison.differences]
    return {
        "verdict": comparison.verdict.value,
        "score": round(comparison.score, 3),
        "differences": differences,
    }


def _tell(found: list[dict[str, Any]], page: int, crop: Path, lacking: Code | None) -> None:
    console.print(f"第 {page} 页的印文 / the impression on page {page}: {crop}", markup=False)
    for line in found:
        since: datetime = parse_instant(line["registered_at"])
        console.print(f"印模 {line['specimen'][:12]} 登记于 registered {beijing(since)}", markup=False)
        if "problem" in line:
            text = text_of(Code(line["problem"]))
            console.print(f"  {text.zh} / {text.en}", markup=False)
            continue
        console.print(f"  {_WORDS[Likeness(line['verdict'])]}  {line['score']:.2f}  {line['file']}", markup=False)
        for difference in line["differences"]:
            text = text_of(Code(difference["what"]))
            console.print(f"    {text.zh} / {text.en}: {difference['where']}", markup=False)
    if lacking is not None:
        text = text_of(lacking)
        console.print(f"{text.zh} / {text.en}\n  {text.remedy_zh} / {text.remedy_en}", markup=False)
    if found:
        console.print(rates_in_words(error_rates()), markup=False)
    console.print("结论由人作出;没有记录任何内容 / the conclusion is a person's; nothing was recorded", markup=False)
