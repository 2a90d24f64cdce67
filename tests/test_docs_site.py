"""The documentation as a site: it builds, nothing in it is broken, nothing comes from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlparse

import pytest

import becam
from becam.galleries.items.record import METRICS
from tests.chromium import chromium
from tests.docs_blocks import ROOT

PARTS = ["Tutorials", "How-to", "Reference", "Explanation"]
LOOKED_AT = ["index.html", "blank-map.html", "how-to/gallery.html", "reference/metrics.html"]
# The theme makes a landmark without a name of every block of code.
AXE = {"resultTypes": ["violations"], "rules": {"landmark-unique": {"enabled": False}}}
BUILT_ELSEWHERE = ("README.md", "benchmarks/README.md")


class Page(HTMLParser):
    """Ids of a page, what it links to, and what a browser loads for it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link" and found.get("rel") not in ("canonical", "next", "prev"):
            self.loaded.append(found["href"])
        elif "src" in found:
            self.loaded.append(found["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def test_links_and_anchors_lead_somewhere(pages: dict[Path, Page]) -> None:
    assert len(pages) > 30
    for path, page in pages.items():
        for link in page.links:
            if urlparse(link).scheme:
                continue
            target, anchor = urldefrag(unquote(link))
            there = (path.parent / target).resolve() if target else path
            there = there / "index.html" if there.is_dir() else there
            assert there.exists(), f"{path.name}: {link}"
            if anchor and there.suffix == ".html":
                assert anchor in pages[there].ids, f"{path.name}: {link}"


def test_nothing_comes_from_a_network(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for source in page.loaded:
            assert not urlparse(source).netloc, f"{path.name}: {source}"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?https?:|@import", style.read_text()), style.name


def test_the_order_of_the_pages(site: Path) -> None:
    # The sidebar of a page that is none of them, where no page's own headings are unfolded.
    text = (site / "404.html").read_text(encoding="utf-8")
    sidebar = text[text.index('class="md-nav md-nav--primary') :]
    titles = [title.strip() for title in re.findall(r'<span class="md-ellipsis">([^<]+)<', sidebar)]
    assert titles[0] == "Quick start"
    assert titles[1].startswith("My map is blank")
    places = [titles.index(part) for part in PARTS]
    assert places == sorted(places)
    assert places[0] == 2
    text = (site / "index.html").read_text(encoding="utf-8")
    nxt = re.search(r'<a href="([^"]+)" class="md-footer__link md-footer__link--next"', text)
    assert nxt is not None
    assert nxt[1] == "blank-map.html"


def test_every_command_and_public_name_is_in_the_reference(pages: dict[Path, Page]) -> None:
    from becam.cli.main import COMMANDS

    by_name = {path.name: page for path, page in pages.items()}
    for command in COMMANDS:
        assert f"becam-{command}" in by_name["command-line.html"].ids
    for name in becam.__all__:
        if not name.startswith("__"):
            assert f"becam.{name}" in by_name["python.html"].ids, f"becam.{name}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(site: Path, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with chromium() as browser:
        page = browser.new_context(color_scheme=scheme, reduced_motion="reduce").new_page()
        for name in LOOKED_AT:
            page.goto((site / name).as_uri())
            found = axe.run(page, "article", options=AXE)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def test_a_figure_has_one_name_on_the_first_page() -> None:
    text = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| ([^|]+?) \(`\w+`\) \|", text)
    assert rows == [
        "spread of the weights",
        "distance from the unweighted map",
        "content dependence",
        "pixel AUC",
    ]
    assert set(rows) <= {metric["label"] for metric in METRICS}


def test_pages_elsewhere_link_to_what_there_is() -> None:
    """GitHub shows these; the site does not check them."""
    for name in BUILT_ELSEWHERE:
        text = (ROOT / name).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"\]\n\(", "](", text)):
            if urlparse(link).scheme:
                continue
            target, anchor = urldefrag(link)
            there = (ROOT / name).parent / target
            assert there.exists(), f"{name}: {link}"
            if anchor:
                heads = re.findall(r"(?m)^#+ (.+)$", there.read_text(encoding="utf-8"))
                slugs = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}
                assert anchor in slugs, f"{name}: {link}"
