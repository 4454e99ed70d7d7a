"""How an alarm about a lost seal is shown, at both stations and at the hub."""

from hanxun.output import console
from hub.protocol.alarm import SealAlarm


def print_alarm(alarm: SealAlarm) -> None:
    """Print the fields of C10 that the alarm states."""
    console.print(f"!! 警报 alarm  {'、'.join(alarm.cases)}  {alarm.sender} → {alarm.station}", markup=False)
    console.print(
        f"   类别 class {alarm.problem_class}  责任 fault {alarm.fault}  流水号 serial {alarm.serial}", markup=False
    )
    console.print(f"   事实 facts: {alarm.facts}", markup=False)
    console.print(f"   后果 harm: {alarm.harm}", markup=False)
    console.print(f"   建议 proposal: {alarm.proposal}", markup=False)
