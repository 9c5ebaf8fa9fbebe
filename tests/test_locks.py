"""Locks, and what becomes of them in a forked process."""

import os
import threading

import pytest

from fastnn.locks import ReentrantLock, brief_lock


def held_by_another(lock):
    """Let another thread take a lock and keep it; return what makes it let go."""
    taken, enough = threading.Event(), threading.Event()

    def hold():
        with lock:
            taken.set()
            enough.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    return lambda: (enough.set(), thread.join())


def test_a_lock_that_another_thread_holds_is_renewed():
    calls = []
    lock = ReentrantLock(lambda: calls.append(1))
    first = lock.held
    let_go = held_by_another(first)
    lock.renew()
    assert lock.held is not first
    assert lock.held.acquire(blocking=False)
    assert calls == [1]
    let_go()


def test_a_lock_that_is_free_or_this_threads_stays():
    lock = ReentrantLock(lambda: pytest.fail("nothing was abandoned"))
    first = lock.held
    lock.renew()
    with lock.held:
        lock.renew()
    assert lock.held is first
    let_go = held_by_another(first)  # it has been released as often as taken
    let_go()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of forks beside threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_waits_for_brief_locks_alone():
    """In a process of its own, because this one has other threads."""
    pid = os.fork()
    if pid == 0:
        long, brief = ReentrantLock(), brief_lock()
        let_go = held_by_another(long.held)
        child = os.fork()
        if child == 0:
            os._exit(0 if long.held.acquire(blocking=False) and brief.acquire(blocking=False) else 3)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        let_go()
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
