"""The commands of serving beside deployment: requests, whole data sets, challengers, advice."""

import importlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from fairway import local_twin, workflow, workflow_serving
from fairway.console import Steps, out
from fairway.delivery import advice
from fairway.delivery.provision import Provisioner
from fairway.errors import BatchInputError, NeedUnknownError, NoReleaseError, NotProvisionedError
from fairway.settings import SHARED, Settings

app = typer.Typer()


@app.command()
def invoke(
    environment: Annotated[str, typer.Argument(help="The environment to ask.")] = "dev",
    body: Annotated[Path | None, typer.Argument(help="A JSON file to send; the release's golden requests.")] = None,
) -> None:
    """Send requests to the environment's endpoint and print what it answers."""
    told = _settings()
    told.require_environment(environment)
    endpoint = Provisioner(told).outputs(environment).get("endpoint_name")
    if endpoint is None:
        raise NoReleaseError(environment)
    if body is None:
        answer = workflow.invoke_golden(told, environment, endpoint)
    else:
        answer = workflow.invoke(told, environment, endpoint, workflow.read_body(body))
    out.print_json(json.dumps(answer.response))


@app.command()
def batch(
    environment: Annotated[str, typer.Argument(help="An environment that declares `batch`.")],
    source: Annotated[str, typer.Argument(metavar="INPUT", help="s3://… or a local file.")] = "",
) -> None:
    """Transform a data set with the environment's release, and print where the predictions are."""
    told = _settings()
    told.require_environment(environment)
    if not source:
        raise BatchInputError("not set", "there is nothing to transform", "INPUT=s3://… or a local file")
    declared: Any = Provisioner(told).outputs(environment).get("batch")
    if not declared:
        raise NotProvisionedError(
            f"Batch transform in {environment}", "an environment has it that declares `batch` and has a release"
        )
    with Steps().step("Batch transform") as step:
        output = workflow_serving.transform(
            told, environment, declared, source, listen=lambda event: step.listen(event.state)
        )
        step.result = output["model_name"]
    out.print(output["output"], markup=False, soft_wrap=True)


@app.command()
def challenger(
    environment: Annotated[str, typer.Argument(help="The environment that tries it.")],
    model_package: Annotated[str | None, typer.Argument(help="A model package's ARN; the newest approved one.")] = None,
) -> None:
    """Pin a registered, approved model package as the environment's challenger, and say how to try it."""
    told = _settings()
    told.require_environment(environment)
    group = Provisioner(told).outputs(SHARED)["model_package_group_name"]
    pinned = workflow_serving.pin_challenger(told, environment, group, model_package)
    out.print(
        f"{environment}/challenger.json pins version {pinned.version}. In {environment}/main.tf, `endpoint` tries it:"
    )
    for kind in ("shadow", "ab"):
        release = 'jsondecode(file("${path.root}/challenger.json"))'
        line = f"  experiment = {{ {kind} = {{ percent = 10, release = {release} }} }}"
        out.print(line, markup=False, soft_wrap=True)


@app.command()
def script_image() -> None:
    """Push an image of SageMaker's inference toolkit to the twin, and say how an environment serves in script mode."""
    told = _settings()
    # Loaded late, as in `cli`: builds of pipelines load this file, and have nothing of what a rehearsal needs.
    address = importlib.import_module("fairway.rehearsal.script_image").push(told)
    out.print("In an environment's main.tf, `endpoint` serves its releases in script mode by this image:")
    out.print(f'  script_mode = {{ image = "{address}" }}', markup=False, soft_wrap=True)


@dataclass(frozen=True)
class Question:
    """What a person is asked for a need; `default` answers where nobody is there to ask, if there is one."""

    text: str
    kind: type
    default: str | None = None


QUESTIONS = {
    "traffic": Question("Traffic (steady, daily, spiky, intermittent, files)", str),
    "latency_ms": Question("Answer wanted within, ms (0: no hurry)", int),
    "requests_per_minute": Question("Requests a minute, at most", int),
    "payload_mb": Question("MB of the largest request", float),
    "work_ms": Question("The model works on one for, ms", int),
    "memory_gb": Question("GB that the model takes", float),
    "accelerator": Question("Accelerator (none, gpu, neuron)", str, "none"),
    "budget": Question("Budget (lean, balanced, ample)", str, "balanced"),
}


@app.command()
def advise(
    *,
    traffic: Annotated[str | None, typer.Option(envvar="TRAFFIC")] = None,
    latency_ms: Annotated[int | None, typer.Option(envvar="LATENCY_MS")] = None,
    requests_per_minute: Annotated[int | None, typer.Option(envvar="REQUESTS_PER_MINUTE")] = None,
    payload_mb: Annotated[float | None, typer.Option(envvar="PAYLOAD_MB")] = None,
    work_ms: Annotated[int | None, typer.Option(envvar="WORK_MS")] = None,
    memory_gb: Annotated[float | None, typer.Option(envvar="MEMORY_GB")] = None,
    accelerator: Annotated[str | None, typer.Option(envvar="ACCELERATOR")] = None,
    budget: Annotated[str | None, typer.Option(envvar="BUDGET")] = None,
) -> None:
    """Ask what is needed, and say how to serve it: option, instances, scaling, rollout, why, and the HCL to paste."""
    given = locals()
    needs = {name: _asked(name) if given[name] is None else given[name] for name in QUESTIONS}
    told = advice.advise(advice.Needs(**needs))
    out.print(f"{told.option}, on {told.instance}; scaling: {told.scaling}; rollout: {told.rollout}.")
    for reason in told.reasons:
        out.print(f"• {escape(reason)}")
    out.print(told.hcl, markup=False, soft_wrap=True)


def _asked(name: str) -> Any:
    """Ask the person at the terminal; without one take the default, or raise NeedUnknownError."""
    question = QUESTIONS[name]
    if sys.stdin.isatty():
        return typer.prompt(question.text, default=question.default, type=question.kind)
    if question.default is None:
        raise NeedUnknownError(name.upper(), question.text)
    return question.default


def _settings() -> Settings:
    told = Settings.load(Path.cwd())
    local_twin.require(told)
    return told
