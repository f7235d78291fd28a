"""State changes reach EventBridge as SageMaker's events."""

from tests.integration.runtime.conftest import wait


def test_a_training_job_tells_each_of_its_steps(heard, train):
    job = train(HyperParameters={"fails": "no reason"})
    said = wait(
        lambda: {"events": heard(job["TrainingJobArn"])},
        lambda found: any(event["detail"]["TrainingJobStatus"] == "Failed" for event in found["events"]),
    )["events"]
    assert {event["detail-type"] for event in said} == {"SageMaker Training Job State Change"}
    assert {"Starting", "Downloading", "Training", "Failed"} <= {event["detail"]["SecondaryStatus"] for event in said}
    last = next(event["detail"] for event in said if event["detail"]["TrainingJobStatus"] == "Failed")
    assert last["FailureReason"] == "AlgorithmError: no reason, exit code: 3"
    assert last["CreationTime"] == int(job["CreationTime"].timestamp() * 1000)


def test_an_endpoint_tells_its_statuses(heard, endpoint, config, model):
    described = endpoint(config(main=(model(), 1, 1)))
    said = wait(
        lambda: {"events": heard(described["EndpointArn"])},
        lambda found: any(event["detail"]["EndpointStatus"] == "IN_SERVICE" for event in found["events"]),
    )["events"]
    assert {event["detail-type"] for event in said} == {"SageMaker Endpoint State Change"}
    assert {event["detail"]["EndpointStatus"] for event in said} == {"CREATING", "IN_SERVICE"}
