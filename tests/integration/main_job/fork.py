"""A fork's life: another name, another account, another model; interrupted, deployed, updated, destroyed."""

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.main_job.checkout import (
    ROOT,
    Checkout,
    Result,
    commit,
    ended,
    interrupt,
    make_checkout,
    wait_until,
)

WINE = ROOT / "tests/fixtures/wine"
ACCOUNT, OTHER_ACCOUNT = "222222222222", "333333333333"
DEMO = ("demo", "--first-only")
MAIN = "terraform/environments/dev/main.tf"
THRESHOLDS = "thresholds = { accuracy = { min = 0.9 } }"
CHAMPION = 'champion = { metric = "accuracy", goal = "maximize" }'


@dataclass
class Fork:
    """What was seen, step by step."""

    checkout: Checkout
    results: dict[str, Result] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)


def live(root: Path, port: int) -> Fork:
    """Go through it all; the tests look at what was noted."""
    fork = Fork(become_wine(make_checkout(root, port)))
    try:
        rehearse(fork)
        update(fork)
        destroy(fork)
    finally:
        fork.results["down"] = fork.checkout.fairway("down")
    return fork


def become_wine(checkout: Checkout) -> Checkout:
    """Do what src/model/README.md says: the model, what its image holds, the gate's metrics, the names."""
    root = checkout.root
    shutil.rmtree(root / "src/model")
    shutil.copytree(WINE / "model", root / "src/model")
    for name in ("serving.in", "serving.txt"):
        shutil.copy2(WINE / "requirements" / name, root / "requirements" / name)
    text = (root / MAIN).read_text()
    text, thresholds = re.subn(r"thresholds\s*= \{.*\}", THRESHOLDS, text)
    text, champions = re.subn(r"champion\s*= \{.*\}", CHAMPION, text)
    assert (thresholds, champions) == (1, 1)
    (root / MAIN).write_text(text)
    told = checkout.fairway(
        "init", "--project", "wine", "--region", "us-east-1", "--repository", "example/wine", "--account", ACCOUNT
    )
    assert told.code == 0, told.err
    commit(checkout)
    return Checkout(root, checkout.port, ACCOUNT)


def rehearse(fork: Fork) -> None:
    checkout, results, seen = fork.checkout, fork.results, fork.seen
    states, sagemaker = checkout.client("stepfunctions"), checkout.client("sagemaker")

    started = checkout.start("up")
    results["up"] = Result(started.wait(), *started.communicate())
    demo = checkout.start(*DEMO)
    wait_until(lambda: "delivery/terraform.tfstate.tflock" in checkout.locks() and buckets(checkout), demo)
    results["interrupted in an apply"] = interrupt(demo)
    seen["locks after it"] = checkout.locks()

    demo = checkout.start(*DEMO)
    wait_until(lambda: executions(states, "RUNNING"), demo)  # dev is provisioned, and has no release yet
    seen["endpoints without a release"] = sagemaker.list_endpoints()["Endpoints"]
    results["invoked without a release"] = checkout.copy.fairway("invoke", "dev")
    results["demo"] = ended(demo)
    assert results["demo"].code == 0, results["demo"].err
    results["invoke"] = checkout.copy.fairway("invoke", "dev")
    seen["status"] = git_status(checkout)
    seen["types"] = {root: types_in_state(checkout, root) for root in ("bootstrap", "delivery", "environments/dev")}


def update(fork: Fork) -> None:
    """Add an account that reads, a tag on everything of dev, a longer limit: then look whether that was all."""
    copy, results = fork.checkout.copy, fork.results
    project = json.loads((copy.root / "project.json").read_text())
    project["accounts"]["audit"] = OTHER_ACCOUNT
    (copy.root / "project.json").write_text(json.dumps(project))
    for name in (MAIN, "terraform/delivery/main.tf"):
        text = (copy.root / name).read_text()
        text, tags = re.subn(r"(tags = \{ project = .*) \}", r'\1, owner = "cellar" }', text)
        assert tags == 1
        (copy.root / name).write_text(text.replace('approval = "automatic"', 'approval = "manual"'))
    for root in ("delivery", "dev"):
        results[f"{root}'s update"] = copy.fairway("apply", root)
        results[f"plan after {root}'s update"] = copy.fairway("plan", root)
    results["a manual training"] = copy.fairway("train", "dev")
    waiting = json.loads("{" + results["a manual training"].out.partition("{")[2])["model_package_arn"]
    results["a release of what waits"] = copy.fairway("release", "dev", waiting)


def destroy(fork: Fork) -> None:
    """Destroy dev, look what is left, then what the project shared, with its objects, images and models."""
    copy, results, seen = fork.checkout.copy, fork.results, fork.seen
    seen["of dev before"] = left_of(copy, "wine-dev")
    results["destroy dev"] = copy.fairway("destroy", "dev")
    seen["of dev after"] = left_of(copy, "wine-dev")
    seen["types after"] = types_in_state(copy, "environments/dev")
    seen["shared objects"] = len(copy.client("s3").list_objects_v2(Bucket=buckets(copy)[0])["Contents"])
    results["destroy delivery"] = copy.fairway("destroy", "delivery")
    seen["shared after"] = buckets(copy)


def machine() -> str:
    return f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:wine-dev-training"


def executions(states: Any, status: str) -> list[Any]:
    if not states.list_state_machines()["stateMachines"]:
        return []
    return list(states.list_executions(stateMachineArn=machine(), statusFilter=status)["executions"])


def buckets(checkout: Checkout) -> list[str]:
    listed = checkout.client("s3").list_buckets()["Buckets"]
    return [each["Name"] for each in listed if each["Name"].startswith("wine-artifacts-")]


def git_status(checkout: Checkout) -> str:
    return checkout.git("status", "--porcelain")


def types_in_state(checkout: Checkout, root: str) -> set[str]:
    """Return the types of the resources that a root's state, in its bucket, holds."""
    body = checkout.client("s3").get_object(
        Bucket=f"wine-tfstate-{ACCOUNT}-us-east-1", Key=f"{root}/terraform.tfstate"
    )["Body"]
    return {each["type"] for each in json.load(body)["resources"] if each["mode"] == "managed"}


def left_of(checkout: Checkout, prefix: str) -> dict[str, list[str]]:
    """Return the names of what begins with a prefix, or belongs to it, by kind; asked of each service itself."""
    sagemaker, kms = checkout.client("sagemaker"), checkout.client("kms")
    aliases = [each["AliasName"] for each in kms.list_aliases()["Aliases"]]
    enabled = [
        key
        for key in (kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"])
        if key["KeyState"] == "Enabled"
    ]
    names = {
        "endpoints": [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]],
        "configurations": [each["EndpointConfigName"] for each in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "models": [each["ModelName"] for each in sagemaker.list_models()["Models"]],
        "machines": [each["name"] for each in checkout.client("stepfunctions").list_state_machines()["stateMachines"]],
        "roles": [each["RoleName"] for each in checkout.client("iam").list_roles()["Roles"]],
        "aliases": [name.removeprefix("alias/") for name in aliases],
        "log groups": [
            each["logGroupName"].rpartition("/")[2]
            for each in checkout.client("logs").describe_log_groups()["logGroups"]
        ],
        "keys": [key["Description"].rpartition(" ")[2] for key in enabled],
    }
    return {kind: sorted(name for name in found if name.startswith(prefix)) for kind, found in names.items()}
