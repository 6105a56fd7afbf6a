"""What is bound, and where it goes along."""

import asyncio
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from monitor_core.logs import bind, carry, current, outgoing_headers, scope, trace_id, unbind


def seen():
    return trace_id(), dict(current().context)


def test_a_scope_ends():
    """Within: trace and context, those around included; afterwards as before."""
    with scope("t-1", a=1):
        with scope(b=2):
            assert seen() == ("t-1", {"a": 1, "b": 2})
        assert seen() == ("t-1", {"a": 1})
    assert seen() == (None, {})


def test_a_scope_ends_with_an_exception_too():
    """Nothing stays bound."""
    with pytest.raises(ZeroDivisionError), scope("t-1"):
        _ = 1 / 0
    assert trace_id() is None


def test_bind_and_unbind():
    """Values come and go; unknown names are passed over."""
    with scope("t-1"):
        bind(a=1, b=2)
        bind(a=3)
        unbind("b", "c")
        assert seen() == ("t-1", {"a": 3})


def test_a_scope_without_a_name_begins_a_trace():
    """32 hexadecimal digits, and headers for other services."""
    with scope():
        assert len(trace_id()) == 32
        assert outgoing_headers()["traceparent"].split("-")[1] == trace_id()
    assert outgoing_headers() == {}


def test_tasks_do_not_see_each_other():
    """A thousand requests at once, each with its own."""

    async def request(number):
        with scope(f"t-{number}"):
            bind(number=number)
            await asyncio.sleep(0)
            return seen()

    async def run():
        return await asyncio.gather(*map(request, range(1000)))

    assert asyncio.run(run()) == [(f"t-{number}", {"number": number}) for number in range(1000)]


def test_a_task_inherits():
    """`create_task` and `to_thread` take along what is bound, by Python itself."""

    async def run():
        with scope("t-1", a=1):
            return await asyncio.create_task(asyncio.to_thread(seen))

    assert asyncio.run(run()) == ("t-1", {"a": 1})


def test_threads_and_executors_carry():
    """`carry` takes it along, and the thread is as before afterwards."""
    with scope("t-1", a=1), ThreadPoolExecutor(1) as executor:
        assert executor.submit(carry(seen)).result() == ("t-1", {"a": 1})
        assert executor.submit(seen).result() == (None, {})
        found = []
        thread = threading.Thread(target=carry(found.append), args=(1,))
        thread.start()
        thread.join()
        assert found == [1]


def test_processes_carry():
    """Into a process pool as well."""
    with scope("t-1", a=1), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        assert executor.submit(carry(_in_process), 1).result(60) == ("t-1", 1)


def _in_process(number):
    return trace_id(), number
