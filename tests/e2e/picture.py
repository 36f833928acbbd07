"""`python -m tests.e2e.picture FILE.png`: the README's picture, of the page of an invented morning."""

import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import uvicorn

from aggregator import pipeline, topics
from aggregator.collect import works
from aggregator.settings import Settings
from api.app import create_app
from tests.conftest import sqlite_store
from tests.e2e import sample

PROJECT = Path(__file__).parents[2]
CHROMIUM = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--force-device-scale-factor=1.5",
)  # fmt: skip


def main(out: Path) -> None:
    """Fill a store, serve it on loopback, and let Chromium take the picture."""
    config = topics.load(PROJECT / "topics.toml")
    with tempfile.TemporaryDirectory() as folder, closing(sqlite_store(Path(folder))) as store:
        settings = Settings(data_dir=Path(folder))
        works.load(store, config, sample.NOW)
        sample.fill(store)
        pipeline.tag(store, settings, config)
        app = create_app(store, settings, config, now=lambda: sample.NOW)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            while not server.started:
                time.sleep(0.05)
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
            chosen = [
                f"--user-data-dir={folder}/chromium",
                f"--screenshot={out}",
                "--window-size=1200,1000",
            ]
            subprocess.run([*CHROMIUM, *chosen, url], check=True, capture_output=True, timeout=120)
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
