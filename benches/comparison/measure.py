"""Whole processes: how long each takes, by the clock and of the cores, and the most memory it held."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Run:
    seconds: float
    # Of all cores together: what a busy machine changes least.
    cpu: float
    megabytes: float
    printed: bytes


def run(command: list[str], out: Path, environment: dict[str, str] | None = None, folder: Path | None = None) -> Run:
    """Runs a command to its end; its output goes to a file, so that a pipe cannot hold it up."""
    with out.open("wb") as printed, out.with_suffix(".err").open("wb") as complaints:
        begun = time.perf_counter()
        child = subprocess.Popen(command, stdout=printed, stderr=complaints, cwd=folder,
                                 env={**os.environ, **(environment or {})})
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        said = out.with_suffix(".err").read_text(errors="replace")
        raise SystemExit(f"failed ({child.returncode}): {' '.join(command)[:300]}\n{said[-3000:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read_bytes())


@dataclass
class Times:
    """All rounds of one contender."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    megabytes: float = 0.0

    def add(self, run: Run) -> None:
        self.seconds.append(run.seconds)
        self.cpu.append(run.cpu)
        self.megabytes = max(self.megabytes, run.megabytes)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)
