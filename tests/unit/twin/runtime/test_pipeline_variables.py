"""Variables in an action's configuration."""

import pytest

from fairway.twin.runtime.pipeline_errors import PipelineError
from fairway.twin.runtime.pipeline_variables import UnresolvedError, references, resolve, values

NAMESPACES = {"build": {"IMAGE": "shop@1", "EMPTY": ""}, "variables": {"who": "me"}, "a-b": {"C.D": "dotted"}}


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("#{build.IMAGE}", "shop@1"),
        ("by #{variables.who} of #{build.IMAGE}", "by me of shop@1"),
        ("#{build.EMPTY}", ""),
        ("#{a-b.C.D}", "dotted"),
        ("# {build.IMAGE} $" + "{build.IMAGE} #build", "# {build.IMAGE} $" + "{build.IMAGE} #build"),
        ("nothing", "nothing"),
    ],
)
def test_references_are_replaced(text, resolved):
    assert resolve("act", {"Key": text}, NAMESPACES) == {"Key": resolved}


def test_a_value_is_not_resolved_again():
    assert resolve("act", {"Key": "#{a.b}"}, {"a": {"b": "#{a.c}", "c": "no"}}) == {"Key": "#{a.c}"}


def test_all_that_has_no_value_is_named():
    with pytest.raises(UnresolvedError) as failed:
        resolve("deploy", {"A": "#{build.NONE} #{build.IMAGE}", "B": "#{gone.X} #{build.NONE}"}, NAMESPACES)
    assert str(failed.value).startswith(
        "An action in this pipeline failed because one or more variables could not be resolved: Action name=deploy."
    )
    assert str(failed.value).endswith("Unresolved: #{build.NONE}, #{gone.X}")


def test_references_are_found_with_their_keys():
    assert list(references({"A": "#{x.y} #{z}", "B": "none"})) == [("A", "x.y"), ("A", "z")]


DECLARED = {"variables": [{"name": "who"}, {"name": "level", "defaultValue": "low"}]}


def test_an_execution_has_what_was_given_and_the_defaults():
    assert values(DECLARED, {"who": "me"}) == {"who": "me", "level": "low"}
    assert values({}, {}) == {}


@pytest.mark.parametrize(
    ("given", "said"), [({}, "'who' has no default value"), ({"who": "me", "x": "1"}, "has no variable 'x'")]
)
def test_a_variable_without_a_value_and_an_unknown_one_are_refused(given, said):
    with pytest.raises(PipelineError, match=said):
        values(DECLARED, given)
