"""A GitHub of one repository, in memory: the endpoints that the forge uses, as docs.github.com/en/rest tells them.

`answer_next` makes it answer once with an error instead, body and headers as GitHub sends them.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.unit.delivery.github_repository import Answer, Repository, sha_of

NAME = "example/flights"
TOKEN = "ghp_right"
DOCS = "https://docs.github.com/rest"


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, errors: list[Any] | None = None) -> None:
        self.status = status
        self.body: dict[str, Any] = {"message": message, "documentation_url": DOCS, "status": str(status)}
        if errors is not None:
            self.body["errors"] = errors


def answer(repository: Repository, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
    """Answer one request to the repository, whose path begins after /repos/<owner>/<name>."""
    for pattern, wanted, respond in ROUTES:
        found = re.fullmatch(pattern, path)
        if found and method == wanted:
            return respond(repository, *found.groups(), **({"query": query} if method == "GET" else {"body": body}))
    raise RefusedError(404, "Not Found")


def _repository(repository: Repository, **_: Any) -> Answer:
    return 200, {"id": 1, "full_name": NAME, "default_branch": "main", "url": repository.base}, {}


def _ref(repository: Repository, name: str, **_: Any) -> Answer:
    if not repository.refs:
        raise RefusedError(409, "Git Repository is empty.")
    if f"refs/{name}" not in repository.refs:
        raise RefusedError(404, "Not Found")
    return 200, _shown_ref(repository, f"refs/{name}"), {}


def _shown_ref(repository: Repository, name: str) -> dict[str, Any]:
    target = {"type": "commit", "sha": repository.refs[name], "url": f"{repository.base}/git/commits/x"}
    return {"ref": name, "url": f"{repository.base}/git/{name}", "object": target}


def _create_ref(repository: Repository, *, body: Any) -> Answer:
    if body["ref"] in repository.refs:
        raise RefusedError(422, "Reference already exists")
    repository.refs[body["ref"]] = body["sha"]
    return 201, _shown_ref(repository, body["ref"]), {}


def _move_ref(repository: Repository, name: str, *, body: Any) -> Answer:
    old = repository.refs[f"refs/{name}"]
    if not body.get("force") and old not in repository.ancestors(body["sha"]):
        raise RefusedError(422, "Update is not a fast forward")
    repository.refs[f"refs/{name}"] = body["sha"]
    return 200, _shown_ref(repository, f"refs/{name}"), {}


def _delete_ref(repository: Repository, name: str, **_: Any) -> Answer:
    if repository.refs.pop(f"refs/{name}", None) is None:
        raise RefusedError(422, "Reference does not exist")
    return 204, None, {}


def _contents(repository: Repository, path: str, *, query: Mapping[str, str]) -> Answer:
    files = repository.trees[repository.commits[query["ref"]].tree]
    if path not in files:
        inside = [name for name in files if name.startswith(f"{path}/")]
        if inside:
            return 200, [{"type": "file", "path": name, "name": name, "sha": sha_of(name)} for name in inside], {}
        raise RefusedError(404, "Not Found")
    content = base64.encodebytes(files[path].encode()).decode()
    shown = {"type": "file", "encoding": "base64", "content": content, "path": path, "sha": sha_of(path), "name": path}
    return 200, {**shown, "size": len(content), "url": f"{repository.base}/contents/{path}"}, {}


def _commit(repository: Repository, sha: str, **_: Any) -> Answer:
    if sha not in repository.commits:
        raise RefusedError(404, "Not Found")
    commit = repository.commits[sha]
    tree = {"sha": commit.tree, "url": f"{repository.base}/git/trees/{commit.tree}"}
    parents = [{"sha": parent, "url": f"{repository.base}/git/commits/{parent}"} for parent in commit.parents]
    shown = {"sha": sha, "url": f"{repository.base}/git/commits/{sha}", "message": commit.message}
    return 200, {**shown, "tree": tree, "parents": parents}, {}


def _create_tree(repository: Repository, *, body: Any) -> Answer:
    files = dict(repository.trees[body["base_tree"]])
    files |= {entry["path"]: entry["content"] for entry in body["tree"]}
    sha = repository.tree(files)
    return 201, {"sha": sha, "url": f"{repository.base}/git/trees/{sha}", "tree": [], "truncated": False}, {}


def _create_commit(repository: Repository, *, body: Any) -> Answer:
    sha = repository.commit(body["tree"], body["parents"], body["message"])
    return 201, _commit(repository, sha)[1], {}


def _shown(repository: Repository, pull: dict[str, Any]) -> dict[str, Any]:
    number, owner = pull["number"], {"full_name": NAME, "id": 1, "url": repository.base}
    head = {"ref": pull["head"], "sha": repository.refs.get(f"refs/heads/{pull['head']}", "0" * 40)}
    fork = {"full_name": "stranger/flights", "id": 2, "url": f"{repository.base}-fork"}
    return {
        "number": number, "title": pull["title"], "body": pull["body"], "state": pull["state"],
        "merged": pull["merged"] is not None, "merged_at": "2026-11-22T10:00:00Z" if pull["merged"] else None,
        "merge_commit_sha": pull["merged"], "html_url": f"https://github.com/{NAME}/pull/{number}",
        "url": f"{repository.base}/pulls/{number}", "issue_url": f"{repository.base}/issues/{number}",
        "head": {**head, "repo": fork if pull.get("fork") else owner},
        "base": {"ref": pull["base"], "sha": repository.refs[f"refs/heads/{pull['base']}"], "repo": owner},
    }  # fmt: skip


def _pulls(repository: Repository, *, query: Mapping[str, str]) -> Answer:
    page, size = int(query.get("page", 1)), 2  # small pages: the forge has to turn them
    found = [pull for pull in repository.pulls if pull["state"] == query["state"]]
    shown = [_shown(repository, pull) for pull in found[(page - 1) * size : page * size]]
    more = {"Link": f'<{repository.base}/pulls?state={query["state"]}&page={page + 1}>; rel="next"'}
    return 200, shown, more if page * size < len(found) else {}


def _create_pull(repository: Repository, *, body: Any) -> Answer:
    open_ = [pull for pull in repository.pulls if pull["state"] == "open" and pull["head"] == body["head"]]
    if open_:
        words = f"A pull request already exists for example:{body['head']}."
        raise RefusedError(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": words}])
    if f"refs/heads/{body['head']}" not in repository.refs:
        raise RefusedError(422, "Validation Failed", [{"resource": "PullRequest", "field": "head", "code": "invalid"}])
    pull = {**body, "number": len(repository.pulls) + 1, "state": "open", "merged": None}
    repository.pulls.append(pull)
    return 201, _shown(repository, pull), {}


def _pull_of(repository: Repository, number: str) -> dict[str, Any]:
    if int(number) > len(repository.pulls):
        raise RefusedError(404, "Not Found")
    return repository.pulls[int(number) - 1]


def _pull(repository: Repository, number: str, **_: Any) -> Answer:
    return 200, _shown(repository, _pull_of(repository, number)), {}


def _edit_pull(repository: Repository, number: str, *, body: Any) -> Answer:
    pull = _pull_of(repository, number)
    pull.update(body)
    return 200, _shown(repository, pull), {}


def _merge(repository: Repository, number: str, *, body: Any) -> Answer:
    pull = _pull_of(repository, number)
    base, head = (repository.refs[f"refs/heads/{pull[side]}"] for side in ("base", "head"))
    if body["sha"] != head:
        raise RefusedError(409, "Head branch was modified. Review and try the merge again.")
    tree = repository.merged(base, head)
    if tree is None:
        raise RefusedError(405, "Pull Request is not mergeable")
    sha = repository.commit(tree, [base, head], f"Merge pull request #{number} from example/{pull['head']}")
    repository.refs[f"refs/heads/{pull['base']}"] = sha
    pull.update(state="closed", merged=sha)
    return 200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}, {}


def _comment(repository: Repository, number: str, *, body: Any) -> Answer:
    _pull_of(repository, number)
    repository.comments.append((int(number), body["body"]))
    return 201, {"id": 1, "body": body["body"], "url": f"{repository.base}/issues/comments/1"}, {}


ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    (r"", "GET", _repository),
    (r"/git/ref/(.+)", "GET", _ref),
    (r"/git/refs", "POST", _create_ref),
    (r"/git/refs/(.+)", "PATCH", _move_ref),
    (r"/git/refs/(.+)", "DELETE", _delete_ref),
    (r"/contents/(.+)", "GET", _contents),
    (r"/git/commits/(.+)", "GET", _commit),
    (r"/git/trees", "POST", _create_tree),
    (r"/git/commits", "POST", _create_commit),
    (r"/pulls", "GET", _pulls),
    (r"/pulls", "POST", _create_pull),
    (r"/pulls/(\d+)", "GET", _pull),
    (r"/pulls/(\d+)", "PATCH", _edit_pull),
    (r"/pulls/(\d+)/merge", "PUT", _merge),
    (r"/issues/(\d+)/comments", "POST", _comment),
]


class _Handler(BaseHTTPRequestHandler):
    repository: Repository
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one packet: headers alone would wait for their acknowledgement

    def _serve(self) -> None:
        address = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        status, shown, headers = self._answer(unquote(address.path), parse_qs(address.query), body)
        text = b"" if shown is None else json.dumps(shown).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815  # as http.server calls them

    def _answer(self, path: str, query: Mapping[str, list[str]], body: Any) -> Answer:
        repository = self.repository
        repository.asked.append((self.command, path))
        for plan in repository.planned:
            if plan[0](self.command, path):
                repository.planned.remove(plan)
                return plan[1]
        if self.headers.get("Authorization") not in (f"token {TOKEN}", f"Bearer {TOKEN}"):
            return 401, {"message": "Bad credentials", "documentation_url": DOCS, "status": "401"}, {}
        try:
            inside = path.removeprefix(f"/api/v3/repos/{NAME}")  # another repository's path is no route
            return answer(repository, self.command, inside, {name: values[0] for name, values in query.items()}, body)
        except RefusedError as refused:
            return refused.status, refused.body, {}

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[tuple[str, Repository]]:
    """Run the stand-in; give the address of its API, and the repository."""
    repository = Repository()
    handler = type("Handler", (_Handler,), {"repository": repository})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        api = f"http://127.0.0.1:{server.server_address[1]}/api/v3"
        repository.base = f"{api}/repos/{NAME}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api, repository
        finally:
            server.shutdown()
            thread.join()
