"""The main job: every device that matches gets exactly one accepted push or the outcome that its answers call for."""
from invariants import check_accepted_once, check_counts
from lab import Lab

EXPECTED = {"UNREG": "unregistered", "BAD-": "rejected", "MISMATCH": "rejected", "QUOTA1X": "accepted",
            "UNAVAIL2X": "accepted", "AUTH": "rejected", "HTML": "rejected"}


def make_devices(count):
    kinds = list(EXPECTED)
    for number in range(count):
        prefix = kinds[number // 10 % len(kinds)] if number % 10 == 0 else ""
        yield {"device_id": f"d-{number}", "gateway": "fcm" if number % 50 else "apns", "platform": "android",
               "push_token": f"{prefix}token-{number}", "properties": {"group": number % 2, "n": number}}


def main():
    devices = list(make_devices(20_000))
    wanted = [d for d in devices if d["properties"]["group"] == 0]
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        lines = node.import_devices(devices)
        assert len(lines) == len(devices) and all(line["status"] == 201 for line in lines), lines[:3]
        again = node.import_devices(devices[:100])
        assert all(line["status"] == 200 for line in again), again[:3]

        condition = {"property": "group", "eq": 0}
        status, counted, _ = node.call("POST", "/v1/devices:count", {"condition": condition})
        assert (status, counted["count"]) == (200, len(wanted)), counted

        status, made, headers = node.call("POST", "/v1/notifications", {
            "content": {"title": "one", "data": {"notification": "one"}}, "audience": {"condition": condition}})
        assert status == 201, made
        assert headers["Location"] == f"/v1/notifications/{made['id']}"
        assert node.call("POST", f"/v1/notifications/{made['id']}:launch")[0] == 202
        status, twice, _ = node.call("POST", f"/v1/notifications/{made['id']}:launch")
        assert (status, twice["code"]) == (409, "wrong_state"), twice
        node.wait_completed(made["id"])

        rows = check_counts(node, made["id"], len(wanted))
        check_accepted_once(node, made["id"], devices, lab.emulator, "one")
        for device in wanted:
            row = rows[device["device_id"]]
            if device["gateway"] == "apns":
                assert (row["outcome"], row["code"]) == ("skipped", "no_credential"), row
                continue
            prefix = next((p for p in EXPECTED if device["push_token"].startswith(p)), "")
            assert row["outcome"] == EXPECTED.get(prefix, "accepted"), (device, row)
            if prefix == "QUOTA1X":
                assert row["attempts"] == 2, row
            if prefix == "UNAVAIL2X":
                assert row["attempts"] == 3, row

        # Dead tokens are disabled and not sent to again; other errors disable nothing.
        dead = [d for d in wanted if d["push_token"].startswith("UNREG") and d["gateway"] == "fcm"]
        for device in dead[:5]:
            assert node.call("GET", f"/v1/devices/{device['device_id']}")[1]["enabled"] is False
        refused = next(d for d in wanted if d["push_token"].startswith("MISMATCH"))
        assert node.call("GET", f"/v1/devices/{refused['device_id']}")[1]["enabled"] is True
        status, second, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "two", "data": {"notification": "two"}}, "audience": {"condition": condition},
            "launch": True})
        assert status == 201, second
        node.wait_completed(second["id"])
        check_counts(node, second["id"], len(wanted) - len(dead))
        seen = {row[2] for row in lab.emulator.log() if row[3] == "two"}
        assert not seen & {d["push_token"] for d in dead}, "a dead token was sent to again"

        # A device that registers anew is reached again.
        status, _, _ = node.call("PUT", f"/v1/devices/{dead[0]['device_id']}",
                                 {"gateway": "fcm", "platform": "android", "push_token": "fresh-token"})
        assert status == 200
        status, third, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "three"}, "audience": {"device_ids": [dead[0]["device_id"], "absent"]},
            "lane": "transactional", "launch": True})
        assert status == 201, third
        node.wait_completed(third["id"])
        assert node.notification(third["id"])["counts"]["accepted"] == 1
        assert node.stop() == 0


if __name__ == "__main__":
    main()
