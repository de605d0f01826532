"""One campaign over all gateways: every device gets its outcome, tokens are looked after, the guard holds."""
from collections import Counter

from invariants import check_counts
from lab import Lab, until

GATEWAYS = ("fcm", "apns", "webpush", "hms")


def launch(node, audience, name="all", **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "body": "Hello", "data": {"notification": name}}, "audience": audience,
        "launch": True, **more})
    assert status == 201, made
    return made["id"]


def outcomes(node, identity):
    return {row["device_id"]: row for row in node.deliveries(identity)}


def one_campaign(node, emulator):
    devices = [emulator.device(gateway, f"plain-{n}") for gateway in GATEWAYS for n in range(200)]
    devices += [emulator.device(gateway, text) for gateway, text in (
        ("fcm", "UNREG-1"), ("apns", "UNREG-1"), ("webpush", "UNREG-1"), ("hms", "ILLEGAL-1"),
        ("apns", "SAY-413-PayloadTooLarge-1"), ("webpush", "SAY-413-none-1"),
        ("fcm", "QUOTA1X-1"), ("apns", "SAY1X-429-TooManyRequests-R1-1"), ("webpush", "SAY1X-503-none-R1-1"),
        ("apns", "SANDBOX-misplaced"))]
    devices.append(emulator.device("apns", "SANDBOX-right", environment="sandbox"))
    results = node.import_devices(devices)
    assert all(row["status"] == 201 for row in results), [row for row in results if row["status"] != 201][:3]
    identity = launch(node, {"all": True})
    node.wait_completed(identity, 60)
    rows = check_counts(node, identity, len(devices))
    for gateway in GATEWAYS:
        for n in range(200):
            row = rows[f"{gateway}-plain-{n}"]
            assert row["outcome"] == "accepted", row
            assert row.get("gateway_message_id"), row
    for name in ("fcm-UNREG-1", "apns-UNREG-1", "webpush-UNREG-1", "hms-ILLEGAL-1"):
        assert rows[name]["outcome"] == "unregistered", rows[name]
        assert node.call("GET", f"/v1/devices/{name}")[1]["disabled_reason"] == "unregistered"
    assert rows["apns-SAY-413-PayloadTooLarge-1"]["outcome"] == "rejected"
    assert rows["webpush-SAY-413-none-1"]["outcome"] == "rejected"
    for name in ("fcm-QUOTA1X-1", "apns-SAY1X-429-TooManyRequests-R1-1", "webpush-SAY1X-503-none-R1-1"):
        assert rows[name]["outcome"] == "accepted" and rows[name]["attempts"] == 2, rows[name]
    # A token of the sandbox that was registered as one of production is found, and its device moved.
    assert rows["apns-SANDBOX-misplaced"]["outcome"] == "accepted", rows["apns-SANDBOX-misplaced"]
    assert rows["apns-SANDBOX-right"]["outcome"] == "accepted"
    assert node.call("GET", "/v1/devices/apns-SANDBOX-misplaced")[1]["environment"] == "sandbox"
    until("the log to have every accepted push", lambda: Counter(
        row[7] for row in emulator.log() if row[1][0] == "2" and row[4] == "-") == {
            "fcm": 201, "apns": 203, "webpush": 201, "hms": 200})
    statistics = emulator.statistics()
    assert statistics["gateways"]["apns"]["hpack_violations"] == 0, statistics
    assert statistics["gateways"]["webpush"]["reused_keys"] == 0, statistics
    assert statistics["stream_violations"] == 0, statistics


def guard(node, emulator):
    """A project whose tokens are all dead at once is more likely a wrong key."""
    devices = [emulator.device("apns", f"UNREG-many-{n}") for n in range(400)]
    node.import_devices(devices)
    by_ids = {"device_ids": [each["device_id"] for each in devices]}
    enabled = {"condition": {"attribute": "gateway", "eq": "apns"}}
    before = node.call("POST", "/v1/devices:count", enabled)[1]["count"]
    identity = launch(node, by_ids, "dead")
    node.wait_completed(identity, 60)
    assert {row["outcome"] for row in outcomes(node, identity).values()} == {"unregistered"}
    # What a writer sees first may be too little to tell; from then on nothing is disabled.
    left = node.call("POST", "/v1/devices:count", enabled)[1]["count"]
    held, = node.call("GET", "/v1/token-holds")[1]["items"]
    assert (held["state"], held["gateway"], held["devices"]) == ("held", "apns", 400 - (before - left)), held
    assert before - left < 40, (before, left)
    assert "token_hygiene.held" in node.log_tail(20000)
    assert 'pusher_token_holds_total{gateway="apns"} 1' in node.admin("/metrics")[1]
    assert node.call("POST", f"/v1/token-holds/{held['id']}:undo")[1]["state"] == "undone"
    assert node.call("POST", f"/v1/token-holds/{held['id']}:confirm")[0] == 409
    assert node.call("POST", "/v1/token-holds/9999:confirm")[0] == 404
    # Again, and this time they are dead; one of them registers again in between.
    node.import_devices(devices)
    node.wait_completed(launch(node, by_ids, "dead again"), 60)
    held = node.call("GET", "/v1/token-holds")[1]["items"][0]
    assert held["state"] == "held" and held["devices"] > 360, held
    again = {**devices[-1], "push_token": b"alive".hex()}
    assert node.call("PUT", f"/v1/devices/{again.pop('device_id')}", again)[0] == 200
    decided = node.call("POST", f"/v1/token-holds/{held['id']}:confirm")[1]
    assert (decided["state"], decided["devices"]) == ("confirmed", held["devices"] - 1), decided
    assert node.call("POST", "/v1/devices:count", enabled)[1]["count"] == before - 399
    revived = {**devices[1]}
    name = revived.pop("device_id")
    assert node.call("GET", f"/v1/devices/{name}")[1]["disabled_reason"] == "unregistered"
    node.call("PUT", f"/v1/devices/{name}", revived)
    assert node.call("GET", f"/v1/devices/{name}")[1]["enabled"] is True


def tables(node):
    found = {each["protocol"]: each for each in node.call("GET", "/v1/gateways")[1]["items"]}
    assert set(found) == {"fcm-v1", "fcm-legacy", "apns", "webpush", "hms"}
    assert found["apns"]["configured"] and not found["fcm-legacy"]["configured"]
    row = next(each for each in found["apns"]["answers"] if each.get("code") == "ExpiredProviderToken")
    assert row["action"] == "refresh_credential" and row["status"] == "403", row


def main():
    with Lab(emulator_flags=("--first-streams", "1")) as lab:
        node = lab.node(sections={**lab.emulator.sections(), "limits": {"mass_deletion_minimum": 20}}).start()
        node.make_key("devices,send,read,admin")
        one_campaign(node, lab.emulator)
        tables(node)
        guard(node, lab.emulator)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
