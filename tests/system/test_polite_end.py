"""G17: SIGTERM under load ends with exit code 0, no duplicate and no loss; the next start goes on."""
from invariants import check_accepted_once, check_counts
from lab import Lab, until


def main():
    devices = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
               for n in range(10_000)]
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        node = lab.node(sections={"limits": {"connections_per_credential": 1}}).start()
        node.make_key()
        node.import_devices(devices)
        status, made, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "drain", "data": {"notification": "drain"}}, "audience": {"all": True}, "launch": True})
        assert status == 201, made
        for mark in (1500, 4000, 6500):
            until(f"{mark} pushes", lambda m=mark: lab.emulator.arrived() >= m, 60)
            assert node.stop() == 0, node.log_tail()
            node.start()
        node.wait_completed(made["id"])
        check_counts(node, made["id"], len(devices))
        check_accepted_once(node, made["id"], devices, lab.emulator, "drain", most_duplicates=0)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
