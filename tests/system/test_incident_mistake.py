"""Incident: a campaign was sent by mistake. By the steps of docs/incidents.md it is found by its external_id and canceled: after
the 202 only what is in flight leaves, the log has the call, the export says whom it reached, and no alarm rings."""
import json

from incident_case import launch, under_way, watched
from invariants import check_counts, pushes_by_token
from lab import Lab, until

DEVICES = 12_000
IN_FLIGHT = 2_000  # at most, before an emulator that answers after 50 ms


def main():
    with Lab(emulator_flags=("--delay-ms", "50")) as lab:
        emulator = lab.emulator
        node = lab.node(sections={"limits": {"self_check_seconds": 1}}).start()
        node.make_key("devices,send,read")
        node.import_devices([emulator.device("fcm", f"d-{n}") for n in range(DEVICES)])
        with watched(lab, node) as watch:
            launch(node, "mistake", rate_per_second=2_000)
            under_way(emulator, 1_000, "mistake")
            # No key at hand: one is made beside the running node.
            key = node.make_key("send,read", "--name", "incident")
            found, = node.call("GET", "/v1/notifications?external_id=mistake")[1]["items"]
            status, canceled, headers = node.call("POST", f"/v1/notifications/{found['id']}:cancel")
            left = len(pushes_by_token(emulator, "mistake"))
            assert status == 202 and canceled["state"] == "canceled", canceled
            until("the last of it", lambda: node.notification(found["id"])["settled"])

            rows = check_counts(node, found["id"], node.notification(found["id"])["counts"]["audience"])
            reached = {device for device, row in rows.items() if row["outcome"] == "accepted"}
            assert set(pushes_by_token(emulator, "mistake")) == {device.removeprefix("fcm-") for device in reached}
            assert left <= len(reached) <= left + IN_FLIGHT, (left, len(reached))
            assert len(reached) < DEVICES, "it was over before it was canceled"
            status, text, _ = node.send("GET", f"/v1/notifications/{found['id']}/deliveries:export?outcome=accepted", headers={"Authorization": f"Bearer {key}"})
            listed = [json.loads(line) for line in text.splitlines()]
            assert status == 200 and {each["device_id"] for each in listed if "device_id" in each} == reached
            said, = node.events("notification.canceled")
            assert (said["notification"], said["application"], said["request_id"]) == (found["id"], "default", headers["X-Request-Id"]), said
            until("the self-check to have looked", lambda: node.metric('pusher_self_check_notifications_total{kind="ended"}') > 0)
            assert watch.firing() == set()
            assert "canceled" in node.inspect("notification", "mistake")
            # The next one goes out as always.
            node.wait_completed(launch(node, "right", audience={"device_ids": ["fcm-d-1"]}))
        assert node.stop() == 0


if __name__ == "__main__":
    main()
