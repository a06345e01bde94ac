"""Orders of the bearings against the published table, and laws of rolling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.data.sources.synthetic.kinematics import Geometry, orders_of
from twostage.data.sources.synthetic.rigs import DESIGNS

# system: BPFO, BPFI, 2 BSF, FTF
TABLE = {
    1: (3.5848, 5.4152, 4.7134, 0.3983),
    2: (3.0531, 4.9469, 3.9877, 0.3816),
    3: (3.0543, 4.9457, 3.9932, 0.3818),
    4: (3.0831, 4.9169, 4.1331, 0.3854),
    5: (3.2450, 4.7550, 5.1091, 0.4056),
    6: (3.5724, 5.4276, 4.6453, 0.3969),
    7: (7.0921, 8.9079, 8.3950, 0.4433),
}

geometries = st.builds(
    Geometry,
    balls=st.integers(3, 40),
    ball=st.floats(0.5, 4.0),
    pitch=st.floats(5.0, 50.0),
    contact_deg=st.floats(0.0, 40.0),
)


@pytest.mark.parametrize("system", TABLE)
def test_orders_are_those_of_the_table(system):
    orders = orders_of(DESIGNS[system].geometry)
    # The table's last digit is rounded, once in the geometry and once in the result.
    assert (orders.outer, orders.inner, orders.ball, orders.cage) == pytest.approx(TABLE[system], abs=1.01e-4)


@given(geometries, st.floats(-0.02, 0.02))
def test_every_ball_passes_each_race_whatever_the_slip(geometry, slip):
    orders = orders_of(geometry, slip)
    assert orders.outer + orders.inner == pytest.approx(geometry.balls)
    assert orders.outer == pytest.approx(geometry.balls * orders.cage)


@given(geometries)
def test_without_slip_the_ball_rolls_on_the_outer_race(geometry):
    """Two hits per spin, and a spin for every ball circumference that the contact travels along the race."""
    orders = orders_of(geometry)
    q = (geometry.balls - 2 * orders.outer) / geometry.balls
    assert orders.ball / 2 == pytest.approx(orders.cage * (1 + q) * geometry.pitch / geometry.ball)


@given(geometries)
def test_slip_moves_the_lines_of_the_races_against_each_other(geometry):
    rolling, fast = orders_of(geometry), orders_of(geometry, 0.01)
    assert fast.outer > rolling.outer
    assert fast.inner < rolling.inner
