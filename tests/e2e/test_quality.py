"""What every page must keep to: nothing that axe-core finds, no window too narrow for it, and the budgets of
weight and time. Every template is shown by some page of the list."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from jinja2 import BaseLoader, Environment
from playwright.sync_api import Browser

from api.web import view
from tests.e2e import axe, budgets
from tests.e2e.axe import Found
from tests.e2e.places import Place, places

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]

Looked = Callable[[str], tuple[Found, set[str]]]
"""Language -> (what is wrong with the pages, the templates that made them), looked at once."""


class Noting(BaseLoader):
    """The loader that it stands before, with a list of what was asked of it."""

    def __init__(self, loader: BaseLoader) -> None:
        self.loader = loader
        self.names: set[str] = set()

    def get_source(self, environment: Environment, template: str) -> object:  # type: ignore[override]
        self.names.add(template)
        return self.loader.get_source(environment, template)


@contextmanager
def templates_used() -> Iterator[set[str]]:
    """The names of the templates that pages are made of meanwhile."""
    environment = view.environment()
    loader = environment.loader
    assert loader
    noting = Noting(loader)
    environment.loader = noting  # what it knows is known by the loader, so all are loaded anew
    try:
        yield noting.names
    finally:
        environment.loader = loader


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    with places(tmp_path_factory.mktemp("places")) as made:
        yield made


@pytest.fixture(scope="module")
def looked(chromium: Browser, everywhere: dict[str, Place]) -> Looked:
    @cache
    def look(lang: str) -> tuple[Found, set[str]]:
        with templates_used() as names:
            return axe.look(chromium, everywhere, lang), names

    return look


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing(looked: Looked, lang: str) -> None:
    assert looked(lang)[0].violations == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_wider_than_a_narrow_window(looked: Looked, lang: str) -> None:
    assert looked(lang)[0].wider == {}


def test_every_template_is_on_the_list(looked: Looked) -> None:
    assert looked("en")[1] == set(view.environment().list_templates())


@pytest.mark.alone
def test_pages_are_light_and_fast(chromium: Browser, everywhere: dict[str, Place]) -> None:
    found = budgets.measured(chromium, everywhere)
    over = {name: figures for name, figures in found.items() if figures.over()}
    assert over == {}, budgets.table(found)
