"""Four nodes with one role each and a campaign through them: what each process needs, in CPU and memory.

python3 bench/cluster.py [DEVICES], with PUSHER_BUILD_DIR and PYTHONPATH as for the system tests.
"""
import os
import sys
import time

from lab import Lab, until
from one_role import one_role_nodes, start_together

BLOCK = 100_000


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def most_resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def devices(first, count):
    for number in range(first, first + count):
        yield {"device_id": f"d-{number}", "gateway": "fcm", "platform": "android",
               "push_token": f"token-{number}-" + "x" * 130, "properties": {"plan": "pro", "level": number % 50}}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with Lab() as lab:
        stores = lab.stores()
        stores.start()
        nodes = one_role_nodes(lab, stores)
        start_together(nodes.values())
        front = nodes["front"]
        front.make_key()
        for first in range(0, count, BLOCK):
            front.import_devices(devices(first, min(BLOCK, count - first)))
        pids = {name: node.process.pid for name, node in nodes.items()}
        pids.update(redis=stores.processes[0].pid, mariadb=stores.processes[1].pid, emulator=lab.emulator.process.pid)
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        began = time.monotonic()
        status, made, _ = front.call("POST", "/v1/notifications", {
            "content": {"title": "Hello", "body": "World"}, "audience": {"all": True}, "launch": True})
        assert status == 201, made
        done = front.wait_completed(made["id"], 600)
        took = time.monotonic() - began
        assert done["counts"]["accepted"] == count, done
        until("the gateway's log", lambda: lab.emulator.arrived() >= count)
        print(f"{count} pushes in {took:.1f} s, {count / took:.0f} a second")
        for name, pid in pids.items():
            used = (cpu_seconds(pid) - before[name]) * 100_000 / count
            print(f"{name:<9} {used:6.2f} CPU s per 100,000 pushes, at most {most_resident_mib(pid):6.1f} MiB resident")


if __name__ == "__main__":
    main()
