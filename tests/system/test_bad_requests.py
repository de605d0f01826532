"""What a client does wrong gets the right 4xx, a stable code and a sentence; nothing is stored."""
import json

from lab import Lab

DEVICE = {"gateway": "fcm", "platform": "android", "push_token": "token-1"}
NOTE = {"content": {"title": "hi"}, "audience": {"all": True}}


def main():
    with Lab() as lab:
        node = lab.node().start()
        key = node.make_key()
        reader = node.make_key("read")
        node.key = key
        absent = "01999999-9999-7999-8999-999999999999"
        cases = [
            # method, path, body, status, code, pointer
            ("PUT", "/v1/devices/a", "{", 400, "malformed_json", None),
            ("PUT", "/v1/devices/a", "[" * 100_000, 400, "malformed_json", None),
            ("PUT", "/v1/devices/a", b"\xff\xfe", 400, "malformed_json", None),
            ("PUT", "/v1/devices/a", '{"gateway":"fcm","gateway":"fcm"}', 400, "malformed_json", None),
            ("PUT", "/v1/devices/a", "", 400, "malformed_json", None),
            ("PUT", "/v1/devices/a", {**DEVICE, "gatway": "x"}, 400, "unknown_field", "/gatway"),
            ("PUT", "/v1/devices/a", {"gateway": "fcm", "push_token": "t"}, 400, "missing_field", "/platform"),
            ("PUT", "/v1/devices/a", {**DEVICE, "platform": "toaster"}, 400, "invalid_field", "/platform"),
            ("PUT", "/v1/devices/a", {**DEVICE, "properties": {"x": None}}, 400, "invalid_field", "/properties/x"),
            ("PUT", "/v1/devices/a", {**DEVICE, "push_token": 7}, 400, "invalid_field", "/push_token"),
            ("PUT", "/v1/devices/a%00b", DEVICE, 400, None, None),
            ("PUT", "/v1/devices/" + "x" * 129, DEVICE, 400, "invalid_field", "/device_id"),
            ("PUT", "/v1/devices/a", {**DEVICE, "properties": {"x": "y" * 70_000}}, 400, "invalid_field", "/properties"),
            ("PUT", "/v1/devices/a", "x" * (1024 * 1024 + 1), 413, "body_too_large", None),
            ("GET", "/v1/devices/a", None, 404, "not_found", None),
            ("DELETE", "/v1/devices/a", None, 404, "not_found", None),
            ("PATCH", "/v1/devices/a", {"locale": "ko"}, 404, "not_found", None),
            ("GET", "/v1/nothing", None, 404, "route_not_found", None),
            ("DELETE", "/v1/notifications", None, 405, "method_not_allowed", None),
            ("POST", "/v1/devices:search", {"condition": {"property": "a", "equals": 1}}, 400, "invalid_condition", "/condition/equals"),
            ("POST", "/v1/devices:search", {"cursor": "nonsense"}, 400, "invalid_cursor", None),
            ("POST", "/v1/devices:count", {"condition": {"any": 1}}, 400, "invalid_condition", "/condition/any"),
            ("POST", "/v1/notifications", {"content": {"title": "x"}}, 400, "missing_field", "/audience"),
            ("POST", "/v1/notifications", {**NOTE, "audience": {}}, 400, "invalid_field", "/audience"),
            ("POST", "/v1/notifications", {**NOTE, "audience": {"all": True, "device_ids": ["a"]}}, 400, "invalid_field", "/audience"),
            ("POST", "/v1/notifications", {**NOTE, "audience": {"condition": {"attribute": "x", "eq": 1}}}, 400, "invalid_condition", "/audience/condition/attribute"),
            ("POST", "/v1/notifications", {**NOTE, "lane": "transactional"}, 400, "invalid_field", "/lane"),
            ("POST", "/v1/notifications", {**NOTE, "ttl_seconds": 10**10}, 400, "invalid_field", "/ttl_seconds"),
            ("POST", "/v1/notifications", {**NOTE, "scheduled_at": "2030-01-01"}, 400, "invalid_field", "/scheduled_at"),
            ("POST", "/v1/notifications", {**NOTE, "content": {"data": {"a": 1}}}, 400, "invalid_field", "/content/data/a"),
            ("POST", "/v1/notifications", {**NOTE, "content": {"data": {"from": "x"}}}, 400, "invalid_field", "/content/data/from"),
            ("POST", "/v1/notifications", {**NOTE, "content": {"title": "x" * 4000, "body": "y" * 500}}, 422, "payload_too_large", None),
            ("GET", f"/v1/notifications/{absent}", None, 404, "not_found", None),
            ("GET", "/v1/notifications/nonsense", None, 404, "not_found", None),
            ("POST", f"/v1/notifications/{absent}:launch", None, 404, "not_found", None),
            ("GET", f"/v1/notifications/{absent}/deliveries", None, 404, "not_found", None),
            ("GET", "/v1/notifications?state=odd", None, 400, "invalid_field", None),
            ("GET", "/v1/notifications?limit=0", None, 400, "invalid_field", None),
            ("GET", "/v1/notifications?limti=1", None, 400, "unknown_field", None),
        ]
        for method, path, body, wanted, code, pointer in cases:
            status, answer, headers = node.call(method, path, body)
            told = (method, path, str(body)[:80], status, answer)
            assert status == wanted, told
            assert headers["Content-Type"].startswith("application/problem+json"), told
            assert answer["status"] == wanted and answer["title"] and answer["request_id"], told
            assert len(answer["detail"]) > 10, told
            if code:
                assert answer["code"] == code, told
            if pointer is not None:
                assert answer["errors"][0]["pointer"] == pointer, told

        for wrong in ("", "psk_nonsense", key[:-1] + ("x" if key[-1] != "x" else "y")):
            status, answer, headers = node.call("GET", "/v1/notifications", headers={"Authorization": f"Bearer {wrong}"})
            assert (status, answer["code"]) == (401, "unauthenticated"), answer
            assert headers["WWW-Authenticate"].startswith("Bearer"), headers
        status, answer, _ = node.call("PUT", "/v1/devices/a", DEVICE, key=reader)
        assert (status, answer["code"]) == (403, "forbidden"), answer

        assert node.call("POST", "/v1/devices:count", {})[1]["count"] == 0, "something was stored"
        assert node.call("GET", "/v1/notifications")[1]["items"] == []

        # The same key with the same body is one notification, with another body it is refused.
        one = node.call("POST", "/v1/notifications", NOTE, headers={"Idempotency-Key": "k1"})
        two = node.call("POST", "/v1/notifications", NOTE, headers={"Idempotency-Key": '"k1"'})
        assert one[0] == two[0] == 201 and one[1] == two[1], (one, two)
        assert two[2].get("Idempotency-Replayed") == "true"
        other = node.call("POST", "/v1/notifications", {**NOTE, "ttl_seconds": 5}, headers={"Idempotency-Key": "k1"})
        assert (other[0], other[1]["code"]) == (422, "idempotency_mismatch"), other

        # Devices by the whole of their verbs.
        assert node.call("PUT", "/v1/devices/a%2Fb", {**DEVICE, "properties": {"x": 1, "y": 2}})[0] == 201
        status, device, _ = node.call("PATCH", "/v1/devices/a%2Fb", {"locale": "ko-KR", "properties": {"x": None, "z": ["q"]}})
        assert status == 200 and device["locale"] == "ko-KR" and device["properties"] == {"y": 2, "z": ["q"]}, device
        assert DEVICE["push_token"] not in json.dumps(device)
        status, found, _ = node.call("POST", "/v1/devices:search", {"condition": {"property": "z", "contains": "q"}})
        assert [d["device_id"] for d in found["items"]] == ["a/b"], found
        assert node.call("DELETE", "/v1/devices/a%2Fb")[0] == 204
        lines = node.import_devices([{"device_id": "i1", **DEVICE}, {"device_id": "i2"}, {"device_id": "i1", **DEVICE, "locale": "de"}])
        assert [line["status"] for line in lines] == [201, 400, 200] or [line["status"] for line in lines] == [201, 400, 201], lines

        # An empty audience completes.
        status, made, _ = node.call("POST", "/v1/notifications", {**NOTE, "audience": {"device_ids": ["nobody"]}, "launch": True})
        assert status == 201
        assert node.wait_completed(made["id"])["counts"]["audience"] == 0
        assert node.stop() == 0


if __name__ == "__main__":
    main()
