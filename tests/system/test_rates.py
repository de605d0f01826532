"""What may be sent in a second: a credential's rate over all senders, a notification's own rate, retries by budget."""
from collections import Counter

from invariants import check_accepted_once, check_counts
from lab import Lab


def launch(node, name, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "launch": True, **more})
    assert status == 201, made
    return made["id"]


def per_second(emulator, correlation, early=0):
    """Pushes in each whole second, the first of which begins so many microseconds before the first push; but for the last."""
    times = sorted(int(row[0]) for row in emulator.log() if row[3] == correlation)
    counted = Counter((each - times[0] + early) // 1_000_000 for each in times)
    return [counted[second] for second in range(max(counted))]


def notification_rate(node, emulator, devices):
    chosen = devices[:300]
    identity = launch(node, "slow", audience={"device_ids": [each["device_id"] for each in chosen]}, rate_per_second=60)
    # Another notification does not wait behind it.
    other = launch(node, "quick", audience={"device_ids": [each["device_id"] for each in devices[300:400]]})
    node.wait_completed(other, 60)
    assert node.notification(identity)["state"] != "completed"
    node.wait_completed(identity, 60)
    check_counts(node, identity, len(chosen))
    check_accepted_once(node, identity, chosen, emulator, "slow")
    # A batch a second: seconds that began with the first push would sometimes hold two, for the first one connects and is late.
    seconds = per_second(emulator, "slow", 500_000)
    assert len(seconds) >= 3, seconds
    # Batches of a second's worth start on time, give or take what a busy machine delays.
    assert max(seconds) <= 120 and sum(seconds) / len(seconds) <= 75, seconds
    status, problem, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": "x"}, "audience": {"all": True}, "rate_per_second": 0})
    assert status == 400 or status == 422, (status, problem)
    assert problem["errors"][0]["pointer"] == "/rate_per_second", problem


def slow_beside_quick(node, devices):
    """One that will take hours keeps far more waiting than a queue holds, and is in nobody's way."""
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
    identity = launch(node, "governed", audience={"all": True})
    node.wait_completed(identity, 60)
    check_counts(node, identity, len(devices))
    seconds = per_second(lab.emulator, "governed")
    assert len(seconds) >= 3, seconds
    assert max(seconds) <= 650 and sum(seconds) / len(seconds) <= 560, seconds
    node.stop()


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
