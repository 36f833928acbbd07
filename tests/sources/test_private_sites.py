"""Sites of proceedings, or mirrors of them, that are asked by user and password: nobody else sees these."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import sqlite_store
from tests.server import Reply, Server
from tests.sources.collected import Collected
from tests.sources.test_feed_runs import BASIC, PRIVATE

NOW = datetime(2018, 12, 20, 12, tzinfo=UTC)
OPTIONS = {
    "cvf": 'venues = ["CVPR2018"]',
    "ecva": "years = [2018]",
    "hf_daily": "",
    "neurips": "years = [2017]",
    "pmlr": 'volumes = ["ICML 2017", 80]',
    "virtual": 'conferences = ["iclr-2018"]',
}
DATA = Path(__file__).parents[1] / "data"


def private(folder: Path, server: Server, kind: str, more: str) -> Collected:
    url = server.url.replace("://", f"://{PRIVATE}@")
    toml = (
        f'[[sources]]\nname = "it"\nkind = "{kind}"\n{more}\nbase_url = "{url}"\npace_seconds = 0\n'
    )
    return Collected(sqlite_store(folder), folder, toml)


@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_what_opens_a_private_site_is_in_no_message(
    tmp_path: Path, server: Server, kind: str, status: int
) -> None:
    with closing((site := private(tmp_path, server, kind, OPTIONS[kind])).store):
        messages = [site.run(NOW).message]
        same = Reply(b"<html><title>Nothing</title></html>", status)
        server.routes = {asked.path: same for asked in server.asked}
        messages.append(site.run(NOW + timedelta(days=1)).message)
    assert not re.search("user|ss@", " ".join(messages))
    assert {one.headers["authorization"] for one in server.asked} == {BASIC}


def test_what_opens_a_private_mirror_is_in_no_link(tmp_path: Path, server: Server) -> None:
    listed = Reply((DATA / "cvf" / "CVPR2024_all.html").read_bytes())
    server.routes = {"/CVPR2024": listed}
    with closing((site := private(tmp_path, server, "cvf", 'venues = ["CVPR2024"]')).store):
        site.run(datetime(2024, 12, 20, tzinfo=UTC))
        links = [draft.url for draft in site.drafts().values()]
        assert links
        assert not re.search("user|ss@", str(site.papers()) + str(site.drafts()))
