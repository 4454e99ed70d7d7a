"""The pages of a case that was erased: it is still there, says so, and names nobody."""

from hub.protocol.identifiers import CaseId
from station_agent.store.erasures import erase_rows
from tests.exchange.builders import now_utc
from tests.station.scene import PERSON
from tests.station.web.served import Served


async def test_an_erased_case_says_so_and_names_nobody(served: Served) -> None:
    await served.sign_in(served.station.window)
    _, before = await served.get(f"/cases/{served.case}")
    assert PERSON["name"] in before
    with served.station.agent.store.write() as tx:
        erase_rows(tx, CaseId(served.case), raw=b"", files=frozenset(), quarantined=(), now=now_utc())
    response, page = await served.get(f"/cases/{served.case}")
    assert response.status == 200
    assert "内容已删除" in page
    assert PERSON["name"] not in page
    for path in ("/desk", "/sent?state=done", "/sent", "/inbox"):
        response, page = await served.get(path)
        assert response.status in (200, 303), path
        assert PERSON["id18"] not in page
