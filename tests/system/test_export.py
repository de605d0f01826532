"""What is imported can be exported again, whole: gzipped or not, resumed, by condition, to slow and vanishing clients."""
import base64
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import struct
import threading
import urllib.parse

from lab import Lab, until

LINES = 20_000
PATH = "/v1/devices:export"


def secret(name, size):
    return base64.urlsafe_b64encode(hashlib.sha512(name.encode()).digest() * 2)[:size].decode()


def device(n):
    made = {"device_id": f"gerät/{n}:x", "user_id": f"user {n % 700}",
            "properties": {"n": n, "plan": "pro" if n % 3 == 0 else "free", "big": 2**63 - n, "ratio": n / 7,
                           "tags": ["vip", "한국"], "since": {"time": "2026-01-02T03:04:05Z"}, "quote": "\"\\\n\u2028"}}
    kind = n % 4
    if kind == 0:
        made.update(gateway="fcm", platform="android", push_token=f"fcm-{n}", locale="ko-KR", app_version="1.2")
    elif kind == 1:
        made.update(gateway="apns", platform="ios", push_token=f"{n:064x}",
                    environment="sandbox" if n % 8 == 1 else "production")
    elif kind == 2:
        point = base64.urlsafe_b64encode(b"\x04" + hashlib.sha512(b"%d" % n).digest()).decode().rstrip("=")
        made.update(gateway="webpush", platform="web", time_zone="Asia/Seoul", subscription={
            "endpoint": f"https://push.example/{n}", "keys": {"p256dh": point, "auth": secret(f"a{n}", 22)}})
    else:
        made.update(gateway="hms", platform="other", push_token=f"hms-{n}", properties={})
    return made


def broken(n):
    """A line with a fault, and the code and pointer that must name it."""
    good = device(n)
    return [("{\"device_id\":", "malformed_json", None),
            (json.dumps({**good, "platform": "toaster"}), "invalid_field", "/platform"),
            (json.dumps({**good, "gatway": "fcm"}), "unknown_field", "/gatway"),
            (json.dumps({**good, "user_id": 7}), "invalid_field", "/user_id"),
            (json.dumps({**good, "properties": {"x": None}}), "invalid_field", "/properties/x"),
            (json.dumps({"device_id": good["device_id"]}), "missing_field", "/gateway"),
            ("[]", None, None)][n // 10 % 7]


def request(node, method, path, body=None, headers=None, key=None):
    """Gives the answer while its body is still to be read."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=120)
    connection.request(method, path, body=body,
                       headers={"Authorization": f"Bearer {key or node.key}", **(headers or {})})
    return connection.getresponse()


def lines_of(data):
    return [json.loads(line) for line in data.splitlines()]


def export(node, body=None, after=None, packed=False):
    """All devices of an export, in its order."""
    headers = {"Accept-Encoding": "gzip"} if packed else {}
    if body is not None:
        answer = request(node, "POST", PATH, json.dumps(body), headers)
    else:
        answer = request(node, "GET", PATH + (f"?after={urllib.parse.quote(after)}" if after else ""), None, headers)
    data = answer.read()
    assert answer.status == 200, (answer.status, data[:500])
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)
    return lines_of(gzip.decompress(data) if packed else data)


def import_gzip(node, data):
    answer = request(node, "POST", "/v1/devices:import", data, {"Content-Encoding": "gzip"})
    text = answer.read()
    assert answer.status == 200, (answer.status, text[:500])
    return lines_of(text)


def imports_what_is_good(node):
    """One line in ten is broken; gives the devices that landed."""
    lines, landed, faults = [], [], {}
    for n in range(1, LINES + 1):
        if n % 10 == 0:
            line, code, pointer = broken(n)
            faults[n] = (code, pointer)
            lines.append(line)
        else:
            landed.append(device(n))
            lines.append(json.dumps(landed[-1], ensure_ascii=n % 2 == 0))
    text = ("\n".join(lines) + "\n").encode()
    # Two members, as `cat a.gz b.gz` makes them, cut within a line.
    packed = gzip.compress(text[:1_000_001]) + gzip.compress(text[1_000_001:])
    results = import_gzip(node, packed)
    assert [each["line"] for each in results] == list(range(1, LINES + 1))
    for each in results:
        if each["line"] not in faults:
            assert each["status"] == 201, each
            continue
        code, pointer = faults[each["line"]]
        assert each["status"] == 400 and len(each["detail"]) > 10, each
        assert code is None or each["code"] == code, each
        assert pointer is None or each["pointer"] == pointer, each
    return landed


def exports_what_was_imported(node, landed):
    exported = export(node)
    assert exported == landed, next(pair for pair in zip(exported, landed) if pair[0] != pair[1])
    assert export(node, packed=True) == landed
    answer = request(node, "GET", PATH, None, {"Accept-Encoding": "gzip;q=0, *;q=0.5"})
    assert answer.headers.get("Content-Encoding") is None and lines_of(answer.read()) == landed
    middle = len(landed) // 2
    assert export(node, after=landed[middle]["device_id"]) == landed[middle + 1:]
    assert export(node, after=landed[-1]["device_id"]) == []
    assert export(node, {"after": landed[middle]["device_id"]}, packed=True) == landed[middle + 1:]
    pro = [each for each in landed if each["properties"].get("plan") == "pro"]
    condition = {"property": "plan", "eq": "pro"}
    assert export(node, {"condition": condition}) == pro
    assert export(node, {"condition": condition, "after": pro[99]["device_id"]}) == pro[100:]
    assert export(node, {"condition": {"property": "plan", "eq": "none"}}) == []
    assert export(node, {}) == landed

    with socket.create_connection(("127.0.0.1", node.port)) as old:
        old.sendall(f"GET {PATH} HTTP/1.0\r\nAuthorization: Bearer {node.key}\r\n\r\n".encode())
        head, _, body = b"".join(iter(lambda: old.recv(65536), b"")).partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower() and lines_of(body) == landed
    answer = request(node, "HEAD", PATH)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.read() == b""


def refuses(node):
    reader = node.make_key("read")
    node.make_key()
    for method, path, body, key, status, code, words in [
            ("GET", PATH, None, "psk_nonsense", 401, "unauthenticated", ""),
            ("GET", PATH, None, reader, 403, "forbidden", "devices"),
            ("POST", PATH, b"{}", reader, 403, "forbidden", "devices"),
            ("GET", PATH + "?after=nobody", None, None, 404, "not_found", "earlier line"),
            ("POST", PATH, b'{"after":"nobody"}', None, 404, "not_found", "earlier line"),
            ("GET", PATH + "?affter=x", None, None, 400, "unknown_field", "after"),
            ("POST", PATH + "?after=x", b"{}", None, 400, "unknown_field", ""),
            ("POST", PATH, b"{", None, 400, "malformed_json", ""),
            ("POST", PATH, b'{"after":7}', None, 400, "invalid_field", ""),
            ("POST", PATH, b'{"condition":{"property":"a","equals":1}}', None, 400, "invalid_condition", ""),
            ("POST", PATH, b"x" * (1024 * 1024 + 1), None, 413, "body_too_large", ""),
            ("DELETE", PATH, None, None, 405, "method_not_allowed", "GET, POST")]:
        answer = request(node, method, path, body, None, key)
        told = json.loads(answer.read())
        assert (answer.status, told["code"]) == (status, code) and words in told["detail"], (method, path, told)
        assert answer.headers["Content-Type"] == "application/problem+json"

    good = gzip.compress(json.dumps({"condition": {}}).encode())
    for data, coding, status, words in [
            (good, "gzip", 200, ""), (good, "GZIP", 200, ""), (good[:-5], "gzip", 400, "truncated"),
            (good[:12] + b"\xff\xff" + good[14:], "gzip", 400, "corrupt"), (b"{}", "gzip", 400, "corrupt"),
            (gzip.compress(b" " * 50_000_000), "gzip", 413, "1048576"), (good, "br", 415, "gzip"),
            (good, "gzip, gzip", 415, "gzip")]:
        answer = request(node, "POST", "/v1/devices:count", data, {"Content-Encoding": coding})
        told = json.loads(answer.read())
        assert answer.status == status and words in told.get("detail", ""), (coding, told)


def tells_of_bad_gzip(node):
    text = "".join(json.dumps({"device_id": f"z{n}", "gateway": "fcm", "platform": "ios", "push_token": f"z{n}"}) + "\n"
                   for n in range(3000)).encode()
    packed = gzip.compress(text)
    wrong_sum = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    for data, word in [(packed[:len(packed) // 2], "truncated"), (packed[:-1], "truncated"), (wrong_sum, "corrupt"),
                       (packed[:5000] + b"\0" * 50 + packed[5050:], "corrupt"), (text, "corrupt")]:
        results = import_gzip(node, data)
        assert results[-1]["status"] == 400 and "gzip" in results[-1]["detail"] and word in results[-1]["detail"], results[-1]
        assert [each["line"] for each in results] == list(range(1, len(results) + 1))
        if data != text:
            assert len(results) > 100, results[-1]
    for n in range(3000):
        node.call("DELETE", f"/v1/devices/z{n}")


def moves_elsewhere(lab, node, landed):
    answer = request(node, "GET", PATH, None, {"Accept-Encoding": "gzip"})
    packed = answer.read()
    assert {each["status"] for each in import_gzip(node, packed)} == {200}
    assert export(node) == landed, "an import of the export changed something"
    other = lab.node("other").start()
    other.make_key()
    assert {each["status"] for each in import_gzip(other, packed)} == {201}
    by_id = lambda devices: sorted(devices, key=lambda each: each["device_id"])
    assert by_id(export(other, packed=True)) == by_id(landed)
    assert other.stop() == 0


def threads(node):
    return len(os.listdir(f"/proc/{node.process.pid}/task"))


def spooled(node):
    """Bytes in files without a name, where answers wait that nobody reads."""
    total = 0
    for link in pathlib.Path(f"/proc/{node.process.pid}/fd").iterdir():
        try:
            if os.readlink(link).endswith("(deleted)"):
                total += os.stat(link).st_size
        except OSError:
            pass
    return total


def begin_raw(node, more=""):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.settimeout(60)
    client.connect(("127.0.0.1", node.port))
    client.sendall(f"GET {PATH} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {node.key}\r\n{more}\r\n".encode())
    return client


def lab_with_large_devices(lab):
    """About 150 MB to export."""
    node = lab.node("large").start()
    node.make_key()
    text = "x" * 5000
    node.import_devices([{"device_id": f"l{n}", "gateway": "fcm", "platform": "ios", "push_token": f"l{n}",
                          "properties": {"text": text, "n": n}} for n in range(30_000)])
    return node


def memory_stays_flat(node):
    """With readers that are slow, and with one that stops."""
    assert len(export(node, packed=True)) == 30_000
    before, usual = node.resident_bytes(), threads(node)
    slow, silent = begin_raw(node), begin_raw(node)
    assert silent.recv(1) == b"H"
    most, got = 0, 0
    while got < 40_000_000:
        piece = slow.recv(16384)
        assert piece
        got += len(piece)
        most = max(most, node.resident_bytes())
    print(f"two slow readers: resident memory grew by {(most - before) / 1e6:.1f} MB, spooled {spooled(node)} bytes",
          flush=True)
    assert most - before < 40_000_000
    assert spooled(node) == 0
    assert threads(node) >= usual + 2
    # One leaves with a reset and one as programs end.
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    slow.close()
    silent.close()
    until("the threads of clients that left to end", lambda: threads(node) <= usual)


def survives_the_store(node):
    """MariaDB is killed in the middle and comes back: the export waits for it and is whole."""
    answer = request(node, "GET", PATH)
    data = answer.read(10_000_000)
    killed = node.store_pids()["mariadb"]
    os.kill(killed, signal.SIGKILL)
    rest = []
    reader = threading.Thread(target=lambda: rest.append(answer.read()))
    reader.start()
    until("another MariaDB", lambda: node.store_pids().get("mariadb", killed) != killed, 60)
    reader.join(90)
    assert rest, "the export did not end"
    ids = [each["device_id"] for each in lines_of(data + rest[0])]
    assert ids == [f"l{n}" for n in range(30_000)], len(ids)


def breaks_off_when_the_node_ends(node):
    chunked, old = request(node, "GET", PATH), socket.create_connection(("127.0.0.1", node.port))
    old.sendall(f"GET {PATH} HTTP/1.0\r\nAuthorization: Bearer {node.key}\r\n\r\n".encode())
    assert chunked.read(1000) and old.recv(1000)
    assert node.stop() == 0, node.log_tail()
    try:
        chunked.read()
        raise AssertionError("an export that broke off looked whole")
    except (http.client.IncompleteRead, ConnectionResetError):
        pass
    try:
        while old.recv(65536):
            pass
        raise AssertionError("an export that broke off looked whole to HTTP/1.0")
    except ConnectionResetError:
        pass


def main():
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        landed = imports_what_is_good(node)
        exports_what_was_imported(node, landed)
        print(f"{len(landed)} of {LINES} lines landed and were exported", flush=True)
        refuses(node)
        tells_of_bad_gzip(node)
        moves_elsewhere(lab, node, landed)
        assert node.stop() == 0
        large = lab_with_large_devices(lab)
        memory_stays_flat(large)
        survives_the_store(large)
        breaks_off_when_the_node_ends(large)


if __name__ == "__main__":
    main()
