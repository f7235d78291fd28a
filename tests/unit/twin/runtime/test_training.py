"""What a training job says of its course, its files and its numbers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fairway.twin.runtime.host_names import INTERFACE
from fairway.twin.runtime.training_course import exit_reason, next_transitions
from fairway.twin.runtime.training_files import MetricReader, write_config

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_transition_ends_where_the_next_begins():
    steps: list[dict[str, Any]] = []
    for second, status in enumerate(["Starting", "Downloading", "Training", "Uploading", "Completed"]):
        steps = next_transitions(steps, status, START + timedelta(seconds=second))
    assert [(step["Status"], (step["EndTime"] - START).seconds) for step in steps] == [
        ("Starting", 1),
        ("Downloading", 2),
        ("Training", 3),
        ("Uploading", 4),
        ("Completed", 4),
    ]
    assert steps[2]["StatusMessage"] == "Training image download completed. Training in progress."


def test_a_transition_does_not_change_what_was_described_before():
    first = next_transitions([], "Starting", START)
    next_transitions(first, "Downloading", START + timedelta(seconds=1))
    assert "EndTime" not in first[0]


@pytest.mark.parametrize(
    ("reason", "code", "text"),
    [("bad data", 1, "bad data, exit code: 1"), ("", 2, ", exit code: 2"), ("killed", -9, "killed, exit code: 137")],
)
def test_a_failure_ends_with_the_exit_code(reason, code, text):
    assert exit_reason(reason, code) == text


def test_a_long_reason_is_cut_and_keeps_the_exit_code():
    text = "AlgorithmError: " + exit_reason("x" * 5000, 1)
    assert len(text) == 1024
    assert text.endswith("x, exit code: 1")


def test_the_configuration_files(tmp_path):
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}
    write_config(
        tmp_path / "config",
        {
            "HyperParameters": {"eta": "0.1"},
            "ResourceConfig": {"InstanceType": "ml.m5.large"},
            "InputDataConfig": [
                {"ChannelName": "train", "DataSource": {"S3DataSource": source}},
                {
                    "ChannelName": "validation",
                    "ContentType": "text/csv",
                    "DataSource": {"S3DataSource": {**source, "S3DataDistributionType": "ShardedByS3Key"}},
                },
            ],
        },
    )
    read = {path.name: json.loads(path.read_text()) for path in (tmp_path / "config").iterdir()}
    defaults = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    assert read == {
        "hyperparameters.json": {"eta": "0.1"},
        "inputdataconfig.json": {
            "train": defaults,
            "validation": {**defaults, "ContentType": "text/csv", "S3DistributionType": "ShardedByS3Key"},
        },
        "resourceconfig.json": {
            "current_host": "algo-1",
            "current_instance_type": "ml.m5.large",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "network_interface_name": INTERFACE,
            "instance_groups": [
                {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}
            ],
        },
    }


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("epoch 1 auc=0.75; loss: 1e-3", {"auc": 0.75, "loss": 0.001}),
        ("auc=high;", {}),
        ("nothing here", {}),
    ],
)
def test_metrics_are_read_from_lines(line, values):
    reader = MetricReader([{"Name": "auc", "Regex": r"auc=(\S+);"}, {"Name": "loss", "Regex": r"loss: ([0-9.e-]+)"}])
    assert reader.read(line) == values
