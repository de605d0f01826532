"""G3, G5, G8: notifications that join a pass at different places survive kill -9 of the leader; nobody is left out."""
import random
import sys

from invariants import check_counts, pushes_by_token
from lab import Lab, until

CONDITIONS = {"all": {}, "half": {"property": "n", "lt": 10_000}, "third": {"property": "third", "eq": True},
              "some": {"cohort": {"of": 4, "from": 1, "to": 2}}}
KILLS = 3


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    devices = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}",
                "properties": {"n": n, "third": n % 3 == 0}} for n in range(20_000)]
    # Slow enough that the queues are full and the notifications stand at different places.
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        node = lab.node(sections={"limits": {"connections_per_credential": 2}}).start()
        node.make_key()
        node.import_devices(devices)
        counted = {name: node.call("POST", "/v1/devices:count", {"condition": condition})[1]["count"]
                   for name, condition in CONDITIONS.items()}
        sent, total = {}, 0
        for number, (name, condition) in enumerate(CONDITIONS.items()):
            status, made, _ = node.call("POST", "/v1/notifications", {
                "content": {"title": name, "data": {"notification": name}}, "audience": {"condition": condition},
                "launch": True})
            assert status == 201, made
            sent[name], total = made["id"], total + counted[name]
            if number < KILLS:
                mark = lab.emulator.arrived() + chance.randrange(1000, 6000)
                until(f"{mark} pushes", lambda m=mark: lab.emulator.arrived() >= min(m, total), 60)
                node.kill()
                node.start()
        doubled = 0
        for name, identity in sent.items():
            node.wait_completed(identity)
            rows = check_counts(node, identity, counted[name])
            pushes = pushes_by_token(lab.emulator, name)
            for device in devices:
                row = rows.get(device["device_id"])
                pushed = pushes.get(device["push_token"], 0)
                assert (row is None) == (pushed == 0), (name, device, row, pushed)
                doubled += max(0, pushed - 1)
        print(f"{total} pushes, {doubled} doubled by {KILLS} kills", flush=True)
        # The streams of two connections, and the answers that were not recorded, for each kill.
        assert doubled <= KILLS * (2 * 100 + 256), doubled
        assert node.stop() == 0


if __name__ == "__main__":
    main()
