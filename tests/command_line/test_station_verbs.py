"""`hanxun station rename | move | history`: two administrators at the command line, and what came of it."""

import json
from pathlib import Path

from typer.testing import CliRunner

from hanxun.station import app
from tests.exchange.builders import PASSPHRASE, A, B, a_hub_folder, a_province
from tests.web.desk.bureau import PASSWORD, keep_official


def test_a_station_is_renamed_and_moved_by_two_and_its_history_is_listed(tmp_path: Path) -> None:
    province = a_province()
    data = a_hub_folder(province, tmp_path / "hub")
    for signer in province.two_administrators():
        keep_official(data, signer)
    secret, own = tmp_path / "passphrase", tmp_path / "own"
    secret.write_bytes(PASSPHRASE)
    own.write_text(PASSWORD)
    first = ("--by", "900001", "--password-file", str(own))
    both = (*first, "--and", "900002", "--and-password-file", str(own))

    def run(*words: str) -> dict[str, object]:
        done = CliRunner().invoke(app, [*words, "--data", str(data), "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.stdout.splitlines()[-1]))

    signing = ("--passphrase-file", str(secret), "--yes", "--reason", "民政批复9号")
    said = run("rename", A, "广德市桃州派出所", *signing, *first)
    assert said["effective"] is False
    said = run("rename", A, "广德市桃州派出所", *signing, *both)
    assert (said["effective"], said["name"]) == (True, "广德市桃州派出所")
    said = run("move", A, "--parent", B, *signing, *both)
    assert (said["effective"], said["parent"]) == (True, B)
    versions = run("history", A)["versions"]
    assert isinstance(versions, list)
    assert [(version["name"], version["parent"]) for version in versions] == [("广德市桃州派出所", B)]
    listed = {entry["code"]: entry["name"] for entry in run("list")["stations"]}  # type: ignore[attr-defined]
    assert listed[A] == "广德市桃州派出所"
