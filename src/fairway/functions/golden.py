"""What a release recorded when it was evaluated: its input schema, and requests with the answers it gave."""

import json
from dataclasses import dataclass
from typing import Any

from fairway.functions.schema import Schema


@dataclass(frozen=True)
class Golden:
    """The recorded file of a model package."""

    schema: Schema
    request: Any
    response: Any


def read(package_arn: str, *, sagemaker: Any, s3: Any) -> Golden:
    """Read the file that lies beside the evaluation which the model package names."""
    package = sagemaker.describe_model_package(ModelPackageName=package_arn)
    evaluation = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    bucket, key = evaluation.removeprefix("s3://").split("/", 1)
    answer = s3.get_object(Bucket=bucket, Key=f"{key.rsplit('/', 1)[0]}/golden.json")
    document = json.loads(answer["Body"].read())
    return Golden(
        Schema.parse(document["schema"], document.get("unknown", "refuse")), document["request"], document["response"]
    )
