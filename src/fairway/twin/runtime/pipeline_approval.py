"""Manual approvals: a token, a message to a topic, and a person who decides within a limit of time.

https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html and …/approvals-json-format.html
"""

import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.twin.runtime.failures import sentence
from fairway.twin.runtime.pipeline_failures import ActionFailedError, failure_code

if TYPE_CHECKING:
    from fairway.twin.runtime.pipeline_hands import ActionHands

_CONSOLE = "https://console.aws.amazon.com/codepipeline/home?region="
# A decision wakes the run; this is only how often it looks at the time in between.
_LOOK_SECONDS = 60.0


def run_approval(hands: "ActionHands") -> None:
    """Ask, and wait for the decision."""
    run = hands.run
    run.token = token = str(uuid.uuid4())
    topic = run.configuration.get("NotificationArn")
    if topic:
        _publish(hands, topic, token)
    while run.decision is None:
        hands.pause(_LOOK_SECONDS)
    run.updated_by, run.summary = run.decision.by, run.decision.summary
    if not run.decision.approved:
        reason = run.decision.summary or "no reason was given"
        raise ActionFailedError("Rejected", f"Rejected by {run.decision.by}: {reason}", run.decision.summary)


def _publish(hands: "ActionHands", topic: str, token: str) -> None:
    subject = f"APPROVAL NEEDED: AWS CodePipeline {hands.pipeline.name} for action {hands.run.name}"
    try:
        hands.client("sns").publish(
            TopicArn=topic, Subject=subject[:100], Message=json.dumps(_message(hands, token), indent=4)
        )
    except ClientError as error:
        raise ActionFailedError(
            failure_code(error), f"The approval's message could not be published to {topic}: {sentence(error)}"
        ) from error


def _message(hands: "ActionHands", token: str) -> dict[str, Any]:
    run, name, region = hands.run, hands.pipeline.name, hands.pipeline.region
    view = f"{_CONSOLE}{region}#/view/{name}"
    approval = {
        "pipelineName": name,
        "stageName": run.stage,
        "actionName": run.name,
        "token": token,
        "expires": hands.expires().strftime("%Y-%m-%dT%H:%MZ"),
        "externalEntityLink": run.configuration.get("ExternalEntityLink"),
        "approvalReviewLink": f"{view}/{run.stage}/{run.name}/approve/{token}",
        "customData": run.configuration.get("CustomData"),
    }
    return {
        "region": region,
        "consoleLink": view,
        "approval": {key: value for key, value in approval.items() if value is not None},
    }
