"""The forge on GitHub, by PyGithub; what it answers is said in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import requests
from github import Auth, Github, GithubException, InputGitTreeElement, RateLimitExceededException
from github.PullRequest import PullRequest
from github.Repository import Repository
from urllib3.util.retry import Retry

from fairway.delivery.forge import Change, Pull, State
from fairway.errors import (
    ForgeCredentialsError,
    ForgeError,
    ForgeForbiddenError,
    ForgeNotFoundError,
    ForgeRaceError,
    ForgeRateLimitError,
    ForgeRefusedError,
    ForgeUnreachableError,
    MergeConflictError,
)

API = "https://api.github.com"

# PyGithub's own retrying sleeps through a rate limit, an hour if need be; a person is told instead. Only what changes
# nothing is asked again.
RETRY = Retry(total=3, backoff_factor=0.5, status_forcelist=[500, 502, 503, 504], allowed_methods=["GET"])


class GitHubForge:
    """The forge of the repository `owner/name`; `api` is https://<host>/api/v3 of GitHub Enterprise Server."""

    def __init__(
        self, repository: str, token: str, *, api: str = API, retry: Retry = RETRY, seconds_between_writes: float = 1.0
    ) -> None:
        self.name = f"GitHub {repository}"
        self.commits: str | None = f"{web(api)}/{repository}/commit/"
        self._full_name = repository
        self._github = Github(
            auth=Auth.Token(token), base_url=api, retry=retry, timeout=20, seconds_between_requests=0,
            seconds_between_writes=seconds_between_writes,
        )  # fmt: skip
        self._known: Repository | None = None

    @property
    def _repository(self) -> Repository:
        if self._known is None:
            self._known = self._github.get_repo(self._full_name)
        return self._known

    def default_branch(self) -> str:
        """Return the repository's default branch."""
        with self._translated("the repository"):
            return self._repository.default_branch

    def head(self, branch: str) -> str | None:
        """Return a branch's commit."""
        with self._translated(f"the branch {branch}"):
            try:
                return self._repository.get_git_ref(f"heads/{branch}").object.sha
            except GithubException as error:
                # 409: the repository is empty.
                if error.status == 409 or (error.status == 404 and self._repository.id):
                    return None
                raise

    def read(self, path: str, commit: str) -> str | None:
        """Return a file as a commit holds it."""
        with self._translated(path):
            try:
                found = self._repository.get_contents(path, ref=commit)
            except GithubException as error:
                if error.status == 404 and self._repository.id:
                    return None
                raise
        if isinstance(found, list):
            raise ForgeRefusedError(self.name, f"{path} is a folder, a file is expected")
        return found.decoded_content.decode()

    def commit(self, change: Change, *, base: str, old: str | None) -> str:
        """Commit `base` with the change; the branch moves by fast-forward only, which makes two at once one."""
        element = InputGitTreeElement(change.path, "100644", "blob", content=change.content)
        with self._translated(f"the commit on {change.branch}"):
            onto = self._repository.get_git_commit(base)
            parents = [onto] if old is None else [self._repository.get_git_commit(old), onto]
            tree = self._repository.create_git_tree([element], base_tree=onto.tree)
            made = self._repository.create_git_commit(change.message, tree, parents)
            try:
                if old is None:
                    self._repository.create_git_ref(f"refs/heads/{change.branch}", made.sha)
                else:
                    self._repository.get_git_ref(f"heads/{change.branch}").edit(made.sha, force=False)
            except GithubException as error:
                if error.status == 422 and ("already exists" in _words(error) or "fast forward" in _words(error)):
                    raise ForgeRaceError(
                        self.name, f"the branch {change.branch} was moved by somebody else: run this again"
                    ) from error
                raise
        return made.sha

    def open_pull(self, *, head: str, base: str, title: str, body: str) -> Pull:
        """Open a pull request."""
        with self._translated(f"the pull request of {head}"):
            try:
                return _pull(self._repository.create_pull(base=base, head=head, title=title, body=body))
            except GithubException as error:
                if error.status == 422 and "already exists" in _words(error):
                    raise ForgeRaceError(self.name, f"{head} has a pull request that is open") from error
                raise

    def update_pull(self, number: int, *, title: str, body: str) -> Pull:
        """Give a pull request another title and body."""
        with self._translated(f"pull request #{number}"):
            pull = self._repository.get_pull(number)
            pull.edit(title=title, body=body)
            return _pull(pull)

    def close_pull(self, number: int, comment: str) -> None:
        """Close a pull request, and delete its branch."""
        with self._translated(f"pull request #{number}"):
            pull = self._repository.get_pull(number)
            pull.create_issue_comment(comment)
            pull.edit(state="closed")
            self._delete_branch(pull.head.ref)

    def pulls(self) -> list[Pull]:
        """Return the open pull requests of this repository's own branches."""
        with self._translated("the pull requests"):
            found = self._repository.get_pulls(state="open", sort="created", direction="asc")
            # A fork's branch may have any name.
            return [
                _pull(pull) for pull in found if pull.head.repo and pull.head.repo.full_name == pull.base.repo.full_name
            ]

    def merge(self, number: int) -> Pull:
        """Merge what was looked at: a commit that was pushed meanwhile refuses it."""
        with self._translated(f"pull request #{number}"):
            pull = self._repository.get_pull(number)
            if pull.state != "open":
                raise ForgeRefusedError(self.name, f"pull request #{number} is {'merged' if pull.merged else 'closed'}")
            try:
                merged = pull.merge(merge_method="merge", sha=pull.head.sha)
            except GithubException as error:
                if error.status == 405 and "not mergeable" in _words(error).lower():
                    raise MergeConflictError(self.name, number, pull.base.ref, []) from error
                if error.status == 409:
                    raise ForgeRaceError(
                        self.name, f"pull request #{number} changed while it was merged: look at it again"
                    ) from error
                raise
            self._delete_branch(pull.head.ref)
            told = _pull(pull)
            return Pull(number, told.title, told.body, told.head, told.base, "merged", told.where, merged.sha)

    def comment(self, number: int, body: str) -> None:
        """Add a comment to a pull request."""
        with self._translated(f"pull request #{number}"):
            self._repository.get_pull(number).create_issue_comment(body)

    def _delete_branch(self, branch: str) -> None:
        try:
            self._repository.get_git_ref(f"heads/{branch}").delete()
        except GithubException as error:
            # Gone already: repositories can be set to delete the branches of merged pull requests.
            if error.status not in (404, 422):
                raise

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except GithubException as error:
            raise explain(self.name, what, error) from error
        except requests.exceptions.RequestException as error:
            raise ForgeUnreachableError(
                self.name, f"no answer about {what} ({_reason(error)}): is the network up, and GITHUB_API_URL right?"
            ) from error


def web(api: str) -> str:
    """Return the address of the pages that belong to an API: github.com, or an Enterprise Server's own host."""
    return "https://github.com" if api == API else api.removesuffix("/api/v3")


def explain(forge: str, what: str, error: GithubException) -> ForgeError:
    """Make the exception for an answer of GitHub's, by its documented status codes."""
    words, headers = _words(error), {name.lower(): value for name, value in (error.headers or {}).items()}
    limited = isinstance(error, RateLimitExceededException) or error.status == 429
    if limited or (error.status == 403 and headers.get("x-ratelimit-remaining") == "0"):
        return ForgeRateLimitError(forge, f"too many requests ({words}); {_when(headers)}")
    if error.status == 401:
        return ForgeCredentialsError(
            forge, f"the token is not accepted ({words}): set GITHUB_TOKEN to one that is valid and has not expired"
        )
    if error.status == 403:
        return ForgeForbiddenError(
            forge,
            f"the token may not do this with {what} ({words}): it needs `contents` and `pull requests`, read and write",
        )
    if error.status == 404:
        return ForgeNotFoundError(
            forge,
            f"{what} is not there, or the token may not see it: `repository` of project.json and the token's access "
            "decide",
        )
    if error.status in (405, 409, 422):
        return ForgeRefusedError(forge, f"{what} was refused ({words})")
    return ForgeError(
        forge, f"{what} failed with HTTP {error.status} ({words}); https://www.githubstatus.com may say why"
    )


def _words(error: GithubException) -> str:
    data = error.data if isinstance(error.data, dict) else {}
    details = [
        detail.get("message") or " ".join(str(detail.get(key, "")) for key in ("resource", "field", "code")).strip()
        for detail in data.get("errors") or []
        if isinstance(detail, dict)
    ]
    said = [str(data.get("message") or error.message or "no reason given"), *filter(None, details)]
    return ": ".join(words.rstrip(".") for words in said)


def _when(headers: dict[str, str]) -> str:
    if "retry-after" in headers:
        return f"GitHub asks to wait {headers['retry-after']} s"
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdecimal():
        return f"the limit is lifted at {datetime.fromtimestamp(int(headers['x-ratelimit-reset']), UTC):%H:%M:%S} UTC"
    return "wait a minute at least before the next try"


def _reason(error: Exception) -> str:
    inner = error.args[0] if error.args else error
    return type(getattr(inner, "reason", None) or error).__name__


def _pull(pull: PullRequest) -> Pull:
    state: State = "merged" if pull.merged_at else "closed" if pull.state == "closed" else "open"
    merged = pull.merge_commit_sha if pull.merged_at else None
    return Pull(pull.number, pull.title, pull.body or "", pull.head.ref, pull.base.ref, state, pull.html_url, merged)
