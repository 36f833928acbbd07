"""The list of all pages, for what looks at each of them: where it is, what is done there first, and what
answer is right. A page that is not here fails `test_quality.py`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, groupby
from typing import Any

from playwright.sync_api import Browser, Page, Response, expect

from aggregator.people.signing import SIGN_IN_FOR
from tests.e2e.conftest import heard
from tests.e2e.places import JUDGED, STARRED, Place, Who

PAPER = f"/papers/{STARRED}"
PHONE: dict[str, Any] = {"width": 390, "height": 844}
DESKTOP: dict[str, Any] = {"width": 1280, "height": 960}

Address = str | Callable[[Place, str], str]
"""A path, or what makes one for a visit in that language."""


@dataclass(frozen=True, slots=True)
class Look:
    """A page in one of its states; `act` is what a reader does there to see it."""

    name: str
    place: str
    path: Address
    act: Callable[[Page], None] | None = None
    who: Who = "reader"
    status: int = 200


def _press(button: str) -> Callable[[Page], None]:
    """Press a button of the page's own part, by its selector, and wait for what comes."""

    def act(page: Page) -> None:
        with page.expect_navigation():
            page.locator(f"main {button}").first.click()

    return act


def _open(summary: str) -> Callable[[Page], None]:
    return lambda page: page.locator(f"main {summary}").first.click()


def _keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def _star_twice(page: Page) -> None:
    star = page.locator(".card .star[aria-pressed=true]").first
    paper = star.locator("xpath=ancestor::*[@data-acts]").get_attribute("data-acts")
    same = page.locator(f".card [data-acts='{paper}'] .star").first
    for pressed in ("false", "true"):
        same.click()
        expect(same).to_have_attribute("aria-pressed", pressed)


def _sign_up(address: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        form = page.locator("main form:has(input[type=email])")
        form.evaluate("form => (form.noValidate = true)")  # as a browser that checks nothing
        form.locator("input[type=email]").fill(address)
        _press("form:has(input[type=email]) button")(page)

    return act


def _again(page: Page) -> None:
    _press("form button")(page)
    _press("button[name=again]")(page)


def _forget(page: Page) -> None:
    page.locator("input[name=sure]").check()
    _press("button[value=erase]")(page)


_tokens = count(1)  # a name is never given twice


def _make_token(page: Page) -> None:
    if page.locator("button[value=revoke]").count():  # that of the visit before
        _press("button[value=revoke]")(page)
    form = "form:has(select[name=scope])"
    page.locator(f"{form} input[name=name]").fill(f"phone {next(_tokens)}")
    _press(f"{form} button")(page)
    expect(page.locator("code.secret")).to_be_visible()


def _type(page: Page) -> None:
    page.locator("input[type=search]").press_sequentially("attent")
    expect(page.locator("#found .card").first).to_be_visible()


def _confirm(place: Place, lang: str) -> str:
    _, ids = place.subscriber(lang, "gan", "datasets", confirmed=False)
    return f"/confirm/{place.signer().confirm_token(ids[0])}"


def _old(place: Place, lang: str) -> str:
    return f"/confirm/{place.signer(ago=timedelta(days=9)).confirm_token('x' * 26)}?lang={lang}"


def _unsubscribe(place: Place, lang: str) -> str:
    _, ids = place.subscriber(lang, "gan", "datasets")
    return f"/unsubscribe/{place.signer().unsubscribe_token(*ids)}"


def _preferences(place: Place, lang: str) -> str:
    person, _ = place.subscriber(lang, "gan", "datasets")
    return f"/preferences/{place.signer().preferences_token(person)}"


def _no_preferences(place: Place, lang: str) -> str:
    return f"/preferences/{place.signer().preferences_token(place.nobody(lang))}?lang={lang}"


def _feedback(paper: str) -> Callable[[Place, str], str]:
    def path(place: Place, lang: str) -> str:
        person, _ = place.subscriber(lang, "gan")
        return f"/feedback/{place.signer().feedback_token(person, paper)}"

    return path


def _gone(place: Place, lang: str) -> str:
    return f"/unsubscribe/{place.signer().unsubscribe_token('x' * 26)}?lang={lang}"


def _sign_in(place: Place, lang: str) -> str:
    return place.link_to_sign_in()


def _old_sign_in(place: Place, lang: str) -> str:
    return f"/sign-in/{place.signer(ago=2 * SIGN_IN_FOR).sign_in_token('x' * 26)}"


LOOKS = (
    Look("today", "morning", "/"),
    Look("today-starred", "morning", "/", _star_twice),
    Look("today-keys", "morning", "/", _keys),
    Look("today-topic", "morning", "/?date=2026-11-23&topic=datasets"),
    Look("day-before", "morning", "/?date=2026-11-20"),
    Look("day-empty", "morning", "/?date=2026-11-21"),
    Look("since", "morning", "/?since=2026-11-20"),
    Look("topics", "morning", "/topics"),
    Look("topic", "morning", "/topics/architectures"),
    Look("topic-opened", "morning", "/topics/gan", _open(".works-box summary")),
    Look("topic-hot", "morning", "/topics/architectures?sort=hot"),
    Look("topic-mine", "morning", "/topics/architectures?sort=mine"),
    Look("topic-week", "morning", "/topics/architectures?week=2026-11-23"),
    Look("topic-week-empty", "morning", "/topics/architectures?week=2026-11-16"),
    Look("posts", "morning", "/topics/discussions"),
    Look("watch", "morning", "/watches/long-video"),
    Look("paper", "morning", PAPER),
    Look("paper-why", "morning", PAPER, _open(".why summary")),
    Look("paper-discussed", "morning", "/papers/arxiv:2611.10003"),
    Look("paper-hostile", "morning", "/papers/arxiv:2611.66601"),
    Look("paper-thousand", "morning", "/papers/arxiv:2611.66602"),
    Look("paper-long", "morning", "/papers/arxiv:2611.66603"),
    Look("paper-bare", "morning", "/papers/arxiv:2611.66604"),
    Look("search-blank", "morning", "/search"),
    Look("search-typed", "morning", "/search", _type),
    Look("search", "morning", "/search?q=attention"),
    Look("search-opened", "morning", "/search?q=attention", _open(".search summary")),
    Look("search-nothing", "morning", "/search?q=nothing-like-this"),
    Look("search-wrong", "morning", "/search?q=attention&since=yesterday"),
    Look("library", "morning", "/library"),
    Look("library-later", "morning", "/library?shelf=later"),
    Look("library-noted", "morning", "/library?shelf=noted"),
    Look("library-hidden", "morning", "/library?shelf=hidden"),
    Look("sources", "morning", "/sources"),
    Look("label", "morning", "/label?topic=gan"),
    Look("label-said", "morning", f"/label?topic=datasets&last={JUDGED}"),
    Look("settings", "morning", "/settings"),
    Look("reference", "morning", "/docs"),
    Look("error", "morning", "/nowhere", status=404),
    Look("error-day", "morning", "/?date=yesterday", status=400),
    Look("offline", "morning", "/offline"),
    Look("signed-up", "morning", "/topics/rl", _sign_up("bea@example.org"), status=202),
    Look("signed-up-wrong", "morning", "/topics/rl", _sign_up("bea"), status=400),
    Look("library-nothing", "morning", "/library", who="guest"),
    Look("elsewhere-label", "morning", "/label", who="elsewhere"),
    Look("elsewhere-search", "morning", "/search?q=attention", who="elsewhere"),
    Look("elsewhere-settings", "morning", "/settings", who="elsewhere"),
    Look("elsewhere-sources", "morning", "/sources", who="elsewhere"),
    Look("confirm", "accounts", _confirm, who="guest"),
    Look("confirmed", "accounts", _confirm, _press("form button"), who="guest"),
    Look("unsubscribe", "accounts", _unsubscribe, who="guest"),
    Look("unsubscribed", "accounts", _unsubscribe, _press("form button"), who="guest"),
    Look("unsubscribed-not", "accounts", _unsubscribe, _again, who="guest"),
    Look("preferences", "accounts", _preferences, who="guest"),
    Look("preferences-saved", "accounts", _preferences, _press("[value=pause]"), who="guest"),
    Look("preferences-nothing", "accounts", _no_preferences, who="guest"),
    Look("forgotten", "accounts", _preferences, _forget, who="guest"),
    Look("feedback", "accounts", _feedback(STARRED), who="guest"),
    Look("feedback-said", "accounts", _feedback(STARRED), _press("[value=yes]"), who="guest"),
    Look("feedback-nothing", "accounts", _feedback("arxiv:2611.66604"), who="guest"),
    Look("link-invalid", "accounts", "/confirm/nothing", who="guest", status=400),
    Look("link-expired", "accounts", _old, who="guest", status=410),
    Look("link-gone", "accounts", _gone, who="guest", status=410),
    Look("guest-today", "accounts", "/", who="guest"),
    Look("guest-library", "accounts", "/library", who="guest"),
    Look("guest-mine", "accounts", "/topics/gan?sort=mine", who="guest"),
    Look("guest-search", "accounts", "/search?q=attention", who="guest"),
    Look("guest-settings", "accounts", "/settings", who="guest"),
    Look("sign-in", "accounts", "/sign-in", who="guest"),
    Look(
        "sign-in-mailed",
        "accounts",
        "/sign-in",
        _sign_up("cy@example.org"),
        who="guest",
        status=202,
    ),
    Look("sign-in-wrong", "accounts", "/sign-in", _sign_up("cy"), who="guest", status=400),
    Look("sign-in-closed", "accounts", "/sign-in/used-up", who="guest", status=410),
    Look("sign-in-expired", "accounts", _old_sign_in, who="guest", status=410),
    Look("sign-in-link", "accounts", _sign_in, who="guest"),
    Look("account", "accounts", "/account"),
    Look("account-paper", "accounts", PAPER),
    Look("account-settings", "accounts", "/settings"),
    Look("account-token", "accounts", "/settings", _make_token),
    Look("empty", "empty", "/"),
    Look("empty-day", "empty", "/?date=2026-11-23"),
    Look("empty-topics", "empty", "/topics"),
    Look("empty-topic", "empty", "/topics/gan"),
    Look("empty-posts", "empty", "/topics/discussions"),
    Look("empty-search", "empty", "/search?q=attention"),
    Look("empty-library", "empty", "/library"),
    Look("empty-sources", "empty", "/sources"),
    Look("empty-label", "empty", "/label?topic=gan"),
    Look("empty-settings", "empty", "/settings"),
    Look("stuck", "stuck", "/"),
    Look("stuck-sources", "stuck", "/sources"),
)


def visits(
    browser: Browser,
    places: Mapping[str, Place],
    lang: str,
    looks: Iterable[Look] = LOOKS,
    *,
    begin: Callable[[Page], None] = lambda page: None,
    before: Callable[[Page], None] = lambda page: None,
    **given: Any,
) -> Iterator[tuple[Look, Page]]:
    """Each page, open in this language in a browser made with `given`; `begin` is told of each tab before it
    opens anything, `before` of the tab before each page. Fails for a page that answers with something else
    than it must, writes to the console or asks another host."""
    for (name, who), group in groupby(looks, key=lambda look: (look.place, look.who)):
        place = places[name]
        headers: dict[str, Any] = {}
        if who == "elsewhere":
            headers["extra_http_headers"] = {"X-Forwarded-For": "192.0.2.1"}
        with closing(browser.new_context(**given, **headers)) as context:
            context.set_default_timeout(120_000)  # the machine may have much else to do
            page = context.new_page()
            trouble = heard(page, place.url)
            begin(page)
            for look in group:
                context.add_cookies(place.cookies(who, lang))  # a page may have given others
                before(page)
                came_to(page, place, look, lang)
                yield look, page
                # That a page is an error is said on the console, too.
                said = [one for one in trouble if f"a status of {look.status}" not in one]
                assert not said, (look.name, said)
                trouble.clear()


_SEEN = """new Promise((done) => new PerformanceObserver(done)
  .observe({type: "largest-contentful-paint", buffered: true}))"""
"""Nobody presses anything before the page was painted; once a key was pressed, no paint is measured."""


def came_to(page: Page, place: Place, look: Look, lang: str) -> None:
    """Open the page and do there what is to be done."""
    documents: list[Response] = []

    def note(response: Response) -> None:
        if response.request.is_navigation_request() and response.status not in (302, 303):
            documents.append(response)

    page.on("response", note)
    path = look.path if isinstance(look.path, str) else look.path(place, lang)
    page.goto(place.url + path)
    if look.act:
        page.evaluate(_SEEN)
        look.act(page)
    page.remove_listener("response", note)
    assert documents[-1].status == look.status, (look.name, documents[-1].status)
