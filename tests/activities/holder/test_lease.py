import pytest

from activities.errors import StaleEpoch
from activities.holder.lease import Lease, LeaseState


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def lease_at(clock: Clock) -> Lease:
    return Lease(ttl_s=5, linger_s=20, epoch=3, clock=clock)


def test_a_renewed_lease_stays_held() -> None:
    clock = Clock()
    lease = lease_at(clock)
    for _ in range(10):
        clock.now += 4
        lease.renew(3)
    assert lease.state is LeaseState.HELD
    assert lease.changes_in_s == 5


def test_it_lapses_and_is_abandoned_in_the_end() -> None:
    clock = Clock()
    lease = lease_at(clock)
    clock.now += 5
    assert lease.state is LeaseState.LAPSED
    assert lease.changes_in_s == 20
    clock.now += 20
    assert lease.state is LeaseState.ABANDONED
    assert lease.changes_in_s == 0


@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_only_the_holder_renews(epoch: int) -> None:
    with pytest.raises(StaleEpoch):
        lease_at(Clock()).renew(epoch)


def test_a_lapsed_lease_is_not_renewed_but_adopted() -> None:
    clock = Clock()
    lease = lease_at(clock)
    clock.now += 6
    with pytest.raises(StaleEpoch, match="holds its lease no more"):
        lease.renew(3)
    lease.adopt(4)
    assert (lease.epoch, lease.state) == (4, LeaseState.HELD)
    with pytest.raises(StaleEpoch):
        lease.renew(3)
    lease.renew(4)


@pytest.mark.parametrize("epoch", [2, 3])
def test_an_adoption_needs_a_higher_epoch(epoch: int) -> None:
    with pytest.raises(StaleEpoch):
        lease_at(Clock()).adopt(epoch)


def test_an_abandoned_session_is_adopted_by_nobody() -> None:
    clock = Clock()
    lease = lease_at(clock)
    clock.now += 25
    with pytest.raises(StaleEpoch, match="closing"):
        lease.adopt(4)


def test_a_parked_lease_waits_for_its_adoption_alone() -> None:
    clock = Clock()
    lease = lease_at(clock)
    with pytest.raises(StaleEpoch):
        lease.park(2, 600)
    lease.park(3, 600)
    clock.now += 500
    assert (lease.state, lease.changes_in_s) == (LeaseState.PARKED, 100)
    with pytest.raises(StaleEpoch):
        lease.renew(3)
    lease.adopt(4)
    clock.now += 5
    assert (lease.state, lease.changes_in_s) == (LeaseState.LAPSED, 20)


def test_a_parked_lease_is_abandoned_at_its_end_and_can_be_parked_for_longer() -> None:
    clock = Clock()
    lease = lease_at(clock)
    lease.park(3, 10)
    clock.now += 9
    lease.park(3, 10)
    clock.now += 9
    assert lease.state is LeaseState.PARKED
    clock.now += 1
    assert lease.state is LeaseState.ABANDONED
    with pytest.raises(StaleEpoch, match="closing"):
        lease.adopt(4)


def test_a_lapsed_lease_is_not_parked() -> None:
    clock = Clock()
    lease = lease_at(clock)
    clock.now += 6
    with pytest.raises(StaleEpoch):
        lease.park(3, 600)
