"""G10: the clock of one process jumps by an hour, either way, while it runs and when it starts: nothing starts early, late or
twice, and every gateway takes what it signs."""
import datetime
import time

import faults
from installation import GATEWAYS, Installation
from lab import until


def devices_of(emulator):
    return [emulator.device(gateway, f"plain-{number}") for gateway in GATEWAYS for number in range(50)]


def launch(node, name, due=None):
    body = {"content": {"title": name, "data": {"notification": name}}, "audience": {"all": True}, "collapse_key": name}
    when = {"launch": True}
    if due:
        when = {"scheduled_at": datetime.datetime.fromtimestamp(due, datetime.timezone.utc).isoformat()}
    status, made, _ = node.call("POST", "/v1/notifications", {**body, **when})
    assert status == 201, made
    return made["id"]


def pushes(emulator, name):
    """When each arrived, in seconds."""
    emulator.statistics()
    return [int(row[0]) / 1e6 for row in emulator.log() if row[3] == name and row[1].startswith("2") and row[4] == "-"]


def jumps(installation, node, seconds, count):
    """What is due later does not start at once, and what is due starts; both are sent once, by processes of both times."""
    name = f"{node}-{'forward' if seconds > 0 else 'back'}"
    other = next(each for key, each in installation.nodes.items() if key != node)
    with faults.clock_jump(installation, node, seconds):
        due = time.time() + 6
        later = launch(other, f"{name}-later", due)
        for turn in range(5):  # all senders take part
            at_once = launch(installation.nodes[node], f"{name}-{turn}")
            counts = other.wait_completed(at_once)["counts"]
            assert counts["accepted"] == count, (node, seconds, counts)
        state = other.notification(later)["state"]
        assert state == "scheduled" or time.time() >= due, f"it is {state} early"
        counts = other.wait_completed(later)["counts"]
        assert counts["accepted"] == count, counts
    times = pushes(installation.lab.emulator, f"{name}-later")
    assert len(times) == count and min(times) >= due - 0.1, (len(times), min(times) - due)
    print(f"clock of {node} {seconds:+d} s: the first push came {min(times) - due:.2f} s after it was due", flush=True)


def starts_wrong(installation, node, count):
    """A process whose clock is wrong from its start goes by Redis's."""
    started = len(installation.restarts)
    with faults.clock_jump(installation, node, 3600):
        with faults.killed(installation, node):
            until("it to be started again", lambda: len(installation.restarts) > started)
        installation.wait_well()
        corrected = installation.nodes[node].events("clock.corrected")
        assert corrected and abs(int(corrected[-1]["by_ms"]) + 3_600_000) < 60_000, corrected
        for turn in range(5):
            done = installation.nodes[node].wait_completed(launch(installation.nodes[node], f"started-{turn}"))
            assert done["counts"]["accepted"] == count, done["counts"]


def main():
    with Installation(clocks=True) as installation:
        devices = devices_of(installation.lab.emulator)
        installation.fronts()[0].import_devices(devices)
        leader = until("a leader", installation.leader)
        standby = next(name for name in installation.nodes if name != leader)
        for node in (leader, standby):
            for seconds in (3600, -3600):
                jumps(installation, node, seconds, len(devices))
            assert installation.leader() == leader, "the lead changed hands"
        starts_wrong(installation, standby, len(devices))
        log = installation.lab.emulator.log()
        assert not [row for row in log if row[4] not in ("-",)], [row for row in log if row[4] != "-"][:5]


if __name__ == "__main__":
    main()
