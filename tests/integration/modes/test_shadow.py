"""Shadow variants on a real twin: they get copies, and clients never hear of them."""

from functools import partial

import pytest
from botocore.exceptions import ClientError
from tests.integration.modes.endpoints import metric
from tests.integration.runtime.conftest import ask, log_lines, settled, wait


def variant(name, model, weight=1, instances=1):
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialVariantWeight": weight,
        "InitialInstanceCount": instances,
        "InstanceType": "ml.m5.large",
    }


@pytest.fixture
def configured(twin, unique):
    """Make a configuration with these variants; return its name."""

    def make(production, shadows, **more):
        name = unique("shadowed")
        twin.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=production, ShadowProductionVariants=shadows, **more
        )
        return name

    return make


def copies(twin, name, until):
    return metric(
        twin, "Invocations", "Sum", until=lambda sum_: sum_ >= until, EndpointName=name, VariantName="candidate"
    )[0]


def test_a_share_of_the_requests_is_copied_and_its_answers_are_dropped(twin, endpoint, configured, model, bucket):
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/shadowed",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    production, candidate = variant("main", model("a"), 2), variant("candidate", model("b"), 1)
    described = endpoint(configured([production], [candidate], DataCaptureConfig=capture))
    name = described["EndpointName"]
    (shown,) = described["ShadowProductionVariants"]
    assert (shown["VariantName"], shown["CurrentWeight"], shown["CurrentInstanceCount"]) == ("candidate", 1.0, 1)
    assert [main["VariantName"] for main in described["ProductionVariants"]] == ["main"]
    for _ in range(20):
        answer, details = ask(twin, name)
        assert (answer, details["InvokedProductionVariant"]) == ("a:1:text/csv", "main")
    assert copies(twin, name, 10) == 10
    with pytest.raises(ClientError, match="Variant candidate not found"):
        ask(twin, name, TargetVariant="candidate")
    s3 = twin.client("s3")
    wait(
        partial(s3.list_objects_v2, Bucket=bucket, Prefix=f"shadowed/{name}/"),
        lambda found: {key["Key"].split("/")[2] for key in found.get("Contents", [])} == {"main", "candidate"},
    )


@pytest.mark.parametrize("mode", ["broken", "mortal", "slow"])
def test_a_shadow_that_fails_or_is_slow_is_not_felt(twin, endpoint, configured, model, mode):
    name = endpoint(configured([variant("main", model())], [variant("candidate", model("b", mode=mode))]))[
        "EndpointName"
    ]
    assert {ask(twin, name, str(number))[0] for number in range(30)} == {f"a:{number}:text/csv" for number in range(30)}
    assert copies(twin, name, 1) >= 1
    if mode == "broken":
        errors = partial(metric, twin, "Invocation5XXErrors", "Sum", EndpointName=name)
        assert errors(until=bool, VariantName="candidate")[0] >= 1
        assert errors(VariantName="main")[0] == 0


def test_a_shadow_comes_with_an_update_is_weighted_and_goes_with_another(twin, endpoint, config, configured, model):
    main, sagemaker = model(), twin.client("sagemaker")
    name = endpoint(config(main=(main, 1, 1)))["EndpointName"]
    shadowed = configured([variant("main", main)], [variant("candidate", model("b"), 0)])
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=shadowed)
    assert settled(twin, name)["ShadowProductionVariants"][0]["CurrentInstanceCount"] == 1
    ask(twin, name)
    wanted = [{"VariantName": "candidate", "DesiredWeight": 1, "DesiredInstanceCount": 2}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
    (shown,) = settled(twin, name)["ShadowProductionVariants"]
    assert (shown["CurrentWeight"], shown["CurrentInstanceCount"]) == (1.0, 2)
    for _ in range(3):
        ask(twin, name)
    assert copies(twin, name, 3) == 3
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config(main=(main, 1, 1)))
    assert "ShadowProductionVariants" not in settled(twin, name)


def test_a_shadow_that_does_not_come_up_fails_the_endpoint(twin, endpoint, configured, model):
    described = endpoint(configured([variant("main", model())], [variant("candidate", model(mode="dies"))]))
    assert described["EndpointStatus"] == "Failed"
    assert "variant candidate" in described["FailureReason"]
    assert "it dies" in log_lines(twin, f"/aws/sagemaker/Endpoints/{described['EndpointName']}", "candidate/")


def test_one_production_variant_has_one_shadow(configured, model):
    uses = model()
    with pytest.raises(ClientError, match="has 2 and 1"):
        configured([variant("a", uses), variant("b", uses)], [variant("c", uses)])
