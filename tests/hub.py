"""A server on this machine that plays a hub: models with revisions, tokens, a store elsewhere."""

import hashlib
import json
import re
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.servers import Asked, Handler, Server, serving

MAIN, OLD = "a" * 40, "b" * 40
TOKEN = "hf_s3cretSECRET"


class Hub(Server):
    """What the hub knows; files lie in a folder per commit."""

    id = "org/name"
    revisions: dict[str, str]
    token = ""  # that is asked for; nobody is asked for an empty one
    gated = False
    store: Server | None = None  # to which files of weights are redirected
    down: tuple[int, dict[str, str]] | None = None  # status of every answer


class HubHandler(Handler):
    """Answers as a hub does, as far as opening models needs it."""

    server: Any
    etag = ""  # of the file that is asked for: its content, as the cache expects

    def refused(self) -> tuple[int, dict[str, str]] | None:
        hub = self.server
        if hub.down:
            return (*hub.down,)
        bearer = self.headers.get("Authorization", "")
        if hub.token and not bearer:
            return 401, {"X-Error-Code": "RepoNotFound"}
        if hub.token and bearer != f"Bearer {hub.token}":
            return 401, {"X-Error-Message": "Invalid credentials in Authorization header"}
        return None

    def part(self, asked: Asked, content: bytes, **headers: str) -> None:
        super().part(asked, content, **{"ETag": self.etag, **headers})

    def no(self, status: int, headers: dict[str, str]) -> None:
        self.head(status, {"Content-Length": "0", **headers})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub = self.server
        path = unquote(self.path.partition("?")[0])
        if refused := self.refused():
            hub.log.append(path)
            return self.no(*refused)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            return self.listed(found[1], found[2] or "main")
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if not found or found[1] != hub.id:
            return self.no(404, {"X-Error-Code": "RepoNotFound"})
        if hub.gated:
            return self.no(403, {"X-Error-Code": "GatedRepo"})
        commit, file = hub.revisions.get(found[2], found[2]), found[3]
        where = hub.folder / commit / file
        if not where.is_file():
            return self.no(404, {"X-Error-Code": "EntryNotFound"})
        self.etag = f'"{hashlib.sha1(where.read_bytes()).hexdigest()}"'
        about = {"X-Repo-Commit": commit, "ETag": self.etag, "Accept-Ranges": "bytes"}
        if hub.store is not None and file.endswith(".safetensors"):
            size = str(where.stat().st_size)
            linked = {"X-Linked-Size": size, "X-Linked-ETag": self.etag}
            to = f"{hub.store.url}/{commit}/{file}?sig=SECRET"
            return self.no(302, {**about, **linked, "Location": to})
        if self.command == "HEAD":
            return self.head(200, {**about, "Content-Length": str(where.stat().st_size)})
        if "Range" not in self.headers:
            hub.log.append(path)
            return self.whole(200, where.read_bytes(), **about)
        self.path = f"/{commit}/{file}"
        return super().do_GET()

    def listed(self, name: str, revision: str) -> None:
        hub = self.server
        if name != hub.id:
            return self.no(404, {"X-Error-Code": "RepoNotFound"})
        commit = hub.revisions.get(revision, revision)
        folder = hub.folder / commit
        if not folder.is_dir():
            return self.no(404, {"X-Error-Code": "RevisionNotFound"})
        files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
        siblings = [
            {"rfilename": p.relative_to(folder).as_posix(), "size": p.stat().st_size} for p in files
        ]
        found = {"id": name, "sha": commit, "siblings": siblings, "tags": [], "downloads": 0}
        return self.whole(200, json.dumps(found).encode(), Content_Type="application/json")


@contextmanager
def hub_at(folder: Path, monkeypatch):
    """Serve models as a hub of which huggingface_hub knows, with an empty cache and no token."""
    from huggingface_hub import constants

    with serving(folder, handler=HubHandler) as made:
        made.__class__ = Hub
        made.revisions = {"main": MAIN, "v1": OLD, "refs/pr/1": OLD}
        template = made.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", made.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder.parent / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder.parent / "no-token"))
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield made
