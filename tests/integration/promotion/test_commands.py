"""The commands as a person gives them, in a checkout whose forge is a local repository, on a twin that serves."""

import hashlib
import json
import os
import subprocess
import sys
from functools import partial

import pytest
from tests.integration.running import SOURCES
from tests.integration.runtime.conftest import SETTLED, statements, wait
from tests.integration.runtime.hand_made import FILES, layer, model_archive, push
from tests.unit.delivery.samples import EMPTY, commit, evaluation, git, make_project, write_releases

from fairway.delivery.forge_local import LocalForge
from fairway.delivery.releases import Release, ReleaseFile

PROJECT = "promoted"
ORDER = ["dev", "staging", "prod"]


@pytest.fixture(scope="module")
def image(twin):
    """The project's image; a bucket and a model package group are there too."""
    twin.client("ecr").create_repository(repositoryName=PROJECT)
    twin.client("s3").create_bucket(Bucket=PROJECT)
    twin.client("sagemaker").create_model_package_group(ModelPackageGroupName=PROJECT)
    return push(twin, PROJECT, layer(FILES))


@pytest.fixture
def aws(twin, role, image):
    return Aws(twin, image, role("sagemaker.amazonaws.com", *statements(PROJECT, PROJECT)))


class Aws:
    """What a project has on AWS before a promotion."""

    def __init__(self, twin, image, role):
        self.twin, self.image, self.role = twin, image, role

    def register(self, answer, **told):
        s3, sagemaker, archive = self.twin.client("s3"), self.twin.client("sagemaker"), model_archive(answer)
        url, said = f"s3://{PROJECT}/runs/{answer}/model.tar.gz", f"runs/{answer}/evaluation.json"
        measured = evaluation(**told)
        s3.put_object(Bucket=PROJECT, Key=f"runs/{answer}/model.tar.gz", Body=archive)
        s3.put_object(Bucket=PROJECT, Key=said, Body=json.dumps(measured).encode())
        digest = hashlib.sha256(archive).hexdigest()
        arn = sagemaker.create_model_package(
            ModelPackageGroupName=PROJECT,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [{"Image": self.image, "ModelDataUrl": url}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            ModelMetrics={
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{PROJECT}/{said}"}}
            },
            CustomerMetadataProperties={"git_sha": "b" * 40, "model_data_sha256": digest},
        )["ModelPackageArn"]
        return Release(
            version=arn.rpartition("/")[2], model_package_arn=arn, model_data_url=url, model_data_sha256=digest,
            image=self.image, git_sha="b" * 40, metrics=measured["metrics"],
        )  # fmt: skip

    def serve(self, environment, release):
        """Bring an environment's endpoint to a release, as `make apply` does."""
        sagemaker, name = self.twin.client("sagemaker"), f"{PROJECT}-{environment}"
        told = {"FAIRWAY_RELEASE": release.version, "FAIRWAY_GIT_SHA": release.git_sha}
        container = {"Image": release.image, "ModelDataUrl": release.model_data_url, "Environment": told}
        sagemaker.create_model(
            ModelName=f"{name}-{release.version}", ExecutionRoleArn=self.role, PrimaryContainer=container
        )
        variant = {"VariantName": "current", "ModelName": f"{name}-{release.version}", "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=f"{name}-{release.version}", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-{release.version}")
        describe = partial(sagemaker.describe_endpoint, EndpointName=name)
        assert wait(describe, lambda told: told["EndpointStatus"] in SETTLED)["EndpointStatus"] == "InService"


@pytest.fixture
def fairway(twin, tmp_path):
    """Run a command in the checkout; return its code and what it printed."""

    def run(*arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GH_"))}
        environment |= {"PYTHONPATH": str(SOURCES), "FAIRWAY_TWIN_PORT": str(twin.port), "COLUMNS": "200", **variables}
        answer = subprocess.run(
            [sys.executable, "-m", "fairway", *arguments], cwd=tmp_path / "checkout", env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return answer.returncode, answer.stdout + answer.stderr

    return run


def test_a_release_moves_by_pull_requests(aws, fairway, tmp_path):
    old, new = aws.register("a", auc=0.70), aws.register("b", auc=0.72, test="e")
    first = {"dev": ReleaseFile(current=new, previous=old), "staging": ReleaseFile(current=old, previous=None)}
    checkout = make_project(tmp_path, {**first, "prod": EMPTY})
    project = json.loads((checkout / "project.json").read_text())
    (checkout / "project.json").write_text(json.dumps({**project, "project": PROJECT}))
    commit(checkout, "Name it")
    git(checkout, "push", "--quiet", "origin", "main")
    promote = partial(fairway, "promote", "dev", "staging", "--no-plan")

    code, words = promote()
    assert code == 1
    assert (
        f"dev does not verifiably run its release: version {new.version} is wanted, and there is no endpoint" in words
    )

    aws.serve("dev", new)
    code, words = promote()
    assert code == 0, words
    assert f"Pull request #1 is open: Release version {new.version} to staging." in words
    body = git(tmp_path / "origin.git", "show", "refs/meta/pulls:1.md")
    assert "| `auc` | 0.72 | 0.7 | +0.02 | better |" in body
    assert "They were measured on different test data" in body
    assert "is open already, and up to date" in promote()[1]

    branch = ("--head", f"origin/release/staging/{new.version}")
    git(checkout, "fetch", "--quiet", "origin")
    code, words = fairway("check-promotion", "--base", "origin/main", *branch, "--ask-aws")
    assert (code, words.strip()) == (0, f"Version {new.version}, which dev runs, is promoted to staging.")

    code, words = fairway("merge", "1")
    assert (code, words) == (0, f"#1 is merged into main: Release version {new.version} to staging.\n")
    assert promote() == (0, "There is nothing to do: staging has dev's release already.\n")
    assert f"│ {new.version} " in fairway("history", "staging")[1]

    code, words = fairway("status")
    assert code == 1
    assert f"staging: version {new.version} is wanted, and there is no endpoint." in words
    assert "dev:" not in words

    code, words = fairway("rollback", "staging", "--no-plan", REASON="It is slow.")
    assert (code, words.splitlines()[0]) == (0, f"Pull request #2 is open: Roll staging back to version {old.version}.")
    assert "Reason: It is slow." in git(tmp_path / "origin.git", "show", "refs/meta/pulls:2.md")
    assert fairway("merge", "2")[0] == 0
    assert [line.split("│")[2].strip() for line in fairway("history", "staging")[1].splitlines() if "│" in line] == [
        old.version, new.version, old.version,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("promote", "dev", "prod"), "a release goes dev → staging → prod, one environment at a time"),
        (("promote", "dev", "qa"), "There is no environment 'qa'"),
        (("promote", "dev", "staging"), "dev runs no release"),
        (("rollback", "prod", "--reason", "x"), "no previous release to go back to"),
        (("merge", "7"), "there is no pull request #7"),
        (("history", "qa"), "There is no environment 'qa'"),
        (("check-promotion", "--base", "nowhere", "--head", "HEAD"), "'nowhere' names no commit here"),
    ],
)
def test_what_cannot_be_is_one_sentence(fairway, tmp_path, arguments, sentence):
    make_project(tmp_path, dict.fromkeys(ORDER, EMPTY))
    code, words = fairway(*arguments)
    assert (code, words.count("\n")) == (1, 1), words
    assert sentence in words


def test_a_checkout_in_a_state_that_does_not_serve_is_told(fairway, tmp_path):
    checkout = make_project(tmp_path, dict.fromkeys(ORDER, EMPTY))
    git(checkout, "remote", "remove", "origin")
    assert "has no remote `origin`" in fairway("promote", "dev", "staging")[1]
    git(checkout, "remote", "add", "origin", "../origin.git")
    git(tmp_path / "origin.git", "update-ref", "-d", "refs/heads/main")
    assert "its default branch main has no commits: push it first" in fairway("promote", "dev", "staging")[1]


@pytest.mark.parametrize("state", ["dirty", "detached", "elsewhere"])
def test_a_merge_says_why_the_checkout_stays_behind(fairway, tmp_path, state):
    checkout = make_project(tmp_path, dict.fromkeys(ORDER, EMPTY))
    git(checkout, "switch", "--quiet", "--create", "words")
    (checkout / "README.md").write_text("words")
    commit(checkout, "Words")
    git(checkout, "push", "--quiet", "origin", "words")
    git(checkout, "switch", "--quiet", "main")
    expected = prepare(checkout, state)
    LocalForge(tmp_path / "origin.git").open_pull(head="words", base="main", title="Words", body="")
    code, words = fairway("merge", "1")
    assert code == 0
    assert f"note: {expected}" in words


def prepare(checkout, state):
    if state == "dirty":
        (checkout / "project.json").write_text((checkout / "project.json").read_text() + "\n")
        return "This checkout has changes that are not committed"
    if state == "detached":
        git(checkout, "switch", "--quiet", "--detach")
        return "This checkout is at a commit, not on a branch (detached HEAD): `git switch main && git pull`"
    git(checkout, "switch", "--quiet", "words")
    return "This checkout is on words"


def test_release_files_that_were_not_pushed_are_told(aws, fairway, tmp_path):
    release = aws.register("a")
    dev = ReleaseFile(current=release, previous=None)
    checkout = make_project(tmp_path, {**dict.fromkeys(ORDER, EMPTY), "dev": dev})
    write_releases(checkout, {"dev": EMPTY})
    code, words = fairway("promote", "dev", "staging")
    assert code == 1
    assert "dev/release.json of this checkout is not what main of origin.git holds: commit and push" in words
