"""What a test does to Redis so that the journal is lost, and what must hold of a journal that was rebuilt."""
import datetime
import os
import shutil
import signal

from invariants import check_accepted_once, check_counts
from lab import until
from outer_stores import OuterStores


class LossyStores(OuterStores):
    """Stores whose Redis forgets, or comes back as it was before."""

    def keep_copy(self):
        """The data files as they are now; Redis writes nothing meanwhile."""
        pid = self.processes[0].pid
        os.kill(pid, signal.SIGSTOP)
        shutil.copytree(self.directory / "appendonlydir", self.directory / "copy")
        os.kill(pid, signal.SIGCONT)

    def kill_redis(self):
        self.processes[0].kill()
        self.processes[0].wait(30)

    def start_redis(self):
        self.processes[0] = self.redis()

    def put_copy_back(self):
        """Of a Redis that is not running."""
        shutil.rmtree(self.directory / "appendonlydir")
        (self.directory / "copy").rename(self.directory / "appendonlydir")

    def forget_all(self):
        """Of a Redis that is not running."""
        shutil.rmtree(self.directory / "appendonlydir")


def all_devices(count):
    return [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
            for n in range(count)]


def launch(node, name, **more):
    """Whatever it takes: a 503 says that it may be tried again, and that nothing was launched."""
    def launched():
        status, made, headers = node.call("POST", "/v1/notifications", {
            "content": {"title": name, "data": {"notification": name}}, "audience": {"all": True}, "launch": True, **more})
        assert status in (201, 503), made
        assert status == 201 or "Retry-After" in headers, headers
        return made["id"] if status == 201 else None
    return until(f"{name} to be launched", launched, 60, 0.05)


def micros(event):
    at = datetime.datetime.fromisoformat(event["ts"].replace("Z", "+00:00"))
    return int(at.timestamp() * 1_000_000)


def accepted_until(emulator, moment):
    """Devices of notifications whose push the gateway had accepted by then."""
    return {(row[2], row[3]) for row in emulator.log() if row[1] == "200" and int(row[0]) <= moment}


def wait_rebuilt(leader, before=0):
    """The rebuild's line in the leader's log."""
    return until("the journal to be rebuilt", lambda: leader.events("journal.rebuilt")[before:], 60)[0]


def sent_but_unrecorded(emulator, leader, sender, settled_before=0):
    """How many pushes had left and had no row when each rebuild ended: those may be doubled. `settled_before`: rows of
    notifications that were settled by then."""
    unrecorded = 0
    renewed = sender.events("roles.renewed")
    for number, event in enumerate(leader.events("journal.rebuilt")):
        left = len(accepted_until(emulator, micros(renewed[min(number, len(renewed) - 1)])))
        unrecorded += left - int(event["devices_settled"]) - settled_before
    return unrecorded


def check_whole(node, emulator, identity, devices, name, most_doubled, seconds=60):
    """G3, G5 and the bound of G19; how many were doubled."""
    node.wait_completed(identity, seconds)
    check_counts(node, identity, len(devices))
    return check_accepted_once(node, identity, devices, emulator, name, most_doubled)
