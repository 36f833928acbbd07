"""Papers as nobody means well: markup, formulas that explode, a thousand authors, broken Unicode, nothing."""

from aggregator.collect.ingest import store_drafts
from aggregator.models import Parsed
from aggregator.store.db import Store
from tests.drafts import preprint
from tests.e2e.sample import MORNING, NOW

_SCRIPT = "<script>window.pwned = 1</script>"
_DATASET = "We introduce a large-scale dataset, a new benchmark with a hostile corpus. "


def fill(store: Store) -> None:
    """Store them, as papers of the sample's morning."""
    bomb = "$" + "\\frac{1}{" * 40 + "2" + "}" * 40 + "$"
    drafts = (
        preprint(
            "2611.66601",
            title=f"{_SCRIPT} A Hostile Dataset \"><img src=x onerror='window.pwned=1'>",
            abstract=f"{_DATASET}{_SCRIPT} It has $\\mathcal{{O}}(n^{{\\log n}})$ rows, {bomb} and "
            "$\\text{<img src=x onerror=window.pwned=1>}_1$ columns.",
            authors=(_SCRIPT, "Robert'); DROP TABLE paper;--"),
            published=MORNING,
            comments=_SCRIPT,
            pdf="javascript:window.pwned=1",
        ),
        preprint(
            "2611.66602",
            title="A Hostile Dataset by a Thousand Hands",
            abstract=_DATASET,
            authors=tuple(f"Author Number{n}" for n in range(1_000)),
            published=MORNING,
        ),
        preprint(
            "2611.66603",
            title=f"{'Hostile' * 60} \u202eevil\u202c dataset e{chr(0x301) * 30} \U0001f468\u200d\U0001f469",
            abstract=f"{_DATASET}{'x' * 3_000}",
            authors=(),
            published=MORNING,
        ),
        preprint("2611.66604", title="Hostile", abstract="", authors=(), published=MORNING),
    )
    with store.write() as connection:
        store_drafts(connection, [Parsed(drafts)], "arxiv", NOW, backfill=False)
