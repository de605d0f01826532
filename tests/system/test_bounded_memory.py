"""G15: many devices, and a gateway that takes ten pushes a second: memory stays flat, the journal within its mark, launching is
shed with 503 in the end, and whoever asks is answered.

test_bounded_memory.py [DEVICES [SECONDS]]; `./run bench slow-gateway` looks at 1,000,000 devices for two minutes."""
import sys
import time

from lab import Lab, until

GROWTH = 64 << 20
UNDER_WAY = 20
FIRST_PAGE, PAGE = 1_000, 5_000


def imported(node, count):
    for begin in range(0, count, 50_000):
        node.import_devices({"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
                            for n in range(begin, min(count, begin + 50_000)))


def launch(node, number):
    return node.call("POST", "/v1/notifications", {
        "content": {"title": f"number {number}"}, "audience": {"all": True}, "launch": True})


def shed(node):
    """Launches until it is refused; gives what was accepted."""
    made = []
    while True:
        status, answer, headers = launch(node, len(made))
        if status == 503:
            assert answer["code"] == "overloaded" and int(headers["Retry-After"]) >= 1, answer
            return made
        # How many are under way is counted twice a second.
        assert status == 201 and len(made) <= 20 * UNDER_WAY, (status, answer)
        made.append(answer["id"])


def waiting(node):
    """Targets in the journal."""
    return sum(each["outstanding"] for each in node.inspected("streams")["queues"])


def watch(node, redis, identity, seconds):
    """Samples each second; gives the greatest memory of node and Redis, the most that waited, and the slowest answers."""
    seen = {"node": 0, "redis": 0, "waiting": 0, "status": 0.0, "read": 0.0}
    for _ in range(seconds):
        since = time.monotonic()
        node.inspect("status", code=1)  # that launching is refused is a problem
        asked = time.monotonic()
        assert node.call("GET", f"/v1/notifications/{identity}")[0] == 200
        seen["status"] = max(seen["status"], asked - since)
        seen["read"] = max(seen["read"], time.monotonic() - asked)
        seen["node"] = max(seen["node"], node.resident_bytes())
        seen["redis"] = max(seen["redis"], resident(redis))
        seen["waiting"] = max(seen["waiting"], waiting(node))
        time.sleep(max(0.0, since + 1 - time.monotonic()))  # the time over which memory is to stay flat
    return seen


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) << 10


def main():
    devices = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    with Lab(emulator_flags=("--max-rate", "10")) as lab:
        node = lab.node(sections={"limits": {"notifications_under_way": UNDER_WAY, "drain_seconds": 5}}).start()
        node.make_key()
        imported(node, devices)
        status, made, _ = launch(node, 0)
        assert status == 201, made
        until("some pushes to be taken", lambda: node.notification(made["id"])["counts"]["accepted"] >= 20)
        redis = node.store_pids()["redis"]
        before = node.resident_bytes(), resident(redis)
        others = shed(node)
        seen = watch(node, redis, made["id"], seconds)
        print(f"{devices} devices, {len(others) + 1} notifications to all of them, ten pushes a second: the node grew by "
              f"{(seen['node'] - before[0]) >> 20} MiB from {before[0] >> 20}, Redis by {(seen['redis'] - before[1]) >> 20}; at most "
              f"{seen['waiting']} targets waited; the slowest status took {1000 * seen['status']:.0f} ms as a process of its own, "
              f"the slowest read {1000 * seen['read']:.0f} ms", flush=True)
        assert seen["node"] - before[0] < GROWTH and seen["redis"] - before[1] < GROWTH, (before, seen)
        # However large the audiences are, each has at most its first page in the journal; the one that had the queue for
        # itself may have one more, which is longer (fan_out_bounds.hpp).
        assert seen["waiting"] <= (len(others) + 1) * FIRST_PAGE + PAGE, seen
        for each in (made["id"], *others):
            assert node.call("POST", f"/v1/notifications/{each}:cancel")[0] == 202
        until("all of it to be settled", lambda: node.notification(made["id"])["settled"])
        assert launch(node, "after")[0] == 201, "it sheds no more"
        assert node.stop() == 0


if __name__ == "__main__":
    main()
