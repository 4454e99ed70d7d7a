"""`hanxun agent check`: does the agent's database agree with its files?"""

import typer

from hanxun.backup_options import ProgressLine
from hanxun.findings import tell
from hanxun.options import AgentData, JsonFlag
from station_agent.check import check_agent

app = typer.Typer()


@app.command()
def check(data: AgentData, json: JsonFlag = False) -> None:
    """检查数据库和附件是否一致,不作改动,可照常运行 / find every inconsistency between database and files; changes nothing.

    例 / example:  hanxun agent check --data a
    """
    tell(check_agent(data, progress=ProgressLine()), json=json, more={})
