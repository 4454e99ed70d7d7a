"""Which pictures of the pages are made when some are asked for."""

from docs.make_screenshots import Chosen

PAGES = ("/desk", "/inbox?tab=all", "/cases/C06-349911500000-2026-000001/verify")


def test_without_a_choice_every_page_of_every_desk_is_pictured() -> None:
    chosen = Chosen()
    assert all(map(chosen.desk, ("hub", "station1")))
    assert all(map(chosen.role, ("window", "auditor")))
    assert all(map(chosen.page, PAGES))
    assert chosen.languages == ("zh", "en")
    assert chosen.widths == (1366, 390)


def test_a_choice_leaves_the_others_out() -> None:
    chosen = Chosen(desks=("station2",), roles=("window",), pages=("verify", "/desk"))
    assert list(filter(chosen.desk, ("hub", "station1", "station2"))) == ["station2"]
    assert list(filter(chosen.role, ("window", "head"))) == ["window"]
    assert list(filter(chosen.page, PAGES)) == [PAGES[0], PAGES[2]]
