"""Asynchronous endpoints on a real twin: a queue, workers with the model's role, S3 in and out, and scaling to zero."""

import base64
import json
import time

import pytest
from botocore.exceptions import ClientError
from tests.integration.modes.endpoints import metric
from tests.integration.runtime.conftest import ask, gone, log_lines, settled, statements, update, wait

SCOPE = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


class Place:
    """Where an asynchronous endpoint reads and writes, and who is told."""

    def __init__(self, twin, bucket, name):
        self.s3, self.bucket, self.name = twin.client("s3"), bucket, name
        self._sqs, sns = twin.client("sqs"), twin.client("sns")
        self.topics, self._queues = {}, {}
        for kind in ("Success", "Error"):
            topic = sns.create_topic(Name=f"{name}-{kind}")["TopicArn"]
            url = self._sqs.create_queue(QueueName=f"{name}-{kind}")["QueueUrl"]
            arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
            only = {"Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed | only]})
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
            self.topics[f"{kind}Topic"], self._queues[kind] = topic, url

    def config(self, **client):
        """The AsyncInferenceConfig."""
        return {
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2, **client},
            "OutputConfig": {
                "S3OutputPath": f"s3://{self.bucket}/{self.name}/out",
                "S3FailurePath": f"s3://{self.bucket}/{self.name}/failed/",
                "NotificationConfig": {
                    **self.topics,
                    "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"],
                },
            },
        }

    def put(self, text):
        key = f"{self.name}/in/{time.monotonic_ns()}.csv"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return f"s3://{self.bucket}/{key}"

    def read(self, uri, seconds=20):
        """What lies there, once it does."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
            except self.s3.exceptions.NoSuchKey:
                assert time.monotonic() < deadline, uri
                time.sleep(0.05)

    def told(self, kind):
        """The next message to a topic."""
        [message] = self._sqs.receive_message(QueueUrl=self._queues[kind], WaitTimeSeconds=10)["Messages"]
        self._sqs.delete_message(QueueUrl=self._queues[kind], ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])


@pytest.fixture
def place(twin, bucket, unique):
    return Place(twin, bucket, unique("async"))


@pytest.fixture
def async_config(  # noqa: PLR0917 -- fixtures
    config, model, role, bucket, repository, place
):
    """Make a configuration of an asynchronous endpoint, whose model's role may publish; return its name."""

    def make(answer="a", *, environment=None, client=None, **variant):
        publish = {"Action": "sns:Publish", "Resource": list(place.topics.values())}
        arn = role("sagemaker.amazonaws.com", *statements(bucket, repository), publish)
        more = {"AsyncInferenceConfig": place.config(**(client or {}))}
        return config(model(answer, role=arn, environment=environment), more=more, **variant)

    return make


@pytest.fixture
def name(endpoint, async_config):
    return endpoint(async_config())["EndpointName"]


@pytest.fixture
def send(twin, place):
    runtime = twin.client("sagemaker-runtime")

    def invoke(name, text="1,2", **members):
        return runtime.invoke_endpoint_async(EndpointName=name, InputLocation=place.put(text), **members)

    return invoke


def scale(twin, name, count):
    """Give the endpoint another number of instances, and wait until it has it."""
    twin.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": count}]
    )
    described = settled(twin, name)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == count


def test_an_answer_goes_to_s3_and_to_the_topic(twin, name, place, send):
    described = twin.client("sagemaker").describe_endpoint(EndpointName=name)
    assert described["AsyncInferenceConfig"] == place.config()
    taken = send(name, ContentType="text/csv", Accept="text/csv", CustomAttributes="trace=1", InferenceId="id-1")
    assert taken["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (taken["InferenceId"], taken["OutputLocation"], taken["FailureLocation"]) == (
        "id-1",
        f"s3://{place.bucket}/{place.name}/out/id-1.out",
        f"s3://{place.bucket}/{place.name}/failed/id-1-error.out",
    )
    assert place.read(taken["OutputLocation"]) == "a:1,2"
    told = place.told("Success")
    assert told.pop("eventTime") > told.pop("receivedTime")
    source = told["requestParameters"].pop("inputLocation")
    assert source.startswith(f"s3://{place.bucket}/{place.name}/in/")
    assert told == {
        "awsRegion": "us-east-1",
        "invocationStatus": "Completed",
        "requestParameters": {
            "contentType": "text/csv",
            "accept": "text/csv",
            "customAttributes": "trace=1",
            "endpointName": name,
        },
        "responseParameters": {"contentType": "text/csv", "outputLocation": taken["OutputLocation"]},
        "responseBody": {"content": base64.b64encode(b"a:1,2").decode(), "encoding": "BASE64"},
        "inferenceId": "id-1",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    headers = json.loads(place.read(send(name, "headers", ContentType="text/csv")["OutputLocation"]))
    assert (headers["content-type"], headers["accept"]) == ("text/csv", "*/*")
    assert len(headers["x-amzn-sagemaker-inference-id"]) == 36
    of = {"EndpointName": name, "VariantName": "main"}
    metric(twin, "InvocationsProcessed", "Sum", until=lambda value: value == 2, **of)
    assert metric(twin, "ModelLatency", "SampleCount", **of) == (2.0, "Microseconds")
    assert metric(twin, "TimeInBacklog", "Maximum", **of)[1] == "Microseconds"


def test_a_request_may_hold_its_input_and_name_its_output(twin, name, place):
    runtime = twin.client("sagemaker-runtime")
    named = {"S3OutputPathExtension": "of/today/", "Filename": "one.csv"}
    taken = runtime.invoke_endpoint_async(EndpointName=name, Body=b"3", ContentType="text/csv", **named)
    assert taken["OutputLocation"] == f"s3://{place.bucket}/{place.name}/out/of/today/one.csv"
    assert place.read(taken["OutputLocation"]) == "a:3"
    with pytest.raises(ClientError, match="Provide exactly one of Body and InputLocation"):
        runtime.invoke_endpoint_async(EndpointName=name)


def test_a_refused_request_goes_to_the_failures(twin, name, place, send):
    taken = send(name, "refuse")
    assert place.read(taken["FailureLocation"]) == "row 1: nothing of this is a number"
    told = place.told("Error")
    assert told["invocationStatus"] == "Failed"
    assert told["failureReason"].startswith("ClientError: Received client error (400) from model. See the SageMaker")
    assert told["responseParameters"]["failureLocation"] == taken["FailureLocation"]
    group = f"/aws/sagemaker/Endpoints/{name}"
    found = wait(
        lambda: {"lines": [line for line in log_lines(twin, group, "main/") if "[sagemaker logs]" in line]},
        lambda answer: answer["lines"],
    )
    said = f'[{taken["InferenceId"]}] Received client error (400) from primary with message "row 1: '
    assert said in found["lines"][0]
    missing = twin.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=name, InputLocation=f"s3://{place.bucket}/nothing-here"
    )
    assert "Failed to download the request" in place.read(missing["FailureLocation"])
    of = {"EndpointName": name, "VariantName": "main"}
    metric(twin, "InvocationFailures", "Sum", until=lambda value: value == 2, **of)
    metric(twin, "RequestDownloadFailures", "Sum", until=lambda value: value == 1, **of)


def test_too_long_is_expired(name, place, send):
    taken = send(name, "sleep:5", InvocationTimeoutSeconds=1)
    place.read(taken["FailureLocation"])
    assert place.told("Error")["invocationStatus"] == "Expired"


def test_requests_wait_at_zero_instances_until_they_expire_or_one_comes(twin, name, place, send):
    scale(twin, name, 0)
    short = send(name, "4", RequestTTLSeconds=60)  # a second of the twin's
    taken = [send(name, str(number)) for number in range(3)]
    assert place.told("Error")["invocationStatus"] == "Expired"
    place.read(short["FailureLocation"])
    of = {"EndpointName": name}
    metric(twin, "HasBacklogWithoutCapacity", "Maximum", until=lambda value: value == 1, **of)
    metric(twin, "ApproximateBacklogSize", "Maximum", until=lambda value: value >= 3, **of)
    assert metric(twin, "ApproximateAgeOfOldestRequest", "Maximum", **of)[1] == "Seconds"
    scale(twin, name, 1)
    assert [place.read(one["OutputLocation"]) for one in taken] == ["a:0", "a:1", "a:2"]


def test_an_instance_gets_no_more_than_its_share_at_a_time(name, place, send):
    taken = [send(name, "together:0.3") for _ in range(6)]
    assert max(int(place.read(one["OutputLocation"])) for one in taken) == 2


def test_nothing_is_lost_when_an_instance_dies_or_the_endpoint_is_updated(  # noqa: PLR0917 -- fixtures
    twin, endpoint, async_config, place, send, tmp_path
):
    environment = {"MARK": str(tmp_path / "died")}
    name = endpoint(async_config(environment=environment))["EndpointName"]
    slow = [send(name, "sleep:1") for _ in range(2)]
    taken = [send(name, "die-once"), *(send(name, str(number)) for number in range(10))]
    assert update(twin, name, async_config("b", environment=environment))["EndpointStatus"] == "InService"
    answers = [place.read(one["OutputLocation"]) for one in taken]
    assert {answer[0] for answer in answers} <= {"a", "b"}
    assert [answer[1:] for answer in answers] == [":die-once", *(f":{number}" for number in range(10))]
    assert all(place.read(one["OutputLocation"]) for one in slow)
    assert place.read(send(name, "1")["OutputLocation"]) == "b:1"


def test_a_request_that_ends_its_instances_fails(name, place, send):
    taken = send(name, "die")
    assert "closed the connection" in place.read(taken["FailureLocation"])


def test_each_kind_of_endpoint_has_its_own_invocation(  # noqa: PLR0917 -- fixtures
    twin, name, endpoint, config, model, send
):
    with pytest.raises(ClientError, match=r"ValidationError.*takes asynchronous requests only"):
        ask(twin, name)
    real_time = config(model())
    with pytest.raises(ClientError, match=r"ValidationError.*is not enabled for asynchronous inference"):
        send(endpoint(real_time)["EndpointName"])
    with pytest.raises(ClientError, match="does not have updates of asynchronous endpoints to real-time"):
        twin.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=real_time)


def test_only_its_own_action_permits_it(twin, name, place, as_role):
    def invoke(action):
        allowed = as_role({"Action": action, "Resource": f"arn:aws:sagemaker:*:*:endpoint/{name}"})
        runtime = twin.client("sagemaker-runtime", allowed)
        return runtime.invoke_endpoint_async(EndpointName=name, InputLocation=place.put("5"))

    assert place.read(invoke("sagemaker:InvokeEndpointAsync")["OutputLocation"]) == "a:5"
    with pytest.raises(ClientError, match=r"sagemaker:InvokeEndpointAsync on resource: arn:.*endpoint/"):
        invoke("sagemaker:InvokeEndpoint")


def test_it_is_scaled_to_zero_and_back_by_its_backlog(twin, name, place, send):
    scaling, cloudwatch = twin.client("application-autoscaling"), twin.client("cloudwatch")
    target = {**SCOPE, "ResourceId": f"endpoint/{name}/variant/main"}
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=2)
    scaling.put_scheduled_action(
        **target, ScheduledActionName="night", Schedule="cron(0 20 * * ? *)", ScalableTargetAction={"MinCapacity": 0}
    )
    policies = {}
    for policy, adjustment, capacity in (("in", "ExactCapacity", 0), ("out", "ChangeInCapacity", 1)):
        step = {"ScalingAdjustment": capacity}
        bound = {"MetricIntervalLowerBound": 0} if capacity else {"MetricIntervalUpperBound": 0}
        policies[policy] = scaling.put_scaling_policy(
            **target,
            PolicyName=policy,
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={
                "AdjustmentType": adjustment,
                "Cooldown": 60,
                "StepAdjustments": [step | bound],
            },
        )["PolicyARN"]
    for policy, measured, comparison, threshold in (
        ("in", "ApproximateBacklogSize", "LessThanOrEqualToThreshold", 0),
        ("out", "HasBacklogWithoutCapacity", "GreaterThanOrEqualToThreshold", 1),
    ):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{name}-{policy}",
            Namespace="AWS/SageMaker",
            MetricName=measured,
            Dimensions=[{"Name": "EndpointName", "Value": name}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator=comparison,
            TreatMissingData="missing",
            AlarmActions=[policies[policy]],
        )
    counts(twin, name, 0)
    taken = send(name, "6")
    assert place.read(taken["OutputLocation"]) == "a:6"
    counts(twin, name, 0)


def counts(twin, name, number):
    """Wait until the endpoint is in service by so many instances."""

    def described():
        return twin.client("sagemaker").describe_endpoint(EndpointName=name)

    def reached(answer):
        return (answer["EndpointStatus"], answer["ProductionVariants"][0]["CurrentInstanceCount"]) == (
            "InService",
            number,
        )

    return wait(described, reached, 60)


def test_zero_instances_are_for_asynchronous_endpoints_only(twin, endpoint, config, model):
    name = endpoint(config(model()))["EndpointName"]
    with pytest.raises(ClientError, match="Only variants of asynchronous endpoints can be without an instance"):
        scale(twin, name, 0)


def test_with_the_endpoint_goes_its_queue(twin, async_config, send, unique):
    sagemaker, name = twin.client("sagemaker"), unique("gone")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=async_config())
    settled(twin, name)
    scale(twin, name, 0)
    send(name)
    sagemaker.delete_endpoint(EndpointName=name)
    gone(twin, name)
    with pytest.raises(ClientError, match="not found"):
        send(name)


def test_the_output_is_encrypted_with_the_key(  # noqa: PLR0917 -- fixtures
    twin, endpoint, config, model, role, bucket, repository, place, send
):
    key = twin.client("kms").create_key()["KeyMetadata"]["Arn"]
    settings = place.config()
    settings["OutputConfig"]["KmsKeyId"] = key
    arn = role("sagemaker.amazonaws.com", *statements(bucket, repository), {"Action": "kms:*", "Resource": key})
    name = endpoint(config(model(role=arn), more={"AsyncInferenceConfig": settings}))["EndpointName"]
    taken = send(name, "7")
    assert place.read(taken["OutputLocation"]) == "a:7"
    found = twin.client("s3").head_object(Bucket=place.bucket, Key=taken["OutputLocation"].split("/", 3)[3])
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
    # The role may not publish: the answer is there all the same, and a metric counts what nobody was told.
    of = {"EndpointName": name, "VariantName": "main"}
    metric(twin, "NotificationFailures", "Sum", until=lambda value: value == 1, **of)
