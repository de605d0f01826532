"""What survives a kill -9 of the process that sends, in mid-run, when it is started again at once."""
import time

from waiting import until

from .measure import log_rows
from .receipts import Receipts
from .scene import Scene

PATIENCE = 180


def killed_in_mid_run(make, tools, conditions, devices):
    with Scene(conditions, devices, tools.build) as scene:
        system = make(scene, tools)
        try:
            system.start()
            since = len(scene.emulator.log())
            system.begin()
            until("half of the pushes", lambda: scene.emulator.arrived() >= since + devices // 2, PATIENCE, 0.005)
            system.kill()
            killed, sent = time.time(), len(log_rows(scene, since))
            if system.recovers:
                system.restart()
            settled = True
            try:
                if system.recovers:
                    system.go_on(PATIENCE)
            except AssertionError:
                settled = False
            recovered = time.time() - killed
            receipts = Receipts(log_rows(scene, since), system.targets())
        finally:
            system.stop()
    return {"sent": sent, "keeps": system.keeps, "lost": receipts.lost, "doubled": receipts.doubled,
            "recovered_seconds": recovered if system.recovers and settled else None}
