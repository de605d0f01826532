"""local_time: each device gets it when clocks in its own zone show that time; zones long past are skipped, by rule."""
import datetime
from zoneinfo import ZoneInfo

from invariants import check_accepted_once, check_counts
from lab import Lab, until

UTC = datetime.timezone.utc
ZONES = [None, "UTC", "Europe/Berlin", "Asia/Tokyo", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe",
         "Africa/Casablanca", "Pacific/Kiritimati", "Etc/GMT+12"]


def devices():
    made = []
    for number in range(300):
        zone = ZONES[number % len(ZONES)]
        made.append({"device_id": f"d-{number}", "gateway": "fcm", "platform": "android", "push_token": f"token-{number}",
                     **({"time_zone": zone} if zone else {})})
    return made


def create(node, name, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": {"all": True}, **more})
    assert status == 201, made
    return made


def wall(zone, seconds_from_now):
    """What clocks in the zone will show then, to the second."""
    at = datetime.datetime.now(ZoneInfo(zone)) + datetime.timedelta(seconds=seconds_from_now)
    return at.replace(microsecond=0, tzinfo=None)


def moment(zone, time):
    return time.replace(tzinfo=ZoneInfo(zone or "UTC")).timestamp()


def waves(node, emulator, everyone):
    """The wave of Berlin is seconds away: zones to the east are past, zones to the west wait for hours."""
    time = wall("Europe/Berlin", 3)
    due = moment("Europe/Berlin", time)
    made = create(node, "waves", local_time=time.isoformat(), misfire_grace_seconds=60, launch=True)
    assert made["local_time"] == time.isoformat() and made["state"] == "launched", made
    zone_of = {each["device_id"]: each.get("time_zone") for each in everyone}
    past = {name for name, zone in zone_of.items() if moment(zone, time) < due - 60}
    now = {name for name, zone in zone_of.items() if moment(zone, time) == due}
    later = set(zone_of) - past - now
    assert len(past) > 50 and len(now) >= 30 and len(later) > 50
    settled = until("the zones that are past or have it now", lambda: (
        lambda rows: rows if len(rows) == len(past | now) else None)(node.deliveries(made["id"])), 60)
    assert {row["device_id"] for row in settled if row["outcome"] == "accepted"} == now
    skipped = [row for row in settled if row["outcome"] == "skipped"]
    assert {row["device_id"] for row in skipped} == past and {row["code"] for row in skipped} == {"local_time_past"}
    # The emulator writes its log in blocks.
    arrived = until("the gateway's log", lambda: (lambda times: times if len(times) == len(now) else None)(
        [int(row[0]) / 1e6 for row in emulator.log() if row[3] == "waves"]))
    assert min(arrived) >= due - 0.01, (min(arrived), due)
    body = node.notification(made["id"])
    assert body["state"] == "sending" and body["counts"]["pending"] == 0 and not body["settled"], body
    next_due = min(moment(zone, time) for name, zone in zone_of.items() if name in later)
    assert datetime.datetime.fromisoformat(body["next_wave_at"].replace("Z", "+00:00")).timestamp() <= next_due
    return made["id"], past, now


def restart_and_cancel(node, identity, past, now):
    """A node that is killed between waves repeats none of them; a cancel ends the rest, who are not in the audience."""
    node.kill()
    node.start()
    other = create(node, "after", launch=True)["id"]
    node.wait_completed(other)
    assert len(node.deliveries(identity)) == len(past | now)
    assert node.call("POST", f"/v1/notifications/{identity}:cancel")[0] == 202
    ended = until("the cancel to settle", lambda: (
        lambda body: body if body["settled"] else None)(node.notification(identity)), 30)
    assert ended["counts"]["audience"] == len(past | now) and "next_wave_at" not in ended, ended


def all_at_once(node, emulator, everyone):
    """Within a grace of days everyone whose time is past gets it now; devices without a zone go by the default."""
    time = wall("Etc/GMT+12", -5)
    made = create(node, "late", local_time=time.isoformat(), misfire_grace_seconds=3 * 24 * 3600, launch=True)
    node.wait_completed(made["id"])
    check_counts(node, made["id"], len(everyone))
    check_accepted_once(node, made["id"], everyone, emulator, "late")


def waits_by_itself(node):
    """Without `launch` it waits until the first zone has it."""
    time = datetime.datetime.now(UTC).replace(microsecond=0, tzinfo=None) + datetime.timedelta(days=2)
    made = create(node, "scheduled", local_time=time.isoformat(), default_time_zone="Asia/Tokyo")
    assert made["state"] == "scheduled" and "next_wave_at" not in made, made
    path = f"/v1/notifications/{made['id']}"
    status, changed, _ = node.call("PATCH", path, {"local_time": None, "default_time_zone": None})
    assert status == 200 and changed["state"] == "draft" and "local_time" not in changed, changed
    # Kiritimati is first: 14 hours ahead of UTC.
    soon = wall("Pacific/Kiritimati", 2)
    status, changed, _ = node.call("PATCH", path, {"local_time": soon.isoformat()})
    assert status == 200 and changed["state"] == "scheduled", changed
    until("Kiritimati's devices", lambda: len(node.deliveries(made["id"])) == 30, 30)
    assert node.call("POST", f"{path}:cancel")[0] == 202


def refused(node):
    for more, pointer in [({"local_time": "2030-12-24T18:00:00Z"}, "/local_time"), ({"local_time": "noon"}, "/local_time"),
                          ({"local_time": "2020-01-01T00:00:00"}, "/local_time"),
                          ({"local_time": "2020-01-01T00:00:00", "launch": True}, "/local_time"),
                          ({"default_time_zone": "UTC"}, "/default_time_zone"),
                          ({"local_time": "2030-01-01T00:00", "default_time_zone": "Mars/Olympus"}, "/default_time_zone"),
                          ({"local_time": "2030-01-01T00:00", "scheduled_at": "2030-01-01T00:00:00Z"}, "/local_time")]:
        status, problem, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "x"}, "audience": {"all": True}, **more})
        assert status == 400 and problem["errors"][0]["pointer"] == pointer, (more, status, problem)
    status, problem, _ = node.call("PUT", "/v1/devices/nowhere", {
        "gateway": "fcm", "platform": "android", "push_token": "t", "time_zone": "Europe/Atlantis"})
    assert status == 400 and problem["errors"][0]["pointer"] == "/time_zone", problem


def main():
    with Lab() as lab:
        everyone = devices()
        node = lab.node().start()
        node.make_key()
        node.import_devices(everyone)
        refused(node)
        restart_and_cancel(node, *waves(node, lab.emulator, everyone))
        all_at_once(node, lab.emulator, everyone)
        waits_by_itself(node)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
