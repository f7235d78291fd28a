"""An environment that searches hyperparameters: Terraform declares it, the workflow does it, the best is registered."""

import json
import re
import tarfile
from io import BytesIO

import pytest
from tests.integration.main_job.checkout import INTERRUPTED, interrupt, wait_until

pytestmark = pytest.mark.long
# Real months: 2 of 3 trainings at a time, and a seed whose best passes the gate.
TUNING = "jobs = { training = { tuning = { max_jobs = 3, max_parallel_jobs = 2, seed = 7 } } }"
ENVIRONMENT, DECLARED = "terraform/environments/dev/main.tf", r"(  training = \{\n)"


@pytest.fixture(scope="module")
def searching(copy):
    """The rehearsal's dev, which searches while the tests of this file last."""
    with copy.edited(ENVIRONMENT, DECLARED, rf"\1    {TUNING}\n"):
        applied = copy.fairway("apply", "dev")
        assert applied.code == 0, applied.err
        yield copy
    assert copy.fairway("apply", "dev").code == 0


@pytest.fixture(scope="module")
def trained(searching):
    """What `make train` printed, and the tuning job that it ran."""
    result = searching.fairway("train", "dev")
    assert result.code == 0, result.out + result.err
    return result, newest_search(searching)


def newest_search(copy):
    sagemaker = copy.client("sagemaker")
    listed = sagemaker.list_hyper_parameter_tuning_jobs(SortBy="CreationTime", SortOrder="Descending")
    name = listed["HyperParameterTuningJobSummaries"][0]["HyperParameterTuningJobName"]
    return sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def trainings_of(copy, search):
    listed = copy.client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job
    return listed(HyperParameterTuningJobName=search["HyperParameterTuningJobName"])["TrainingJobSummaries"]


def test_the_environment_has_what_it_declares(searching):
    plan = searching.fairway("plan", "dev")
    assert "No changes." in plan.out, plan.out


def test_the_search_is_the_one_that_was_declared(searching, trained):
    search = trained[1]
    assert search["HyperParameterTuningJobStatus"] == "Completed"
    config = search["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2}
    assert (config["Strategy"], config["RandomSeed"]) == ("Random", 7)
    assert search["TrainingJobStatusCounters"]["Completed"] == len(trainings_of(searching, search)) == 3


def test_the_best_of_the_search_is_registered_with_its_hyperparameters(searching, trained):
    sagemaker, search = searching.client("sagemaker"), trained[1]
    best = search["BestTrainingJob"]
    values = [told["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for told in trainings_of(searching, search)]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(values)
    newest = sagemaker.list_model_packages(ModelPackageGroupName="flights")["ModelPackageSummaryList"][0]
    package = sagemaker.describe_model_package(ModelPackageName=newest["ModelPackageArn"])
    url = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert url.endswith(f"/model/{best['TrainingJobName']}/output/model.tar.gz")
    bucket, _, key = url.removeprefix("s3://").partition("/")
    archive = searching.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        lineage = tar.extractfile("lineage.json")
        assert lineage is not None
        assert json.load(lineage)["hyperparameters"] == best["TunedHyperParameters"]
    evaluation = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    bucket, _, key = evaluation.removeprefix("s3://").partition("/")
    told = json.loads(searching.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert told["lineage"]["hyperparameters"] == best["TunedHyperParameters"]
    assert package["CustomerMetadataProperties"]["model_data_sha256"] == told["model_data_sha256"]


def test_the_workflow_may_do_what_it_does_and_nothing_more(searching, trained):
    del trained
    audit = searching.fairway("audit")
    assert "training-workflow was denied" not in audit.out
    assert not re.search(r"training-workflow never used .* of orchestrate/Search", audit.out), audit.out
    assert "sagemaker:CreateHyperParameterTuningJob" in audit.out, "it is in the table of what was used"


def test_ctrl_c_ends_the_search_with_all_that_trains(searching, trained):
    before = trained[1]["HyperParameterTuningJobName"]
    train = searching.start("train", "dev")
    wait_until(lambda: newest_search(searching)["HyperParameterTuningJobName"] != before, train)
    wait_until(lambda: trainings_of(searching, newest_search(searching)), train)
    result = interrupt(train)
    assert result.code == 130
    assert result.err.endswith(INTERRUPTED)
    wait_until(lambda: newest_search(searching)["HyperParameterTuningJobStatus"] == "Stopped")
    ended = {told["TrainingJobStatus"] for told in trainings_of(searching, newest_search(searching))}
    assert ended <= {"Stopped", "Completed"}
