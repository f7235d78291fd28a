import pytest

from fairway.traffic import release_in


@pytest.mark.parametrize(
    ("attributes", "release"),
    [
        ("release=3,git_sha=0f3a,request_id=a-1", "3"),
        ("release=12", "12"),
        ("", ""),
        ("another=1", ""),
    ],
)
def test_the_release_that_answered(attributes, release):
    assert release_in(attributes) == release
