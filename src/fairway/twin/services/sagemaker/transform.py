"""Transform jobs: checked and stored here, run by the engine."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime.support import refusal, unsupported_model
from fairway.twin.runtime.transform import TransformEngine
from fairway.twin.runtime.transform_rules import violations
from fairway.twin.services.sagemaker.jobs import MISSING, TAKEN, declare_job
from fairway.twin.services.sagemaker.models import MODEL
from fairway.twin.services.sagemaker.resources import Kind, create

TRANSFORM_JOB = Kind(
    "TransformJob",
    "transform-job",
    missing=MISSING,
    taken_code="ResourceInUse",
    taken=TAKEN,
    status="TransformJobStatus",
)


def _conditions(call: Call) -> Mapping[str, Any]:
    """Return the condition keys that AWS documents for the action."""
    given = {
        "sagemaker:modelarn": call.arn(f"model/{call.params['ModelName'].lower()}"),
        "sagemaker:instancetypes": [call.params["TransformResources"]["InstanceType"]],
        "sagemaker:outputkmskey": call.params["TransformOutput"].get("KmsKeyId"),
        "sagemaker:volumekmskey": call.params["TransformResources"].get("VolumeKmsKeyId"),
    }
    return {name: value for name, value in given.items() if value}


@operation("sagemaker", "CreateTransformJob", resource=TRANSFORM_JOB.named, conditions=_conditions)
def create_transform_job(call: Call) -> Mapping[str, Any]:
    """Store and start a transform job of a model that exists; it acts as the model's role."""
    model = MODEL.find(call, call.params["ModelName"])
    what = unsupported_model(model.attributes)
    if what is not None:
        raise refusal(what)
    broken = list(violations(call.params))
    if broken:
        raise ValidationError(" ".join(broken))
    # What SageMaker describes of a job that was asked for without it.
    completed = {
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **call.params["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", "KmsKeyId": "", **call.params["TransformOutput"]},
        "DataProcessing": {
            "InputFilter": "$",
            "OutputFilter": "$",
            "JoinSource": "None",
            **call.params.get("DataProcessing", {}),
        },
    }
    job = create(call, TRANSFORM_JOB, TransformJobStatus="InProgress", **completed)
    call.twin.engine(TransformEngine).start(job)
    return {"TransformJobArn": job.arn}


declare_job(TRANSFORM_JOB, TransformEngine)
