"""CPU time and memory of processes by the operating system's accounting, and where processes may run."""
import contextlib
import os
import time

TICK = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def on(cpus):
    """What is started within runs on these CPUs alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid):
    """Of all its threads that were and are, and of the children that it has waited for."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    own = time.clock_gettime(~pid << 3 | 2)  # the process's CPU clock, as clock_getcpuclockid makes it
    return own + (int(fields[13]) + int(fields[14])) / TICK


def peak_bytes(pid):
    """The most that was resident since the peak was last forgotten."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as clear:
        clear.write("5")


def busy_seconds():
    """Of all CPUs, whoever used them, the host of a virtual machine included."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


class Strangers:
    """What everything else used of the machine meanwhile: `ours` are the pids of the bench itself. No figure is better than the
    quiet it was taken in."""

    def __init__(self, ours):
        self.ours, self.began = ours, time.monotonic()
        self.before = self.others()

    def others(self):
        return busy_seconds() - sum(map(cpu_seconds, self.ours))

    def share(self, system_cpu):
        """Of all CPUs; `system_cpu`: what the system under test used."""
        used = self.others() - self.before - system_cpu
        return max(0.0, used / (time.monotonic() - self.began) / os.cpu_count())


class Meter:
    """Counts from `begin` to `end` what processes that live throughout use: name -> pid."""

    def __init__(self, pids):
        self.pids, self.before = dict(pids), {}

    def begin(self):
        for pid in self.pids.values():
            forget_peak(pid)
        self.before = {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    def end(self):
        """name -> {"cpu_seconds", "peak_bytes"}."""
        return {name: {"cpu_seconds": cpu_seconds(pid) - self.before[name], "peak_bytes": peak_bytes(pid)}
                for name, pid in self.pids.items()}


def wait_measured(process):
    """Waits for a program to end; what it used from its start, by the accounting that its end leaves."""
    peak = 0
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": peak}
        # ru_maxrss would count what the parent had when it started the program.
        peak = max(peak, peak_bytes(process.pid))
        time.sleep(0.02)
