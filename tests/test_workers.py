"""Jobs in processes: each is done once, lost ones are told, this process may take part."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field

import pytest
import torch

from becam.workers import Crew, Stopped, do_at_once, torch_threads


@dataclass(frozen=True)
class Doubling:
    """Doubles numbers; a negative one kills its process, unless that is the first one."""

    main: int = field(default_factory=os.getpid)

    def do(self, job: int, stopped: Stopped) -> tuple[int, int, bool]:
        assert not stopped()
        if job < 0 and os.getpid() != self.main:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * job, torch.get_num_threads(), os.getpid() == self.main


@pytest.mark.slow
def test_a_job_that_kills_its_process_is_lost_alone() -> None:
    found: dict[int, int] = {}
    lost: list[int] = []
    do_at_once(
        Doubling(),
        [1, 2, -3, 4, 5],
        workers=2,
        threads=1,
        finish=lambda job, result: found.setdefault(job, result[0]),
        lost=lost.append,
    )
    assert found == {1: 2, 2: 4, 4: 8, 5: 10}
    assert lost == [-3]


@pytest.mark.slow
def test_this_process_takes_part_with_as_many_threads() -> None:
    found: dict[int, tuple[int, int, bool]] = {}
    before = torch.get_num_threads()
    jobs = list(range(4000))
    with Crew(Doubling(), workers=2, threads=1, here=True) as crew:
        crew.start()
        with torch_threads(1):
            for some in (jobs[:1], jobs[1:]):  # a crew does more than one lot
                crew.do(some, finish=lambda job, result: found.update({job: result}), lost=print)
    assert [found[job][0] for job in jobs] == [2 * job for job in jobs]
    assert {threads for _, threads, _ in found.values()} == {1}
    assert any(here for *_, here in found.values())
    assert torch.get_num_threads() == before


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs signal masks")
def test_processes_are_deaf_to_ctrl_c_while_they_start(capfd: pytest.CaptureFixture[str]) -> None:
    found: dict[int, tuple[int, int, bool]] = {}
    with Crew(Doubling(), workers=1, threads=1) as crew:
        crew.start()
        for process in crew._pool._processes:  # a terminal sends it to all of them
            os.kill(process, signal.SIGINT)
        crew.do([1, 2], finish=lambda job, result: found.update({job: result}), lost=print)
    assert [found[job][0] for job in (1, 2)] == [2, 4]
    assert "Traceback" not in capfd.readouterr().err


def test_what_fails_here_is_raised_and_nothing_stays_behind() -> None:
    class Failing:
        def do(self, job: int, stopped: Stopped) -> int:
            raise OSError("the disk is full")

    crew = Crew(Failing(), workers=1, threads=1, here=True)
    with pytest.raises(OSError, match="the disk is full"), crew:
        crew.do([1, 2], finish=lambda *_: None, lost=print)
    assert crew._stop.is_set()
