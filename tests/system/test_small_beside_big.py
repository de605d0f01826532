"""G14: a notification to ten devices, found by a condition, does not wait for one to all of them."""
from lab import Lab, until

DEVICES = 100_000


def main():
    devices = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}",
                "properties": {"n": n}} for n in range(DEVICES)]
    # A gateway that takes some 10,000 a second.
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        node = lab.node(sections={"limits": {"connections_per_credential": 2}}).start()
        node.make_key()
        node.import_devices(devices)
        status, big, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "big"}, "audience": {"all": True}, "launch": True})
        assert status == 201, big
        until("the big one to be under way", lambda: lab.emulator.arrived() >= 5_000)
        for low in (0, DEVICES // 2, DEVICES - 10):
            before = node.notification(big["id"])["counts"]["accepted"]
            status, small, _ = node.call("POST", "/v1/notifications", {
                "content": {"title": "small"}, "audience": {"condition": {"property": "n", "between": [low, low + 9]}},
                "launch": True})
            assert status == 201, small
            assert node.wait_completed(small["id"])["counts"]["accepted"] == 10
            meanwhile = node.notification(big["id"])["counts"]["accepted"] - before
            print(f"{meanwhile} pushes of the big one went out meanwhile")
            assert meanwhile < DEVICES // 4, meanwhile
        node.wait_completed(big["id"])
        assert node.stop() == 0


if __name__ == "__main__":
    main()
