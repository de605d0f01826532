"""G1, G3, G4, G5: kill -9 of the node at random moments of a run; it completes, and few pushes are doubled."""
import random
import sys
import time

from invariants import check_accepted_once, check_counts
from lab import Lab, until


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    devices = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android",
                "push_token": f"{'QUOTA1X' if n % 40 == 0 else 'UNREG' if n % 41 == 0 else ''}token-{n}"} for n in range(20_000)]
    # Slow enough that every kill falls into the run.
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        node = lab.node(sections={"limits": {"connections_per_credential": 2}}).start()
        node.make_key()
        node.import_devices(devices)
        status, made, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "kill", "data": {"notification": "kill"}}, "audience": {"all": True}, "launch": True})
        assert status == 201, made
        kills = 3
        for number in range(1, kills + 1):
            mark = int(len(devices) * number / (kills + 2) * chance.uniform(0.7, 1.0))
            until(f"{mark} pushes", lambda m=mark: lab.emulator.arrived() >= m, 60)
            node.kill()
            killed_at = time.monotonic()
            node.start()
            print(f"killed after {mark} pushes, ready again after {time.monotonic() - killed_at:.1f} s", flush=True)
        node.wait_completed(made["id"])
        check_counts(node, made["id"], len(devices))
        # Each kill puts at risk the streams of two connections and the answers that were not recorded.
        doubled = check_accepted_once(node, made["id"], devices, lab.emulator, "kill", kills * (2 * 100 + 256))
        print(f"{doubled} pushes were doubled by {kills} kills", flush=True)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
