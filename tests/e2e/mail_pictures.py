"""`python -m tests.e2e.mail_pictures FOLDER`: pictures of a mail about an invented morning, eight of
them: desktop and phone, light and dark, English and Chinese."""

import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aggregator import pipeline, topics
from aggregator.collect import works
from aggregator.deliver.base import Letter, Links
from aggregator.digest.letter import render_letter
from aggregator.digest.select import Digest
from aggregator.sending import news
from aggregator.settings import Settings
from aggregator.tag.model import Tagger, load
from tests.conftest import sqlite_store
from tests.e2e import sample
from tests.e2e.picture import CHROMIUM, PROJECT

BASE = "https://daypaper.example"
SIZES = {"desktop": (1280, 1200), "phone": (390, 1200)}
SCHEMES = {"light": 1, "dark": 0}
"""As Chromium counts them: blink::mojom::PreferredColorScheme."""


def main(folder: Path) -> None:
    """Fill a store, make the letter in each language, and let Chromium take the pictures."""
    config = topics.load(PROJECT / "topics.toml")
    with tempfile.TemporaryDirectory() as work, closing(sqlite_store(Path(work))) as store:
        settings = Settings(data_dir=Path(work))
        works.load(store, config, sample.NOW)
        sample.fill(store)
        pipeline.tag(store, settings, config)
        since = sample.NOW - timedelta(days=1)
        digest, _ = news.digest(store, settings, config, (), since, sample.NOW, 25)
        digest = with_reasons(digest, load())
        for lang in ("en", "zh"):
            page = Path(work, f"{lang}.html")
            page.write_text(render_letter(letter(digest, lang)).html, encoding="utf-8")
            for size, (width, height) in SIZES.items():
                for scheme, number in SCHEMES.items():
                    shot = folder / f"mail-{size}-{scheme}{'' if lang == 'en' else f'-{lang}'}.png"
                    take(page, shot, width, height, number, work)


def take(page: Path, out: Path, width: int, height: int, scheme: int, work: str) -> None:
    """One picture of a page."""
    chosen = [
        f"--user-data-dir={work}/chromium",
        f"--screenshot={out.absolute()}",
        f"--window-size={width},{height}",
        "--force-device-scale-factor=1",
        f"--blink-settings=preferredColorScheme={scheme}",
    ]
    subprocess.run(
        [*CHROMIUM, *chosen, page.as_uri()], check=True, capture_output=True, timeout=120
    )


def with_reasons(digest: Digest, tagger: Tagger) -> Digest:
    """The digest with the words that made each tag."""
    sections = []
    for section in digest.sections:
        items = section.items
        if section.name in tagger.topics:
            items = tuple(
                replace(
                    item,
                    why=tuple(
                        tagger.explain(item.paper["title"], item.paper["abstract"], section.name)
                    )[:12],
                )
                for item in items
            )
        sections.append(replace(section, items=items))
    return replace(digest, sections=tuple(sections))


def letter(digest: Digest, lang: str) -> Letter:
    """The letter of that morning to somebody who follows everything."""
    ids = [item.paper["id"] for section in digest.sections for item in section.items]
    links = Links(
        BASE,
        f"{BASE}/unsubscribe/signed",
        f"{BASE}/preferences/signed",
        {paper_id: f"{BASE}/feedback/signed-{paper_id}" for paper_id in ids},
    )
    sources = [
        {
            "name": "arxiv",
            "status": "ok",
            "message": "Listing of Mon 23 Nov is complete: 7 papers.",
        },
        {"name": "cvf", "status": "ok", "message": "CVPR2026 is complete."},
        {"name": "reddit", "status": "throttled", "message": "Asked to wait until 14:00 UTC."},
    ]
    watches = tuple(s.name for s in digest.sections if s.items and s.name != "discussions")
    return Letter(
        "sample", "you@example.org", lang, sample.NOW, digest, watches, tuple(sources), links
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
