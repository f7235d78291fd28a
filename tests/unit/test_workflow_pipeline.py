import pytest
from tests.unit.delivery.samples import EMPTY, commit, file, git, make_project, release, write_releases

from fairway import workflow_pipeline
from fairway.delivery.forge_local import LocalForge
from fairway.delivery.promotion import propose_release
from fairway.delivery.review import Review
from fairway.errors import ExecutionMissingError, ImageNotByDigestError, LeftBehindError, UnknownEnvironmentError
from fairway.settings import Settings


@pytest.fixture
def checkout(tmp_path):
    return make_project(tmp_path, {"dev": file("8", "7"), "staging": EMPTY})


def merge_elsewhere(checkout, files):
    """Bring a change of other release files to main, without this checkout."""
    other = checkout.parent / "other"
    git(checkout.parent, "clone", "--quiet", "origin.git", "other")
    write_releases(other, files)
    made = commit(other, "Merged meanwhile")
    git(other, "push", "--quiet", "origin", "main")
    return made


def test_the_newest_commit_goes_on(checkout):
    workflow_pipeline.require_newest(Settings.load(checkout, {}), "dev")


def test_a_commit_that_main_has_left_behind_changes_nothing(checkout):
    newest = merge_elsewhere(checkout, {"dev": file("9", "8")})
    words = f"not what dev is to run any more: since then .*dev/release.json changed .commit {newest[:12]}"
    with pytest.raises(LeftBehindError, match=words):
        workflow_pipeline.require_newest(Settings.load(checkout, {}), "dev")


def test_a_pull_request_that_is_up_to_date_goes_on(checkout):
    write_releases(checkout, {"dev": file("9", "8")})
    commit(checkout, "Not merged yet")
    workflow_pipeline.require_newest(Settings.load(checkout, {}), "dev")


def test_what_was_merged_for_another_environment_holds_up_nothing(checkout):
    merge_elsewhere(checkout, {"staging": file("8")})
    workflow_pipeline.require_newest(Settings.load(checkout, {}), "dev")


def test_an_environment_that_is_none_is_not_planned(checkout, tmp_path):
    with pytest.raises(UnknownEnvironmentError, match="There is no environment 'nope'"):
        workflow_pipeline.plan_for_review(Settings.load(checkout, {}), "nope", tmp_path, print)


def test_nothing_is_trained_with_an_image_by_tag(checkout, tmp_path):
    with pytest.raises(ImageNotByDigestError, match="IMAGE is 'flights:latest'"):
        workflow_pipeline.write_execution(Settings.load(checkout, {}), "dev", "flights:latest", tmp_path / "told")
    assert not (tmp_path / "told").exists()


def test_what_was_trained_is_proposed_to_the_first_environment(checkout):
    forge = LocalForge(checkout.parent / "origin.git")
    proposal = propose_release(forge, ["dev", "staging"], release("9"))
    assert proposal is not None
    assert (proposal.branch, proposal.title) == ("release/dev/9", "Release version 9 to dev")
    assert proposal.new == file("9", "8")


def test_what_runs_already_is_not_proposed(checkout):
    assert propose_release(LocalForge(checkout.parent / "origin.git"), ["dev", "staging"], release("8")) is None


def test_a_model_of_an_older_commit_is_not_proposed(checkout):
    older = git(checkout, "rev-parse", "HEAD")
    newer = commit(checkout, "A newer model")
    write_releases(checkout, {"dev": file("8")})
    runs = release("8", git_sha=newer)
    write_releases(checkout, {"dev": file("8").model_copy(update={"current": runs})})
    commit(checkout, "Release it")
    git(checkout, "push", "--quiet", "origin", "main")
    settings, forge = Settings.load(checkout, {}), LocalForge(checkout.parent / "origin.git")
    with pytest.raises(LeftBehindError, match="Git wants version 8 there, which is newer"):
        workflow_pipeline._require_no_newer(settings, forge, older)
    workflow_pipeline._require_no_newer(settings, forge, newer)


@pytest.mark.parametrize(
    ("path", "environments"),
    [
        ("terraform/environments/dev/main.tf", ["dev"]),
        ("terraform/platform/main.tf", ["dev", "staging"]),
        ("terraform/modules/model-endpoint/main.tf", ["dev", "staging"]),
        ("terraform/delivery/main.tf", []),
        ("src/model/training.py", []),
    ],
)
def test_a_change_is_planned_where_it_counts(checkout, path, environments):
    file = checkout / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# changed\n")
    commit(checkout, "A change")
    assert workflow_pipeline.changed_environments(Settings.load(checkout, {}), "origin/main") == environments


def test_a_comment_tells_what_would_be_touched_and_counts_the_rest():
    told = Review("dev", "a" * 40, changes=True, summary="dev with version 8. Plan: 101 to add.", evidence="")
    words = ["Plan: 101 to add.", *(f"  # aws_x.this[{n}] will be created" for n in range(101))]
    text = workflow_pipeline.comment({"dev": told}, {"dev": "\n".join(words)})
    assert "### dev\n\ndev with version 8. Plan: 101 to add.\n" in text
    assert text.count("will be created") == 100
    assert "… and 1 more" in text


def test_a_comment_without_changes_says_so():
    assert "No environment is changed" in workflow_pipeline.comment({}, {})


def test_the_first_environment_gets_nothing_from_another_one(checkout):
    with pytest.raises(ExecutionMissingError, match=r"dev is the first environment: .* EXECUTION_ARN"):
        workflow_pipeline.propose_next(Settings.load(checkout, {}), "dev")
