"""A digest as text, Markdown, HTML or JSON, for the command line and the API."""

from collections.abc import Mapping
from typing import Any, Protocol

from aggregator.clock import iso
from aggregator.digest import forms
from aggregator.digest.language import language
from aggregator.digest.select import Digest, Section
from aggregator.digest.sheet import Sources, Writer
from aggregator.digest.show import clean, links, page_url, per_cent, place, web_url

__all__ = ["FORMATS", "clean", "data", "links", "page_url", "per_cent", "place", "web_url"]


def text(digest: Digest, sources: Sources, base_url: str = "", lang: str = "en") -> str:
    """Plain text of at most `forms.COLUMNS` columns; only a longer address goes beyond."""
    return forms.text(_writer(base_url, lang).sheet(digest, sources))


def markdown(digest: Digest, sources: Sources, base_url: str = "", lang: str = "en") -> str:
    """CommonMark."""
    return forms.markdown(_writer(base_url, lang).sheet(digest, sources))


def html(digest: Digest, sources: Sources, base_url: str = "", lang: str = "en") -> str:
    """A document that needs nothing else, as it would come by mail but of any length."""
    return forms.html(_writer(base_url, lang).sheet(digest, sources))


def data(digest: Digest, sources: Sources, base_url: str = "") -> dict[str, Any]:
    """The digest as JSON values, in the form of the contract; each paper also has its `marks`."""
    return {
        "period": {"from": iso(digest.since), "until": iso(digest.until)},
        "note": digest.note,
        "topics": [
            {"name": section.name, "title": section.title, **_items(section, base_url)}
            for section in digest.sections
            if not section.work
        ],
        "citations": [
            {
                "work": section.path.removeprefix("papers/"),
                "title": section.work,
                **_items(section, base_url),
            }
            for section in digest.sections
            if section.work
        ],
        "sources": [{k: s[k] for k in ("name", "status", "message")} for s in sources],
    }


def _items(section: Section, base_url: str) -> dict[str, Any]:
    items = [
        {**i.paper, "url": page_url(base_url, i.paper["id"]), "marks": list(i.marks)}
        for i in section.items
    ]
    return {"items": items, "more": section.more}


class Form(Protocol):
    """One way to write a digest; without `base_url` (the public address) papers link to where they
    are published."""

    def __call__(
        self, digest: Digest, sources: Sources, base_url: str = "", lang: str = "en"
    ) -> str: ...


FORMATS: Mapping[str, Form] = {
    "text": text,
    "markdown": markdown,
    "html": html,
}


def _writer(base_url: str, lang: str) -> Writer:
    return Writer(language(lang), base_url.rstrip("/"))
