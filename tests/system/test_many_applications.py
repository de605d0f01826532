"""A sender holds a bounded number of transports open, however many applications have work: they take turns, all get through,
one with a broken credential holds up nobody, and idle ones are let go of."""
import json
import pathlib
import re

from lab import Lab, until

APPLICATIONS = 6
DEVICES = 40


def key_of(node, operator, name):
    assert node.call("POST", "/v1/applications", {"name": name}, key=operator)[0] == 201
    status, made, _ = node.call("POST", f"/v1/applications/{name}/keys", {"scopes": ["devices", "send", "read", "admin"]}, key=operator)
    assert status == 201, made
    return made["key"]


def launch(node, key, title):
    status, made, _ = node.call("POST", "/v1/notifications", {"content": {"title": title}, "audience": {"all": True}, "launch": True}, key=key)
    assert status == 201, made
    return made["id"]


def counts(node, key, identity):
    node.key = key
    return node.wait_completed(identity, 60)["counts"]


def open_transports(node):
    """Series of a gauge that every open transport's application and gateway has."""
    return len(re.findall(r"^pusher_gateway_requests_in_flight\{", node.admin("/metrics")[1], re.M))


def main():
    with Lab(emulator_flags=("--delay-ms", "50")) as lab:
        account = json.loads(pathlib.Path(lab.emulator.ready["service_account_file"]).read_text())
        node = lab.node(sections={
            "limits": {"transports_per_sender": 2, "transport_idle_seconds": 2, "connections_per_credential": 1, "metric_applications": 3},
            "apns": {name: value for name, value in lab.emulator.sections()["apns"].items() if name in ("base_url", "sandbox_base_url", "ca_file")}})
        node.sections["fcm"].pop("service_account_file")
        node.write_config()
        node.start()
        operator = node.make_key("admin")
        keys = [key_of(node, operator, f"tenant-{n}") for n in range(APPLICATIONS)]
        for number, key in enumerate(keys):
            node.key = key
            node.import_devices([lab.emulator.device("fcm", f"t{number}-{n}") for n in range(DEVICES)])
            status, made, _ = node.call("POST", "/v1/credentials", {
                "gateway": "fcm", "name": "main", "service_account": account, "activate": True})
            assert status == 201, made
        # The first one's key is revoked: it waits, and takes nobody's place for good.
        broken = keys[0]
        node.key = broken
        ready = lab.emulator.ready
        status, made, _ = node.call("POST", "/v1/credentials", {
            "gateway": "apns", "name": "apns", "key": pathlib.Path(ready["apns_key_file"]).read_text(), "key_id": ready["apns_key_id"],
            "team_id": ready["apns_team_id"], "topic": ready["apns_topic"], "environments": ["production"], "activate": True})
        assert status == 201, made
        node.import_devices([lab.emulator.device("apns", f"a-{n}") for n in range(DEVICES)])
        lab.emulator.control(revoke_keys=True)
        under_way = [(key, launch(node, key, "together")) for key in keys]
        for key, identity in under_way[1:]:
            found = counts(node, key, identity)
            assert found["accepted"] == DEVICES, found
        until("the trouble", lambda: "InvalidProviderToken" in node.call("GET", f"/v1/credentials/{made['id']}", key=broken)[1].get("trouble", ""))
        lab.emulator.control(revoke_keys=False)
        found = counts(node, *under_way[0])
        assert found["accepted"] + found["rejected"] == 2 * DEVICES, found
        assert found["rejected"] <= 10, found
        names = set(re.findall(r'^pusher_gateway_requests_total\{app="([^"]*)"', node.admin("/metrics")[1], re.M))
        assert len(names) == 4 and "other" in names, names
        until("idle transports to be closed", lambda: open_transports(node) == 0 or
              not re.search(r"^pusher_gateway_connections\{.*\} [1-9]", node.admin("/metrics")[1], re.M))
        assert node.stop() == 0


if __name__ == "__main__":
    main()
