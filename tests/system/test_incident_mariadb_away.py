"""Incident: MariaDB dies in mid-campaign. The alarms say so, and the log does without drowning it; sending goes on with what is
journaled; when MariaDB is back all is recorded, once, and the alarms end. Then it comes back empty: nothing is sent or launched, and
one sentence says what is wrong and how to mend it."""
import shutil

from incident_case import all_accepted, campaign_under_way, launch, under_way, watched
from lab import Lab, until

DEVICES = 4_000
AWAY = {"PusherStoreAway", "PusherNotReady"}


def lines(node, ending):
    return [line for line in (node.directory / "node.log").read_text().splitlines() if f'{ending}"' in line]


def come_back_empty(stores):
    stores.processes[1].kill()
    stores.processes[1].wait()
    shutil.rmtree(stores.directory / "mysql")
    stores.install()
    stores.restart(1)


def main():
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        emulator, stores = lab.emulator, lab.stores()
        stores.start()
        node = lab.node(sections={**stores.sections(), "limits": {"self_check_seconds": 1}}).start()
        node.make_key("devices,send,read")
        devices = [emulator.device("fcm", f"d-{n}") for n in range(DEVICES)]
        node.import_devices(devices)
        with watched(lab, node) as watch:
            identity = campaign_under_way(node, emulator)
            before = len(lines(node, "store_failed"))
            stores.processes[1].kill()

            ringing = watch.rings(*AWAY)
            # With real patience the leader's alarm comes after a minute: its lease is a row.
            assert ringing <= AWAY | {"PusherNoLeader", "PusherApiErrors"}, ringing
            assert launch(node, "another", 503)["code"] == "store_unavailable"
            assert "mariadb" in node.inspect("status", code=1)
            node.inspect("streams")
            under_way(emulator, DEVICES, "sale")
            # Each kind of work says it once, and again when the words change.
            said = len(lines(node, "store_failed")) - before
            assert said < 30, "\n".join(lines(node, "store_failed"))
            stores.restart(1)

            node.wait_completed(identity)
            all_accepted(node, emulator, identity, "sale", devices)
            watch.is_quiet(but=["PusherApiErrors"])
            # Senders and writers need no leader, and may be ready with the campaign before there is one again.
            until("a leader", lambda: node.inspected("status", code=None)["problems"] == [])

            come_back_empty(stores)
            watch.rings(*AWAY)
            until("the check", lambda: "emptied or replaced" in node.admin("/readyz")[1])
            assert node.stop() == 0
            node.start(wait=False)
            away = until("the log to say it", lambda: [each for each in node.events("store.away") if "another installation" in each["detail"]])
            assert "backup" in away[0]["detail"], away
            # A look is made five times a second: by now another one would have said it again.
            until("some more looks", lambda: "for 2 s already" in node.admin("/readyz")[1])
            told = [each for each in node.events("store.away") + node.events("store.ready") if each["check"] == "journal" and each["ts"] >= away[0]["ts"]]
            assert len(told) == 1, told
            node.make_key("send")
            node.checks_answers = False
            launch(node, "refused", 503)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
