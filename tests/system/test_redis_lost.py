"""G19: Redis is emptied, or comes back with older data, in the middle of a run. Nobody lifts a hand; every device gets its
push and one row, and at most what was sent and not recorded is sent twice."""
import sys

import lost_redis
from lab import Lab, until

DEVICES = lost_redis.all_devices(20_000)
# So fast that it takes some seconds.
PACE = {"fcm": {"messages_per_minute": 300_000, "ramp_seconds": 0}}


def prepared(lab):
    stores = lost_redis.LossyStores(lab.directory / "stores")
    lab.outer_stores.append(stores)
    stores.start()
    node = lab.node(sections={**stores.sections(), **PACE}).start()
    node.make_key()
    node.import_devices(DEVICES)
    return stores, node


def finish(lab, node, identity, name, cursor):
    lost_redis.wait_rebuilt(node)
    node.wait_completed(identity)
    most = lost_redis.sent_but_unrecorded(lab.emulator, node, node)
    doubled = lost_redis.check_whole(node, lab.emulator, identity, DEVICES, name, most)
    print(f"{name}: {doubled} pushes were doubled, {most} had been sent and not recorded", flush=True)
    assert most <= 256 + 16 * 100 + 2000, most
    # A client's list goes on where it was, although the journal has another name.
    status, page, _ = node.call("GET", f"/v1/notifications/{identity}/deliveries?limit=10&cursor={cursor}")
    assert status == 200 and len(page["items"]) == 10, page
    assert node.admin("/readyz")[0] == 200
    metrics = node.admin("/metrics")[1]
    assert "pusher_journal_rebuilds_total 1" in metrics and "pusher_journal_rebuilding 0" in metrics, metrics
    assert node.events("role.failed") == [] and len(node.events("node.ready")) == 1
    assert node.stop() == 0


def first_cursor(node, identity):
    """Of a list of deliveries, as soon as it has a second page."""
    return until("a second page", lambda: node.call("GET", f"/v1/notifications/{identity}/deliveries?limit=10")[1].get("next_cursor"))


def emptied():
    with Lab() as lab:
        stores, node = prepared(lab)
        identity = lost_redis.launch(node, "emptied")
        until("a third of the pushes", lambda: lab.emulator.arrived() >= len(DEVICES) / 3)
        cursor = first_cursor(node, identity)
        stores.redis_command("FLUSHALL")
        finish(lab, node, identity, "emptied", cursor)


def older():
    with Lab() as lab:
        stores, node = prepared(lab)
        identity = lost_redis.launch(node, "older")
        until("a fifth of the pushes", lambda: lab.emulator.arrived() >= len(DEVICES) / 5)
        stores.keep_copy()
        cursor = first_cursor(node, identity)
        until("more of the pushes", lambda: lab.emulator.arrived() >= len(DEVICES) * 3 / 5)
        stores.kill_redis()
        stores.put_copy_back()
        stores.start_redis()
        finish(lab, node, identity, "older", cursor)


def main():
    wanted = sys.argv[1:] or ["emptied", "older"]
    for name in wanted:
        globals()[name]()


if __name__ == "__main__":
    main()
