"""Whom a notification reaches: users, segments, histories, indexed names, searches, and what is refused."""
import datetime

from invariants import check_accepted_once, check_counts
from lab import Lab, until


def make_devices(count):
    for number in range(count):
        yield {"device_id": f"d-{number}", "gateway": "fcm", "platform": "android", "push_token": f"token-{number}",
               "user_id": f"user:{number // 3}",
               "properties": {"plan": "pro" if number % 4 == 0 else "free", "coupon": f"c{number % 500}",
                              "tags": ["even"] if number % 2 == 0 else []}}


def ask(node, method, path, body=None, expect=200):
    status, answer, _ = node.call(method, path, body)
    assert status == expect, (method, path, status, answer)
    return answer


def search_all(node, body, limit):
    found, cursor = [], None
    while True:
        page = ask(node, "POST", "/v1/devices:search", {**body, "limit": limit, **({"cursor": cursor} if cursor else {})})
        found += [each["device_id"] for each in page["items"]]
        assert len(page["items"]) <= limit
        assert page["has_more"] == (page["next_cursor"] is not None)
        cursor = page["next_cursor"]
        if not cursor:
            return found


def send(node, audience, title, **more):
    made = ask(node, "POST", "/v1/notifications", {
        "content": {"title": title, "data": {"notification": title}}, "audience": audience, "launch": True, **more}, 201)
    node.wait_completed(made["id"])
    return made


def check_segments(lab, node, devices):
    ask(node, "PUT", "/v1/segments/paying", {"condition": {"property": "plan", "eq": "pro"}}, 201)
    ask(node, "PUT", "/v1/segments/chosen", {"condition": {"all": [
        {"segment": "paying"}, {"property": "coupon", "in": ["c0", "c4", "c8"]}]}}, 201)
    chosen = [d for d in devices if d["properties"]["plan"] == "pro" and d["properties"]["coupon"] in ("c0", "c4", "c8")]
    assert ask(node, "GET", "/v1/segments/chosen?count=true")["count"] == len(chosen)
    assert ask(node, "POST", "/v1/devices:count", {"segment": "chosen"})["count"] == len(chosen)
    assert sorted(search_all(node, {"segment": "chosen"}, 7)) == sorted(d["device_id"] for d in chosen)
    circle = ask(node, "PUT", "/v1/segments/paying", {"condition": {"segment": "chosen"}}, 400)
    assert circle["code"] == "invalid_condition" and "circle" in circle["detail"], circle
    used = ask(node, "DELETE", "/v1/segments/paying", None, 409)
    assert '"chosen"' in used["detail"], used
    absent = ask(node, "POST", "/v1/devices:count", {"condition": {"not": {"segment": "nobody"}}}, 400)
    assert absent["errors"][0]["pointer"] == "/condition/not/segment", absent

    made = send(node, {"segment": "chosen"}, "segment")
    check_counts(node, made["id"], len(chosen))
    check_accepted_once(node, made["id"], devices, lab.emulator, "segment")
    ask(node, "PUT", "/v1/segments/paying", {"condition": {}}, 200)
    kept = node.notification(made["id"])
    assert kept["audience"] == {"segment": "chosen"}
    assert kept["condition_at_launch"]["all"][0] == {"property": "plan", "eq": "pro"}, kept
    names = [each["name"] for each in ask(node, "GET", "/v1/segments")["items"]]
    assert names == ["chosen", "paying"], names


def check_index(node, devices):
    rare = {"property": "coupon", "eq": "c77"}
    before = ask(node, "POST", "/v1/devices:count", {"condition": rare})
    assert before["explain"] == {"access": "scan", "devices_looked_at": len(devices),
                                 "devices_matched": before["count"]}, before
    ask(node, "PUT", "/v1/indexed-properties", {"names": ["coupon", "tags"]})
    until("the indexes to be built", lambda: all(
        each["state"] == "ready" for each in ask(node, "GET", "/v1/indexed-properties")["items"]))
    after = ask(node, "POST", "/v1/devices:count", {"condition": rare})
    assert after["count"] == before["count"]
    assert after["explain"]["access"] == "index" and after["explain"]["property"] == "coupon", after
    assert after["explain"]["devices_looked_at"] == after["count"], after
    ask(node, "PATCH", "/v1/devices/d-0", {"properties": {"coupon": "c77"}})
    assert ask(node, "POST", "/v1/devices:count", {"condition": rare})["count"] == before["count"] + 1
    ask(node, "PATCH", "/v1/devices/d-0", {"properties": {"coupon": None}})
    assert ask(node, "POST", "/v1/devices:count", {"condition": rare})["count"] == before["count"]
    made = send(node, {"condition": rare}, "rare")
    check_counts(node, made["id"], before["count"])
    refused = ask(node, "PUT", "/v1/indexed-properties", {"names": [str(n) for n in range(9)]}, 400)
    assert "at most 8" in refused["detail"], refused


def check_people(lab, node, devices):
    mine = ask(node, "GET", "/v1/users/user:1/devices")["items"]
    assert [each["device_id"] for each in mine] == ["d-3", "d-4", "d-5"], mine
    made = send(node, {"user_ids": ["user:1", "user:2", "nobody"]}, "people")
    check_counts(node, made["id"], 6)

    ask(node, "POST", "/v1/devices/d-3/events", {"type": "opened", "notification_id": made["id"]}, 201)
    # The token moves to another device and back.
    ask(node, "PUT", "/v1/devices/new", {"gateway": "fcm", "platform": "android", "push_token": "token-3"}, 201)
    lost = ask(node, "GET", "/v1/devices/d-3")
    assert (lost["enabled"], lost["disabled_reason"]) == (False, "token_moved"), lost
    history = ask(node, "GET", "/v1/devices/d-3/events")["items"]
    assert [each["type"] for each in history] == ["token_moved_out", "opened", "accepted", "registered"], history
    assert history[0]["other_device_id"] == "new" and history[1]["notification_id"] == made["id"], history
    assert ask(node, "GET", "/v1/devices/new/events?type=token_moved_in")["items"][0]["other_device_id"] == "d-3"

    erased = ask(node, "DELETE", "/v1/users/user:1")
    assert erased == {"user_id": "user:1", "erased": {"devices": 3, "events": 1}}, erased
    assert ask(node, "GET", "/v1/users/user:1/devices")["items"] == []
    ask(node, "GET", "/v1/devices/d-3", None, 404)
    # What was sent stays counted, and belongs to nobody any more.
    rows = node.deliveries(made["id"])
    assert len(rows) == 6 and sum("device_id" not in row for row in rows) == 3, rows


def check_dead_tokens(node):
    ask(node, "PUT", "/v1/devices/dead", {"gateway": "fcm", "platform": "android", "push_token": "UNREG-1"}, 201)
    made = send(node, {"device_ids": ["dead"]}, "dead")
    assert node.notification(made["id"])["counts"]["unregistered"] == 1
    newest = ask(node, "GET", "/v1/devices/dead/events?limit=1")
    assert newest["items"][0]["type"] == "disabled" and newest["items"][0]["notification_id"] == made["id"], newest
    rest = ask(node, "GET", f"/v1/devices/dead/events?cursor={newest['next_cursor']}")
    assert [each["type"] for each in rest["items"]] == ["unregistered", "registered"], rest
    ask(node, "PUT", "/v1/devices/dead", {"gateway": "fcm", "platform": "android", "push_token": "fresh"})
    types = [each["type"] for each in ask(node, "GET", "/v1/devices/dead/events")["items"]]
    assert types == ["token_replaced", "enabled", "disabled", "unregistered", "registered"], types


def check_refusals(node):
    def count(text, expect=400):
        status, answer, _ = node.call("POST", "/v1/devices:count", text.encode("utf-8", "surrogatepass"),
                                      headers={"Content-Type": "application/json"})
        assert status == expect, (text[:200], status, answer)
        return answer

    def refused(text, pointer, code="invalid_condition"):
        answer = count(text)
        assert answer["code"] == code, (text[:200], answer)
        assert pointer is None or answer["errors"][0]["pointer"] == pointer, (text[:200], answer)
        return answer["detail"]

    assert 'Did you mean "plan"' not in refused('{"condition":{"attribute":"platfrom","eq":"ios"}}', "/condition/attribute")
    assert '"contains"' in refused('{"condition":{"property":"p","contain":"x"}}', "/condition/contain")
    assert "zone" in refused('{"condition":{"property":"p","gt":{"time":"2026-11-23T10:00:00"}}}', "/condition/gt/time")
    refused('{"condition":{"property":"p","gt":{"time":"2026-11-23"}}}', "/condition/gt/time")
    refused('{"condition":' + '{"not":' * 17 + "{}" + "}" * 18, None)
    refused('{"condition":{"any":[' + ",".join(['{"property":"p","eq":1}'] * 257) + "]}}", None)
    refused('{"condition":{"property":"p","in":[' + ",".join(['"' + "x" * 60 + '"'] * 1500) + "]}}", None)
    refused('{"condition":{"property":"p","eq":1e400}}', None, "malformed_json")
    refused('{"condition":{"property":"p","eq":"\\ud800"}}', None, "malformed_json")
    refused('{"condition":{"property":"p","property":"q","eq":1}}', None, "malformed_json")
    refused('{"condition":{"property":"a\\u0000b","eq":1}}', "/condition/property")
    refused('{"condition":{},"segment":"x"}', "/segment", "invalid_field")
    assert count('{"condition":{' + ",".join(f'"k{n}":1' for n in range(200_000)) + "}}", 413)
    # Names that mean something elsewhere are only names here.
    for name in ("a.b", "$where", "it's", 'say "x"', "x') OR 1=1 -- ", "名前", "e\u0301", "`plan`", "%s", "\\"):
        ask(node, "PATCH", "/v1/devices/d-9", {"properties": {name: "found"}})
        answer = ask(node, "POST", "/v1/devices:count", {"condition": {"property": name, "eq": "found"}})
        assert answer["count"] == 1, (name, answer)
    many = {"properties": {f"p{n}": n for n in range(201)}}
    assert "200" in ask(node, "PATCH", "/v1/devices/d-9", many, 400)["detail"]
    large = {"properties": {"big": "x" * 65_537}}
    assert "65536" in ask(node, "PATCH", "/v1/devices/d-9", large, 400)["detail"]
    # None of it was stored.
    assert ask(node, "GET", "/v1/devices/d-9")["properties"].get("big") is None


def check_days(node):
    week_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=7)
    ask(node, "PATCH", "/v1/devices/d-10", {"properties": {"joined": {"time": week_ago.isoformat()}}})
    for days, expected in ((6.9, 0), (7.1, 1)):
        answer = ask(node, "POST", "/v1/devices:count", {"condition": {"property": "joined", "within_days": days}})
        assert answer["count"] == expected, (days, answer)


def main():
    devices = list(make_devices(3_000))
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        lines = node.import_devices(devices)
        assert all(line["status"] == 201 for line in lines), lines[:3]
        even = [d["device_id"] for d in devices if d["properties"]["tags"]]
        found = search_all(node, {"condition": {"property": "tags", "contains": "even"}}, 100)
        assert found == even, "searches give devices in the order in which they came"
        assert len(search_all(node, {}, 1000)) == 3_000
        check_segments(lab, node, devices)
        check_index(node, devices)
        check_people(lab, node, devices)
        check_dead_tokens(node)
        check_refusals(node)
        check_days(node)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
