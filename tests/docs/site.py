"""The built site, read as a browser would: what a page holds, where it leads and what it loads."""

import re
import subprocess
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.builders import REPO

LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
FOREIGN = re.compile(
    r"""(?:url\(|@import|import\(|from|fetch\()\s*["']?((?:https?:)?//[^"')\s]+)"""
)


class Page(HTMLParser):
    """Places of a page that a link may lead to, its links, what it loads, and its code."""

    def __init__(self, text: str):
        super().__init__()
        self.places, self.links, self.loads, self.code = {""}, list[str](), list[str](), set[str]()
        self._in_code = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.places |= {found[key] for key in ("id", "name") if found.get(key)}
        self._in_code += tag == "code"
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if found.get(LOADS.get(tag, "")):
            self.loads.append(found[LOADS[tag]])

    def handle_endtag(self, tag):
        self._in_code -= tag == "code"

    def handle_data(self, data):
        if self._in_code:
            self.code.add(data)


def run(*command: str | Path) -> tuple[int, str]:
    """Run a command in the repository, and return its exit code and what it said."""
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def pages(folder: Path) -> dict[Path, Page]:
    """Return the pages of a site by their file, without the templates of the theme."""
    files = {*folder.rglob("*.html")} - {*folder.glob("_static/**/*.html")}
    return {file: Page(file.read_text("utf-8")) for file in sorted(files)}


def is_outside(link: str) -> bool:
    """Return whether a link leads out of the site."""
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)


def broken_links(site: dict[Path, Page]) -> list[str]:
    """Return the links within a site that lead nowhere, each with its page."""
    broken = []
    for file, page in site.items():
        for link in filter(lambda link: not is_outside(link), page.links + page.loads):
            parts = urlsplit(link)
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            known = site[target].places if target in site else {""}
            if not target.is_file() or unquote(parts.fragment) not in known:
                broken.append(f"{file.name}: {link}")
    return broken


def ill_formed(links: list[str]) -> list[str]:
    """Return the links out of a site that no browser could follow."""
    good = re.compile(r"https?://[\w-]+(\.[\w-]+)+(:\d+)?(/[^\s<>\"`]*)?|mailto:\S+@\S+")
    return [link for link in links if is_outside(link) and not good.fullmatch(link)]


def loaded_from_elsewhere(folder: Path, site: dict[Path, Page]) -> list[str]:
    """Return what pages, styles and scripts of a site load from other hosts."""
    found = [load for page in site.values() for load in page.loads if is_outside(load)]
    for file in (*folder.rglob("*.css"), *folder.rglob("*.js")):
        found += FOREIGN.findall(file.read_text("utf-8"))
    return found


def names(folder: Path) -> set[tuple[str, str]]:
    """Return the names that a site describes, each with its kind, of its file of objects."""
    *_, packed = (folder / "objects.inv").read_bytes().split(b"\n", 4)
    lines = zlib.decompress(packed).decode().splitlines()
    found = (re.match(r"(.+?) (\S+:\S+) -?\d+ ", line) for line in lines)
    return {(match[2], match[1]) for match in found if match}
