"""Incident: Redis is full in mid-campaign. The alarm rings and launching is refused, in the log and in `inspect` as well; what is
under way goes on and drains, by the shared quota of FCM too; `inspect streams` still says what fills it; with more memory all is
as before, without a restart."""
from incident_case import all_accepted, campaign_under_way, launch, watched
from lab import Lab, until

DEVICES = 4_000


def main():
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        emulator, stores = lab.emulator, lab.stores()
        stores.start()
        # The quota is what it is by default: senders ask Redis for their share of it.
        node = lab.node(sections={**stores.sections(), "fcm": {"messages_per_minute": 600_000}, "limits": {"self_check_seconds": 1}}).start()
        node.make_key("devices,send,read")
        devices = [emulator.device("fcm", f"d-{n}") for n in range(DEVICES)]
        node.import_devices(devices)
        with watched(lab, node) as watch:
            identity = campaign_under_way(node, emulator)
            used, = (int(line.split(":")[1]) for line in stores.redis_command("INFO", "memory") if line.startswith("used_memory:"))
            stores.redis_command("CONFIG", "SET", "maxmemory", used * 9 // 10)

            ringing = watch.rings("PusherRedisMemoryHigh")
            assert ringing <= {"PusherRedisMemoryHigh", "PusherApiErrors"}, ringing
            refused = launch(node, "another", 503)
            assert refused["code"] == "overloaded" and refused["retry_after"] > 0, refused
            assert "Redis uses" in node.events("launching.refused")[0]["detail"]
            assert "launching is refused" in node.inspect("status", code=1)
            assert node.admin("/readyz")[0] == 200
            assert "results" in node.inspect("streams")
            # It drains all the same.
            node.wait_completed(identity)
            all_accepted(node, emulator, identity, "sale", devices)

            stores.redis_command("CONFIG", "SET", "maxmemory", 0)
            watch.is_quiet(but=["PusherApiErrors"])
            until("the log to say so", lambda: node.events("launching.allowed"))
            node.inspect("status")
            node.wait_completed(launch(node, "another"))
        assert node.stop() == 0


if __name__ == "__main__":
    main()
