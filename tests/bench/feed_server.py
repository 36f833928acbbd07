"""Serves the feeds of the benchmark from a process of its own, so that its work counts for nobody.

Feed n of round r is /n.xml; the round stands in a file. In round 1, every hundredth entry of all is new, and
every feed has changed. Answers carry an ETag, and asked with it say 304.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape

from tests.bench.papers import papers

FEEDS, ENTRIES = int(os.environ.get("DAYPAPER_BENCH_FEEDS", "200")), 250
_NOW = datetime(2026, 6, 30, tzinfo=UTC)


def feed(number: int, later: int, found: list[tuple[str, str, list[str]]]) -> bytes:
    """RSS 2.0 of 250 posts, each a title and an abstract; in round 1 two or three are new."""
    fresh = later * (2 + number % 2)  # half of the feeds two, half three: 1 % of all
    items = "".join(_item(number, place, found) for place in range(-fresh, ENTRIES))
    head = f"<title>Blog {number}</title><link>https://b{number}.example/</link><description/>"
    built = (
        f"<lastBuildDate>{_NOW + timedelta(hours=later):%a, %d %b %Y %H:%M:%S GMT}</lastBuildDate>"
    )
    return f'<rss version="2.0"><channel>{head}{built}{items}</channel></rss>'.encode()


def _item(number: int, place: int, found: list[tuple[str, str, list[str]]]) -> str:
    title, abstract, authors = found[(number * 311 + place) % len(found)]
    at = _NOW - timedelta(hours=place, minutes=number)
    link = f"https://b{number}.example/posts/{place}"
    return (
        f"<item><title>{escape(title)} ({number}.{place})</title><link>{link}</link><guid>{link}</guid>"
        f"<pubDate>{at:%a, %d %b %Y %H:%M:%S GMT}</pubDate><author>{escape(authors[0])}</author>"
        f"<description>{escape(escape(abstract))}</description></item>"
    )


def main() -> None:
    """Serve until ended; print the address."""
    state = Path(sys.argv[1])
    found, _ = papers(10_000)
    bodies = {
        (later, number): feed(number, later, found) for later in (0, 1) for number in range(FEEDS)
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            later, number = int(state.read_text()), int(self.path[1:].partition(".")[0])
            body, etag = bodies[later, number], f'"{later}-{number}"'
            same = self.headers.get("If-None-Match") == etag
            self.send_response(304 if same else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.send_header("Content-Length", "0" if same else str(len(body)))
            self.end_headers()
            if not same:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
