"""Nobody's flood is another's outage: limits per key, wrong keys throttled, launches shed; health, reads and control answer."""
import http.client
import json
import os
import signal
import socket
import threading
import time

from lab import Lab, until

DEVICE = {"gateway": "fcm", "platform": "android"}
WRONG = 10_000


def expect(status, answer):
    assert answer[0] == status, (status, answer)
    return answer[1]


class Client:
    """One connection that stays open."""

    def __init__(self, node, key):
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
        self.key = key

    def call(self, method, path, key=None):
        self.connection.request(method, path, headers={"Authorization": f"Bearer {key or self.key}"})
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer


def rate_of_a_key(node, operator):
    limited = expect(201, node.call("POST", "/v1/keys", {"scopes": ["read", "devices"], "requests_per_second": 5}, key=operator))
    free = expect(201, node.call("POST", "/v1/keys", {"scopes": ["read"], "requests_per_second": 0}, key=operator))
    client, beside = Client(node, limited["key"]), Client(node, free["key"])
    refused = 0
    for _ in range(30):
        status, body, answer = client.call("GET", "/v1/devices/nothing")
        assert status in (404, 429), body
        assert answer.getheader("RateLimit-Policy") == '"key";q=5;w=1', answer.getheaders()
        assert answer.getheader("X-RateLimit-Limit") == "5" and answer.getheader("RateLimit").startswith('"key";r=')
        assert abs(int(answer.getheader("X-RateLimit-Reset")) - time.time()) < 10
        if status == 429:
            refused += 1
            assert json.loads(body)["code"] == "rate_limited" and int(answer.getheader("Retry-After")) >= 1
            assert answer.getheader("X-RateLimit-Remaining") == "0"
        status, body, answer = beside.call("GET", "/v1/notifications")
        assert status == 200 and answer.getheader("RateLimit") is None, (status, body)
    assert refused > 10, refused
    until("the limited key to be served again", lambda: client.call("GET", "/v1/notifications")[0] == 200, interval=0.2)
    expect(200, node.call("PATCH", f"/v1/keys/{limited['id']}", {"requests_per_second": 1000}, key=operator))
    until("the new limit", lambda: client.call("GET", "/v1/notifications")[2].getheader("X-RateLimit-Limit") == "1000")
    # An import is one request, however long.
    one = expect(201, node.call("POST", "/v1/keys", {"scopes": ["devices"], "requests_per_second": 2}, key=operator))
    node.key = one["key"]
    lines = node.import_devices([{"device_id": f"i-{n}", "push_token": f"i-{n}", **DEVICE} for n in range(5000)])
    assert {line["status"] for line in lines} == {201}, lines[:3]


def wrong_keys(node, operator):
    good = Client(node, expect(201, node.call("POST", "/v1/keys", {"scopes": ["read"]}, key=operator))["key"])
    assert good.call("GET", "/v1/notifications")[0] == 200
    before = node.resident_bytes()
    statuses, ended = {}, threading.Event()

    def attack():
        client = Client(node, "")
        for n in range(WRONG):
            near = good.key[:-6] + f"{n:06d}"
            status, body, answer = client.call("GET", "/v1/notifications", near)
            statuses[status] = statuses.get(status, 0) + 1
            if status == 429:
                assert int(answer.getheader("Retry-After")) >= 1, answer.getheaders()
            else:
                assert json.loads(body)["detail"] == "This API key is not valid.", body
        ended.set()

    attacker = threading.Thread(target=attack)
    attacker.start()
    served = 0
    while not ended.is_set() and attacker.is_alive():
        assert good.call("GET", "/v1/notifications")[0] == 200
        served += 1
        if served % 50 == 0:  # a key that nobody has used before, from the same address
            fresh = expect(201, node.call("POST", "/v1/keys", {"scopes": ["read"]}, key=operator))
            until("the fresh key to work", lambda k=fresh["key"]: good.call("GET", "/v1/notifications", k)[0] == 200)
    attacker.join()
    assert set(statuses) == {401, 429} and statuses[429] > WRONG - 1000, statuses
    grown = node.resident_bytes() - before
    assert grown < 8 * 1024 * 1024, grown
    print(f"{WRONG} wrong keys: {statuses}; {served} good requests beside them; memory grew by {grown // 1024} KiB", flush=True)


def concurrency(lab):
    node = lab.node("narrow", {"limits": {"concurrent_requests_per_key": 2}}).start()
    first, second = node.make_key("devices,read"), node.make_key("devices,read")
    for key in (first, second):
        assert node.call("GET", "/v1/notifications", key=key)[0] == 200
    store = node.store_pids()["mariadb"]
    os.kill(store, signal.SIGSTOP)
    try:
        waiting = [Client(node, first) for _ in range(2)]
        for each in waiting:
            each.connection.request("GET", "/v1/devices/x", headers={"Authorization": f"Bearer {first}"})

        def third():
            try:
                answer = node.call("GET", "/v1/devices/x", key=first, timeout=1)
                return answer if answer[0] == 429 else None
            except OSError:
                return None  # it came before one of the two: now it is one of those under way

        refused = until("a third to be refused", third, 20)
        assert refused[1]["code"] == "concurrency_limited" and int(refused[2]["Retry-After"]) >= 1, refused
        assert node.call("GET", "/livez")[0] == 200
    finally:
        os.kill(store, signal.SIGCONT)
    for each in waiting:
        assert each.connection.getresponse().status in (404, 429, 503)
    until("the other key to be served", lambda: node.call("GET", "/v1/notifications", key=second)[0] == 200)
    until("the first one again", lambda: node.call("GET", "/v1/notifications", key=first)[0] == 200)
    assert node.stop() == 0


class Redis:
    """Speaks to the node's own Redis."""

    def __init__(self, node):
        path, = (node.directory / "data").rglob("redis.sock")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))

    def command(self, *parts):
        parts = [each if isinstance(each, bytes) else str(each).encode() for each in parts]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in parts))
        reply = self.socket.recv(65536)
        assert not reply.startswith(b"-"), reply
        return reply


def note(**more):
    return {"content": {"title": "x"}, "audience": {"device_ids": ["i-1"]}, **more}


def still_answers(node, draft, running):
    """What must go on while nothing more is launched."""
    assert node.call("GET", "/livez")[0] == node.call("GET", "/readyz")[0] == 200
    assert node.admin("/readyz")[0] == 200 and node.admin("/metrics")[0] == 200
    expect(200, node.call("GET", f"/v1/notifications/{draft}"))
    expect(200, node.call("POST", "/v1/devices:count", {}))
    expect(201, node.call("POST", "/v1/notifications", note()))
    expect(200, node.call("PUT", "/v1/devices/i-1", {**DEVICE, "push_token": "i-1"}))
    if running:
        expect(202, node.call("POST", f"/v1/notifications/{running}:cancel"))


def shed(node, draft, why):
    status, answer, headers = until("launching to be refused", lambda: (
        lambda told: told if told[0] == 503 else None)(node.call("POST", "/v1/notifications", note(launch=True))))
    assert answer["code"] == "overloaded" and why in answer["detail"] and int(headers["Retry-After"]) >= 1, answer
    expect(503, node.call("POST", f"/v1/notifications/{draft}:launch"))


def redis_fills_up(node):
    draft = expect(201, node.call("POST", "/v1/notifications", note()))["id"]
    redis = Redis(node)
    redis.command("SET", "filler", b"x" * (54 * 1024 * 1024))
    redis.command("CONFIG", "SET", "maxmemory", 64 * 1024 * 1024)
    shed(node, draft, "Redis")
    still_answers(node, draft, None)
    assert node.notification(draft)["state"] == "draft"
    redis.command("DEL", "filler")
    until("launching again", lambda: node.call("POST", f"/v1/notifications/{draft}:launch")[0] == 202)
    node.wait_completed(draft)


def too_many_under_way(lab):
    node = lab.node("few", {"limits": {"notifications_under_way": 3}}).start()
    node.make_key()
    expect(201, node.call("PUT", "/v1/devices/i-1", {**DEVICE, "push_token": "i-1"}))
    draft = expect(201, node.call("POST", "/v1/notifications", note()))["id"]
    lab.emulator.control(hold=True)
    running = [expect(201, node.call("POST", "/v1/notifications", note(launch=True)))["id"] for _ in range(3)]
    shed(node, draft, "under way")
    still_answers(node, draft, running[0])
    lab.emulator.control(hold=False)
    for each in running[1:]:
        node.wait_completed(each)
    until("launching again", lambda: node.call("POST", f"/v1/notifications/{draft}:launch")[0] == 202)
    node.wait_completed(draft)
    assert node.stop() == 0


def main():
    with Lab() as lab:
        node = lab.node("wide").start()
        operator = node.make_key("admin")
        rate_of_a_key(node, operator)
        wrong_keys(node, operator)
        node.make_key()
        # From an address that tried too many, a key that nobody has used yet may be told to come again in a second.
        until("the new key to be let in", lambda: node.call("GET", "/v1/notifications")[0] == 200)
        redis_fills_up(node)
        assert node.stop() == 0, node.log_tail()
        concurrency(lab)
        too_many_under_way(lab)


if __name__ == "__main__":
    main()
