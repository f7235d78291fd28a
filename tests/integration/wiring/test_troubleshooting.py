"""The commands of the page on troubleshooting, where a pipeline, a build and a training workflow have failed."""

from collections.abc import Iterator

import pytest
from tests.integration.console import commands, run
from tests.integration.main_job.checkout import ROOT
from tests.integration.wiring.faults import MODEL, TRAINING
from tests.integration.wiring.line import Change, Line
from tests.integration.wiring.standing import Standing

from fairway.delivery import pipelines

pytestmark = pytest.mark.long

PAGE = ROOT / "docs/troubleshooting.md"


@pytest.fixture(scope="module")
def variables(standing: Standing, line: Line) -> Iterator[dict[str, str]]:
    """What the page's variables stand for: an execution whose build has failed; what is started again is as short."""
    standing.before(TRAINING)
    listen: Change = lambda pipeline: pipeline.update(triggers=line.triggers[MODEL])  # noqa: E731
    with (
        line.declared(MODEL, line.only("Test/unit"), listen),
        line.project("flights-unit", source={"type": "CODEPIPELINE", "buildspec": "buildspecs/none.yml"}),
    ):
        execution = line.start(MODEL)
        line.failure(MODEL, execution)
        failed = pipelines.actions_of(line.client("codepipeline"), MODEL, execution)[-1]
        run_arn = line.given["workflow.ExecutionArn"]
        yield {
            "PROJECT": "flights", "PIPELINE": MODEL, "STAGE": "Test", "EXECUTION": execution, "BUILD": failed.external,
            "RUN": run_arn, "MACHINE": run_arn.replace(":execution:", ":stateMachine:").rpartition(":")[0],
        }  # fmt: skip


@pytest.mark.parametrize(
    "command", [each for heading in ("CodePipeline", "CodeBuild", "Step Functions") for each in commands(PAGE, heading)]
)
def test_a_command_of_the_page_finds_something(command: str, variables: dict[str, str], line: Line) -> None:
    assert run(command, variables, line.client)
