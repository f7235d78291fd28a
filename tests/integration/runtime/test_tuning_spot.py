"""A search on spot instances, on a real twin whose minutes are seconds."""

from functools import partial

from tests.integration.runtime.conftest import wait
from tests.integration.runtime.searches import asked, children, ended, image, objective
from tests.integration.runtime.test_training_hosts import interrupt, spot, twin

__all__ = ["asked", "image", "twin"]


def test_trainings_of_a_search_go_on_after_their_spot_instances_were_taken_away(twin, asked, bucket, unique):
    place = f"checkpoints/{unique('of')}"
    request = asked(
        jobs=2, static={"interrupted": "once"}, CheckpointConfig={"S3Uri": f"s3://{bucket}/{place}"}, **spot()
    )
    twin.client("sagemaker").create_hyper_parameter_tuning_job(**request)
    begun = partial(twin.client("s3").list_objects_v2, Bucket=bucket, Prefix=f"{place}/")
    for mark in wait(begun, lambda answer: answer["KeyCount"] == 2)["Contents"]:
        interrupt(twin, mark["Key"].rpartition("/")[2])
    job = ended(twin, request["HyperParameterTuningJobName"])
    assert job["TrainingJobStatusCounters"]["Completed"] == 2, job
    found = children(twin, job)
    assert objective(job["BestTrainingJob"]) == min(objective(told) for told in found)
    for told in found:
        child = twin.client("sagemaker").describe_training_job(TrainingJobName=told["TrainingJobName"])
        assert "Interrupted" in [step["Status"] for step in child["SecondaryStatusTransitions"]]
