"""One run of one system: what it sent, how fast, and what it cost."""
import contextlib
import os
import time

from .accounting import Strangers
from .receipts import Receipts
from .scene import Scene


@contextlib.contextmanager
def started(make, tools, conditions, devices):
    """A system that is ready, in a scene of its own; gives both, and a function of what the gateway saw from now on."""
    with Scene(conditions, devices, tools.build) as scene:
        system = make(scene, tools)
        try:
            system.start()
            since = len(scene.emulator.log())
            yield scene, system, lambda: scene.emulator.log()[since:]
        finally:
            system.stop()


def measure(make, tools, conditions, devices):
    """Numbers of a run, and `faults`: what is not as it should be."""
    with started(make, tools, conditions, devices) as (scene, system, rows):
        strangers = Strangers([os.getpid(), scene.emulator.process.pid])
        began_us = time.time() * 1e6
        system.begin()
        said, used = system.finish()
        ended_us = time.time() * 1e6
        cpu = sum(each["cpu_seconds"] for each in used.values())
        others = strangers.share(cpu)
        receipts = Receipts(rows(), system.targets())
    if len(receipts.firsts) <= system.warm_up_receipts():
        raise AssertionError(f"{system.name}: nothing arrived at the gateway: {said}")
    if system.starts_with_first_receipt():
        began_us, ended_us = receipts.firsts[system.warm_up_receipts()], receipts.last_us
    # A system that keeps results is done when it has them all.
    seconds = ((ended_us if system.keeps != "nothing" else receipts.last_us) - began_us) / 1e6
    faults = receipts.faults()
    if said["accepted"] != devices:
        faults.append(f"it says that {said['accepted']:,} of {devices:,} were accepted: {said}")
    return {"seconds": seconds, "pushes_per_second": devices / seconds, "cpu_seconds_per_100k": cpu * 1e5 / receipts.expected,
            "peak_bytes": sum(each["peak_bytes"] for each in used.values()), "parts": used, "attempts": receipts.attempts,
            "seconds_to_95_percent": receipts.seconds_until(0.95, began_us), "lost": receipts.lost, "doubled": receipts.doubled,
            "used_by_others": others, "faults": faults}
