"""One application never sees, guesses, counts or touches another's anything: two of them attack each other on every route."""
import json
import pathlib
import re
import time
import uuid

from lab import Lab, until

ROUTES = pathlib.Path(__file__).resolve().parents[2] / "http" / "routes.cpp"
# Of nobody, and as young as the others: what an answer says of an id's age is of its text alone.
ABSENT = str(uuid.UUID(int=(time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | 0x2 << 62))
DEVICE = {"gateway": "fcm", "platform": "android"}
SCOPES = ["devices", "send", "read", "admin"]


def expect(status, answer):
    assert answer[0] == status, (status, answer)
    return answer[1]


def routes():
    """Every route that the program has, from its own table."""
    return set(re.findall(r'\{"([A-Z]+)",\s*"(/[^"]+)"', ROUTES.read_text()))


class Application:
    """One application with something in every drawer. What it owns bears its mark."""

    def __init__(self, lab, node, operator, name):
        self.lab, self.node, self.name, self.mark = lab, node, name, f"mark-of-{name}"
        expect(201, node.call("POST", "/v1/applications", {"name": name}, key=operator))
        self.key = expect(201, node.call("POST", f"/v1/applications/{name}/keys", {"scopes": SCOPES, "name": self.mark},
                                         key=operator))["key"]
        self.fill()

    def call(self, method, path, body=None, **more):
        return self.node.call(method, path, body, key=self.key, **more)

    def note(self, **more):
        return {"content": {"title": self.mark}, "audience": {"device_ids": ["shared", f"own-{self.name}"]}, **more}

    def credential(self, name):
        account = json.loads(pathlib.Path(self.lab.emulator.ready["service_account_file"]).read_text())
        return {"gateway": "fcm", "name": name, "service_account": account, "activate": True}

    def fill(self):
        self.credential_id = expect(201, self.call("POST", "/v1/credentials", self.credential(self.mark)))["id"]
        self.webhook = expect(201, self.call("POST", "/v1/webhooks", {
            "url": "https://receiver.example.com/hook", "description": self.mark}))["id"]
        for identity in ("shared", f"own-{self.name}"):
            # The same push token in both: a token is one device's within an application, not beyond it.
            expect(201, self.call("PUT", f"/v1/devices/{identity}", {
                **DEVICE, "push_token": f"token-{identity}", "user_id": "same-user", "properties": {"mark": self.mark}}))
        expect(200, self.call("PUT", "/v1/indexed-properties", {"names": ["mark"]}))
        expect(201, self.call("PUT", f"/v1/segments/seg-{self.name}", {"condition": {"property": "mark", "eq": self.mark}}))
        expect(201, self.call("PUT", "/v1/segments/shared", {"condition": {"property": "mark", "eq": self.mark}}))
        self.draft = expect(201, self.call("POST", "/v1/notifications", self.note(external_id=f"external-{self.name}")))["id"]
        self.scheduled = expect(201, self.call("POST", "/v1/notifications", self.note(scheduled_at="2099-01-01T00:00:00Z")))["id"]
        self.done = expect(201, self.call("POST", "/v1/notifications", self.note(launch=True)))["id"]
        until("it to complete", lambda: self.call("GET", f"/v1/notifications/{self.done}")[1]["state"] == "completed")
        expect(201, self.call("POST", "/v1/devices/shared/events", {"type": "opened", "notification_id": self.done}))
        self.second_key = expect(201, self.call("POST", "/v1/keys", {"scopes": ["read"], "name": self.mark}))["id"]
        # Tokens that die in numbers wait for an operator.
        dying = [{"device_id": f"dying-{n}", "push_token": f"UNREG-{self.name}-{n}", **DEVICE} for n in range(400)]
        self.node.key = self.key
        self.node.import_devices(dying)
        lost = expect(201, self.call("POST", "/v1/notifications", {
            "content": {"title": self.mark}, "audience": {"device_ids": [each["device_id"] for each in dying]}, "launch": True}))
        until("the dead tokens", lambda: self.call("GET", f"/v1/notifications/{lost['id']}")[1]["state"] == "completed")
        self.hold = self.call("GET", "/v1/token-holds")[1]["items"][0]["id"]

    def cursor_of(self, path):
        """Where its second page begins; nothing when it has one page."""
        status, page, _ = self.call("GET", path + ("&" if "?" in path else "?") + "limit=1")
        return page["next_cursor"] if status == 200 and page.get("has_more") else None

    def snapshot(self):
        """All that it can see of itself."""
        seen = {}
        for path in ("/v1/credentials", f"/v1/webhooks/{self.webhook}", "/v1/notifications?limit=1000", "/v1/segments", "/v1/indexed-properties", "/v1/token-holds", "/v1/keys",
                     "/v1/applications", "/v1/users/same-user/devices", "/v1/devices/shared/events",
                     f"/v1/devices/own-{self.name}/events", f"/v1/notifications/{self.done}/deliveries"):
            seen[path] = expect(200, self.call("GET", path))
        seen["devices"] = expect(200, self.call("POST", "/v1/devices:search", {"limit": 1000}))
        seen["count"] = expect(200, self.call("POST", "/v1/devices:count", {"segment": "shared"}))["count"]
        seen["export"] = sorted(self.call("GET", "/v1/devices:export")[1].splitlines())
        for keys in seen["/v1/keys"]["items"]:
            keys.pop("last_used_at", None)
        # Deliveries to nowhere go on by themselves.
        webhook = seen.pop(f"/v1/webhooks/{self.webhook}")
        seen["webhook"] = {name: webhook[name] for name in ("id", "url", "description")}
        return seen


def like_absent(attacker, method, path, absent_path, body=None, status=404):
    """The same answer, word for word, as for what never was."""
    there, absent = attacker.call(method, path, body), attacker.call(method, absent_path, body)
    assert there[0] == status, (method, path, there)
    for answer in (there[1], absent[1]):
        for varying in ("request_id", "instance"):
            answer.pop(varying)
    assert there[:2] == absent[:2], (method, path, there, absent)


def by_notification(attacker, victim, method, rest="", body=None):
    for identity in (victim.draft, victim.scheduled, victim.done):
        like_absent(attacker, method, f"/v1/notifications/{identity}{rest}", f"/v1/notifications/{ABSENT}{rest}", body)


def by_credential(attacker, victim, method, rest="", body=None):
    like_absent(attacker, method, f"/v1/credentials/{victim.credential_id}{rest}", f"/v1/credentials/{ABSENT}{rest}", body)


def by_webhook(attacker, victim, method, rest="", body=None):
    like_absent(attacker, method, f"/v1/webhooks/{victim.webhook}{rest}", f"/v1/webhooks/{ABSENT}{rest}", body)


def by_device(attacker, victim, method, rest="", body=None):
    like_absent(attacker, method, f"/v1/devices/own-{victim.name}{rest}", f"/v1/devices/nobody{rest}", body)


def by_key(attacker, victim, method, rest="", body=None):
    like_absent(attacker, method, f"/v1/keys/{victim.second_key}{rest}", f"/v1/keys/psk_nobodys_{rest}", body)


def by_application(attacker, victim, method, rest="", body=None):
    for name in (victim.name, "default"):
        like_absent(attacker, method, f"/v1/applications/{name}{rest}", f"/v1/applications/nobody{rest}", body)


def by_key_of_application(attacker, victim, method, rest="", body=None):
    by_application(attacker, victim, method, f"/keys/{victim.second_key}{rest}", body)
    # Under the own name, another's key.
    like_absent(attacker, method, f"/v1/applications/{attacker.name}/keys/{victim.second_key}{rest}",
                f"/v1/applications/{attacker.name}/keys/psk_nobodys_{rest}", body)


def nothing_of(victim, answer):
    """A list or search that answers, and has nothing of the victim's in it."""
    text = json.dumps(answer[1])
    assert answer[0] in (200, 201, 400, 404), answer
    for trace in (victim.mark, f"own-{victim.name}", victim.draft, victim.done, victim.second_key, victim.webhook,
                  victim.credential_id):
        assert trace not in text, (trace, text[:2000])


def lists(attacker, victim, path):
    nothing_of(victim, attacker.call("GET", path))
    path = re.sub(r"[?&]limit=\d+", "", path)
    if cursor := victim.cursor_of(path):
        nothing_of(victim, attacker.call("GET", path + ("&" if "?" in path else "?") + f"cursor={cursor}"))


def counts(attacker, victim):
    for audience in ({"condition": {"property": "mark", "eq": victim.mark}}, {"condition": {"attribute": "user_id", "eq": "nobody"}}):
        assert expect(200, attacker.call("POST", "/v1/devices:count", audience))["count"] == 0
    expect(400, attacker.call("POST", "/v1/devices:count", {"segment": f"seg-{victim.name}"}))


def creates(attacker, victim):
    """External ids and idempotency keys are each application's own; an audience never reaches beyond it."""
    once = {"Idempotency-Key": f"the-same-in-both-against-{victim.name}"}
    mine = expect(201, victim.call("POST", "/v1/notifications", victim.note(), headers=once))
    theirs = attacker.call("POST", "/v1/notifications", attacker.note(), headers=once)
    assert theirs[0] == 201 and theirs[1]["id"] != mine["id"] and "Idempotency-Replayed" not in theirs[2], theirs
    same = expect(201, attacker.call("POST", "/v1/notifications", attacker.note(external_id=f"external-{victim.name}")))
    expect(400, attacker.call("POST", "/v1/notifications", {"content": {"title": "x"}, "audience": {"segment": f"seg-{victim.name}"}}))
    reaching = expect(201, attacker.call("POST", "/v1/notifications", {
        "content": {"title": "x"}, "audience": {"device_ids": [f"own-{victim.name}"]}, "launch": True}))["id"]
    done = until("it to complete", lambda: (lambda told: told if told["state"] == "completed" else None)(
        attacker.call("GET", f"/v1/notifications/{reaching}")[1]))
    assert done["counts"]["audience"] == 0, done
    expect(204, victim.call("DELETE", f"/v1/notifications/{mine['id']}"))
    for each in (theirs[1]["id"], same["id"], reaching):
        expect(204, attacker.call("DELETE", f"/v1/notifications/{each}"))


def writes_own_device(attacker, victim):
    """A device of the same id is the attacker's own, and takes nothing from the victim's."""
    path = f"/v1/devices/own-{victim.name}"
    expect(201, attacker.call("PUT", path, {**DEVICE, "push_token": f"token-own-{victim.name}"}))
    expect(204, attacker.call("DELETE", path))


def writes_own_segment(attacker, victim):
    expect(201, attacker.call("PUT", f"/v1/segments/seg-{victim.name}", {"condition": {}}))
    expect(204, attacker.call("DELETE", f"/v1/segments/seg-{victim.name}"))


def erases_own_user(attacker, victim):
    """The same user id in both: only the attacker's devices of it go; they come back for what follows."""
    erased = expect(200, attacker.call("DELETE", "/v1/users/same-user"))
    assert erased["erased"]["devices"] == 2, erased
    for identity in ("shared", f"own-{attacker.name}"):
        expect(201, attacker.call("PUT", f"/v1/devices/{identity}", {
            **DEVICE, "push_token": f"token-{identity}", "user_id": "same-user", "properties": {"mark": attacker.mark}}))


def imports(attacker, victim):
    attacker.node.key = attacker.key
    line, = attacker.node.import_devices([{"device_id": f"own-{victim.name}", "push_token": f"token-own-{victim.name}", **DEVICE}])
    assert line["status"] == 201, line
    expect(204, attacker.call("DELETE", f"/v1/devices/own-{victim.name}"))


def reports(attacker, victim):
    """An event of an own device cannot name another's notification."""
    by_device(attacker, victim, "POST", "/events", {"type": "opened"})
    answer = attacker.call("POST", "/v1/devices/shared/events", {"type": "opened", "notification_id": victim.done})
    absent = attacker.call("POST", "/v1/devices/shared/events", {"type": "opened", "notification_id": ABSENT})
    assert answer[0] == absent[0] == 404 and answer[1]["detail"] == absent[1]["detail"], (answer, absent)


def looks_up(attacker, victim):
    """A push token of another's device is as unknown as one of nobody's."""
    theirs, nobodys = (attacker.call("POST", "/v1/devices:lookup", {"gateway": "fcm", "push_token": token})
                       for token in (f"token-own-{victim.name}", "token-of-nobody"))
    assert theirs[0] == nobodys[0] == 404 and theirs[1]["detail"] == nobodys[1]["detail"], (theirs, nobodys)


def pushes_like_gorush(attacker, victim):
    """Reaches devices by their tokens: those of its own application alone."""
    body = {"notifications": [{"platform": 2, "tokens": [f"token-own-{victim.name}"], "message": attacker.mark}]}
    status, text, _ = attacker.node.send("POST", "/api/push", json.dumps(body), {"Authorization": f"Bearer {attacker.key}"})
    assert status == 200 and victim.mark not in text, (status, text)


def uses_own_credential(attacker, victim):
    """Names of credentials are each application's own."""
    made = expect(201, attacker.call("POST", "/v1/credentials", {**attacker.credential(victim.mark), "activate": False}))
    assert made["id"] != victim.credential_id and not made["active"], made
    expect(204, attacker.call("DELETE", f"/v1/credentials/{made['id']}"))


def opens_own_webhook(attacker, victim):
    made = expect(201, attacker.call("POST", "/v1/webhooks", {"url": "https://receiver.example.com/hook"}))
    expect(204, attacker.call("DELETE", f"/v1/webhooks/{made['id']}"))


def reports_many(attacker, victim):
    """What is another's is refused as what is not there, and nothing of it is counted."""
    told = expect(200, attacker.call("POST", "/v1/events:report", {"events": [
        {"device_id": f"own-{victim.name}", "type": "opened"}, {"device_id": "nobody", "type": "opened"},
        {"device_id": "shared", "type": "opened", "notification_id": victim.done},
        {"device_id": "shared", "type": "opened", "notification_id": ABSENT}]}))
    assert told["recorded"] == 0 and len(told["refused"]) == 4, told
    details = [each["detail"] for each in told["refused"]]
    assert details[0] == details[1] and details[2] == details[3], told


def rehearses(attacker, victim):
    counted = []
    for identity in (f"own-{victim.name}", "nobody"):
        told = expect(200, attacker.call("POST", "/v1/notifications:rehearse", attacker.note(audience={"device_ids": [identity]})))
        assert victim.mark not in json.dumps(told), told
        told["audience"].pop("as_of")
        counted.append(told["audience"])
    assert counted[0] == counted[1] and counted[0]["count"] == 0, counted


def asks_about_a_delivery(attacker, victim):
    like_absent(attacker, "GET", f"/v1/notifications/{victim.done}/deliveries/shared", f"/v1/notifications/{ABSENT}/deliveries/shared")
    own = attacker.call("GET", f"/v1/notifications/{attacker.done}/deliveries/own-{victim.name}")
    nobody = attacker.call("GET", f"/v1/notifications/{attacker.done}/deliveries/nobody")
    assert own[0] == nobody[0] == 404 and own[1]["detail"] == nobody[1]["detail"], (own, nobody)


def exports(attacker, victim, method, body=None):
    answer = attacker.call(method, "/v1/devices:export", body)
    assert answer[0] == 200 and victim.mark not in str(answer[1]) and f"own-{victim.name}" not in str(answer[1])


def exports_list(attacker, victim, path):
    answer = attacker.call("GET", path)
    nothing_of(victim, answer)
    # A single line is taken for JSON.
    assert answer[1] == {"next_cursor": None} or answer[1].endswith('{"next_cursor":null}\n'), answer


def decides(attacker, victim, verb):
    like_absent(attacker, "POST", f"/v1/token-holds/{victim.hold}:{verb}", f"/v1/token-holds/999999:{verb}")


ATTACKS = {
    ("GET", "/openapi.json"): lambda a, v: nothing_of(v, a.call("GET", "/openapi.json")),
    ("GET", "/docs"): lambda a, v: nothing_of(v, a.call("GET", "/docs")),
    ("POST", "/v1/devices:import"): imports,
    ("GET", "/v1/devices:export"): lambda a, v: (
        exports(a, v, "GET"), like_absent(a, "GET", f"/v1/devices:export?after=own-{v.name}", "/v1/devices:export?after=nobody")),
    ("POST", "/v1/devices:export"): lambda a, v: exports(a, v, "POST", {"condition": {"property": "mark", "eq": v.mark}}),
    ("POST", "/v1/devices:search"): lambda a, v: (
        nothing_of(v, a.call("POST", "/v1/devices:search", {"condition": {"property": "mark", "exists": True}})),
        nothing_of(v, a.call("POST", "/v1/devices:search", {
            "cursor": v.call("POST", "/v1/devices:search", {"limit": 1})[1]["next_cursor"]}))),
    ("POST", "/v1/devices:count"): counts,
    ("POST", "/v1/devices:lookup"): looks_up,
    ("POST", "/api/push"): pushes_like_gorush,
    ("GET", "/v1/devices/{device_id}/events"): lambda a, v: (by_device(a, v, "GET", "/events"), lists(a, v, "/v1/devices/shared/events")),
    ("POST", "/v1/devices/{device_id}/events"): reports,
    ("PUT", "/v1/devices/{device_id}"): writes_own_device,
    ("GET", "/v1/devices/{device_id}"): lambda a, v: by_device(a, v, "GET"),
    ("PATCH", "/v1/devices/{device_id}"): lambda a, v: by_device(a, v, "PATCH", body={"locale": "de"}),
    ("DELETE", "/v1/devices/{device_id}"): lambda a, v: by_device(a, v, "DELETE"),
    ("GET", "/v1/users/{user_id}/devices"): lambda a, v: lists(a, v, "/v1/users/same-user/devices"),
    ("DELETE", "/v1/users/{user_id}"): erases_own_user,
    ("GET", "/v1/users/{user_id}:export"): lambda a, v: exports_list(a, v, "/v1/users/same-user:export"),
    ("GET", "/v1/notifications:export"): lambda a, v: (
        exports_list(a, v, "/v1/notifications:export"), exports_list(a, v, f"/v1/notifications:export?external_id=external-{v.name}")),
    ("GET", "/v1/notifications/{id}/deliveries:export"): lambda a, v: by_notification(a, v, "GET", "/deliveries:export"),
    ("GET", "/v1/segments"): lambda a, v: lists(a, v, "/v1/segments"),
    ("PUT", "/v1/segments/{name}"): writes_own_segment,
    ("GET", "/v1/segments/{name}"): lambda a, v: (
        like_absent(a, "GET", f"/v1/segments/seg-{v.name}", "/v1/segments/nobodys"),
        nothing_of(v, a.call("GET", "/v1/segments/shared?count=true"))),
    ("DELETE", "/v1/segments/{name}"): lambda a, v: like_absent(a, "DELETE", f"/v1/segments/seg-{v.name}", "/v1/segments/nobodys"),
    ("GET", "/v1/indexed-properties"): lambda a, v: nothing_of(v, a.call("GET", "/v1/indexed-properties")),
    ("PUT", "/v1/indexed-properties"): lambda a, v: expect(200, a.call("PUT", "/v1/indexed-properties", {"names": ["mark"]})),
    ("GET", "/v1/gateways"): lambda a, v: nothing_of(v, a.call("GET", "/v1/gateways")),
    ("POST", "/v1/credentials"): uses_own_credential,
    ("GET", "/v1/credentials"): lambda a, v: nothing_of(v, a.call("GET", "/v1/credentials")),
    ("GET", "/v1/credentials/{id}"): lambda a, v: by_credential(a, v, "GET"),
    ("PATCH", "/v1/credentials/{id}"): lambda a, v: by_credential(a, v, "PATCH", body={"name": "stolen"}),
    ("DELETE", "/v1/credentials/{id}"): lambda a, v: by_credential(a, v, "DELETE"),
    **{("POST", f"/v1/credentials/{{id}}:{verb}"): lambda a, v, verb=verb: by_credential(a, v, "POST", f":{verb}")
       for verb in ("verify", "activate", "deactivate")},
    ("POST", "/v1/webhooks"): opens_own_webhook,
    ("GET", "/v1/webhooks"): lambda a, v: lists(a, v, "/v1/webhooks"),
    ("GET", "/v1/webhooks/{id}"): lambda a, v: by_webhook(a, v, "GET"),
    ("PATCH", "/v1/webhooks/{id}"): lambda a, v: by_webhook(a, v, "PATCH", body={"description": "stolen"}),
    ("DELETE", "/v1/webhooks/{id}"): lambda a, v: by_webhook(a, v, "DELETE"),
    ("GET", "/v1/webhooks/{id}/attempts"): lambda a, v: by_webhook(a, v, "GET", "/attempts"),
    **{("POST", f"/v1/webhooks/{{id}}:{verb}"): lambda a, v, verb=verb, body=body: by_webhook(a, v, "POST", f":{verb}", body)
       for verb, body in (("rotate-secret", None), ("enable", None), ("test", None), ("replay", {"since": "2026-01-01T00:00:00Z"}))},
    ("POST", "/v1/events:report"): reports_many,
    ("POST", "/v1/notifications:rehearse"): rehearses,
    ("POST", "/v1/notifications/{id}:rehearse"): lambda a, v: by_notification(a, v, "POST", ":rehearse"),
    ("GET", "/v1/notifications/{id}/progress"): lambda a, v: by_notification(a, v, "GET", "/progress"),
    ("GET", "/v1/notifications/{id}/deliveries/{device_id}"): asks_about_a_delivery,
    ("GET", "/v1/token-holds"): lambda a, v: [
        expect(True, (v.hold not in [each["id"] for each in a.call("GET", "/v1/token-holds")[1]["items"]], None))],
    ("POST", "/v1/token-holds/{id}:confirm"): lambda a, v: decides(a, v, "confirm"),
    ("POST", "/v1/token-holds/{id}:undo"): lambda a, v: decides(a, v, "undo"),
    **{("GET", path): lambda a, v, path=path: nothing_of(v, a.call("GET", path.replace("{file}", "app.js")))
       for path in ("/console", "/console/{file}", "/v1/access", "/v1/dead-letters", "/v1/gateway-states")},
    # test_supervision.py has dead letters of another application.
    **{("POST", f"/v1/dead-letters/{{id}}:{verb}"): lambda a, v, verb=verb: like_absent(
        a, "POST", f"/v1/dead-letters/1-1:{verb}", f"/v1/dead-letters/2-2:{verb}") for verb in ("requeue", "drop")},
    ("GET", "/v1/notifications/{id}/outcomes"): lambda a, v: by_notification(a, v, "GET", "/outcomes"),
    ("GET", "/v1/events"): lambda a, v: (lists(a, v, "/v1/events"), lists(a, v, "/v1/events?limit=1000")),
    ("POST", "/v1/notifications"): creates,
    ("GET", "/v1/notifications"): lambda a, v: (
        lists(a, v, "/v1/notifications"), lists(a, v, "/v1/notifications?state=draft"),
        nothing_of(v, a.call("GET", f"/v1/notifications?external_id=external-{v.name}"))),
    ("GET", "/v1/notifications/{id}"): lambda a, v: by_notification(a, v, "GET"),
    ("PATCH", "/v1/notifications/{id}"): lambda a, v: by_notification(a, v, "PATCH", body={"ttl_seconds": 5}),
    ("DELETE", "/v1/notifications/{id}"): lambda a, v: by_notification(a, v, "DELETE"),
    **{("POST", f"/v1/notifications/{{id}}:{verb}"): lambda a, v, verb=verb: by_notification(a, v, "POST", f":{verb}")
       for verb in ("launch", "pause", "resume", "cancel")},
    ("GET", "/v1/notifications/{id}/deliveries"): lambda a, v: by_notification(a, v, "GET", "/deliveries"),
    ("POST", "/v1/applications"): lambda a, v: [
        expect(403, a.call("POST", "/v1/applications", {"name": name})) for name in (v.name, "unheard-of")],
    ("GET", "/v1/applications"): lambda a, v: lists(a, v, "/v1/applications"),
    ("GET", "/v1/applications/{application}"): lambda a, v: by_application(a, v, "GET"),
    ("PATCH", "/v1/applications/{application}"): lambda a, v: by_application(a, v, "PATCH", body={"name": "stolen"}),
    ("DELETE", "/v1/applications/{application}"): lambda a, v: by_application(a, v, "DELETE"),
    ("POST", "/v1/applications/{application}:suspend"): lambda a, v: by_application(a, v, "POST", ":suspend"),
    ("POST", "/v1/applications/{application}:resume"): lambda a, v: by_application(a, v, "POST", ":resume"),
    ("POST", "/v1/applications/{application}/keys"): lambda a, v: by_application(a, v, "POST", "/keys", {"scopes": ["admin"]}),
    ("GET", "/v1/applications/{application}/keys"): lambda a, v: by_application(a, v, "GET", "/keys"),
    ("GET", "/v1/applications/{application}/keys/{key_id}"): lambda a, v: by_key_of_application(a, v, "GET"),
    ("PATCH", "/v1/applications/{application}/keys/{key_id}"): lambda a, v: by_key_of_application(a, v, "PATCH", body={"name": "x"}),
    ("DELETE", "/v1/applications/{application}/keys/{key_id}"): lambda a, v: by_key_of_application(a, v, "DELETE"),
    ("POST", "/v1/applications/{application}/keys/{key_id}:rotate"): lambda a, v: by_key_of_application(a, v, "POST", ":rotate"),
    ("POST", "/v1/keys"): lambda a, v: expect(400, a.call("POST", "/v1/keys", {"scopes": ["read"], "application": v.name})),
    ("GET", "/v1/keys"): lambda a, v: lists(a, v, "/v1/keys"),
    ("GET", "/v1/keys/{key_id}"): lambda a, v: by_key(a, v, "GET"),
    ("PATCH", "/v1/keys/{key_id}"): lambda a, v: by_key(a, v, "PATCH", body={"name": "x"}),
    ("DELETE", "/v1/keys/{key_id}"): lambda a, v: by_key(a, v, "DELETE"),
    ("POST", "/v1/keys/{key_id}:rotate"): lambda a, v: by_key(a, v, "POST", ":rotate"),
}


def main():
    missing = routes() - set(ATTACKS)
    assert not missing, f"routes on which nobody attacks yet: {sorted(missing)}"
    with Lab() as lab:
        node = lab.node("node", {"compat": {"gorush": True}}).start()
        operator = node.make_key("admin")
        alpha, beta = (Application(lab, node, operator, name) for name in ("alpha", "beta"))
        attacked = 0
        for attacker, victim in ((beta, alpha), (alpha, beta)):
            before = victim.snapshot()
            for route in sorted(ATTACKS):
                ATTACKS[route](attacker, victim)
                attacked += 1
            after = victim.snapshot()
            for path, seen in before.items():
                assert after[path] == seen, (path, seen, after[path])
        # Neither is the other's, nor an operator's: what the operator may, both may not.
        assert len(expect(200, node.call("GET", "/v1/applications", key=operator))["items"]) == 3
        assert node.stop() == 0, node.log_tail()
        print(f"{attacked} attacks on {len(ATTACKS)} routes, nothing seen, nothing changed", flush=True)


if __name__ == "__main__":
    main()
