"""Leases, on every database."""

import subprocess
import sys
import threading

import pytest

from monitor_core.jobs.lease import LEASE_SECONDS, Leases
from monitor_core.jobs.owner import is_dead, this_process


@pytest.fixture
def leases(engine, clock):
    return Leases(engine, clock)


def owner_of_a_dead_process():
    program = "from monitor_core.jobs.owner import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


class TestOwner:
    """Names of processes."""

    def test_this_process_lives(self):
        """We are not dead."""
        assert not is_dead(this_process())

    def test_an_ended_process_is_known_to_be_dead(self):
        """Nobody need wait for its lease to run out."""
        assert is_dead(owner_of_a_dead_process())

    def test_a_pid_used_again_is_another_process(self):
        """The moment of its start tells them apart."""
        machine, pid, _ = this_process().split("/")
        assert is_dead(f"{machine}/{pid}/1.00")

    @pytest.mark.parametrize("name", ["elsewhere/1/1.00", "me", "", "a/b/c/d"])
    def test_strangers_cannot_be_told(self, name):
        """Another machine's process, or a name that is no process."""
        assert not is_dead(name)


class TestLeases:
    """At most one holder."""

    def test_the_first_gets_it_the_second_does_not(self, leases):
        """Until it is released."""
        assert leases.acquire("worker", "a")
        assert not leases.acquire("worker", "b")
        assert leases.release("worker", "a")
        assert leases.acquire("worker", "b")

    def test_names_are_independent(self, leases):
        """A worker and a collector do not mind each other."""
        assert leases.acquire("worker", "a")
        assert leases.acquire("collector", "b")

    def test_acquiring_again_renews(self, leases, clock):
        """One's own lease is always free."""
        leases.acquire("worker", "a")
        clock.advance(seconds=LEASE_SECONDS - 1)
        assert leases.acquire("worker", "a")
        clock.advance(seconds=LEASE_SECONDS - 1)
        assert not leases.acquire("worker", "b")

    def test_an_expired_lease_is_free(self, leases, clock):
        """The former holder learns it on renewing."""
        leases.acquire("worker", "a")
        clock.advance(seconds=LEASE_SECONDS)
        assert not leases.is_live("worker")
        assert leases.acquire("worker", "b")
        assert not leases.renew("worker", "a")
        assert not leases.release("worker", "a")

    def test_renewing_extends(self, leases, clock):
        """A holder that renews keeps it."""
        leases.acquire("worker", "a")
        for _ in range(5):
            clock.advance(seconds=LEASE_SECONDS * 0.9)
            assert leases.renew("worker", "a")
        assert leases.is_live("worker")

    def test_a_dead_process_loses_it_at_once(self, leases):
        """A killed worker's successor begins without waiting."""
        leases.acquire("worker", owner_of_a_dead_process())
        assert not leases.is_live("worker")
        assert leases.acquire("worker", "b")

    def test_of_many_at_once_one_gets_it(self, leases):
        """Sixteen threads, one holder."""
        got: list[str] = []
        threads = [
            threading.Thread(target=lambda n=n: leases.acquire("worker", f"w{n}") and got.append(f"w{n}"))
            for n in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == [leases.holder("worker").owner]

    def test_nobody_holds_what_was_never_taken(self, leases):
        """No row, no holder."""
        assert leases.holder("worker") is None
        assert not leases.is_live("worker")
