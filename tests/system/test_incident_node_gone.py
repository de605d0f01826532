"""Incident: the leading one of three nodes dies in mid-campaign, and stays away. One alarm rings, the others take its work over,
`inspect` shows it as missing with its age; when it is started again all is quiet."""
from incident_case import all_accepted, launch, under_way, watched
from lab import Lab, until

DEVICES = 6_000
LIMITS = {"self_check_seconds": 1, "lease_ms": 1_500, "heartbeat_ms": 300}
IN_FLIGHT = 2_000  # at most, before an emulator that answers after 20 ms


def main():
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        emulator, stores, certificate = lab.emulator, lab.stores(), lab.cluster()
        stores.start()
        secrets = lab.directory / "secrets.key"
        secrets.write_text("1f" * 32 + "\n")
        secrets.chmod(0o600)
        nodes = [lab.node(name, {**stores.sections(), "node": {"name": name}, "cluster": certificate(name), "secrets": {"key_file": str(secrets)},
                                 "limits": LIMITS}).start() for name in ("one", "two", "three")]
        key = nodes[0].make_key("devices,send,read")
        for node in nodes:
            node.key = key
        devices = [emulator.device("fcm", f"d-{n}") for n in range(DEVICES)]
        nodes[0].import_devices(devices)
        with watched(lab, *nodes) as watch:
            leader, = (node for node in nodes if node.metric("pusher_fan_out_leading") == 1)
            name = leader.directory.name
            other = next(node for node in nodes if node is not leader)
            identity = launch(other, "sale", rate_per_second=1_500)
            under_way(emulator, 500, "sale")
            leader.kill()

            ringing = watch.rings("PusherDown")
            assert ringing <= {"PusherDown", "PusherNoLeader"}, ringing
            status = until("the status", lambda: (now := other.inspect("status", code=1)) and "MISSING" in now and now)
            assert f"{name} is missing" in status and "last heard" in status, status
            other.wait_completed(identity)
            all_accepted(other, emulator, identity, "sale", devices, IN_FLIGHT)
            # As long as it is away the alarm rings, and nothing else does.
            until("that alarm alone", lambda: watch.firing() == {"PusherDown"})

            leader.start()
            watch.is_quiet()
            other.inspect("status")
            again = launch(leader, "again")
            leader.wait_completed(again)
            all_accepted(leader, emulator, again, "again", devices)


if __name__ == "__main__":
    main()
