"""What the serving benchmark makes of its samples; what it measures is no test's business."""

import json
import socket

import pytest
from benchmarks.serving.goals import verdicts
from benchmarks.serving.load import Sample, need_port
from benchmarks.serving.measuring import Cell, probabilities
from benchmarks.serving.payloads import COLUMNS, as_csv, as_records, as_split, as_tensors
from benchmarks.serving.report import table
from benchmarks.serving.soak import Window, summary
from tests.fuzz.seeds import ROWS

RESOURCES = {"ours": {"first_answer_seconds": 0.9, "proportional": 130.0}}


def sample(rate=100.0, p99=10.0, failed=0):
    return Sample(int(rate), 1.0, p99 / 2, p99, p99, p99, 0.0, failed)


def cells(rounds, size=1, kind="csv"):
    """Cells of rounds, each a rate and a p99 by contestant."""
    return [
        Cell(name, kind, size, 16, number, sample(rate, p99), 1.0)
        for number, contestants in enumerate(rounds, 1)
        for name, (rate, p99) in contestants.items()
    ]


def test_a_goal_is_judged_by_the_median_of_the_ratios_of_each_round():
    # The machine was ten times slower in the second round, for both.
    rounds = [
        {"ours": (7000.0, 1.0), "reference, pinned": (100.0, 100.0)},
        {"ours": (650.0, 10.0), "reference, pinned": (10.0, 50.0)},
        {"ours": (6000.0, 2.0), "reference, pinned": (120.0, 100.0)},
    ]
    found = {verdict["goal"]: verdict for verdict in verdicts(cells(rounds), RESOURCES)}
    rate = found["requests/s over those of reference, pinned, one row of CSV, 16 connections"]
    assert (rate["measured"], rate["met"]) == ("65 (50 to 70)", True)
    late = found["p99 over those of reference, pinned, one row of CSV, 16 connections"]
    assert (late["measured"], late["met"]) == ("0.02 (0.01 to 0.2)", True)


def test_a_goal_of_a_contestant_that_did_not_take_part_is_left_out_and_a_missed_one_is_not():
    found = verdicts(cells([{"ours": (100.0, 1.0), "nginx, a constant": (1000.0, 1.0)}]), RESOURCES)
    assert [(verdict["goal"].split(",")[0], verdict["met"]) for verdict in found] == [
        ("requests/s over those of nginx", False),
        ("start to first answer", True),
        ("memory a worker (PSS)", False),
    ]


def test_beside_each_goal_is_what_the_server_alone_reaches():
    constants = [(450.0, 1000.0), (40.0, 100.0), (60.0, 100.0)]
    rounds = [
        {"ours": (1.0, 1.0), "granian, a constant": (granian, 1.0), "nginx, a constant": (nginx, 1.0)}
        for granian, nginx in constants
    ]
    assert verdicts(cells(rounds), RESOURCES)[0]["server_alone"] == "0.45"
    without = [{"ours": (1.0, 1.0), "nginx, a constant": (1.0, 1.0)}]
    assert verdicts(cells(without), RESOURCES)[0]["server_alone"] == "-"


def test_failures_are_added_up_and_rates_are_medians():
    rows = [Cell("ours", "csv", 1, 16, number, sample(rate, failed=1), 1.0) for number, rate in enumerate((1.0, 9, 2))]
    (row,) = table(rows)
    assert (row["requests_per_second"], row["failed"]) == (2.0, 3)


def test_memory_is_compared_with_what_it_was_after_the_warm_up():
    sizes = [50.0, *(100.0 + number / 10 for number in range(19))]
    windows = [Window(sample(), size, 4) for size in sizes]
    figures = summary(windows, 200.0, 140.0)
    assert figures["memory_growth_percent"] == pytest.approx(1.7)
    assert figures["failed"] == 0


def test_a_lost_process_is_told():
    windows = [Window(sample(), 100.0, 4), Window(sample(failed=3), 80.0, 3)]
    figures = summary(windows, 200.0, 140.0)
    assert (figures["workers_lost"], figures["failed"]) == (1, 3)


@pytest.mark.parametrize(
    "answer",
    [
        {"predictions": [{"probability": 0.25, "late": False}, {"probability": 0.5, "late": True}]},
        [{"probability": 0.25}, {"probability": 0.5}],
        {"outputs": [{"name": "late", "data": [0, 1]}, {"name": "probability", "data": [0.25, 0.5]}]},
    ],
)
def test_probabilities_are_read_from_every_protocol(answer):
    assert probabilities(answer) == [0.25, 0.5]


def test_every_protocol_holds_the_same_rows():
    split = json.loads(as_split(ROWS))["dataframe_split"]
    assert [dict(zip(split["columns"], row, strict=True)) for row in split["data"]] == [dict(row) for row in ROWS]
    assert json.loads(as_records(ROWS))["instances"] == [dict(row) for row in ROWS]
    tensors = {tensor["name"]: tensor["data"] for tensor in json.loads(as_tensors(ROWS))["inputs"]}
    assert tensors == {name: [row[name] for row in ROWS] for name in COLUMNS}
    assert as_csv(ROWS, header=True).splitlines()[1:] == as_csv(ROWS).splitlines()


def test_where_something_else_would_answer_nothing_is_measured():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} is taken: end what listens there"):
            need_port(port)
    need_port(port)
