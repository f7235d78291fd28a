"""The rules of a promotion over real repositories: `main` is the base, each case is a branch off it."""

import re

import pytest
from tests.unit.delivery.samples import EMPTY, ORDER, commit, file, git, make_project, release, write_releases

from fairway.delivery import releases
from fairway.delivery.promotion import release_file
from fairway.delivery.promotion_check import check
from fairway.delivery.releases import ReleaseFile
from fairway.errors import CheckoutError, PromotionRuleError, ReleaseError, ReleaseNotRunningError

BASE = {"dev": file("9", "8"), "staging": file("8", "7"), "prod": file("7", "6")}


@pytest.fixture
def checkout(tmp_path):
    made = make_project(tmp_path, BASE)
    git(made, "switch", "--quiet", "--create", "change")
    return made


def propose(checkout, **files):
    write_releases(checkout, files)
    commit(checkout, "A change")


def refused(checkout, **asked):
    with pytest.raises(PromotionRuleError) as caught:
        check(checkout, "main", "change", ORDER, **asked)
    return caught.value.problems


def edited(version, **changes):
    return ReleaseFile(current=release(version, **changes), previous=release("7"))


@pytest.mark.parametrize(
    ("environment", "after", "sentence"),
    [
        ("staging", file("9", "8"), "Version 9, which dev runs, is promoted to staging."),
        ("prod", file("8", "7"), "Version 8, which staging runs, is promoted to prod."),
        ("dev", file("10", "9"), "Version 10, as it was registered, is promoted to dev."),
        ("staging", file("7", "8"), "staging is rolled back to version 7."),
        ("dev", file("8", "9"), "dev is rolled back to version 8."),
    ],
)
def test_a_promotion_and_a_rollback_pass(checkout, environment, after, sentence):
    propose(checkout, **{environment: after})
    assert check(checkout, "main", "change", ORDER) == sentence


@pytest.mark.parametrize(
    ("environment", "after", "problem"),
    [
        ("prod", file("9", "7"), "Version 9 comes from dev and skips staging: promote it to staging first"),
        ("prod", file("5", "7"), "prod would run version 5, and staging runs version 8: only what staging runs"),
        ("staging", file("10", "8"), "staging would run version 10, and dev runs version 9"),
        ("staging", file("7", "6"), "Version 7 is staging's previous release, but the two are not swapped"),
        ("staging", file("9", "7"), "`previous` must be what staging runs now, version 8; it is version 7"),
        ("staging", file("9"), "`previous` must be what staging runs now, version 8; it is none"),
        ("dev", file("10", "8"), "`previous` must be what dev runs now, version 9; it is version 8"),
        ("staging", file("8", "6"), "staging keeps version 8, and its `previous` is rewritten"),
        ("staging", file("8"), "staging keeps version 8, and its `previous` is rewritten"),
        ("staging", EMPTY, "staging would lose its release: roll back"),
        ("staging", edited("8", metrics={"auc": 0.99}), "Version 8 was edited by hand: its `metrics` is not"),
        ("staging", edited("9", metrics={"auc": 0.99}), "Version 9 was edited by hand: its `metrics` is not"),
        ("staging", edited("9", git_sha="f" * 40, image=f"a/b@sha256:{'1' * 64}"), "its `image`, `git_sha` is not"),
        ("dev", edited("8", metrics={"auc": 0.99}), "Version 8 was edited by hand"),
        ("dev", edited("9", model_data_sha256="0" * 64), "its `model_data_sha256` is not"),
    ],
)
def test_what_is_no_promotion_is_refused(checkout, environment, after, problem):
    propose(checkout, **{environment: after})
    [sentence] = refused(checkout)
    assert problem in sentence


def test_a_pull_request_without_release_files_passes(checkout):
    (checkout / "README.md").write_text("words")
    commit(checkout, "Words")
    assert check(checkout, "main", "change", ORDER).startswith("No release file is changed")


def test_a_pull_request_without_changes_passes(checkout):
    assert check(checkout, "main", "change", ORDER).startswith("No release file is changed")


def test_two_release_files_are_refused(checkout):
    propose(checkout, staging=file("9", "8"), prod=file("8", "7"))
    assert "It changes 2 release files" in refused(checkout)[0]


def test_anything_beside_the_release_file_is_refused(checkout):
    for number in range(7):
        (checkout / f"{number}.txt").touch()
    propose(checkout, staging=file("9", "8"))
    [problem] = refused(checkout)
    assert problem == (
        "Beside terraform/environments/staging/release.json it changes 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more: "
        "a promotion changes its release file and nothing else"
    )


def test_several_mistakes_are_all_told(checkout):
    (checkout / "main.py").touch()
    propose(checkout, staging=file("9", "8"), qa=file("9"))
    assert [problem.split()[0] for problem in refused(checkout)] == [
        "It",
        "Beside",
        "terraform/environments/qa/release.json",
    ]


def test_a_deleted_release_file_is_refused(checkout):
    git(checkout, "rm", "--quiet", release_file("prod"))
    commit(checkout, "Delete it")
    assert "release.json is deleted" in refused(checkout)[0]


def test_a_release_file_that_moved_is_refused(checkout):
    git(checkout, "mv", release_file("prod"), "elsewhere.json")
    commit(checkout, "Move it")
    assert "Beside terraform/environments/prod/release.json it changes elsewhere.json" in refused(checkout)[0]


def test_a_release_file_that_breaks_the_grammar_is_refused(checkout):
    (checkout / release_file("staging")).write_text('{"current": null}')
    commit(checkout, "Break it")
    with pytest.raises(ReleaseError, match="`previous` is missing"):
        check(checkout, "main", "change", ORDER)


def test_another_layout_of_the_same_file_is_refused(checkout):
    path = checkout / release_file("staging")
    path.write_text(releases.to_text(file("9", "8")).replace("  ", "\t"))
    commit(checkout, "Tabs")
    assert "do not edit it by hand" in refused(checkout)[0]


def test_a_new_environment_comes_with_a_file_that_releases_nothing(checkout):
    propose(checkout, qa=EMPTY)
    assert check(checkout, "main", "change", [*ORDER, "qa"]).startswith("No release file is changed")


def test_a_new_environment_does_not_come_with_a_release(checkout):
    propose(checkout, qa=file("7"))
    assert "Beside" in refused(checkout)[0]


def test_the_first_release_of_an_environment_may_be_taken_back(tmp_path):
    checkout = make_project(tmp_path, {"dev": file("1"), "staging": file("1"), "prod": EMPTY})
    git(checkout, "switch", "--quiet", "--create", "change")
    propose(checkout, staging=EMPTY)
    assert check(checkout, "main", "change", ORDER) == "staging's first release is taken back."


def test_what_main_changed_meanwhile_is_not_the_pull_requests(checkout):
    propose(checkout, staging=file("9", "8"))
    git(checkout, "switch", "--quiet", "main")
    (checkout / "README.md").write_text("words")
    commit(checkout, "Words")
    assert check(checkout, "main", "change", ORDER) == "Version 9, which dev runs, is promoted to staging."


def test_what_the_source_no_longer_runs_is_refused(checkout):
    propose(checkout, staging=file("9", "8"))
    git(checkout, "switch", "--quiet", "main")
    write_releases(checkout, {"dev": file("8", "9")})
    commit(checkout, "Roll dev back")
    assert "staging would run version 9, and dev runs version 8" in refused(checkout)[0]


def test_a_promotion_that_another_one_overtook_is_refused(checkout):
    propose(checkout, prod=file("8", "7"))
    git(checkout, "switch", "--quiet", "main")
    write_releases(checkout, {"prod": file("5", "7")})
    commit(checkout, "Another one")
    assert "If prod was changed since this was opened, make the promotion again" in refused(checkout)[0]


@pytest.mark.parametrize(("base", "head"), [("nowhere", "change"), ("main", "nowhere")])
def test_a_reference_that_is_none_is_named(checkout, base, head):
    with pytest.raises(CheckoutError, match="'nowhere' names no commit here"):
        check(checkout, base, head, ORDER)


def test_a_history_without_a_common_commit_is_refused_with_the_remedy(checkout):
    git(checkout, "switch", "--quiet", "--orphan", "change2")
    commit(checkout, "Nothing in common")
    with pytest.raises(PromotionRuleError, match=re.escape("(fetch-depth: 0)")):
        check(checkout, "main", "change2", ORDER)


class Endpoint:
    """What runs, as the caller of `check` would ask AWS."""

    def __init__(self, runs):
        self.runs, self.asked = runs, []

    def __call__(self, environment, wanted):
        self.asked.append(environment)
        if wanted.version != self.runs:
            raise ReleaseNotRunningError(environment, [f"version {wanted.version} is wanted, and {self.runs} runs"])


def test_what_the_source_does_not_run_is_refused(checkout):
    propose(checkout, staging=file("9", "8"))
    [problem] = refused(checkout, verify=Endpoint("8"))
    assert problem == "dev does not verifiably run its release: version 9 is wanted, and 8 runs"
    assert check(checkout, "main", "change", ORDER, verify=Endpoint("9")).startswith("Version 9")


def test_a_rollback_asks_nothing_of_the_source(checkout):
    propose(checkout, staging=file("7", "8"))
    endpoint = Endpoint("9")
    assert check(checkout, "main", "change", ORDER, verify=endpoint) == "staging is rolled back to version 7."
    assert endpoint.asked == []


def test_a_release_that_the_registry_does_not_know_as_such_is_refused(checkout):
    propose(checkout, dev=file("10", "9"))
    registered = {release("10").model_package_arn: release("10", metrics={"auc": 0.5})}
    [problem] = refused(checkout, registered=registered.__getitem__)
    assert problem == "Version 10 was edited by hand: its `metrics` is not what was registered"
    assert check(checkout, "main", "change", ORDER, registered=lambda _: release("10")).startswith("Version 10")
