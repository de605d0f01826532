"""What survives a kill -9 of the process that sends, in mid-run, when it is started again at once."""
import time

from waiting import until

from .measure import started
from .receipts import Receipts

PATIENCE = 180


def go_on(system):
    """Starts it again; how long until every device has its result, or None if it never is so."""
    began = time.time()
    system.restart()
    try:
        system.wait_settled(PATIENCE)
    except AssertionError:
        return None
    return time.time() - began


def killed_in_mid_run(make, tools, conditions, devices):
    with started(make, tools, conditions, devices) as (scene, system, rows):
        before = scene.emulator.arrived()
        system.begin()
        until("half of the pushes", lambda: scene.emulator.arrived() >= before + devices // 2, PATIENCE, 0.005)
        system.kill()
        sent = len(rows())
        recovered = go_on(system) if system.recovers else None
        receipts = Receipts(rows(), system.targets())
    return {"sent": sent, "keeps": system.keeps, "lost": receipts.lost, "doubled": receipts.doubled,
            "recovered_seconds": recovered}
