"""Applications and API keys: made, listed, renamed, suspended, deleted; keys shown once, rotated, revoked at once on every node."""
import datetime
import json
import pathlib
import secrets
import subprocess
import time

from invariants import check_accepted_once
from lab import Lab, until

DEVICE = {"gateway": "fcm", "platform": "android"}
CAMPAIGN = 2000


def expect(status, answer):
    assert answer[0] == status, (status, answer)
    return answer[1]


def status_with(node, key):
    return node.call("GET", "/v1/notifications", key=key)[0]


def rfc3339(seconds_from_now):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds_from_now)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def applications(node):
    made = expect(201, node.call("POST", "/v1/applications", {"name": "shop"}))
    assert (made["name"], made["state"]) == ("shop", "active"), made
    assert expect(409, node.call("POST", "/v1/applications", {"name": "shop"}))["code"] == "conflict"
    once = {"Idempotency-Key": "make-game"}
    first, again = (node.call("POST", "/v1/applications", {"name": "game"}, headers=once) for _ in range(2))
    assert first[0] == again[0] == 201 and first[1] == again[1], (first, again)
    assert again[2]["Idempotency-Replayed"] == "true" and first[2]["Location"] == "/v1/applications/game"
    expect(422, node.call("POST", "/v1/applications", {"name": "other"}, headers=once))
    names = [each["name"] for each in expect(200, node.call("GET", "/v1/applications"))["items"]]
    assert names == ["default", "shop", "game"], names
    page = expect(200, node.call("GET", "/v1/applications?limit=2"))
    assert page["has_more"]
    rest = expect(200, node.call("GET", f"/v1/applications?cursor={page['next_cursor']}"))
    assert [each["name"] for each in rest["items"]] == ["game"], rest
    assert expect(200, node.call("PATCH", "/v1/applications/game", {"name": "arcade"}))["id"] == first[1]["id"]
    expect(404, node.call("GET", "/v1/applications/game"))
    expect(200, node.call("GET", f"/v1/applications/{first[1]['id']}"))
    for change in (("DELETE", "", None), ("PATCH", "", {"name": "x"}), ("POST", ":suspend", None)):
        expect(409, node.call(change[0], "/v1/applications/default" + change[1], change[2]))
    expect(204, node.call("DELETE", "/v1/applications/arcade"))
    expect(404, node.call("GET", f"/v1/applications/{first[1]['id']}"))


def keys(node, other):
    """`other` is a second node on the same stores."""
    made = expect(201, node.call("POST", "/v1/applications/shop/keys", {"name": "back end", "scopes": [
        "devices", "send", "read"], "expires_at": rfc3339(3600)}))
    secret, identity = made.pop("key"), made["id"]
    assert secret.startswith(identity) and made["application"] == "shop", made
    listed = expect(200, node.call("GET", "/v1/applications/shop/keys"))["items"]
    assert [each["id"] for each in listed] == [identity] and secret not in json.dumps(listed)
    assert status_with(node, secret) == 200
    expect(403, node.call("GET", "/v1/keys", key=secret))
    used = until("the use to be noted", lambda: node.call("GET", f"/v1/applications/shop/keys/{identity}")[1].get("last_used_at"))
    for _ in range(3):
        assert status_with(node, secret) == 200
    assert node.call("GET", f"/v1/applications/shop/keys/{identity}")[1]["last_used_at"] == used, "noted again within a minute"
    assert status_with(other, secret) == 200

    rotated = expect(201, node.call("POST", f"/v1/applications/shop/keys/{identity}:rotate"))
    assert rotated["name"] == "back end" and rotated["scopes"] == made["scopes"], rotated
    assert status_with(node, secret) == status_with(node, rotated["key"]) == 200
    expect(409, node.call("POST", f"/v1/applications/shop/keys/{identity}:rotate"))
    expect(204, node.call("DELETE", f"/v1/applications/shop/keys/{identity}"))
    assert status_with(node, secret) == 401
    refused = node.call("GET", "/v1/notifications", key=secret)
    assert refused[1]["detail"] == node.call("GET", "/v1/notifications", key="psk_" + "A" * 43)[1]["detail"]
    short = expect(201, node.call("POST", f"/v1/applications/shop/keys/{rotated['id']}:rotate", {"overlap_seconds": 1}))
    assert status_with(node, rotated["key"]) == 200
    until("the overlap to end", lambda: status_with(node, rotated["key"]) == 401)
    assert status_with(node, short["key"]) == 200

    brief = expect(201, node.call("POST", "/v1/applications/shop/keys", {"scopes": ["read"], "expires_at": rfc3339(1)}))
    assert status_with(other, brief["key"]) == 200
    until("the key to expire", lambda: status_with(other, brief["key"]) == 401)
    lost = {"Idempotency-Key": "one-key"}
    expect(201, node.call("POST", "/v1/keys", {"scopes": ["read"]}, headers=lost))
    expect(409, node.call("POST", "/v1/keys", {"scopes": ["read"]}, headers=lost))
    return short["key"]


def revoked_at_once(node, other):
    """On the node that was asked: with the answer. On others: within the trust of their key rings, 250 ms."""
    worst = 0
    for _ in range(20):
        made = expect(201, node.call("POST", "/v1/keys", {"scopes": ["read"]}))
        for each in (node, other):
            assert status_with(each, made["key"]) == status_with(each, made["key"]) == 200
        expect(204, node.call("DELETE", f"/v1/keys/{made['id']}"))
        revoked = time.monotonic()
        assert status_with(node, made["key"]) == 401
        until("the other node to refuse it", lambda k=made["key"]: status_with(other, k) == 401, interval=0.001)
        worst = max(worst, time.monotonic() - revoked)
    print(f"another node took a revoked key for at most {worst * 1000:.0f} ms", flush=True)
    weak = expect(201, node.call("POST", "/v1/keys", {"scopes": ["read", "send"]}))
    expect(200, other.call("GET", "/v1/notifications", key=weak["key"]))
    expect(200, node.call("PATCH", f"/v1/keys/{weak['id']}", {"scopes": ["send"]}))
    expect(403, node.call("GET", "/v1/notifications", key=weak["key"]))


def campaign(node, key, name):
    made = expect(201, node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": {"all": True}, "launch": True}, key=key))
    return made["id"]


def arrived(lab, name):
    return sum(row[3] == name for row in lab.emulator.log())


def completed(node, key, identity):
    return node.call("GET", f"/v1/notifications/{identity}", key=key)[1]["state"] == "completed"


def small_one_passes(node, key, name):
    identity = campaign(node, key, name)
    until(f"{name} to complete", lambda: completed(node, key, identity))


def give_credential(lab, node, operator, name):
    """Those of the configuration are the application default's."""
    admin = expect(201, node.call("POST", f"/v1/applications/{name}/keys", {"scopes": ["admin"]}, key=operator))["key"]
    account = json.loads(pathlib.Path(lab.emulator.ready["service_account_file"]).read_text())
    expect(201, node.call("POST", "/v1/credentials", {
        "gateway": "fcm", "name": name, "activate": True, "service_account": account}, key=admin))


def suspended(lab, node, other, operator, shop):
    """What is under way stops and goes on later; another application does not notice."""
    give_credential(lab, node, operator, "shop")
    devices = [{"device_id": f"s-{n}", "push_token": f"s-{n}", **DEVICE} for n in range(CAMPAIGN)]
    node.key = shop
    node.import_devices(devices)
    neighbour = expect(201, node.call("POST", "/v1/keys", {"scopes": ["devices", "send", "read"]}, key=operator))["key"]
    expect(201, node.call("PUT", "/v1/devices/n", {**DEVICE, "push_token": "n"}, key=neighbour))
    scheduled = expect(201, node.call("POST", "/v1/notifications", {
        "content": {"title": "later", "data": {"notification": "scheduled"}}, "audience": {"device_ids": ["s-1"]},
        "scheduled_at": rfc3339(1)}))["id"]
    identity = campaign(node, shop, "shop")
    until("some pushes", lambda: arrived(lab, "shop") > 100)
    expect(200, node.call("POST", "/v1/applications/shop:suspend", key=operator))
    for each in (node, other):
        until("the suspension to be known", lambda e=each: e.call("GET", "/v1/notifications", key=shop)[0] == 403, interval=0.001)
        refused = each.call("PUT", "/v1/devices/s-1", {**DEVICE, "push_token": "s-1"}, key=shop)
        assert (refused[0], refused[1]["code"]) == (403, "application_suspended"), refused
    small_one_passes(node, neighbour, "neighbour-1")  # by then what was in flight has landed
    reached = arrived(lab, "shop")
    assert reached < CAMPAIGN, reached
    for n in range(2, 6):
        small_one_passes(node, neighbour, f"neighbour-{n}")
    until("the schedule to pass", lambda: node.call("GET", "/v1/applications/shop", key=operator)[1]["suspended_at"] < rfc3339(-2))
    assert arrived(lab, "shop") == reached and arrived(lab, "scheduled") == 0, "a suspended application sent"
    expect(200, node.call("POST", "/v1/applications/shop:resume", key=operator))
    until("the rest to be sent", lambda: completed(node, shop, identity), 120, 0.1)
    check_accepted_once(node, identity, devices, lab.emulator, "shop")
    until("the scheduled one to be launched", lambda: completed(node, shop, scheduled))
    print(f"suspended after {reached} of {CAMPAIGN} pushes, all accepted once after it was resumed", flush=True)


def deleted(lab, node, other, stores, operator, shop):
    """In mid-campaign: nothing of it is sent any more, nothing stays, and its name begins anew."""
    node.key = shop
    campaign(node, shop, "doomed")
    until("some pushes", lambda: arrived(lab, "doomed") > 100)
    expect(204, node.call("DELETE", "/v1/applications/shop", key=operator))
    assert status_with(node, shop) == 401
    until("the other node to refuse its keys", lambda: status_with(other, shop) == 401, interval=0.001)
    neighbour = expect(201, node.call("POST", "/v1/keys", {"scopes": ["devices", "send", "read"]}, key=operator))["key"]
    small_one_passes(node, neighbour, "beside-1")
    reached = arrived(lab, "doomed")
    assert reached < CAMPAIGN, reached
    expect(201, node.call("POST", "/v1/applications", {"name": "shop"}, key=operator))
    fresh = expect(201, node.call("POST", "/v1/applications/shop/keys", {"scopes": ["devices", "send", "read"]}, key=operator))["key"]
    assert expect(200, node.call("POST", "/v1/devices:count", {}, key=fresh))["count"] == 0
    assert expect(200, node.call("GET", "/v1/notifications", key=fresh))["items"] == []

    def rows(table, where):
        sql = f"SELECT COUNT(*) FROM {table} WHERE {where}"
        told = subprocess.run(["mariadb", "--host=127.0.0.1", f"--port={stores.mysql_port}", "--user=root", "--skip-ssl",
                               "-N", "-e", sql, "pusher"], capture_output=True, text=True, timeout=60)
        assert told.returncode == 0, told.stderr
        return int(told.stdout)

    until("its rows to be gone", lambda: rows(
        "devices d JOIN applications a ON a.id = d.application_id", "a.deleted_at > 0") == 0 and rows(
        "notifications n LEFT JOIN applications a ON a.id = n.application_id", "a.deleted_at > 0 OR n.application_id = 0") == 0, 120, 0.2)
    small_one_passes(node, neighbour, "beside-2")
    assert arrived(lab, "doomed") == reached, "a deleted application sent"


def command_line(node):
    secret = node.make_key("read", "--app", "shop", "--name", "from the shell")
    assert status_with(node, secret) == 200
    tool = [node.pusher, "keys"]
    config = ["--config", str(node.config)]
    listed = subprocess.run([*tool, "list", "--app", "shop", *config], capture_output=True, text=True, check=True).stdout
    assert secret[:12] in listed and "from the shell" in listed and secret not in listed and "default" not in listed, listed
    subprocess.run([*tool, "revoke", secret[:12], *config], check=True)
    until("the node to refuse it", lambda: status_with(node, secret) == 401, interval=0.001)
    missing = subprocess.run([*tool, "create", "--scopes", "read", "--app", "nobody", *config], capture_output=True, text=True)
    assert missing.returncode == 1 and "nobody" in missing.stderr, missing


def main():
    with Lab(emulator_flags=("--delay-ms", "100", "--max-streams", "10")) as lab:
        stores = lab.stores()
        stores.start()
        shared = lab.directory / "secrets.key"
        shared.write_text(secrets.token_hex(32) + "\n")
        shared.chmod(0o600)
        sections = {**stores.sections(), "limits": {"connections_per_credential": 4}, "secrets": {"key_file": str(shared)}}
        node = lab.node("one", sections).start()
        other = lab.node("two", sections, ("--roles", "api")).start()
        operator = node.make_key("admin")
        applications(node)
        shop = keys(node, other)
        revoked_at_once(node, other)
        suspended(lab, node, other, operator, shop)
        deleted(lab, node, other, stores, operator, shop)
        command_line(node)
        assert other.stop() == 0 and node.stop() == 0, node.log_tail()


if __name__ == "__main__":
    main()
