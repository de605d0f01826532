"""Credentials come and go by REST while everything runs: verified before they are used, used on every node without a
restart, rotated in the middle of a campaign, one application's never another's, and nowhere to be read again."""
import base64
import json
import pathlib
import socket
import subprocess

from invariants import check_counts
from lab import Lab, until

GATEWAYS = ("fcm", "apns", "webpush", "hms")


def read(path):
    return pathlib.Path(path).read_text()


def fresh_key(directory, name, *options):
    path = pathlib.Path(directory) / name
    subprocess.run(["openssl", "genpkey", *options, "-out", str(path)], check=True, capture_output=True)
    return path.read_text()


def fresh_p256(directory, name):
    return fresh_key(directory, name, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


def uploads(emulator):
    """A credential for each gateway, as a client uploads it."""
    ready = emulator.ready
    return {
        "fcm": {"service_account": json.loads(read(ready["service_account_file"]))},
        "apns": {"key": read(ready["apns_key_file"]), "key_id": ready["apns_key_id"], "team_id": ready["apns_team_id"],
                 "topic": ready["apns_topic"]},
        "webpush": {"vapid_key": fresh_p256(emulator.directory, "uploaded-vapid.pem"), "subject": "mailto:ops@example.com"},
        "hms": {"app_id": ready["hms_app_id"], "app_secret": read(ready["hms_app_secret_file"]).strip()},
    }


def addresses(emulator):
    """Where the gateways are, and no credential for any."""
    secret = {"service_account_file", "key_file", "key_id", "team_id", "topic", "vapid_key_file", "subject", "app_id",
              "app_secret_file"}
    return {section: {name: value for name, value in values.items() if name not in secret}
            for section, values in emulator.sections().items()}


def upload(node, gateway, name, fields, expected=201, key=None, activate=True):
    status, body, headers = node.call(
        "POST", "/v1/credentials", {"gateway": gateway, "name": name, "activate": activate, **fields}, key=key)
    assert status == expected, (status, body)
    if status == 201:
        assert headers["Location"] == f"/v1/credentials/{body['id']}"
    return body


def launch(node, name, audience, key=None):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": audience, "launch": True}, key=key)
    assert status == 201, made
    return made["id"]


def campaign(node, name, audience):
    return node.wait_completed(launch(node, name, audience), 60)["counts"]


def group(name):
    return {"condition": {"property": "group", "eq": name}}


def every_gateway(lab, node):
    """Without a credential devices are skipped; with one, a moment later, they are reached. No restart."""
    devices = [lab.emulator.device(gateway, f"{gateway}-{n}", properties={"group": "all"})
               for gateway in GATEWAYS for n in range(25)]
    assert all(line["status"] == 201 for line in node.import_devices(devices))
    counts = campaign(node, "nothing", group("all"))
    assert counts["skipped"] == 100 and counts["accepted"] == 0, counts
    configured = {each["gateway"]: each["configured"] for each in node.call("GET", "/v1/gateways")[1]["items"]}
    assert not any(configured.values()), configured
    made = {gateway: upload(node, gateway, f"my {gateway}", fields) for gateway, fields in uploads(lab.emulator).items()}
    for gateway, shown in made.items():
        assert shown["active"] and shown["in_use"] and shown["verified_at"], shown
        assert shown["details"].get("fingerprint") or gateway == "hms", shown
    assert made["apns"]["environments"] == ["production", "sandbox"]
    counts = campaign(node, "everything", group("all"))
    assert counts["accepted"] == 100, counts
    assert all(each["configured"] for each in node.call("GET", "/v1/gateways")[1]["items"] if each["protocol"] != "fcm-legacy")
    return made


def refused(lab, node):
    """What a gateway does not take never becomes active, and the client learns why."""
    emulator = lab.emulator
    good = uploads(emulator)
    account = {**good["fcm"]["service_account"],
               "private_key": fresh_key(emulator.directory, "stranger.pem", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")}
    wrong = {
        "fcm": ({"service_account": account}, "invalid_grant"),
        "apns": ({**good["apns"], "key": fresh_p256(emulator.directory, "stranger.p8")}, "InvalidProviderToken"),
        "hms": ({**good["hms"], "app_secret": "not the secret"}, "1101"),
    }
    for gateway, (fields, word) in wrong.items():
        problem = upload(node, gateway, f"wrong {gateway}", fields, 422)
        assert problem["code"] == "credential_refused" and word in problem["detail"], problem
        # Stored without being asked about, it is refused when it is to be used, and says so afterwards.
        shown = upload(node, gateway, f"later {gateway}", fields, activate=False)
        assert not shown["active"] and "verified_at" not in shown, shown
        status, problem, _ = node.call("POST", f"/v1/credentials/{shown['id']}:activate")
        assert status == 422 and problem["code"] == "credential_refused", problem
        now = node.call("GET", f"/v1/credentials/{shown['id']}")[1]
        assert not now["active"] and word in now["last_error"]["detail"], now
        assert node.call("DELETE", f"/v1/credentials/{shown['id']}")[0] == 204
    malformed = [
        ("fcm", {"service_account": {"type": "service_account"}}, "/service_account"),
        ("fcm", {"service_account": {**account, "token_uri": "https://169.254.169.254/token"}}, "/service_account/token_uri"),
        ("fcm", {"service_account": {**account, "token_uri": "http://127.0.0.1:9/token"}}, "/service_account/token_uri"),
        ("apns", {**good["apns"], "key": "no key"}, "/key"),
        ("apns", {**good["apns"], "topic": "a b"}, "/topic"),
        ("apns", {"certificate": base64.b64encode(b"no certificate").decode(), "topic": "com.example.app"}, "/certificate"),
        ("apns", {**good["apns"], "environments": []}, "/environments"),
        ("webpush", {**good["webpush"], "subject": "mailto:me@localhost"}, "/subject"),
        ("hms", {**good["hms"], "app_id": "../1"}, "/app_id"),
    ]
    for gateway, fields, pointer in malformed:
        problem = upload(node, gateway, "malformed", fields, 400)
        assert problem["errors"][0]["pointer"] == pointer, problem
    emulator.control(gateway="fcm", fail="503")
    problem = upload(node, "fcm", "while away", good["fcm"], 503)
    assert problem["code"] == "gateway_unavailable", problem
    emulator.control(gateway="fcm", fail="none")


def certificate(lab, node):
    """A certificate says when it ends, in GET and in the metrics; another environment has a credential of its own."""
    packed = base64.b64encode(pathlib.Path(lab.emulator.ready["apns_certificate_p12"]).read_bytes()).decode()
    shown = upload(node, "apns", "certificate", {"certificate": packed, "certificate_password": "pusher", "topic": lab.emulator.ready["apns_topic"],
                                                 "environments": ["production"]})
    assert shown["expires_in_days"] > 0 and shown["expires_at"] and shown["details"]["certificate_subject"], shown
    assert len(shown["details"]["fingerprint"]) == 64
    until("the metric", lambda: 'pusher_credential_expires_seconds{app="default",gateway="apns"}' in node.admin("/metrics")[1])
    assert campaign(node, "by certificate", group("all"))["accepted"] == 100
    assert node.call("DELETE", f"/v1/credentials/{shown['id']}")[0] == 204
    until("the metric to go", lambda: "pusher_credential_expires_seconds{" not in node.admin("/metrics")[1])


def rotation(lab, node, first):
    """A second key in the middle of a campaign: nothing is lost, nothing is doubled, and the first can be revoked."""
    emulator = lab.emulator
    devices = [emulator.device("apns", f"r-{n}", properties={"group": "rotation"}) for n in range(3_000)]
    node.import_devices(devices)
    def accepted():
        return emulator.statistics()["gateways"]["apns"]["accepted"]
    before = accepted()
    identity = launch(node, "rotation", group("rotation"))
    until("the campaign to be under way", lambda: accepted() > before + 200)
    ready = emulator.ready
    second = upload(node, "apns", "second key", {
        "key": read(ready["apns_second_key_file"]), "key_id": ready["apns_second_key_id"], "team_id": ready["apns_team_id"],
        "topic": ready["apns_topic"]})
    assert second["in_use"] and not node.call("GET", f"/v1/credentials/{first['id']}")[1]["in_use"]
    status, shown, _ = node.call("POST", f"/v1/credentials/{first['id']}:deactivate")
    assert status == 200 and not shown["active"], shown
    until("half of the campaign", lambda: accepted() > before + 1_500)
    emulator.control(revoke_key=ready["apns_key_id"])
    node.wait_completed(identity, 120)
    rows = check_counts(node, identity, len(devices))
    assert {row["outcome"] for row in rows.values()} == {"accepted"}, {row["outcome"] for row in rows.values()}
    tokens = [row[2] for row in emulator.log() if row[1] == "200" and row[7] == "apns"]
    pushed = [token for token in tokens if bytes.fromhex(token).startswith(b"r-")]
    assert len(pushed) == len(set(pushed)) == len(devices), (len(pushed), len(set(pushed)))
    status, problem, _ = node.call("POST", f"/v1/credentials/{first['id']}:verify")
    assert status == 422 and "InvalidProviderToken" in problem["detail"], problem
    return second


def revoked(lab, node, second):
    """What senders meet is seen in GET."""
    lab.emulator.control(revoke_keys=True)
    identity = launch(node, "revoked", group("rotation"))
    path = f"/v1/credentials/{second['id']}"
    shown = until("the trouble", lambda: (lambda now: now if "trouble" in now else None)(node.call("GET", path)[1]))
    assert "InvalidProviderToken" in shown["trouble"], shown
    lab.emulator.control(revoke_keys=False)
    node.wait_completed(identity, 120)
    until("the trouble to end", lambda: "trouble" not in node.call("GET", path)[1])


def deletion(lab, node, made):
    """Deleted in the middle of a campaign: what waits is skipped, and the campaign ends."""
    emulator = lab.emulator
    emulator.control(gateway="fcm", fail="hang")
    devices = [emulator.device("fcm", f"x-{n}", properties={"group": "deletion"}) for n in range(2_500)]
    node.import_devices(devices)
    identity = launch(node, "deletion", group("deletion"))
    until("pushes to hang", lambda: any(row[4] == "HANG" for row in emulator.log()))
    assert node.call("DELETE", f"/v1/credentials/{made['fcm']['id']}")[0] == 204
    node.wait_completed(identity, 60)
    emulator.control(gateway="fcm", fail="none")
    rows = check_counts(node, identity, len(devices))
    outcomes = [row["outcome"] for row in rows.values()]
    assert outcomes.count("skipped") + outcomes.count("unknown") == len(devices), set(outcomes)
    assert outcomes.count("skipped") > 1_000
    assert {row["code"] for row in rows.values() if row["outcome"] == "skipped"} == {"no_credential"}
    assert campaign(node, "after deletion", group("deletion"))["skipped"] == len(devices)
    assert node.call("GET", f"/v1/credentials/{made['fcm']['id']}")[0] == 404


def application(node, name, operator):
    """A second tenant; gives a key of its own."""
    assert node.call("POST", "/v1/applications", {"name": name}, key=operator)[0] == 201
    status, made, _ = node.call("POST", f"/v1/applications/{name}/keys",
                                {"scopes": ["devices", "send", "read", "admin"]}, key=operator)
    assert status == 201, made
    return made["key"]


def two_applications(lab, node, operator):
    """Each application's pushes go to its own project, and neither sees the other's credentials."""
    keys = {app: application(node, app, operator) for app in ("first", "second")}
    shown = {}
    for app, file in (("first", "service_account_file"), ("second", "second_service_account_file")):
        node.key = keys[app]
        prefix = "SECOND-" if app == "second" else "FIRST-"
        node.import_devices([lab.emulator.device("fcm", f"{prefix}{n}") for n in range(50)])
        counts = campaign(node, f"{app} without", {"all": True})
        assert counts["skipped"] == 50, counts
        shown[app] = upload(node, "fcm", "mine", {"service_account": json.loads(read(lab.emulator.ready[file]))})
    for app in keys:
        node.key = keys[app]
        counts = campaign(node, app, {"all": True})
        assert counts["accepted"] == 50, (app, counts)
        assert len(node.call("GET", "/v1/credentials")[1]["items"]) == 1
        other = shown["first" if app == "second" else "second"]["id"]
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", ":verify"), ("POST", ":activate"), ("POST", ":deactivate")):
            assert node.call(method, f"/v1/credentials/{other}{path}")[0] == 404
        assert node.call("PATCH", f"/v1/credentials/{other}", {"active": False})[0] == 404
        until("its numbers", lambda a=app: f'pusher_gateway_requests_total{{app="{a}",gateway="fcm"}}' in node.admin("/metrics")[1])
    node.key = operator


def secret_words(emulator):
    """What must not be found anywhere: a line from the middle of each secret."""
    found = [json.loads(read(emulator.ready[name]))["private_key"].splitlines()[5]
             for name in ("service_account_file", "second_service_account_file")]
    for name in ("apns_key_file", "apns_second_key_file"):
        found.append(read(emulator.ready[name]).splitlines()[1])
    found.append(read(emulator.directory / "uploaded-vapid.pem").splitlines()[1])
    found.append(read(emulator.ready["hms_app_secret_file"]).strip())
    return [word.encode() for word in found]


def redis_dump(node):
    """Every value in Redis."""
    path = next((node.directory / "data").rglob("redis.sock"))

    def command(*words):
        with socket.socket(socket.AF_UNIX) as redis:
            redis.settimeout(10)
            redis.connect(str(path))
            redis.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words))
            redis.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: redis.recv(1 << 20), b""))
    keys = [line.decode() for line in command("KEYS", "*").split(b"\r\n") if line.startswith(b"{")]
    # A command of another type than the key's answers an error, which holds nothing.
    return b"".join(command(*words) for key in keys
                    for words in (("HGETALL", key), ("GET", key), ("SMEMBERS", key), ("XRANGE", key, "-", "+")))


def nowhere(lab, node, answers):
    """Secrets are in no log, no process list, no answer, and in neither store but sealed."""
    words = secret_words(lab.emulator)
    files = {str(path): path.read_bytes() for path in (node.directory / "data").rglob("*")
             if path.is_file() and not path.is_symlink() and path.name != "secrets.key"}
    assert any(len(content) > 1_000_000 for content in files.values()), "MariaDB's files were not found"
    files["the log"] = (node.directory / "node.log").read_bytes()
    files["Redis"] = redis_dump(node)
    files["the answers"] = json.dumps(answers).encode()
    files["the metrics"] = node.admin("/metrics")[1].encode()
    for pid in [node.process.pid, *node.store_pids().values()]:
        for name in ("cmdline", "environ"):
            files[f"/proc/{pid}/{name}"] = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
    assert b"pusher-emulated" in files["Redis"] or b'"gateway":"apns"' in files["Redis"], "Redis's dump is empty"
    for where, content in files.items():
        for word in words:
            assert word not in content, f"a secret is readable in {where}"
    key = node.directory / "data" / "secrets.key"
    assert key.stat().st_mode & 0o777 == 0o600, oct(key.stat().st_mode)


def main():
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        sections = {**addresses(lab.emulator), "limits": {"connections_per_credential": 1, "request_timeout_seconds": 5}}
        node = lab.node(sections=sections)
        node.sections["fcm"].pop("service_account_file")
        node.write_config()
        node.start()
        operator = node.make_key("devices,send,read,admin")
        made = every_gateway(lab, node)
        refused(lab, node)
        certificate(lab, node)
        second = rotation(lab, node, made["apns"])
        revoked(lab, node, second)
        two_applications(lab, node, operator)
        deletion(lab, node, made)
        answers = [made, second, node.call("GET", "/v1/credentials")[1], node.call("GET", "/v1/gateways")[1]]
        nowhere(lab, node, answers)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
