"""Incident: a gateway's key is revoked in mid-campaign. The alarm says whose, no device is disabled and no push is lost, not even
those that found it out; with the new key, uploaded as docs/incidents.md says, all is sent and the alarms end."""
import pathlib

from incident_case import all_accepted, launch, under_way, watched
from lab import Lab, until

EACH = 1_500


def key_of(ready, which):
    names = {"first": ("apns_key_file", "apns_key_id"), "second": ("apns_second_key_file", "apns_second_key_id")}
    file, identity = names[which]
    return {"gateway": "apns", "name": which, "activate": True, "key": pathlib.Path(ready[file]).read_text(encoding="ascii"),
            "key_id": ready[identity], "team_id": ready["apns_team_id"], "topic": ready["apns_topic"]}


def upload(node, ready, which):
    status, made, _ = node.call("POST", "/v1/credentials", key_of(ready, which))
    assert status == 201 and made["in_use"], made
    return f"/v1/credentials/{made['id']}"


def main():
    with Lab(emulator_flags=("--delay-ms", "10")) as lab:
        emulator = lab.emulator
        apns = {name: value for name, value in emulator.sections()["apns"].items() if name in ("base_url", "sandbox_base_url", "ca_file")}
        node = lab.node(sections={"apns": apns, "limits": {"self_check_seconds": 1}}).start()
        node.make_key("devices,send,read,admin")
        first = upload(node, emulator.ready, "first")
        devices = [emulator.device(gateway, f"d-{n}") for gateway in ("apns", "fcm") for n in range(EACH)]
        node.import_devices(devices)
        with watched(lab, node) as watch:
            identity = launch(node, "sale")
            under_way(emulator, 100, "sale")
            emulator.control(revoke_key=emulator.ready["apns_key_id"])

            ringing = watch.rings("PusherCredentialRefused", "PusherBreakerOpen")
            assert ringing <= {"PusherCredentialRefused", "PusherBreakerOpen"}, ringing
            trouble, = [each for each in node.events("push_sender.gateway_trouble") if "InvalidProviderToken" in each["detail"]]
            assert (trouble["gateway"], trouble["application"]) == ("apns", "default"), trouble
            assert "InvalidProviderToken" in node.inspect("gateways", code=1)
            assert "InvalidProviderToken" in node.call("GET", first)[1]["trouble"]
            until("the other gateway to be done", lambda: node.notification(identity)["counts"]["accepted"] >= EACH)
            counts = node.notification(identity)["counts"]
            assert counts["accepted"] + counts["pending"] == 2 * EACH, counts

            upload(node, emulator.ready, "second")
            node.wait_completed(identity)
            watch.is_quiet()
            assert node.call("POST", f"{first}:deactivate")[0] == 200
            all_accepted(node, emulator, identity, None, devices)
            assert node.call("POST", "/v1/devices:count", {})[1]["count"] == 2 * EACH
            node.inspect("gateways")
            # Its token was fetched for this key, and says how long it lasts.
            until("the token's age", lambda: 0 <= node.metric('pusher_gateway_token_age_seconds{app="default",gateway="apns",sender="0"}') < 300
                  and 3_000 < node.metric('pusher_gateway_token_expires_seconds{app="default",gateway="apns",sender="0"}') <= 3_480)
            assert 3_000 < node.metric('pusher_gateway_token_expires_seconds{app="default",gateway="fcm",sender="0"}') <= 3_600
        assert node.stop() == 0


if __name__ == "__main__":
    main()
