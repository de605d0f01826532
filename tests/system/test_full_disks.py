"""G20: Redis's disk full (MISCONF), Redis's memory full (OOM), the disk of the nodes' logs full: what was accepted completes,
launching answers 503 with Retry-After while it cannot be kept, and everything goes on by itself when there is room again."""
import sys

import faults
from installation import Installation, in_own_mounts, may_mount
from invariants import check_accepted_once, check_counts
from lab import until

CANNOT = 77  # what ctest takes for "skipped"
DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
           for n in range(3_000)]


def launch(node, name):
    return node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": {"all": True}, "launch": True,
        "rate_per_second": 1_500})


def under_way(installation, name):
    node, emulator = installation.fronts()[0], installation.lab.emulator
    before = emulator.arrived()
    status, made, _ = launch(node, name)
    assert status == 201, made
    until("pushes to arrive", lambda: emulator.arrived() > before + 200)
    return made["id"]


def completes(installation, identity, name):
    node = installation.fronts()[1]
    node.wait_completed(identity)
    rows = check_counts(node, identity, len(DEVICES))
    assert {row["outcome"] for row in rows.values()} == {"accepted"}, name
    installation.lab.emulator.statistics()
    check_accepted_once(node, identity, DEVICES, installation.lab.emulator, name)


def redis_is_full(installation, fault, name):
    node = installation.fronts()[0]
    identity = under_way(installation, name)
    with fault:
        def refused():
            status, answer, headers = launch(node, f"{name}-more")
            assert status in (201, 503), answer
            if status == 201:
                more.append(answer["id"])
            return (answer, headers) if status == 503 else None

        more = []
        answer, headers = until("launching to be refused", refused)
        assert int(headers["Retry-After"]) >= 1, headers
        assert node.call("GET", f"/v1/notifications/{identity}")[0] == 200, "reading needs no room"
        print(f"{name}: {answer['detail']}", flush=True)
    installation.wait_well()
    completes(installation, identity, name)
    for each in more:
        node.wait_completed(each)
        check_counts(node, each, len(DEVICES))
    completes(installation, under_way(installation, f"{name}-after"), f"{name}-after")


def redis_dies_after(installation):
    """The file that Redis wrote while its disk was full is not what it loads afterwards: the leader had it made anew."""
    identity = under_way(installation, "killed")
    with faults.disk_full(installation, "redis"):
        until("launching to be refused", lambda: launch(installation.fronts()[0], "unheard")[0] == 503)
        # A rewrite that begins now is what leaves a damaged file behind.
        installation.stores.redis_command("config", "set", "auto-aof-rewrite-min-size", "1kb")

    with faults.killed(installation, "redis"):
        pass
    installation.wait_well()
    installation.fronts()[1].wait_completed(identity)
    check_counts(installation.fronts()[1], identity, len(DEVICES))


def logs_are_full(installation):
    """Nobody waits for the log, and it goes on when there is room: with whole lines."""
    sizes = {name: len(node.log_tail(10 ** 9)) for name, node in installation.nodes.items()}
    with faults.disk_full(installation, "logs"):
        completes(installation, under_way(installation, "log"), "log")
        for node in installation.nodes.values():
            node.inspect("log-level", "debug", code=0)
            node.inspect("log-level", "info", code=0)
    completes(installation, under_way(installation, "log-after"), "log-after")
    name = installation.leader()
    with faults.killed(installation, name):
        until("another start to be logged", lambda: len(installation.nodes[name].log_tail(10 ** 9)) > sizes[name])
    installation.wait_well()
    assert installation.nodes[name].events("node.ready"), "its log has whole lines"


def main():
    in_own_mounts()
    if not may_mount():
        print("skipped: this user may mount no small file systems here (run as root)", flush=True)
        sys.exit(CANNOT)
    with Installation() as installation:
        installation.fronts()[0].import_devices(DEVICES)
        redis_is_full(installation, faults.disk_full(installation, "redis"), "disk")
        redis_dies_after(installation)
        redis_is_full(installation, faults.redis_full(installation), "memory")
        logs_are_full(installation)
        assert [each for each in installation.restarts if each[1] != -9] == [], installation.restarts


if __name__ == "__main__":
    main()
