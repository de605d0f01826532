"""Calls of the API: registrations, reads, connections, launches; from the call to the gateway's receipt.

python3 bench/api.py [SECONDS], with PUSHER_BUILD_DIR and PYTHONPATH as for the system tests. The load comes from wrk, on the same cores.
"""
import json
import pathlib
import subprocess
import sys
import time

from lab import Lab, until

SCRIPT = pathlib.Path(__file__).with_suffix(".lua")
DEVICES = 1000


class Load:
    def __init__(self, node, seconds, quiet=False):
        self.node, self.seconds, self.quiet, self.first = node, seconds, quiet, 0

    def __call__(self, call, connections, path=""):
        """Closed loop: each connection asks again when it has its answer."""
        self.first += 1_000_000
        ran = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{self.seconds}s", "--timeout", "10s", "-s", str(SCRIPT),
                              f"http://127.0.0.1:{self.node.port}", call, self.node.key, path, str(self.first)],
                             capture_output=True, text=True, check=True)
        line = next((each for each in ran.stdout.splitlines() if each.startswith("RESULT ")), None)
        assert line and "refused" not in ran.stdout, ran.stdout + ran.stderr
        made = json.loads(line[7:])
        assert made["failed"] == 0, ran.stdout
        if not self.quiet:
            print(f"{call:13}{connections:>5} connections: {made['calls'] / made['seconds']:>8,.0f} calls/s, median {made['p50_ms']:.2f} ms, "
                  f"p99 {made['p99_ms']:.2f} ms", flush=True)
        return made


def receipts(node, emulator, count):
    """One device, idle engine: from before the call to the gateway's receipt, milliseconds."""
    begun = {}
    for number in range(count):
        name = f"receipt-{number}"
        begun[name] = time.time()
        status, made, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "x", "data": {"notification": name}}, "lane": "transactional",
            "audience": {"device_ids": [f"d-{number % DEVICES}"]}, "launch": True})
        assert status == 201, made
        node.wait_completed(made["id"])
    arrived = until("the gateway's log", lambda: (lambda rows: rows if len(rows) == count else None)(
        {row[3]: int(row[0]) / 1e6 for row in emulator.log() if row[3].startswith("receipt-")}))
    times = sorted((arrived[name] - begun[name]) * 1000 for name in begun)
    print(f"call to receipt, {count} times: median {times[count // 2]:.1f} ms, p99 {times[count * 99 // 100]:.1f} ms")


def sustained(node, emulator, load):
    before = emulator.arrived()
    begun = time.monotonic()
    load.seconds *= 4
    made = load("launch", 32)
    until("every push to arrive", lambda: emulator.arrived() - before >= made["calls"], 120)
    took = time.monotonic() - begun
    print(f"one-device notifications: {made['calls']:,} launched and pushed in {took:.1f} s, {made['calls'] / took:,.0f} a second")
    check_all_completed(node, emulator)


def check_all_completed(node, emulator):
    """Nothing may have been lost or doubled for the sake of speed."""
    ids, cursor = set(), ""
    until("all to complete", lambda: not any(node.call("GET", f"/v1/notifications?state={state}&limit=1")[1]["items"]
                                             for state in ("launched", "sending")), 60)
    while True:
        page = node.call("GET", "/v1/notifications?state=completed&limit=100" + (f"&cursor={cursor}" if cursor else ""))[1]
        for each in page["items"]:
            assert each["counts"]["accepted"] == each["counts"]["audience"] == 1, each
        ids.update(each["id"] for each in page["items"])
        cursor = page["next_cursor"]
        if not cursor:
            break
    # wrk leaves without hearing the answers to its last calls: a few more may be stored than it counted.
    pushes = emulator.log()
    assert len(pushes) == len(ids), (len(pushes), len(ids))
    assert all(row[1] == "200" for row in pushes)
    print(f"{len(ids):,} notifications completed, {len(pushes):,} pushes: none lost, none doubled")


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with Lab() as lab:
        node = lab.node(sections={"limits": {"requests_per_second_per_key": 0, "concurrent_requests": 4000, "concurrent_requests_per_key": 2000,
                                            "notifications_under_way": 100_000}}).start()
        node.make_key()
        node.import_devices([{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
                             for n in range(DEVICES)])
        receipts(node, lab.emulator, 200)
        load = Load(node, seconds)
        status, made, _ = node.call("POST", "/v1/notifications", {"content": {"title": "x"}, "audience": {"device_ids": ["d-1"]}})
        assert status == 201, made
        for connections in (4, 64):
            load("put", connections)
        for connections in (4, 64, 1000):
            load("device", connections, "/v1/devices/d-1")
            load("notification", connections, f"/v1/notifications/{made['id']}")
        sustained(node, lab.emulator, load)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
