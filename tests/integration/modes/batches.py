"""Transform jobs of a hand-made model, and what becomes of them."""

from functools import partial

import pytest
from tests.integration.modes.batch_model import FILES
from tests.integration.runtime.conftest import DONE, log_lines, wait
from tests.integration.runtime.hand_made import layer, push

GROUP = "/aws/sagemaker/TransformJobs"
LINES = {"ContentType": "text/csv", "SplitType": "Line"}
OUT = {"Accept": "text/csv", "AssembleWith": "Line"}


@pytest.fixture(scope="module")
def image(twin, repository):
    return push(twin, repository, layer(FILES))


class Batch:
    """Transform jobs, and what becomes of them."""

    def __init__(self, twin, bucket, model, unique):
        self._twin, self._bucket, self._model, self._unique = twin, bucket, model, unique
        self._sagemaker = twin.client("sagemaker")

    def objects(self, contents):
        """Put objects below a new prefix; return the prefix."""
        prefix = self._unique("in")
        for name, content in contents.items():
            self._twin.client("s3").put_object(Bucket=self._bucket, Key=f"{prefix}/{name}", Body=content)
        return prefix

    def start(self, prefix, *, uses=None, source=None, output=None, kind="S3Prefix", instances=1, **more):
        """Create a job of the objects below a prefix; return its name."""
        name = self._unique("batch")
        self._sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=uses or self._model(),
            TransformInput={
                "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": f"s3://{self._bucket}/{prefix}"}},
                **(LINES if source is None else source),
            },
            TransformOutput={"S3OutputPath": f"s3://{self._bucket}/out/{name}", **(OUT if output is None else output)},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": instances},
            **more,
        )
        return name

    def describe(self, name):
        return self._sagemaker.describe_transform_job(TransformJobName=name)

    def ended(self, name):
        return wait(partial(self.describe, name), lambda job: job["TransformJobStatus"] in DONE)

    def of(self, contents, **members):
        """Run a job of these objects to its end; return its description."""
        return self.ended(self.start(self.objects(contents), **members))

    def written(self, job):
        """Return all that a job has written, by its name below the job's prefix."""
        s3, prefix = self._twin.client("s3"), f"out/{job['TransformJobName']}/"
        found = s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix).get("Contents", [])
        keys = [item["Key"] for item in found]
        return {key.removeprefix(prefix): s3.get_object(Bucket=self._bucket, Key=key)["Body"].read() for key in keys}

    def lines(self, name):
        return log_lines(self._twin, GROUP, f"{name}/i-")

    def asked(self, name):
        return [line for line in self.lines(name) if line.startswith("asked")]


@pytest.fixture
def batch(twin, bucket, model, unique):
    return Batch(twin, bucket, model, unique)
