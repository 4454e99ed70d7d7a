"""Who plays: three stations, their officers, and some citizens. All invented; citizen numbers have impossible birth years."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoOfficer:
    """An officer: police number, name and the role in the certificate."""

    number: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoStation:
    """A station: folder name, code, name, word in letter numbers, and its officers by part played."""

    key: str
    code: str
    name: str
    word: str
    officers: dict[str, DemoOfficer]


@dataclass(frozen=True, slots=True)
class DemoCitizen:
    """A citizen: number, name, and the address of record."""

    id18: str
    name: str
    address: str


MISTAKEN = DemoStation(
    "xinqiao",
    "349911500000",
    "长亭市公安局新桥派出所",
    "新桥",
    {
        "drafter": DemoOfficer("011001", "张三", "window"),
        "head": DemoOfficer("011002", "赵一", "head"),
        "custodian": DemoOfficer("011003", "孙七", "custodian"),
    },
)
ORIGIN = DemoStation(
    "wangjiang", "349922500000", "临溪县公安局望江派出所", "望江", {"window": DemoOfficer("022001", "钱五", "window")}
)
BYSTANDER = DemoStation(
    "hexi", "349933500000", "永安市公安局河西派出所", "河西", {"window": DemoOfficer("033001", "周九", "window")}
)
STATIONS = (MISTAKEN, ORIGIN, BYSTANDER)
MOVED = DemoCitizen("999999188502030011", "李四", "临溪县望江镇河东路7号")
MISSPELT = DemoCitizen("999999189003078816", "王小明", "临溪县望江镇河西巷3号")
FAMILY = (
    DemoCitizen("999999188003120012", "刘建国", "临溪县望江镇河东路19号"),
    DemoCitizen("999999188306090025", "陈秀英", "临溪县望江镇河东路19号"),
    DemoCitizen("999999191008150015", "刘子涵", "临溪县望江镇河东路19号"),
)
"""Three people whose move was one mistake: they go into one letter."""
VISITOR = DemoCitizen("999999188701220037", "马春梅", "临溪县望江镇桥头村21号")
RARE = DemoCitizen("999999189204300014", "周𬍛", "临溪县望江镇河西巷8号")
"""The name's second character is outside the first plane of Unicode: GB 18030 has it, GB 2312 and most input methods have not."""
PROVINCE = "340000000000"
ADMINISTRATORS = (
    DemoOfficer("900001", "吴省", "administrator"),
    DemoOfficer("900002", "郑厅", "administrator"),
)
"""The hub's two administrators: adding a station takes both."""
AUDITOR = DemoOfficer("900003", "冯察", "auditor")
