"""Bodies that have broken other parsers: each gets a prompt answer that is described, none costs memory, nothing is stored."""
import json
import time

from lab import Lab

DEEP, MANY = 10**6, 10**6
DEVICE = '{"gateway":"fcm","platform":"android","push_token":"t","properties":{"x":%s}}'
NOTE = '{"content":{"title":%s},"audience":{"device_ids":["nobody"]}}'
CONDITION = '{"condition":{"property":"x","eq":%s}}'

# What no route takes for JSON.
BROKEN = [b"", b" ", b"{", b"}", b"[", b"nul", b"nullnull", b"{}{}", b"{},", b"{'a':1}", b"{a:1}", b'{"a":}',
          b'{"a":1,}', b"\xef\xbb\xbf{}", b"\xfe\xff\0{\0}",
          b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"\xff":1}', b'{"a":"\\ud800"}',
          b'{"a":"\\udc00\\ud800"}', b'{"a":"\\x41"}', b'{"a":"\x01"}',
          b'{"a":"\0"}', b"\0", b'{"a":01}', b'{"a":+1}', b'{"a":.5}', b'{"a":1.}', b'{"a":0x10}', b'{"a":NaN}',
          b'{"a":Infinity}', b'{"a":1e400}', b'{"a":-1e400}',
          b'{"a":1,"a":1}', b'{"a":{"b":1,"b":1}}', b"// c\n{}", b"{}//", b"[" * DEEP, b'{"a":' * DEEP,
          b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP]
# JSON values in the place of a property's value, a title and a comparison's operand: how each is answered.
VALUES = [("-0", 201, 400, 200), ("9223372036854775807", 201, 400, 200), ("9223372036854775808", 201, 400, 200),
          ("18446744073709551616", 201, 400, 200),
          ("-9223372036854775809", 201, 400, 200), ("1e308", 201, 400, 200), ("5e-324", 201, 400, 200),
          ("1" * 400, 400, 400, 400), ("null", 400, 400, 400),
          ('"a\\u0000b"', 201, 400, 200), ('"\\r\\nX: y"', 201, 201, 200), ('"\\ud83d\\ude00\\u202e"', 201, 201, 200),
          ('"\';--\\"`$()"', 201, 201, 200), ("[[]]", 400, 400, 400),
          ('{"time":"2026-02-30T00:00:00Z"}', 400, 400, 400), ("{}", 400, 400, 400), ("true", 201, 400, 200)]


class Sender:
    def __init__(self, node):
        self.node, self.slowest = node, (0.0, "")

    def send(self, method, path, body, status, code=None):
        began = time.monotonic()
        got, answer, _ = self.node.call(method, path, body, headers={"Content-Type": "application/json"})
        took = time.monotonic() - began
        told = (method, path, body[:80], got, str(answer)[:300])
        assert got == status, told
        if code:
            assert answer["code"] == code, told
        self.slowest = max(self.slowest, (took, str(told)))
        return answer


def main():
    with Lab() as lab:
        node = lab.node().start()
        node.make_key("devices,send,read,admin")
        sender = Sender(node)
        sender.send("POST", "/v1/devices:count", b"{}", 200)
        before = node.resident_bytes()
        places = [("PUT", "/v1/devices/a"), ("PATCH", "/v1/devices/a"), ("POST", "/v1/notifications"),
                  ("POST", "/v1/devices:search"), ("POST", "/v1/devices:count"),
                  ("PUT", "/v1/segments/a"), ("POST", "/v1/devices:export"), ("POST", "/v1/devices/a/events"),
                  ("PUT", "/v1/indexed-properties")]
        limit = 1024 * 1024
        for method, path in places:
            for body in BROKEN:
                # The server bounds what it reads before anybody parses it.
                if len(body) > limit:
                    sender.send(method, path, body, 413, "body_too_large")
                else:
                    sender.send(method, path, body, 400, "malformed_json")
        for value, as_property, as_title, as_operand in VALUES:
            status = 201 if as_property == 201 else 400
            sender.send("PUT", f"/v1/devices/v{abs(hash(value))}", (DEVICE % value).encode(), status)
            sender.send("POST", "/v1/notifications", (NOTE % value).encode(), as_title)
            sender.send("POST", "/v1/devices:count", (CONDITION % value).encode(), as_operand)
        many = "{" + ",".join(f'"{i:x}":1' for i in range(MANY // 12)) + "}"
        sender.send("PUT", "/v1/devices/many", (DEVICE % many).encode(), 400)
        sender.send("POST", "/v1/notifications", ('{"content":{"title":"x","data":' + many + '},"audience":{"all":true}}').encode(), 413 if len(many) + 60 > limit else 400)
        # To the byte.
        filler = DEVICE % '"%s"'
        exact = filler % ("y" * (limit - len(filler) + 2))
        assert len(exact) == limit
        sender.send("PUT", "/v1/devices/exact", exact.encode(), 400, "invalid_field")
        sender.send("PUT", "/v1/devices/exact", exact.encode() + b" ", 413, "body_too_large")
        sender.send("PUT", "/v1/devices/exact", b"x" * 16 * limit, 413, "body_too_large")
        grown = node.resident_bytes() - before
        print(f"slowest: {sender.slowest[0] * 1000:.0f} ms: {sender.slowest[1][:120]}; memory grew by {grown // 1024} KiB")
        assert grown < 64 * 1024 * 1024, grown
        lines = node.import_devices([])
        assert lines == [], lines
        status, answer, _ = node.call("POST", "/v1/devices:import", b"\n".join([b'{"device_id":"good","gateway":"fcm","platform":"android","push_token":"t2"}', *[
            each for each in BROKEN if each.strip() and b"\n" not in each and len(each) < 1000]]))
        results = [json.loads(line) for line in answer.splitlines()]
        assert results[0]["status"] == 201 and {each["status"] for each in results[1:]} == {400}, results[:5]
        assert node.stop() == 0


if __name__ == "__main__":
    main()
