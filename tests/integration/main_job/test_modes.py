"""The same release in every mode, by one word of main.tf: verified by its golden requests, and planned empty after."""

import json
import re

import pytest

MAIN = "terraform/environments/dev/main.tf"
ENDPOINT = r"(?s)  endpoint = \{.*?\n  \}\n"


def apply(copy, settings):
    """Apply with other settings of the endpoint, verify, and return what status and a second plan say."""
    with copy.edited(MAIN, ENDPOINT, f"  endpoint = {{\n    {settings}\n  }}\n".replace("\\", r"\\")):
        applied = copy.fairway("apply", "dev")
        assert applied.code == 0, applied.err
        asked = copy.fairway("invoke", "dev")
        assert asked.code == 0, asked.err
        again = copy.fairway("plan", "dev")
        assert "No changes." in again.out
        return copy.fairway("status").out


@pytest.fixture
def back(copy):
    """Return to what dev was."""
    yield
    again = copy.fairway("apply", "dev")
    assert again.code == 0, again.err


def test_a_data_set_is_transformed_to_the_answers_of_the_endpoint(copy):
    answered = json.loads(copy.fairway("invoke", "dev").out)
    s3 = copy.client("s3")
    bucket = "flights-artifacts-111111111111-us-east-1"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="runs/")["Contents"]
    [*_, newest] = sorted(item["Key"] for item in listed if item["Key"].endswith("/golden.json"))
    golden = json.loads(s3.get_object(Bucket=bucket, Key=newest)["Body"].read())
    asked = copy.root / "build/rows.json"
    asked.write_text(json.dumps(golden["request"]))
    done = copy.fairway("batch", "dev", str(asked))
    assert done.code == 0, done.err
    found = re.search(r"^s3://[^/]+/(\S+)$", done.out, re.MULTILINE)
    assert found
    body = s3.get_object(Bucket=bucket, Key=f"{found[1]}rows.json.out")["Body"].read()
    predictions = [(each["late"], pytest.approx(each["probability"], abs=1e-6)) for each in answered["predictions"]]
    assert [(each["late"], each["probability"]) for each in json.loads(body)["predictions"]] == predictions


def test_what_cannot_be_transformed_is_refused(copy):
    assert "INPUT is not set" in copy.fairway("batch", "dev").err
    assert "there is no such file" in copy.fairway("batch", "dev", "nothing.csv").err
    assert "there is no bucket nobodys" in copy.fairway("batch", "dev", "s3://nobodys/rows.csv").err
    empty = copy.root / "build/empty.csv"
    empty.write_text("")
    assert "it is empty" in copy.fairway("batch", "dev", str(empty)).err


def test_a_challenger_is_another_release_and_one_that_is_registered(copy):
    release = json.loads((copy.root / "terraform/environments/dev/release.json").read_text())["current"]
    same = copy.fairway("challenger", "dev", release["model_package_arn"])
    assert same.code == 1
    assert f"Version {release['version']} is what dev runs: a challenger is another one." in same.err
    missing = copy.fairway("challenger", "dev", f"{release['model_package_arn']}99")
    assert missing.err.endswith("99 does not exist.\n")
    assert not (copy.root / "terraform/environments/dev/challenger.json").exists()


def test_a_record_that_the_model_refuses_is_told_with_its_reason(copy):
    bad = copy.root / "build/bad.csv"
    bad.write_text("one,two\n")
    failed = copy.fairway("batch", "dev", str(bad))
    assert failed.code == 1
    assert "See job logs for more information. The job's log ends with: " in failed.err
    assert "Row 1 has 2 fields" in failed.err


@pytest.mark.long
@pytest.mark.usefixtures("back")
def test_serverless_kept_warm_by_its_use_and_then_in_script_mode(copy):
    warm = (
        "mode = { serverless = { max_concurrency = 4 } }\n"
        "    autoscaling = { min = 1, max = 2, provisioned_utilization = 0.7 }"
    )
    assert "serverless" in apply(copy, warm)
    [target] = copy.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
    pushed = copy.fairway("script-image")
    assert pushed.code == 0, pushed.err
    line = pushed.out.splitlines()[-1].strip()
    release = json.loads((copy.root / "terraform/environments/dev/release.json").read_text())["current"]
    told = apply(copy, f"{warm}\n    {line}")
    version = release["version"]
    assert re.search(rf"│ dev +│ {version} +│ {version} +│", told)
    assert "`image` of version" not in told
    sagemaker = copy.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName="flights-dev")["EndpointConfigName"]
    [variant] = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    assert sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]["Image"] in line


@pytest.mark.long
@pytest.mark.usefixtures("back")
def test_asynchronous_then_in_real_time_with_a_challenger(copy):
    told = apply(copy, "mode = { asynchronous = {} }\n    autoscaling = { min = 0, max = 2, backlog_per_instance = 5 }")
    assert "asynchronous" in told
    release = json.loads((copy.root / "terraform/environments/dev/release.json").read_text())
    pinned = copy.fairway("challenger", "dev", release["previous"]["model_package_arn"])
    assert pinned.code == 0, pinned.err
    try:
        challenger = 'jsondecode(file("${path.root}/challenger.json"))'
        for kind, word in (("ab", "answers"), ("shadow", "shadows")):
            told = apply(
                copy,
                "mode = { real_time = {} }\n    capture = { percent = 100 }\n"
                f"    experiment = {{ {kind} = {{ percent = 25, release = {challenger} }} }}",
            )
            assert f"{word} 25 %" in told
    finally:
        (copy.root / "terraform/environments/dev/challenger.json").unlink()
