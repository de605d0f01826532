"""One run of one system: what it sent, how fast, and what it cost."""
import time

from .receipts import Receipts
from .scene import Scene


def log_rows(scene, since):
    return scene.emulator.log()[since:]


def measure(make, tools, conditions, devices):
    """Numbers of a run, and `faults`: what is not as it should be."""
    with Scene(conditions, devices, tools.build) as scene:
        system = make(scene, tools)
        try:
            system.start()
            since = len(scene.emulator.log())
            began_us = time.time() * 1e6
            system.begin()
            said, used = system.finish()
            ended_us = time.time() * 1e6
            receipts = Receipts(log_rows(scene, since), system.targets())
        finally:
            system.stop()
    if system.starts_with_first_receipt() and receipts.firsts:
        began_us, ended_us = receipts.firsts[system.warm_up_receipts()], receipts.last_us
    # A system that keeps results is done when it has them all.
    seconds = ((ended_us if system.keeps != "nothing" else receipts.last_us) - began_us) / 1e6
    cpu = sum(each["cpu_seconds"] for each in used.values())
    faults = receipts.faults()
    if said["accepted"] != devices:
        faults.append(f"it says that {said['accepted']:,} of {devices:,} were accepted: {said}")
    return {"seconds": seconds, "pushes_per_second": devices / seconds, "cpu_seconds_per_100k": cpu * 1e5 / receipts.expected,
            "peak_bytes": sum(each["peak_bytes"] for each in used.values()), "parts": used, "attempts": receipts.attempts,
            "seconds_to_95_percent": receipts.seconds_until(0.95, began_us), "lost": receipts.lost, "doubled": receipts.doubled,
            "faults": faults}
