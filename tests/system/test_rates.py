"""What may be sent in a second: a credential's rate over all senders, a notification's own rate, retries by budget."""
import subprocess
import time

from invariants import check_accepted_once, check_counts
from lab import Lab


def launch(node, name, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "launch": True, **more})
    assert status == 201, made
    return made["id"]


def check_rate(emulator, correlation, since, rate, at_once):
    """No push came before its time, counted from the launch: what a slow machine delays comes later, and breaks nothing."""
    times = sorted(int(row[0]) / 1e6 - since for row in emulator.log() if row[3] == correlation)
    for earlier, seconds in enumerate(times):
        assert earlier < at_once + rate * (seconds + 0.01), f"{earlier + 1} pushes in {seconds:.3f} s"


def notification_rate(node, emulator, devices):
    chosen = devices[:300]
    since = time.time()
    identity = launch(node, "slow", audience={"device_ids": [each["device_id"] for each in chosen]}, rate_per_second=60)
    node.wait_completed(identity, 60)
    check_counts(node, identity, len(chosen))
    check_accepted_once(node, identity, chosen, emulator, "slow")
    check_rate(emulator, "slow", since, 60, 60)  # a batch is a second's worth
    status, problem, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": "x"}, "audience": {"all": True}, "rate_per_second": 0})
    assert status == 400 or status == 422, (status, problem)
    assert problem["errors"][0]["pointer"] == "/rate_per_second", problem


def slow_beside_quick(node, devices):
    """No notification waits behind a slow one. One that will take hours keeps far more waiting than a queue holds, and is in nobody's way."""
    slow = launch(node, "hours", audience={"all": True}, rate_per_second=1)
    quick = launch(node, "at once", audience={"all": True})
    node.wait_completed(quick, 60)
    check_counts(node, quick, len(devices))
    assert node.notification(slow)["counts"]["accepted"] < len(devices) / 10


def credential_rate(lab, devices):
    """Two senders of one node share 500 pushes a second."""
    node = lab.node("governed", sections={"fcm": {"messages_per_minute": 30_000}, "node": {"roles": [
        "api", "fan-out", "push-sender=2", "result-writer"]}}).start()
    node.make_key()
    node.import_devices(devices)
    since = time.time()
    identity = launch(node, "governed", audience={"all": True})
    node.wait_completed(identity, 60)
    check_counts(node, identity, len(devices))
    # What both senders may have together before a push is due: 200 ms of the rate, and what each keeps at hand.
    check_rate(lab.emulator, "governed", since, 500, 100 + 2 * 8)
    clock_set_back(node, devices[:200])
    node.stop()


def clock_set_back(node, devices):
    """Redis's clock was an hour ahead and is right again: the credential's bucket does not wait for that hour to come."""
    socket = next(node.directory.rglob("redis.sock"))
    ask = ["redis-cli", "-e", "-s", str(socket)]
    bucket, = subprocess.run([*ask, "KEYS", "{pusher}:rate:*"], capture_output=True, text=True, check=True).stdout.split()
    ahead = str(int((time.time() + 3_600) * 1_000))
    subprocess.run([*ask, "HSET", bucket, "at", ahead, "warm_since", ahead], capture_output=True, check=True)
    identity = launch(node, "set back", audience={"device_ids": [each["device_id"] for each in devices]})
    node.wait_completed(identity, 60)
    check_counts(node, identity, len(devices))


def main():
    with Lab() as lab:
        every = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
                 for n in range(20_000)]
        devices = every[:2_500]
        node = lab.node().start()
        node.make_key()
        node.import_devices(every)
        notification_rate(node, lab.emulator, devices)
        slow_beside_quick(node, every)
        assert node.stop() == 0
        credential_rate(lab, devices)


if __name__ == "__main__":
    main()
