"""A client written against gorush's documentation works unchanged: its calls reach every gateway, its answers have
gorush's shape, and nothing is open to strangers."""
import http.client
import json
import threading

import lab


def push(node, notifications, key=None, headers=None):
    """POST /api/push as gorush's clients send it; gives (status, parsed body)."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
    sent = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
    body = notifications if isinstance(notifications, str) else json.dumps({"notifications": notifications})
    connection.request("POST", "/api/push", body=body, headers=sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, json.loads(text)


def tokens_at(emulator):
    """Accepted pushes: token -> gateway."""
    return {row[2]: row[7] for row in emulator.log() if row[1].startswith("2") and row[4] == "-"}


def apns(text):
    return text.encode().hex()


def check_documented_examples(node, emulator):
    """The examples of gorush's README, with tokens that the emulator knows."""
    status, body = push(node, [
        {"tokens": [apns("ios-a"), apns("ios-b")], "platform": 1, "title": "Hello iOS", "message": "Hello World iOS!"},
        {"tokens": [apns("ios-c")], "platform": 1, "badge": 5,
         "alert": {"title": "Game Request", "body": "Bob wants to play poker", "action-loc-key": "PLAY"}},
        {"tokens": [apns("ios-d")], "platform": 1, "message": "You got your emails.", "badge": 9,
         "sound": {"critical": 1, "name": "default", "volume": 2.0}},
        {"tokens": [apns("ios-e")], "platform": 1, "message": "Hello", "data": {"key1": "welcome", "key2": 2}},
        {"tokens": [apns("SANDBOX-f")], "platform": 1, "development": True, "message": "Hello World iOS Sandbox!"},
        {"tokens": [apns("ios-g")], "platform": 1, "title": "Important Alert", "message": "Critical notification",
         "apns": {"payload": {"aps": {"sound": {"name": "custom.wav", "critical": 1, "volume": 0.8}}}}},
        {"tokens": [apns("ios-h")], "platform": 1, "push_type": "liveactivity",
         "topic": emulator.ready["apns_topic"] + ".push-type.liveactivity", "event": "start", "timestamp": 1685952000,
         "content-state": {"homeScore": 0, "period": "1H"}, "attributes-type": "FootballMatchAttributes",
         "attributes": {"homeTeam": "Team 1"}, "alert": {"title": "Team 1 vs Team 2", "body": "Kick-off!"}},
        {"tokens": ["android-a", "android-b"], "platform": 2, "title": "Hello Android", "message": "Hello!"},
        {"tokens": ["android-c"], "platform": 2, "message": "Hello!", "title": "You got message",
         "fcm_options": {"analytics_label": "example"}, "priority": "high", "sound": "default"},
        {"tokens": ["android-d"], "platform": 2, "message": "Hello!", "title": "You got message",
         "notification": {"icon": "myicon", "color": "#112244"}, "time_to_live": 3600, "collapse_key": "score"},
        {"tokens": ["android-e"], "platform": 2, "message": "Hello!",
         "data": {"Nick": "Mario", "body": "great match!", "Room": "PortugalVSDenmark", "n": 3}},
        {"topic": "highScores", "platform": 2, "message": "This is a topic message"},
        {"condition": "'dogs' in topics || 'cats' in topics", "platform": 2, "message": "Pets"},
        {"tokens": ["huawei-a", "huawei-b"], "platform": 3, "title": "Hello Huawei", "message": "Hello World Huawei!"},
        {"tokens": ["huawei-c"], "platform": 3, "message": "Hello!", "title": "You got message",
         "huawei_notification": {"icon": "myicon", "color": "#112244"}, "huawei_ttl": "86400s",
         "huawei_collapse_key": 7},
        {"tokens": ["huawei-d"], "platform": 3, "huawei_data": "{'title' : 'Mario','message' : 'great match!'}"},
        {"topic": "foo-bar", "platform": 3, "message": "This is a topic message", "title": "You got message",
         "tokens": ["huawei-e", "huawei-f"]},
    ])
    assert (status, body) == (200, {"counts": 22, "logs": [], "success": "ok"}), (status, body)
    wanted = {"highScores": "fcm", "'dogs' in topics || 'cats' in topics": "fcm"}
    wanted.update({apns(f"ios-{each}"): "apns" for each in "abcdegh"})
    wanted[apns("SANDBOX-f")] = "apns"
    wanted.update({f"android-{each}": "fcm" for each in "abcde"})
    wanted.update({f"huawei-{each}": "hms" for each in "abcdef"}, **{"foo-bar": "hms"})
    lab.until("all pushes to arrive", lambda: wanted.items() <= tokens_at(emulator).items())


def check_refusals(node):
    """gorush's table of errors, and what it would not say."""
    assert push(node, "{}") == (400, {"code": 400, "message": "Missing notifications field."})
    assert push(node, []) == (400, {"code": 400, "message": "Notifications field is empty."})
    many = [{"tokens": ["t"], "platform": 2, "message": "m"}] * 101
    assert push(node, many) == (400, {"code": 400, "message": "Number of notifications(101) over limit(100)"})
    for wrong, place in (({"tokens": "t", "platform": 2}, "/notifications/0/tokens"),
                         ({"tokens": ["t"], "platform": "2"}, "/notifications/0/platform"),
                         ({"tokens": ["t"], "platform": 2, "data": {"from": "us"}}, "/notifications/0"),
                         ({"tokens": ["t"], "platform": 1, "data": {"aps": "x"}}, "/notifications/0/data")):
        status, body = push(node, [wrong])
        assert status == 400 and body["code"] == 400 and body["message"].startswith(place + ": "), (status, body)
    status, body = push(node, "{")
    assert status == 400 and "JSON" in body["message"], (status, body)


def check_bad_tokens(node, emulator):
    """One bad token stops nothing; what gorush ignores is ignored."""
    status, body = push(node, [{"notif_id": "n-1", "tokens": ["good-token", "", "has space"], "platform": 2, "message": "m",
                                "unheard_of": 1}, {"tokens": ["lost"], "platform": 7, "message": "m"}])
    assert status == 200 and body["counts"] == 3 and body["success"] == "ok", body
    assert [(each["notif_id"], each["type"], each["platform"], each["message"]) for each in body["logs"]] == \
        [("n-1", "failed-push", "android", "m")] * 2, body
    lab.until("the good token", lambda: "good-token" in tokens_at(emulator))
    status, body = push(node, [{"tokens": ["dry"], "platform": 2, "message": "m", "dry_run": True}])
    assert (status, body["counts"]) == (200, 1)
    assert node.call("POST", "/v1/devices:lookup", {"gateway": "fcm", "push_token": "dry"})[0] == 404


def check_devices(node):
    """Tokens become devices; one that a device holds already stays there."""
    status, body, _ = node.call("POST", "/v1/devices:lookup", {"gateway": "fcm", "push_token": "android-a"})
    assert status == 200 and body["device_id"].startswith("token-fcm-"), body
    assert body["properties"] == {"registered_by": "gorush"} and body["platform"] == "android", body
    node.call("PUT", "/v1/devices/phone", {"gateway": "fcm", "platform": "android", "push_token": "known-token"})
    assert push(node, [{"tokens": ["known-token"], "platform": 2, "message": "m"}])[0] == 200
    status, body, _ = node.call("POST", "/v1/devices:lookup", {"gateway": "fcm", "push_token": "known-token"})
    assert (status, body["device_id"], body["enabled"]) == (200, "phone", True), body
    rest = {"condition": {"not": {"property": "registered_by", "eq": "gorush"}}}
    assert node.call("POST", "/v1/devices:count", rest)[1]["count"] == 1


def check_dead_tokens(node):
    """A token that its gateway called dead is named at once from then on."""
    call = [{"tokens": ["UNREG-1", "alive-1"], "platform": 2, "message": "m"},
            {"tokens": [apns("UNREG-2")], "platform": 1, "message": "m"}]
    assert push(node, call)[1]["logs"] == []
    def both_dead():
        logs = push(node, call)[1]["logs"]
        return sorted((each["platform"], each["error"]) for each in logs) == \
            [("android", "UNREGISTERED"), ("ios", "Unregistered")]
    lab.until("both tokens to be known as dead", both_dead)


def check_outcomes(node):
    """With gorush_sync_seconds the answer names what failed, and nothing else."""
    status, body = push(node, [
        {"tokens": ["sync-good", "UNREG-sync", "MISMATCH-sync"], "platform": 2, "message": "m", "notif_id": "n-7"},
        {"tokens": [apns("sync-good")], "platform": 1, "message": "m"},
        {"tokens": ["ILLEGAL-sync", "sync-good"], "platform": 3, "message": "m"}])
    assert (status, body["counts"], body["success"]) == (200, 6, "ok"), body
    told = {(each["platform"], each["token"], each["error"], each.get("notif_id")) for each in body["logs"]}
    assert told == {("android", "UNREG-sync", "UNREGISTERED", "n-7"), ("android", "MISMATCH-sync", "SENDER_ID_MISMATCH", "n-7"),
                    ("huawei", "ILLEGAL-sync", "80100000", None)}, body


def check_waiting_blocks_nobody(node, emulator):
    """A call that waits for outcomes keeps no other call waiting."""
    emulator.control(hold=True)
    waiting = [threading.Thread(target=push, args=(node, [{"tokens": [f"held-{i}"], "platform": 2, "message": "m"}]))
               for i in range(8)]
    for each in waiting:
        each.start()
    lab.until("the calls to be under way", lambda: len(node.call("GET", "/v1/notifications?state=sending")[1]["items"]) >= 8)
    assert all(each.is_alive() for each in waiting)
    assert node.call("GET", "/v1/devices/phone")[0] == 200
    emulator.control(hold=False)
    for each in waiting:
        each.join(60)
        assert not each.is_alive()


def check_repeats(node, emulator):
    """Under an Idempotency-Key a call that is repeated sends nothing twice; with another body it is refused."""
    call = [{"tokens": ["again-1"], "platform": 2, "message": "m"}, {"tokens": ["again-2"], "platform": 2, "message": "m"}]
    first, second = (push(node, call, headers={"Idempotency-Key": "lost-answer"}) for _ in range(2))
    assert first == second == (200, {"counts": 2, "logs": [], "success": "ok"}), (first, second)
    assert push(node, call[:1], headers={"Idempotency-Key": "lost-answer"})[0] == 422
    lab.until("both pushes", lambda: {"again-1", "again-2"} <= tokens_at(emulator).keys())
    noted = node.call("GET", "/v1/notifications?limit=1")[1]["items"][0]["id"]
    node.wait_completed(noted)
    assert [row[2] for row in emulator.log()].count("again-1") == 1


def check_keys(node):
    """Without a key only from where the operator allows it, and never through a proxy or from a web page."""
    note = [{"tokens": ["t"], "platform": 2, "message": "m"}]
    assert push(node, note, key=node.key)[0] == 200
    assert push(node, note, key="psk_wrong")[0] == 401
    for header in ("X-Forwarded-For", "Forwarded", "Origin"):
        status, body = push(node, note, headers={header: "x"})
        assert status == 401 and body["code"] == 401, (header, status, body)
    reading = node.make_key("read")
    assert push(node, note, key=reading) == (403, {"code": 403, "message": 'This API key lacks the scope "send".'})


def main():
    with lab.Lab() as place:
        sections = place.emulator.sections()
        node = place.node("node", sections).start()
        key = node.make_key("devices,send,read")
        assert push(node, [], key=key)[0] == 404 and node.send("GET", "/healthz")[0] == 404
        node.stop()

        node.sections["compat"] = {"gorush": True}
        node.write_config()
        node.start()
        assert push(node, [{"tokens": ["t"], "platform": 2, "message": "m"}])[0] == 401
        assert node.send("GET", "/healthz")[0] == 200
        node.stop()

        node.sections["compat"]["gorush_key"] = key
        node.write_config()
        node.start()
        check_documented_examples(node, place.emulator)
        check_refusals(node)
        check_bad_tokens(node, place.emulator)
        check_devices(node)
        check_dead_tokens(node)
        check_repeats(node, place.emulator)
        check_keys(node)
        node.stop()

        node.sections["compat"].update({"gorush_sync_seconds": 30, "gorush_hide_tokens": False})
        node.write_config()
        node.start()
        node.key = key
        check_outcomes(node)
        check_waiting_blocks_nobody(node, place.emulator)
    print("gorush: ok")


if __name__ == "__main__":
    main()
