"""A share of a stream is exact, to less than one."""

from fractions import Fraction

import pytest

from fairway.twin.runtime.sampling import Sampler


@pytest.mark.parametrize(
    ("share", "taken"),
    [(Fraction(0), 0), (Fraction(1, 3), 33), (Fraction(37, 100), 37), (Fraction(1), 100), (Fraction(5), 100)],
)
def test_a_share_of_a_hundred(share, taken):
    sampler = Sampler()
    assert sum(sampler.takes(share) for _ in range(100)) == taken
    assert sum(sampler.takes(share) for _ in range(1000)) in (10 * taken, 10 * taken + (share == Fraction(1, 3)) * 3)


def test_a_share_may_change():
    sampler = Sampler()
    assert not any(sampler.takes(Fraction(0)) for _ in range(10))
    assert all(sampler.takes(Fraction(1)) for _ in range(10))
