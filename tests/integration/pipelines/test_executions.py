"""Several executions of one pipeline, and what people ask of them; an approval holds a stage as long as it must."""

import pytest
from botocore.exceptions import ClientError
from tests.integration.pipelines.delivery import approval, stage, wait

APPROVE = stage("Approve", approval())
LAST = stage("Last", approval("done"))


def identities(pipeline):
    return [one["pipelineExecutionId"] for one in pipeline.executions()]


def held(pipeline, execution, stage_name="Approve"):
    """Wait until an execution is in a stage."""
    return wait(
        lambda: pipeline.stage(stage_name).get("latestExecution", {}),
        lambda latest: latest.get("pipelineExecutionId") == execution and latest["status"] == "InProgress",
    )


def waiting(pipeline, stage_name="Approve"):
    return [one["pipelineExecutionId"] for one in pipeline.stage(stage_name).get("inboundExecutions", [])]


def test_an_approved_execution_succeeds(delivery, unique):
    pipeline = delivery.create(unique("approved"), APPROVE)
    [first] = pipeline.executions()
    assert first["trigger"]["triggerType"] == "CreatePipeline"
    token = pipeline.asked()
    pipeline.answer(token, summary="ship it")
    assert pipeline.ended(first["pipelineExecutionId"]) == "Succeeded"
    [shown] = pipeline.stage("Approve")["actionStates"]
    assert shown["latestExecution"]["status"] == "Succeeded"
    assert shown["latestExecution"]["summary"] == "ship it"
    assert shown["latestExecution"]["lastUpdatedBy"] == f"arn:aws:iam::{delivery.twin.account}:root"
    with pytest.raises(ClientError, match="ApprovalAlreadyCompletedException"):
        pipeline.answer(token)
    with pytest.raises(ClientError, match="InvalidApprovalTokenException"):
        pipeline.answer("00000000-0000-0000-0000-000000000000")


def test_a_rejection_fails_and_a_retry_asks_again_of_the_same_commit(delivery, unique):
    pipeline = delivery.create(unique("rejected"), APPROVE)
    [execution] = identities(pipeline)
    pipeline.answer(pipeline.asked(), "Rejected", "not on a Friday")
    assert pipeline.ended(execution) == "Failed"
    error = pipeline.error(execution, "ask")
    assert error["code"] == "Rejected"
    assert "root: not on a Friday" in error["message"]

    commit = pipeline.run(execution, "source")["output"]["outputVariables"]["CommitId"]
    delivery.origin.push({"later.txt": "later"})
    pipeline.retry(execution, "Approve")
    pipeline.answer(pipeline.asked())
    assert pipeline.ended(execution) == "Succeeded"
    assert [one["actionName"] for one in pipeline.runs(execution)] == ["source", "ask", "ask"]
    [revision] = pipeline.get(execution)["artifactRevisions"]
    assert revision["revisionId"] == commit
    assert pipeline.stage("Approve")["retryStageMetadata"] == {
        "manualStageRetryAttempt": 1,
        "latestRetryTrigger": "ManualStageRetry",
    }
    with pytest.raises(ClientError, match="StageNotRetryableException"):
        pipeline.retry(execution, "Approve")


@pytest.mark.parametrize(("mode", "again"), [("FAILED_ACTIONS", ["ask"]), ("ALL_ACTIONS", ["ask", "other"])])
def test_a_retry_runs_the_failed_actions_or_all(delivery, unique, mode, again):
    pipeline = delivery.create(unique("retried"), stage("Approve", approval(), approval("other")))
    [execution] = identities(pipeline)
    pipeline.answer(pipeline.asked(name="other"), name="other")
    pipeline.answer(pipeline.asked(), "Rejected")
    assert pipeline.ended(execution) == "Failed"
    before = len(pipeline.runs(execution))
    pipeline.retry(execution, "Approve", mode)
    for name in again:
        pipeline.answer(pipeline.asked(name=name), name=name)
    assert pipeline.ended(execution) == "Succeeded"
    assert sorted(one["actionName"] for one in pipeline.runs(execution)[before:]) == again


def test_a_newer_execution_supersedes_the_one_that_waits(delivery, unique):
    pipeline = delivery.create(unique("superseded"), APPROVE)
    [first] = identities(pipeline)
    held(pipeline, first)
    second = pipeline.start()
    wait(lambda: waiting(pipeline), lambda found: found == [second])
    third = pipeline.start()
    assert pipeline.ended(second) == "Superseded"
    wait(lambda: waiting(pipeline), lambda found: found == [third])
    pipeline.answer(pipeline.asked())
    assert pipeline.ended(first) == "Succeeded"
    held(pipeline, third)
    pipeline.answer(pipeline.asked(), "Rejected")
    assert pipeline.ended(third) == "Failed"
    with pytest.raises(ClientError, match="NotLatestPipelineExecutionException"):
        pipeline.retry(second, "Approve")


def test_queued_executions_go_one_by_one_in_their_order(delivery, unique):
    pipeline = delivery.create(unique("queued"), APPROVE, executionMode="QUEUED")
    [first] = identities(pipeline)
    held(pipeline, first)
    second, third = pipeline.start(), pipeline.start()
    wait(lambda: waiting(pipeline), lambda found: found == [second, third])
    for execution in (first, second, third):
        held(pipeline, execution)
        pipeline.answer(pipeline.asked())
        assert pipeline.ended(execution) == "Succeeded"


def test_parallel_executions_share_a_stage(delivery, unique):
    pipeline = delivery.create(unique("parallel"), APPROVE, executionMode="PARALLEL")
    [first] = identities(pipeline)
    second = pipeline.start()
    for execution in (first, second):
        wait(lambda one=execution: [run["actionName"] for run in pipeline.runs(one)], lambda names: "ask" in names)
    assert [pipeline.status(one) for one in (first, second)] == ["InProgress", "InProgress"]


def test_a_later_execution_makes_an_earlier_one_too_old_to_be_retried(delivery, unique):
    pipeline = delivery.create(unique("outdated"), APPROVE)
    [first] = identities(pipeline)
    pipeline.answer(pipeline.asked(), "Rejected")
    pipeline.ended(first)
    second = pipeline.start()
    held(pipeline, second)
    with pytest.raises(ClientError, match="NotLatestPipelineExecutionException"):
        pipeline.retry(first, "Approve")


def test_a_stop_waits_for_what_is_under_way(delivery, unique):
    pipeline = delivery.create(unique("stopping"), APPROVE, LAST)
    [execution] = identities(pipeline)
    token = pipeline.asked()
    pipeline.stop(execution, reason="enough")
    assert pipeline.status(execution) == "Stopping"
    with pytest.raises(ClientError, match="DuplicatedStopRequestException"):
        pipeline.stop(execution)
    pipeline.answer(token)
    assert pipeline.ended(execution) == "Stopped"
    [summary] = pipeline.executions()
    assert summary["stopTrigger"] == {"reason": "enough"}
    assert "latestExecution" not in pipeline.stage("Last")
    with pytest.raises(ClientError, match="PipelineExecutionNotStoppableException"):
        pipeline.stop(execution)


def test_an_abandoned_stage_is_free_at_once_and_can_be_retried(delivery, unique):
    pipeline = delivery.create(unique("abandoned"), APPROVE)
    [execution] = identities(pipeline)
    token = pipeline.asked()
    pipeline.stop(execution, abandon=True)
    assert pipeline.status(execution) == "Stopped"
    assert pipeline.run(execution, "ask")["status"] == "Abandoned"
    with pytest.raises(ClientError, match="ApprovalAlreadyCompletedException"):
        pipeline.answer(token)
    pipeline.retry(execution, "Approve")
    pipeline.answer(pipeline.asked())
    assert pipeline.ended(execution) == "Succeeded"


def test_a_disabled_transition_keeps_executions_in_front_of_a_stage(delivery, unique):
    pipeline = delivery.create(unique("transition"), APPROVE)
    [first] = identities(pipeline)
    pipeline.answer(pipeline.asked())
    pipeline.ended(first)
    which = {"pipelineName": pipeline.name, "stageName": "Approve", "transitionType": "Inbound"}
    pipeline.client.disable_stage_transition(**which, reason="audit")
    second = pipeline.start()
    wait(lambda: waiting(pipeline), lambda found: found == [second])
    state = pipeline.stage("Approve")["inboundTransitionState"]
    assert (state["enabled"], state["disabledReason"]) == (False, "audit")
    pipeline.client.enable_stage_transition(**which)
    pipeline.answer(pipeline.asked())
    assert pipeline.ended(second) == "Succeeded"


def test_an_approval_has_a_limit_of_time_and_a_stage_may_retry_by_itself(delivery, unique):
    late = stage("Approve", approval(timeoutInMinutes=5), onFailure={"result": "RETRY"})
    pipeline = delivery.create(unique("late"), late)
    [execution] = identities(pipeline)
    assert pipeline.ended(execution) == "Failed"
    first, second = [one for one in pipeline.runs(execution) if one["actionName"] == "ask"]
    for run in (first, second):
        error = run["output"]["executionResult"]["errorDetails"]
        assert error == {"code": "JobTimedOut", "message": "The action ask did not end within its 5 minutes."}
    assert pipeline.stage("Approve")["retryStageMetadata"]["autoStageRetryAttempt"] == 1


def test_a_token_starts_one_execution_however_often_it_comes(delivery, unique):
    pipeline = delivery.create(unique("once"), APPROVE)
    assert len({pipeline.start(clientRequestToken="same") for _ in range(3)}) == 1
    assert len(pipeline.executions()) == 2


def test_what_is_deleted_is_gone_and_nothing_of_it_runs_on(delivery, unique):
    pipeline = delivery.create(unique("deleted"), APPROVE)
    pipeline.asked()
    pipeline.client.delete_pipeline(name=pipeline.name)
    pipeline.client.delete_pipeline(name=pipeline.name)
    with pytest.raises(ClientError, match="does not have a pipeline with name"):
        pipeline.client.get_pipeline_state(name=pipeline.name)
