"""Feeds and citations that the stand-in does not have by itself, written for the moment they are shown."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

HOUR = timedelta(hours=1)
WINDOW = 30
"""Items that the rolling feed shows; one comes every two hours."""
ADAM, NORM = "1412.6980", "1502.03167"
CITING = """
    00215 00258 00313 00436 00482 00541 00549 00727 00913 00956 00970 01201 01239 01243 01343 01416
    01436 02017 02114 02282 02301 02326 02395 02448 02799 02833 03073 03121 03129 03180 03357 03417
    03467 03637 03640 04214 04340 04518 04574 04759 04837 04848 04988 05101 05133 05136 05443 05734
    05747 05772 05795
"""
"""Papers on neural networks of November 2017 (1711.…), made to cite the two: the stand-in's own edges are
few."""


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


MONDAY = noon(2017, 11, 13)
FEED_START = noon(2026, 8, 10)


def write_edges(data: Path) -> None:
    """More citations for the stand-in, before it starts: some cite both works."""
    edges = [{"citing": f"1711.{one}", "cited": ADAM} for one in CITING.split()]
    edges += [{"citing": f"1711.{one}", "cited": NORM} for one in CITING.split()[::3]]
    _write(data / "edges-week.jsonl", "".join(json.dumps(edge) + "\n" for edge in edges))


def write_feeds(folder: Path, now: datetime) -> None:
    """What the rolling feed and Hugging Face's page show at this moment."""
    last = int((now - FEED_START) / (2 * HOUR)) + 100
    items = []
    for number in range(last, last - WINDOW, -1):
        at = FEED_START + (number - 100) * 2 * HOUR
        items.append(
            f"<item><title>Über the übung {number}: naïve café</title><link>https://blog.example/{number}</link>"
            f"<guid>https://blog.example/{number}</guid><pubDate>{format_datetime(at)}</pubDate>"
            f"<description>What was seen at {at:%H:%M}, and what it means.</description></item>"
        )
    rss = "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Rolling</title>"
    _write(folder / "rolling.xml", f"{rss}{''.join(items)}</channel></rss>")
    _write_works(folder, now)
    _write_preprints(folder, now)
    days = int((now - FEED_START) / (24 * HOUR)) + 1
    papers = [
        {
            "paper": {
                "id": f"2608.{10 * day + n:05d}",
                "title": f"Étude {day}.{n} on gadgets",
                "upvotes": n,
                "submittedOnDailyAt": f"{(now - (days - day) * 24 * HOUR).date()}T00:00:00.000Z",
            },
            "title": f"Étude {day}.{n} on gadgets",
            "numComments": 0,
        }
        for day in range(1, days + 1)
        for n in range(1, 6)
    ]
    (folder / "api").mkdir(exist_ok=True)
    _write(folder / "api" / "daily_papers", json.dumps(papers, ensure_ascii=False))
    kind = json.dumps({"Content-Type": "application/json; charset=utf-8"})
    _write(folder / "api" / "daily_papers.headers.json", kind)


def _write_works(folder: Path, now: datetime) -> None:
    """A feed whose posts name three works each, one post every six hours, and what Crossref says of all
    of them, whichever are asked for."""
    posts, works = [], []
    for number in range(int((now - FEED_START) / (6 * HOUR)) + 4):
        dois = [f"10.5555/gadgets.{number}.{n}" for n in range(3)]
        links = " ".join(f"https://doi.org/{doi}" for doi in dois)
        posts.append(
            f"<item><title>Reading list {number}</title><link>https://blog.example/list/{number}</link>"
            f"<guid>https://blog.example/list/{number}</guid><description>{links}</description>"
            f"<pubDate>{format_datetime(FEED_START + (number - 4) * 6 * HOUR)}</pubDate></item>"
        )
        works += [
            {"DOI": doi, "type": "journal-article", "title": [f"Über gadgets, part {doi[16:]}"],
             "author": [{"given": "Ada", "family": "Lovelace"}],
             "published-online": {"date-parts": [[2026, 6, 1 + number % 28]]}}
            for doi in dois
        ]  # fmt: skip
    rss = "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Lists</title>"
    _write(folder / "dois.xml", f"{rss}{''.join(posts)}</channel></rss>")
    answer = {"status": "ok", "message-type": "work-list", "message": {"items": works}}
    (folder / "crossref").mkdir(exist_ok=True)
    _write(folder / "crossref" / "works", json.dumps(answer, ensure_ascii=False))
    kind = json.dumps({"Content-Type": "application/json; charset=utf-8"})
    _write(folder / "crossref" / "works.headers.json", kind)


def _write_preprints(folder: Path, now: datetime) -> None:
    """A feed with a post every six hours, each about one of the papers that also cite."""
    posts = []
    for number, one in enumerate(CITING.split()[: max(int((now - MONDAY) / (6 * HOUR)), 0) + 4]):
        link = f"https://arxiv.org/abs/1711.{one}"
        posts.append(
            f"<item><title>Read {number}</title><link>https://blog.example/read/{number}</link>"
            f"<guid>https://blog.example/read/{number}</guid><description>{link}</description>"
            f"<pubDate>{format_datetime(MONDAY + (number - 4) * 6 * HOUR)}</pubDate></item>"
        )
    rss = "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Read</title>"
    _write(folder / "preprints.xml", f"{rss}{''.join(posts)}</channel></rss>")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
