"""Terraform's state as it lies in the bucket, for who wants its outputs: S3 tells them without a Terraform."""

import json
from typing import Any


def read_outputs(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    """Return the outputs of a state by name, as its last apply left them; none when nothing was applied yet."""
    try:
        state = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
    except s3.exceptions.NoSuchKey:
        return {}
    return {name: output["value"] for name, output in state.get("outputs", {}).items()}
