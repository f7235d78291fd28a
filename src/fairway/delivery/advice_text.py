"""The HCL of an advice, as `terraform/environments/<name>/main.tf` takes it, and sentences about serverless."""

import math
from collections.abc import Iterator

DEFAULT_MB = 100
"""What an asynchronous endpoint takes unless told (the module model-endpoint)."""

R_SIZES = {"large": 16, "xlarge": 32, "2xlarge": 64, "4xlarge": 128}
"""Gigabytes of the r families' sizes."""


def serverless(memory: int, warm: int, cold_start_ms: int) -> Iterator[str]:
    """Say why so much memory, and why it is kept warm, or not."""
    yield f"{memory} MB hold the model twice, and bring computing power in proportion."
    if warm:
        yield f"An answer is wanted sooner than a cold start (about {cold_start_ms} ms): {warm} stay warm, and cost."
    else:
        yield "A cold start now and then is no harm."
    yield "SageMaker shifts no traffic between serverless versions: all of it moves at once."


def serverless_hcl(memory: int, concurrency: int, warm: int) -> str:
    """Return the argument `endpoint` of a serverless endpoint."""
    provisioned = f", provisioned_concurrency = {warm}" if warm else ""
    return (
        "endpoint = {\n"
        f"  mode = {{ serverless = {{ memory_mb = {memory}, max_concurrency = {concurrency}{provisioned} }} }}\n"
        "}\n"
    )


def batch_hcl(instance: str, built_for: str, count: int) -> str:
    """Return the argument `batch`."""
    return f'batch = {{\n  instances = {{ type = "{instance}", count = {count}, built_for = "{built_for}" }}\n}}\n'


def mode_line(option: str, payload_mb: float) -> str:
    """Return what says how it answers; an asynchronous endpoint takes 100 MB, unless it is told to take more."""
    more = f" max_payload_mb = {math.ceil(payload_mb)} " if option == "asynchronous" and payload_mb > DEFAULT_MB else ""
    return f"mode = {{ {option} = {{{more}}} }}"


def endpoint_hcl(mode: str, instance: str, built_for: str, scaling: list[str], rollout: list[str]) -> str:
    """Return the argument `endpoint` of an endpoint with instances."""
    counts = [line.removeprefix("count: ") for line in scaling if line.startswith("count: ")]
    count = f", count = {counts[0]}" if counts else ""
    lines = [
        mode,
        f'instances = {{ type = "{instance}", built_for = "{built_for}"{count} }}',
        *(line for line in scaling if not line.startswith("count: ")),
        *rollout,
    ]
    return "endpoint = {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def scaling_lines(scaling: str, fewest: int, most: int, per_minute: int) -> list[str]:
    """Return what says how an endpoint scales; `count: n` where a person does."""
    if scaling == "on demand":
        return [f"count: {most}"]
    if scaling == "backlog":
        return [f"autoscaling = {{ min = {fewest}, max = {most}, backlog_per_instance = 5 }}"]
    bounds = f"min = {fewest}, max = {most}, invocations_per_instance = {per_minute}"
    more = {
        "target tracking": "",
        "step": f", steps = {{ surge = {{ above = {2 * per_minute}, add = {max(1, most - fewest)} }} }}",
        "scheduled": (
            f', schedules = {{ day = {{ schedule = "cron(0 7 ? * MON-FRI *)", min = {most}, max = {most} }}, '
            f'night = {{ schedule = "cron(0 19 ? * MON-FRI *)", min = {fewest}, max = {most} }} }}'
        ),
    }[scaling]
    return [f"autoscaling = {{ {bounds}{more} }}"]


def rollout_lines(rollout: str, patience_ms: int, *, silent: bool) -> list[str]:
    """Return what says how a release comes into service, and the alarms that watch it."""
    strategy = {
        "all_at_once": "all_at_once = { bake_seconds = 300 }",
        "canary": "canary = { percent = 25, bake_seconds = 300 }",
        "linear": "linear = { step_percent = 50, bake_seconds = 300 }",
        "rolling": "rolling = { batch_percent = 50, bake_seconds = 300 }",
    }[rollout]
    quiet = ', missing_data = "notBreaching"' if silent else ""
    return [
        f"rollout = {{ {strategy} }}",
        f"alarms = {{ error_rate_percent = 1, p99_latency_ms = {patience_ms}, quality_psi = 1{quiet} }}",
    ]
