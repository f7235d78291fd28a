import socket
from dataclasses import replace

import pytest
from tests.unit.delivery import github_stand_in
from tests.unit.delivery.github_stand_in import DOCS, NAME, TOKEN
from tests.unit.delivery.samples import EMPTY, ORDER, file
from urllib3.util.retry import Retry

from fairway.delivery import releases
from fairway.delivery.forge import Change
from fairway.delivery.forge_github import RETRY, GitHubForge, web
from fairway.delivery.promotion import propose_promotion, propose_rollback, release_file, submit
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

QUICK = RETRY.new(backoff_factor=0)


@pytest.fixture
def github():
    with github_stand_in.running() as (api, repository):
        repository.push("main", {"project.json": "{}"})
        yield api, repository


@pytest.fixture
def repository(github):
    return github[1]


@pytest.fixture
def forge(github):
    return connect(github[0])


def connect(api, token=TOKEN, name=NAME, retry=QUICK):
    return GitHubForge(name, token, api=api, retry=retry, seconds_between_writes=0)


def propose(forge, branch="change", content="one\n"):
    forge.commit(Change(branch, "notes.txt", content, "Note"), base=forge.head("main"), old=forge.head(branch))
    return forge.open_pull(head=branch, base="main", title="Note", body=f"It says {content}")


def test_what_a_repository_holds_is_read(forge, repository):
    main = repository.refs["refs/heads/main"]
    assert (forge.default_branch(), forge.head("main"), forge.head("release")) == ("main", main, None)
    assert (forge.read("project.json", main), forge.read("absent.json", main)) == ("{}", None)
    assert forge.commits == f"{web(repository.base.removesuffix(f'/repos/{NAME}'))}/{NAME}/commit/"


def test_a_folder_is_no_file(forge, repository):
    main = repository.push("main", {"folder/a": "1", "folder/b": "2"})
    with pytest.raises(ForgeRefusedError, match="folder is a folder"):
        forge.read("folder", main)


def test_an_empty_repository_has_no_branch(forge, repository):
    repository.refs.clear()
    assert forge.head("main") is None


def test_a_commit_adds_its_file_to_what_the_base_holds(forge, repository):
    base = forge.head("main")
    made = forge.commit(Change("a/b", "deep/file", "text\n", "Say it"), base=base, old=None)
    assert (repository.file("a/b", "deep/file"), repository.file("a/b", "project.json")) == ("text\n", "{}")
    assert repository.commits[made].parents == [base]


def test_a_branch_is_moved_without_force(forge, repository):
    base = forge.head("main")
    first = forge.commit(Change("b", "f", "1", "m"), base=base, old=None)
    main = repository.push("main", {"other": "x"})
    second = forge.commit(Change("b", "f", "2", "m"), base=main, old=first)
    assert repository.commits[second].parents == [first, main]
    assert (repository.file("b", "f"), repository.file("b", "other")) == ("2", "x")


def test_a_branch_that_somebody_else_moved_is_not_overwritten(forge, repository):
    base = forge.head("main")
    first = forge.commit(Change("b", "f", "1", "m"), base=base, old=None)
    with pytest.raises(ForgeRaceError, match="the branch b was moved by somebody else"):
        forge.commit(Change("b", "f", "2", "m"), base=base, old=None)
    theirs = repository.push("b", {"f": "3"})
    with pytest.raises(ForgeRaceError, match="the branch b was moved by somebody else"):
        forge.commit(Change("b", "f", "2", "m"), base=base, old=first)
    assert repository.refs["refs/heads/b"] == theirs


def test_a_pull_request_is_opened_updated_and_listed(forge, repository):
    pull = propose(forge)
    assert (pull.number, pull.state, pull.where) == (1, "open", f"https://github.com/{NAME}/pull/1")
    changed = forge.update_pull(1, title="New", body="Other")
    assert (changed.title, changed.body) == ("New", "Other")
    assert forge.pulls() == [changed]
    forge.comment(1, "Look")
    assert repository.comments == [(1, "Look")]


def test_a_pull_request_that_exists_is_a_race_not_a_second_one(forge, repository):
    propose(forge)
    with pytest.raises(ForgeRaceError, match="change has a pull request that is open"):
        forge.open_pull(head="change", base="main", title="Again", body="")
    assert len(repository.pulls) == 1


def test_all_pages_are_read_and_the_branches_of_forks_are_nobodys_proposal(forge, repository):
    for number in range(5):
        propose(forge, f"b{number}")
    repository.pulls[2]["fork"] = True
    assert [pull.number for pull in forge.pulls()] == [1, 2, 4, 5]


def test_a_merge_is_of_what_was_looked_at_and_ends_the_branch(forge, repository):
    propose(forge)
    merged = forge.merge(1)
    assert (merged.state, merged.merge_commit) == ("merged", repository.refs["refs/heads/main"])
    assert repository.file("main", "notes.txt") == "one\n"
    assert "refs/heads/change" not in repository.refs
    with pytest.raises(ForgeRefusedError, match="#1 is merged"):
        forge.merge(1)


def test_a_branch_that_github_deleted_itself_is_gone(forge, repository):
    propose(forge)
    body = {"message": "Reference does not exist", "documentation_url": DOCS, "status": "422"}
    repository.answer_next(422, body, to="DELETE ")
    assert forge.merge(1).state == "merged"


def test_a_push_during_the_merge_is_a_race(forge, repository):
    propose(forge)
    body = {"message": "Head branch was modified. Review and try the merge again.", "documentation_url": DOCS}
    repository.answer_next(409, body, to="PUT .*/merge")
    with pytest.raises(ForgeRaceError, match="#1 changed while it was merged"):
        forge.merge(1)


def test_a_conflict_is_refused(forge):
    propose(forge, "a", "one\n")
    propose(forge, "b", "two\n")
    forge.merge(1)
    with pytest.raises(MergeConflictError, match="#2 conflicts with main"):
        forge.merge(2)


def test_a_protected_branch_says_why_it_cannot_be_merged(forge, repository):
    propose(forge)
    words = "At least 1 approving review is required by reviewers with write access."
    repository.answer_next(405, {"message": words, "documentation_url": DOCS}, to="PUT .*/merge")
    with pytest.raises(ForgeRefusedError, match=words.rstrip(".")):
        forge.merge(1)


def test_a_pull_request_is_closed_with_a_comment(forge, repository):
    propose(forge)
    forge.close_pull(1, "Superseded.")
    assert (forge.pulls(), repository.comments) == ([], [(1, "Superseded.")])
    assert forge.head("change") is None


def test_a_release_goes_from_dev_to_staging_and_back(forge, repository):
    files = {"dev": file("8", "7"), "staging": file("7"), "prod": EMPTY}
    repository.push("main", {release_file(name): releases.to_text(content) for name, content in files.items()})
    proposal = propose_promotion(forge, ORDER, "dev", "staging")
    assert proposal is not None
    assert [submit(forge, each).done for each in (proposal, proposal, replace(proposal, body="new"))] == [
        "opened", "unchanged", "updated",
    ]  # fmt: skip
    forge.merge(1)
    assert propose_promotion(forge, ORDER, "dev", "staging") is None
    submit(forge, propose_rollback(forge, ORDER, "staging"))
    forge.merge(2)
    assert repository.file("main", release_file("staging")) == releases.to_text(file("7", "8"))
    assert len(repository.pulls) == 2


LIMITED = {"message": "API rate limit exceeded for user ID 1.", "documentation_url": f"{DOCS}/rate-limiting"}
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
INVALID = {"message": "Validation Failed", "errors": [{"resource": "R", "field": "head", "code": "invalid"}]}
RESET = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795341600"}

ERRORS = [
    (401, {"message": "Bad credentials"}, {}, ForgeCredentialsError,
     "the token is not accepted (Bad credentials): set GITHUB_TOKEN"),
    (403, {"message": "Resource not accessible by personal access token"}, {}, ForgeForbiddenError,
     "may not do this with the branch main (Resource not accessible by personal access token): it needs `contents`"),
    (422, INVALID, {}, ForgeRefusedError, "the branch main was refused (Validation Failed: R head invalid)"),
    (403, LIMITED, RESET, ForgeRateLimitError, "exceeded for user ID 1); the limit is lifted at 10:00:00 UTC"),
    (429, LIMITED, RESET, ForgeRateLimitError, "too many requests"),
    (403, SECONDARY, {"retry-after": "60"}, ForgeRateLimitError, "GitHub asks to wait 60 s"),
    (403, SECONDARY, {}, ForgeRateLimitError, "secondary rate limit. Please wait"),
    (403, SECONDARY, {}, ForgeRateLimitError, "wait a minute at least"),
    (451, {"message": "Repository access blocked"}, {}, ForgeError, "HTTP 451 (Repository access blocked)"),
]  # fmt: skip


@pytest.mark.parametrize("answer", ERRORS)
def test_every_error_is_one_sentence(forge, repository, answer):
    status, body, headers, error, words = answer
    repository.answer_next(status, body, headers, to="GET .*/git/ref/")
    with pytest.raises(error) as caught:
        forge.head("main")
    assert str(caught.value).startswith(f"GitHub {NAME}: ")
    assert words in str(caught.value)
    assert len(repository.asked) == 2  # it is told at once, not after a wait and another try


def test_a_wrong_token_is_told(github):
    with pytest.raises(ForgeCredentialsError, match="the token is not accepted"):
        connect(github[0], token="ghp_wrong").default_branch()


@pytest.mark.parametrize("call", ["head", "read"])
def test_a_repository_that_is_hidden_is_not_an_absent_branch(github, call):
    forge = connect(github[0], name="example/secret")
    with pytest.raises(ForgeNotFoundError, match=r"`repository` of project\.json"):
        forge.head("main") if call == "head" else forge.read("project.json", "main")


def test_a_hiccup_is_tried_again_where_that_is_harmless(forge, repository):
    repository.answer_next(502, {"message": "Server Error"}, to="GET .*/git/ref/", times=3)
    assert forge.head("main") == repository.refs["refs/heads/main"]


def test_what_writes_is_not_sent_twice(forge, repository):
    repository.answer_next(502, {"message": "Server Error"}, to="POST .*/pulls")
    with pytest.raises(ForgeError, match="HTTP 502"):
        propose(forge)
    assert [method for method, path in repository.asked if path.endswith("/pulls")] == ["POST"]


def test_a_network_that_is_down_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        forge = connect(f"http://127.0.0.1:{taken.getsockname()[1]}", retry=Retry(0))
        with pytest.raises(
            ForgeUnreachableError, match=r"no answer about the repository \(NewConnectionError\): is the net"
        ):
            forge.default_branch()


def test_pages_are_where_the_api_says():
    assert web("https://api.github.com") == "https://github.com"
    assert web("https://git.example.com/api/v3") == "https://git.example.com"
