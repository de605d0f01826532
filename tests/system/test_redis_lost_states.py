"""G19: Redis comes back empty while notifications are in every state of their life: partly sent, paused, canceled, expiring, in
waves of local times, for one device, and launched without anybody having been told. Each ends as if nothing had been."""
import datetime
from zoneinfo import ZoneInfo

import lost_redis
from invariants import check_accepted_once, check_counts
from lab import Lab, until

ZONES = ["Pacific/Kiritimati", "Asia/Tokyo", "Europe/Berlin", "UTC", "America/New_York", "Etc/GMT+12"]
DEVICES = [{**device, "time_zone": ZONES[number % len(ZONES)]}
           for number, device in enumerate(lost_redis.all_devices(6000))]


def arrived(emulator, name):
    return sum(row[3] == name for row in emulator.log())


def step(node, identity, verb):
    status, body, _ = node.call("POST", f"/v1/notifications/{identity}:{verb}")
    assert status == 202, (verb, status, body)


def settled(node, identity):
    return until(f"{identity} to settle", lambda: (lambda now: now if now["settled"] else None)(node.notification(identity)), 60)


def begin(node, emulator):
    """Notifications that all have something outstanding."""
    made = {"small before": lost_redis.launch(node, "small before", audience={"device_ids": ["d-7"]})}
    settled(node, made["small before"])
    slow = {"rate_per_second": 400}
    late = datetime.datetime.now(ZoneInfo("Etc/GMT+12")).replace(microsecond=0, tzinfo=None) - datetime.timedelta(seconds=5)
    made["waves"] = lost_redis.launch(node, "waves", local_time=late.isoformat(), misfire_grace_seconds=3 * 86400,
                                      **{**slow, "rate_per_second": 1000})
    made["big"] = lost_redis.launch(node, "big", rate_per_second=1000)
    made["named"] = lost_redis.launch(node, "named", rate_per_second=200,
                                      audience={"device_ids": [f"d-{n}" for n in range(1000)]})
    made["paused"] = lost_redis.launch(node, "paused", **slow)
    made["canceled"] = lost_redis.launch(node, "canceled", **slow)
    made["expires"] = lost_redis.launch(node, "expires", ttl_seconds=4, rate_per_second=300)
    status, draft, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": "untold", "data": {"notification": "untold"}}, "audience": {"all": True}})
    assert status == 201, draft
    made["untold"] = draft["id"]
    for name in ("waves", "big", "named", "paused", "canceled", "expires"):
        until(f"pushes of {name}", lambda n=name: arrived(emulator, n) > 100)
    step(node, made["paused"], "pause")
    step(node, made["canceled"], "cancel")
    return made


def untold_launch(stores, identity):
    """What an api leaves that died after its commit: a row, and no word to anybody."""
    stores.execute("UPDATE pusher.notifications SET state = 3, launched_at = UNIX_TIMESTAMP(NOW(3)) * 1000, expires_at = "
                   "launched_at + 3600000, audience_last_device = (SELECT MAX(id) FROM pusher.devices) WHERE public_id = "
                   f"'{identity}' AND state = 1")


def check_ends(node, emulator, made):
    for name in ("waves", "big", "untold"):
        node.wait_completed(made[name], 60)
        check_counts(node, made[name], len(DEVICES))
    node.wait_completed(made["named"], 60)
    check_counts(node, made["named"], 1000)
    assert node.notification(made["paused"])["state"] == "paused"
    still = arrived(emulator, "paused")
    step(node, made["paused"], "resume")
    node.wait_completed(made["paused"], 60)
    check_counts(node, made["paused"], len(DEVICES))
    assert still < len(DEVICES) / 2, still
    ended = settled(node, made["canceled"])
    assert ended["state"] == "canceled" and arrived(emulator, "canceled") < 3000, ended
    check_counts(node, made["canceled"], ended["counts"]["audience"])
    ended = settled(node, made["expires"])
    check_counts(node, made["expires"], len(DEVICES))
    assert ended["counts"]["expired"] > 1000 and ended["counts"]["accepted"] + ended["counts"]["expired"] == len(DEVICES), ended
    check_counts(node, made["small before"], 1)
    check_counts(node, made["small after"], 1)


def main():
    with Lab() as lab:
        stores = lost_redis.LossyStores(lab.directory / "stores")
        lab.outer_stores.append(stores)
        stores.start()
        node = lab.node(sections=stores.sections()).start()
        node.make_key()
        node.import_devices(DEVICES)
        made = begin(node, lab.emulator)
        stores.kill_redis()
        stores.forget_all()
        untold_launch(stores, made["untold"])
        until("readiness to go", lambda: node.admin("/readyz")[0] == 503)
        stores.start_redis()
        # A client that does not give up.
        made["small after"] = lost_redis.launch(node, "small after", audience={"device_ids": ["d-9"]})
        lost_redis.wait_rebuilt(node)
        check_ends(node, lab.emulator, made)
        # What was canceled has no push twice, as it gets none any more. Before the loss only this one had settled:
        most = lost_redis.sent_but_unrecorded(lab.emulator, node, node, settled_before=1)
        doubled = sum(check_accepted_once(node, identity, DEVICES, lab.emulator, name, most) for name, identity in made.items()
                      if name not in ("canceled", "expires"))
        print(f"{doubled} pushes were doubled, {most} had been sent and not recorded", flush=True)
        assert doubled <= most <= 256 + 16 * 100 + 2000, (doubled, most)
        assert node.events("role.failed") == [] and len(node.events("node.ready")) == 1
        assert node.stop() == 0


if __name__ == "__main__":
    main()
