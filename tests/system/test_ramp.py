"""A credential that was idle begins at a tenth of its rate, which grows by a straight line over `ramp_seconds`: no burst when a
gateway is back, or when it is new."""
import time

from invariants import check_counts
from lab import Lab

RATE, SECONDS = 500, 10
# What may leave before its turn: 200 ms of the rate, and what the sender keeps at hand.
AT_ONCE = 100 + 2 * 8
DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"} for n in range(1_000)]


def granted(seconds):
    """Pushes that the ramp allows so long after the first."""
    return RATE * (0.1 * seconds + 0.9 * seconds * seconds / (2 * SECONDS))


def main():
    with Lab() as lab:
        node = lab.node(sections={"fcm": {"messages_per_minute": 60 * RATE, "ramp_seconds": SECONDS}}).start()
        node.make_key()
        node.import_devices(DEVICES)
        since = time.time()
        status, made, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "warming"}, "audience": {"all": True}, "launch": True})
        assert status == 201, made
        node.wait_completed(made["id"], 60)
        check_counts(node, made["id"], len(DEVICES))
        times = sorted(int(row[0]) / 1e6 - since for row in lab.emulator.log())
        for earlier, seconds in enumerate(times):
            assert earlier < granted(seconds + 0.01) + AT_ONCE, f"{earlier + 1} pushes in {seconds:.3f} s"
        print(f"{len(times)} pushes in {times[-1]:.1f} s; without the ramp it would be {len(times) / RATE:.1f} s", flush=True)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
