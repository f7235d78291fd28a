"""What the training benchmark makes of its samples; what it measures is no test's business."""

import json
from dataclasses import replace

import pytest
from benchmarks.training.estimate import Line, Model, Prices, left_out, prepared_line, preparing_table, training_table
from benchmarks.training.goals import verdicts
from benchmarks.training.measuring import BESIDE_PLAIN, ON_DISK, ONE, OURS, PREPARING, TWO, TWO_THREADS, Measured, Size

WHOLE = (ONE, TWO, TWO_THREADS, ON_DISK)


def sample(rest, trees, **more):
    return {"seconds": {"all": rest + trees, "trees": trees}, "peak_mb": 200.0, "auc": 0.7, **more}


def measured(rows, *, rounds=10, turns=1, plain=1.0, pandas=9.0, peak=200.0):
    """A size measured on a machine that keeps to the model: two hosts are worth 2 ** 0.5, two threads 2 ** 0.25."""
    rest, trees = 1 + 4e-6 * rows, rounds * 2e-7 * rows
    found = Measured(Size(rows, rounds, turns, training=(BESIDE_PLAIN, *WHOLE)))
    prepare = 2e-6 * rows
    found.preparing = {
        "ours": [{"seconds": {"all": prepare}, "peak_mb": peak}],
        "pandas": [{"seconds": {"all": pandas * prepare}, "peak_mb": 10 * peak}],
    }
    found.training = {
        BESIDE_PLAIN.name: [{"turns": [{"ours": 1.0, "plain": plain}], "auc": {"ours": 0.7, "plain": 0.7}}],
        ONE.name: [sample(rest, trees)],
        TWO.name: [sample(rest / 2**0.5, trees / 2**0.5)],
        TWO_THREADS.name: [sample(rest / 2**0.25, trees / 2**0.25)],
        ON_DISK.name: [sample(rest * 2, trees * 3)],
    }
    return found


SIZES = [measured(rows) for rows in (1_000_000, 3_000_000, 10_000_000)]


def prices(**instances):
    told = {"region": "us-east-1", "source": "a test", "instances": instances}
    return json.dumps(told)


@pytest.fixture
def cheap(tmp_path):
    file = tmp_path / "instances.json"
    file.write_text(prices(small={"vcpus": 1, "memory_gib": 8, "usd_per_hour": 3.6}))
    return Prices.read(file)


def test_a_line_is_found_again():
    line = Line.fit([(x, 3 + 2 * x) for x in (1.0, 5.0, 9.0)])
    assert (line.start, line.slope) == pytest.approx((3, 2))


@pytest.mark.parametrize("points", [[(2.0, 4.0)], [(1.0, 1.0), (2.0, 5.0)], [(1.0, 5.0), (2.0, 1.0)]])
def test_no_line_begins_below_zero_or_falls(points):
    line = Line.fit(points)
    assert line.start == 0
    assert line.slope > 0


def test_a_machine_that_keeps_to_the_model_is_told_to_the_second():
    model = Model.fit(SIZES)
    for each in SIZES:
        rows, rounds = each.size.rows, each.size.rounds
        assert model.seconds(rows, rounds) == pytest.approx(each.seconds("training", ONE))
        assert model.seconds(rows, rounds, on_disk=True) == pytest.approx(each.seconds("training", ON_DISK))
    # The constant is divided by nobody, the model says.
    assert model.seconds(10_000_000, 10, hosts=2) == pytest.approx(SIZES[-1].seconds("training", TWO), rel=0.02)
    assert (model.hosts.trees, model.threads.trees) == pytest.approx((0.5, 0.25))


def test_two_are_never_worth_more_than_two():
    size = measured(1_000_000)
    size.training[TWO.name] = [sample(0.1, 0.1)]
    assert Model.fit([size]).hosts.trees == 1


def test_the_error_is_of_sizes_that_were_not_fitted_on():
    slow = measured(10_000_000)
    slow.preparing["ours"][0]["seconds"]["all"] *= 2
    errors = {each["rows"]: each for each in left_out([*SIZES[:2], slow])}
    assert errors[10_000_000]["prepare"] == pytest.approx(-0.5)
    assert errors[10_000_000][ONE.name] == pytest.approx(0, abs=1e-6)
    assert errors[1_000_000]["prepare"] != pytest.approx(0, abs=0.01)


def test_costs_are_those_of_all_instances(cheap):
    rows = {(each["rows"], each["count"]): each for each in preparing_table(prepared_line(SIZES), cheap)}
    assert rows[10_000_000, 1]["seconds"] == pytest.approx(20)
    assert rows[10_000_000, 1]["dollars"] == pytest.approx(0.02)
    # Four prepare four times as fast, and cost the same.
    assert rows[10_000_000, 4]["seconds"] == pytest.approx(5)
    assert rows[10_000_000, 4]["dollars"] == pytest.approx(0.02)


def test_rows_that_half_of_the_memory_does_not_hold_are_taken_to_lie_on_disk(cheap):
    on_disk = {(each["rows"], each["count"]): each["on_disk"] for each in training_table(Model.fit(SIZES), cheap)}
    assert on_disk == {
        (10_000_000, 1): False, (10_000_000, 4): False, (10_000_000, 16): False,
        (1_000_000_000, 1): True, (1_000_000_000, 4): True, (1_000_000_000, 16): True,
    }  # fmt: skip


def test_a_price_that_nobody_knows_is_left_out(tmp_path):
    file = tmp_path / "instances.json"
    file.write_text(prices(small={"vcpus": 1, "memory_gib": 8, "usd_per_hour": None}))
    assert {each["dollars"] for each in training_table(Model.fit(SIZES), Prices.read(file))} == {None}


def missed(sizes):
    return [verdict["goal"] for verdict in verdicts(sizes) if not verdict["met"]]


def test_all_goals_are_met_where_they_are():
    assert missed(SIZES) == []


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (measured(10**7, plain=0.9), "our rounds' time over plain `xgboost.train`'s, same matrix, 10,000,000 rows"),
        (measured(10**7, pandas=0.9), "preparing beside pandas, 10,000,000 rows"),
        (measured(10**7, peak=245.0), "that over its peak at 1,000,000 rows"),
        (replace(measured(10**7), differences=["train/a: temp"]), "columns that both leave different, 10,000,000 rows"),
    ],
)
def test_a_goal_that_is_missed_is_named(size, said):
    assert missed([SIZES[0], size]) == [said]


def test_two_hosts_that_are_slow_or_end_elsewhere_miss_their_goals():
    size = measured(10_000_000)
    size.training[TWO.name] = [sample(40, 40, auc=0.702)]
    assert [goal.partition(",")[0] for goal in missed([SIZES[0], size])] == [
        "two hosts of one thread over one host of one thread", "area under the curve of ours",
    ]  # fmt: skip


def test_the_figures_are_medians_of_the_turns():
    size = measured(1_000_000)
    size.training[ONE.name] = [sample(9, 9), sample(1, 1), sample(2, 2)]
    assert size.seconds("training", ONE) == 4
    assert size.seconds("training", ONE, "trees") == 2
    assert [each.name for each in PREPARING] == [OURS.name, "pandas"]
