import pytest

from fairway.errors import RolloutsError
from fairway.rehearsal.rollouts import Stopwatch, switch
from fairway.rehearsal.strategies import STRATEGIES

MAIN = """module "platform" {
  endpoint = {
    rollout     = { canary = { percent = 25, bake_seconds = 300 } }
    alarms      = { error_rate_percent = 1 }
    autoscaling = { min = 2, max = 4, invocations_per_instance = 3000 }
  }
}
"""


def test_a_strategy_is_switched_by_its_line(tmp_path):
    main = tmp_path / "main.tf"
    main.write_text(MAIN)
    for strategy in STRATEGIES:
        switch(main, strategy)
        assert f"\n    rollout     = {strategy.hcl}\n" in main.read_text()
        assert "\n    instances   = { count = 4 }\n" in main.read_text()
        assert "autoscaling" not in main.read_text()


def test_an_environment_without_such_a_line_is_refused(tmp_path):
    main = tmp_path / "main.tf"
    main.write_text(MAIN.replace("rollout ", "rollin  "))
    with pytest.raises(RolloutsError, match=r"main\.tf has 0 lines `rollout"):
        switch(main, STRATEGIES[0])


def test_the_stopwatch_starts_with_the_endpoints_update():
    heard: list[str] = []
    watch = Stopwatch(heard.append)
    watch.hear('module.platform.module.endpoint.aws_sagemaker_model.this["a"]: Creating...')
    assert watch.began == 0.0
    watch.hear("module.platform.module.endpoint.aws_sagemaker_endpoint.this[0]: Modifying... [id=flights-prod]")
    assert watch.began > 0.0
    assert len(heard) == 2
