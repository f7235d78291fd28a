"""Environments in accounts of their own: from nothing to a release in production, and back to nothing, on one twin.

Delivery, dev and prod have an account each; as on AWS, each is bootstrapped with credentials of its own.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.integration.main_job.checkout import Result, commit, make_checkout
from tests.integration.running import free_port
from tests.integration.wiring.line import Line, shorten, wait

from fairway.delivery import pipelines

pytestmark = pytest.mark.long

HOME, DEV, PROD, FOREIGN = "111111111111", "222222222222", "333333333333", "999999999999"
RUNS_THE_FIRST = r"prod +│ 1 +│ 1 +│ InService"
SPEED = "20"
"""The twin's own: faster, a busy machine starts no container within the eight minutes that SageMaker gives it."""


class Project:
    """A checkout with its origin, and clients of its twin by account and role."""

    def __init__(self, parent: Path) -> None:
        self.checkout = make_checkout(parent / "flights", free_port(), environments=("dev", "prod"))
        path = self.checkout.root / "project.json"
        told = json.loads(path.read_text()) | {"accounts": {"delivery": HOME, "dev": DEV, "prod": PROD}}
        path.write_text(json.dumps(told))
        for release in self.checkout.root.glob("terraform/environments/*/release.json"):
            release.write_text('{"current": null, "previous": null}\n')
        prod = self.checkout.root / "terraform/environments/prod/main.tf"
        # Nobody asks it here while it is rolled out.
        text, times = re.subn(r"(alarms += \{.*) \}", r'\1, missing_data = "notBreaching" }', prod.read_text())
        assert times == 1
        prod.write_text(text)
        shorten(self.checkout.root)
        commit(self.checkout)
        origin = self.checkout.root / "build/rehearsal/origin.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", origin], check=True)
        self.checkout.git("remote", "add", "origin", str(origin))
        self.checkout.git("config", "user.name", "test")
        self.checkout.git("config", "user.email", "test@localhost")
        self.push()

    def push(self) -> None:
        if self.checkout.git("status", "--porcelain"):
            commit(self.checkout)
        self.checkout.git("push", "--quiet", "origin", "main")

    def run(self, *words: str) -> Result:
        answer = self.checkout.fairway(*words, FAIRWAY_TWIN_SPEED=SPEED)
        assert answer.code == 0, f"{words}: {answer.out}{answer.err}"
        return answer

    def on_aws(self, account: str, *words: str) -> Result:
        """Run a command as on AWS, with credentials of an account."""
        return self.checkout.fairway(
            *words, CLOUD="aws", AWS_ENDPOINT_URL=f"http://127.0.0.1:{self.checkout.port}",
            AWS_ACCESS_KEY_ID=account, AWS_SECRET_ACCESS_KEY="test",
        )  # fmt: skip

    def client(self, service: str, account: str, role: str | None = None) -> Any:
        """Return a client of an account's root, or of one of its roles, entered from home's deploy role."""
        keys = {"aws_access_key_id": account if role is None else HOME, "aws_secret_access_key": "test"}
        if role is not None:
            for arn in (f"arn:aws:iam::{HOME}:role/flights-deploy", f"arn:aws:iam::{account}:role/flights-{role}"):
                keys = keys_of(self._make("sts", keys).assume_role(RoleArn=arn, RoleSessionName="test"))
        return self._make(service, keys)

    def _make(self, service: str, keys: dict[str, str]) -> Any:
        make: Any = boto3.client  # its stubs know no service by a variable
        endpoint = f"http://127.0.0.1:{self.checkout.port}"
        config = Config(retries={"max_attempts": 0}, proxies={})
        return make(service, endpoint_url=endpoint, region_name="us-east-1", config=config, **keys)

    def release(self, environment: str) -> dict[str, Any]:
        path = self.checkout.root / f"terraform/environments/{environment}/release.json"
        return dict(json.loads(path.read_text()))

    def serves_nothing(self, account: str) -> bool:
        return not self.client("sagemaker", account).list_endpoints()["Endpoints"]

    def merge_and_apply(self, environment: str, number: int) -> None:
        self.run("merge", str(number))
        self.run("plan", environment)
        self.run("apply", environment)

    def released_by_its_pipeline(self, environment: str) -> None:
        """Wait for the execution that what was just pushed has started, approve its plan, and see it succeed."""
        line, name = Line(self.checkout), f"flights-release-{environment}"
        commit = self.checkout.git("rev-parse", "origin/main").strip()
        execution = started(line, name, commit)
        pipelines.approve(line.client("codepipeline"), line.asked(name, execution), "A test.")
        assert line.ended(name, execution) == "Succeeded", line.failure(name, execution).words


def started(line: Line, name: str, commit: str) -> str:
    """Wait for the execution of a pipeline for a commit."""
    found: list[str] = []

    def look() -> bool:
        told = line.client("codepipeline").list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]
        revisions = {one["pipelineExecutionId"]: one.get("sourceRevisions", []) for one in told}
        found.extend(key for key, of in revisions.items() if any(each["revisionId"] == commit for each in of))
        return bool(found)

    wait(look)
    return found[0]


def keys_of(answer: dict[str, Any]) -> dict[str, str]:
    told = answer["Credentials"]
    return {
        "aws_access_key_id": told["AccessKeyId"],
        "aws_secret_access_key": told["SecretAccessKey"],
        "aws_session_token": told["SessionToken"],
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(tmp_path_factory.mktemp("accounts"))
    made.run("up")
    yield made
    made.run("down")


def begin(project: Project) -> Result:
    """Bootstrap home as far as delivery, which Terraform refuses, and plan all the same."""
    with project.checkout.edited("terraform/delivery/versions.tf", ">= 1.10, < 2.0", ">= 99.0"):
        refused = project.on_aws(HOME, "bootstrap")
    assert "init of delivery failed: Unsupported Terraform Core version" in refused.err
    return project.on_aws(HOME, "plan", "dev")


@pytest.fixture(scope="module")
def misused(project: Project) -> dict[str, Result]:
    """What was said on the way to three accounts that are bootstrapped."""
    said = {
        "foreign": project.on_aws(FOREIGN, "bootstrap"),
        "prod before home": project.on_aws(PROD, "bootstrap"),
        "begun": begin(project),
        "home": project.on_aws(HOME, "bootstrap"),
        "prod's own": project.on_aws(PROD, "plan", "prod"),
        "closed": project.on_aws(HOME, "plan", "prod"),
    }
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda account: project.on_aws(account, "bootstrap"), (DEV, PROD))
        said |= zip(("dev", "prod"), answers, strict=True)
    return said


@pytest.fixture(scope="module")
def released(project: Project, misused: dict[str, Result]) -> Project:
    """A model, trained in dev's account, serves in prod's; the release before it is another version of it."""
    assert misused["prod"].code == 0, misused["prod"].err
    project.run("apply", "dev")
    project.run("train")
    project.run("release", "dev")
    project.push()
    project.run("apply", "dev")
    project.run("promote", "dev", "prod", "--no-plan")
    project.merge_and_apply("prod", 1)
    return project


@pytest.mark.parametrize(
    ("case", "code", "sentence"),
    [
        ("foreign", 1, f"These credentials are of account {FOREIGN}, which project.json does not name"),
        ("prod before home", 1, f"Account {PROD} is not known at home: `make bootstrap`"),
        ("begun", 1, "error: delivery is not provisioned: `make bootstrap` provisions it.\n"),
        ("home", 0, f"Account {DEV} (dev) is not bootstrapped: `make bootstrap` with credentials of its own."),
        ("home", 0, f"Account {PROD} (prod) is not bootstrapped"),
        ("prod's own", 1, f"These credentials are of account {PROD}: commands start in delivery's account, {HOME}"),
        ("closed", 1, f"prod's account {PROD} cannot be entered as arn:aws:iam::{PROD}:role/flights-deploy"),
        ("dev", 0, f"Account {DEV} is bootstrapped. Go on at home, in account {HOME}."),
    ],
)
def test_each_account_says_what_is_missing(misused, case, code, sentence):
    answer = misused[case]
    assert answer.code == code, answer.out + answer.err
    assert sentence in answer.out + answer.err
    if code:
        assert answer.err.count("\n") == 1


def test_the_release_runs_in_prods_account_and_answers_as_recorded(released):
    status = released.run("status").out
    assert "prod:" not in status
    assert re.search(RUNS_THE_FIRST, status), status
    assert "probability" in released.run("invoke", "prod").out
    assert released.client("sagemaker", PROD).list_endpoints()["Endpoints"][0]["EndpointName"] == "flights-prod"
    assert released.client("sagemaker", HOME).list_endpoints()["Endpoints"] == []


def test_the_training_in_devs_account_is_watched_from_home(released):
    logs = released.client("logs", DEV, "operate")
    group = "/aws/sagemaker/TrainingJobs"
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)[
        "events"
    ]
    assert any('"event": "round"' in event["message"] for event in events)
    with pytest.raises(ClientError, match="AccessDenied"):
        logs.get_log_events(logGroupName=group, logStreamName="others-dev-train/algo-1-1")
    searches = released.client("sagemaker", DEV, "operate").describe_hyper_parameter_tuning_job
    with pytest.raises(ClientError, match="ResourceNotFound"):
        searches(HyperParameterTuningJobName="flights-dev-none")
    with pytest.raises(ClientError, match="AccessDenied"):
        searches(HyperParameterTuningJobName="others-dev-none")


def test_all_states_are_at_home(released):
    listed = released.client("s3", HOME).list_objects_v2(Bucket=f"flights-tfstate-{HOME}-us-east-1")["Contents"]
    roots = ["delivery", "environments/dev", "environments/prod", "bootstrap", f"bootstrap/{DEV}", f"bootstrap/{PROD}"]
    assert {item["Key"] for item in listed} >= {f"{root}/terraform.tfstate" for root in roots}
    for account in (DEV, PROD):
        assert released.client("s3", account).list_buckets()["Buckets"] == []


def test_accounts_are_apart(released):
    with pytest.raises(ClientError, match="Could not find endpoint"):
        released.client("sagemaker", DEV, "operate").describe_endpoint(EndpointName="flights-prod")
    for role in ("deploy", "operate"):
        with pytest.raises(ClientError, match="AccessDenied"):
            released.client("sts", DEV, "deploy").assume_role(
                RoleArn=f"arn:aws:iam::{PROD}:role/flights-{role}", RoleSessionName="test"
            )
    key = released.release("prod")["current"]["model_data_url"].split("/", 3)[3]
    with pytest.raises(ClientError, match="AccessDenied"):
        released.client("s3", PROD, "operate").get_object(Bucket=f"flights-artifacts-{HOME}-us-east-1", Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        released.client("s3", PROD).get_object(
            Bucket=f"flights-tfstate-{HOME}-us-east-1", Key="delivery/terraform.tfstate"
        )


def test_prods_pipelines_at_home_release_into_its_account_and_back_and_then_it_is_gone(released):
    released.run("connect")
    sagemaker = released.client("sagemaker", HOME)
    package = sagemaker.describe_model_package(ModelPackageName=released.release("dev")["current"]["model_package_arn"])
    wanted = ("ModelPackageGroupName", "ModelApprovalStatus", "InferenceSpecification", "ModelMetrics",
              "CustomerMetadataProperties")  # fmt: skip
    again = sagemaker.create_model_package(**{name: package[name] for name in wanted})["ModelPackageArn"]
    released.run("release", "prod", again)
    released.push()
    released.released_by_its_pipeline("prod")
    assert not re.search(RUNS_THE_FIRST, released.run("status").out)
    released.run("rollback", "prod", "--no-plan", "--reason", "a test")
    released.run("merge", "2")
    released.released_by_its_pipeline("prod")
    assert released.release("prod")["current"]["version"] == "1"
    assert re.search(RUNS_THE_FIRST, released.run("status").out)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: released.run("destroy", name), ("dev", "prod")))
    for account in (DEV, PROD):
        assert released.client("sagemaker", account).list_models()["Models"] == []
        # The provider takes an endpoint for gone that is being deleted.
        wait(partial(released.serves_nothing, account))
        assert released.client("cloudwatch", account).describe_alarms()["MetricAlarms"] == []
