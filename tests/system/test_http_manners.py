"""HTTP as others speak it: HEAD, OPTIONS, Allow, percent-encoding, framing, gzip, traces; and what is doubtful is refused.

Everything is said over bare sockets; answers of the routes are held against /openapi.json.
"""
import gzip
import json
import re

from lab import Lab
import openapi_check
from raw_http import RawClient, request

DEVICE = json.dumps({"gateway": "fcm", "platform": "android", "push_token": "token-1"}).encode()
BIG = 64 * 1024


class Speaker:
    def __init__(self, node, described):
        self.node, self.described = node, described
        self.key = {"Authorization": f"Bearer {node.key}"}

    def ask(self, method, target, body=None, **headers):
        """One request on a connection of its own; the answer is one that is described."""
        with RawClient(self.node.port) as client:
            answer = client.ask(request(method, target, body, **self.key, **headers), head=method == "HEAD")
        assert answer is not None, (method, target)
        text = gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body
        self.described.check(method, target, answer.status, answer.headers, text.decode())
        return answer

    def refused(self, data, statuses, closes=True):
        """These bytes are refused, and nothing behind them is taken for a request."""
        statuses = statuses if isinstance(statuses, tuple) else (statuses,)
        with RawClient(self.node.port) as client:
            answer = client.ask(data)
            assert answer is not None and answer.status in statuses, (data[:200], answer)
            assert answer.headers["content-type"] == "application/problem+json", answer
            assert json.loads(answer.body)["status"] == answer.status, answer
            if closes:
                assert answer.headers["connection"] == "close", (data[:200], answer)
                assert client.closed(), (data[:200], "the connection stays")


def paths(speaker):
    """A path means what it says: decoded once, segment by segment, never tidied up."""
    assert speaker.ask("PUT", "/v1/devices/a%2Fb%3A%e4%b8%ad", DEVICE).status == 201
    for same in ("a%2fb:%E4%B8%AD", "%61%2Fb%3a%E4%b8%ad"):
        answer = speaker.ask("GET", f"/v1/devices/{same}")
        assert answer.status == 200 and json.loads(answer.body)["device_id"] == "a/b:\u4e2d", (same, answer)
    assert speaker.ask("GET", "/v1/devices/a%252Fb").status == 404  # "a%2Fb", which nobody registered
    assert speaker.ask("GET", "/v1/devices/a+b").status == 404
    for lost in ("/", "//", "/v1", "/v1/", "/v1//devices/a", "//v1/devices/a", "/v1/devices/", "/v1/devices//",
                 "/v1/devices/a/", "/v1%2Fdevices/a",
                 "/V1/devices/a", "/v1/devices/a/b", "/v1/devices:nothing", "/v1/devices;x=1/a", "/v1\\devices\\a",
                 "/v1/notifications/a%3Alaunch"):
        answer = speaker.ask("GET", lost)
        assert answer.status == 404 and json.loads(answer.body)["code"] in ("route_not_found", "not_found"), (lost, answer)
    for wrong in ("/v1/devices/..", "/v1/../v1/devices/a", "/v1/devices/%2e%2e", "/v1/devices/%2E.", "/./v1/devices/a",
                  "/v1/devices/%00", "/v1/devices/a%00b",
                  "/v1/devices/%0a", "/v1/devices/%7f", "/v1/devices/%", "/v1/devices/%4", "/v1/devices/%zz",
                  "/v1/devices/%c0%af", "/v1/devices/%ff",
                  "/v1/devices/%ed%a0%80", "/v1/devices/%f4%90%80%80", "/v1/devices/%e4%b8", "/v1/devices/caf\u00e9",
                  "/v1/devices/a b", "/v1/devices/a#b",
                  "v1/devices/a", "*", "/v1/notifications?limit=%", "/v1/notifications?limit=%ff",
                  "/v1/notifications?limit=1&limit=2"):
        speaker.refused(request("GET", wrong, **speaker.key), 400)
    with RawClient(speaker.node.port) as client:  # as proxies ask
        answer = client.ask(request("GET", "http://other:80/v1/devices/a%2Fb:%e4%b8%ad", **speaker.key))
        assert answer.status == 200, answer


def address_of(described, path, parameters):
    for each in parameters:
        if each["in"] == "path":
            path = path.replace("{" + each["name"] + "}", str(each["example"]))
    return path


def methods(speaker):
    """HEAD is GET without its body, OPTIONS tells what there is, and 405 does so too."""
    described = speaker.described
    assert speaker.ask("PUT", "/v1/devices/phone-1", DEVICE).status == 201
    heads = 0
    for path, method, _, parameters in described.operations():
        address = address_of(described, path, parameters)
        allowed = set(re.split(", ", speaker.ask("OPTIONS", address).headers["allow"]))
        assert method.upper() in allowed and "OPTIONS" in allowed and ("HEAD" in allowed) == ("GET" in allowed), (path, allowed)
        for other in {"GET", "PUT", "POST", "PATCH", "DELETE", "TRACE", "FOO", "get"} - allowed:
            answer = speaker.ask(other, address)
            assert answer.status == 405 and set(re.split(", ", answer.headers["allow"])) == allowed, (other, address, answer)
        if method == "get" and "progress" not in path:
            head, got = speaker.ask("HEAD", address), speaker.ask("GET", address)
            # A second may pass between the two.
            changing = {"date", "x-request-id", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"}
            # The request's id stands in a problem's body, and bodies of live figures change.
            shown = [{name: value for name, value in each.headers.items() if name not in changing} for each in (head, got)]
            assert head.status == got.status and shown[0] == shown[1], (address, head, got)
            heads += 1
    assert heads >= 10
    assert speaker.ask("OPTIONS", "/v1/nothing").status == 404
    with RawClient(speaker.node.port) as client:
        answer = client.ask(request("OPTIONS", "/v1/devices/a"))  # as browsers ask, without a key
        assert answer.status == 204 and "content-length" not in answer.headers, answer
        assert not [name for name in answer.headers if name.startswith("access-control")], answer
        assert client.ask(request("OPTIONS", "*")).status == 204
        assert client.ask(request("GET", "/livez")).status == 200


def framing(speaker):
    """Where a request ends is never guessed."""
    key = f"Authorization: Bearer {speaker.node.key}\r\n"

    def post(headers, body=b"{}", target="/v1/devices:count"):
        return f"POST {target} HTTP/1.1\r\nHost: t\r\n{key}{headers}\r\n".encode() + body

    smuggled = b"GET /v1/gateways HTTP/1.1\r\nHost: t\r\n\r\n"
    for headers, body, statuses in [
            ("Content-Length: 2\r\nContent-Length: 2\r\n", b"{}", 400),
            ("Content-Length: 2\r\nContent-Length: 3\r\n", b"{}", 400),
            ("Content-Length: 2, 2\r\n", b"{}", 400), ("Content-Length: -1\r\n", b"{}", 400),
            ("Content-Length: +2\r\n", b"{}", 400),
            ("Content-Length: 0x2\r\n", b"{}", 400), ("Content-Length: \r\n", b"{}", 400),
            ("Content-Length: 99999999999999999999\r\n", b"", 400),
            ("Content-Length: 999999999999\r\n", b"", 413),
            ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n" + smuggled, 400),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n", 400),
            ("Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n", (400, 501)),
            ("Transfer-Encoding: gzip\r\n", b"", 501),
            ("Transfer-Encoding: xchunked\r\n", b"", 501), ("Transfer-Encoding : chunked\r\n", b"0\r\n\r\n", 400),
            ("X: a\r\n Content-Length: 2\r\n", b"{}", 400), ("X\r\n", b"", 400), (": x\r\n", b"", 400),
            ("X y: z\r\n", b"", 400),
            ("Content-Length: 2\nX: y\r\n", b"{}", 400), ("Content-Length: 2\rX: y\r\n", b"{}", 400),
            ("X: a\0b\r\n", b"", 400),
            ("Transfer-Encoding: chunked\r\n", b"-1\r\n", 400),
            ("Transfer-Encoding: chunked\r\n", b"FFFFFFFFFFFFFFFFF\r\n", 400),
            ("Transfer-Encoding: chunked\r\n", b"2\r\n{}X\r\n0\r\n\r\n", 400),
            ("Transfer-Encoding: chunked\r\n", b"2\n{}\r\n", 400),
            ("Transfer-Encoding: chunked\r\n", b"2;" + b"x" * 20000 + b"\r\n", 400),
            ("Host: other\r\nContent-Length: 2\r\n", b"{}", 400),
            ("Expect: something\r\nContent-Length: 2\r\n", b"{}", 417),
            ("".join(f"X-{i}: y\r\n" for i in range(10_000)), b"", 431), ("X: " + "y" * 300 * 1024 + "\r\n", b"", 431)]:
        speaker.refused(post(headers, body), statuses)
    speaker.refused(f"POST /v1/devices:count HTTP/1.0\r\n{key}Transfer-Encoding: chunked\r\n\r\n".encode() + b"2\r\n{}\r\n0\r\n\r\n", 400)
    for data, statuses in [
            (b"GET /\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/2.0\r\n\r\n", 505),
            (b"GET / HTTP/1.2\r\n\r\n", 505), (b"GET / http/1.1\r\n\r\n", 400),
            (b"GET  / HTTP/1.1\r\nHost: t\r\n\r\n", 400), (b"GET /a b HTTP/1.1\r\nHost: t\r\n\r\n", 400),
            (b"GET\t/ HTTP/1.1\r\nHost: t\r\n\r\n", 400),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)), (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
            (b"\x80\x2e\x01\x00\x02", 400),
            (b"\r\n\r\n\r\n\r\n\r\n\r\n", 400), (b"\0" * 100, 400),
            (b"CONNECT other:443 HTTP/1.1\r\nHost: t\r\n\r\n", 400),
            (b"GET /" + b"a" * BIG + b" HTTP/1.1\r\nHost: t\r\n\r\n", 414),
            (b"GET /?" + b"a=b&" * (BIG // 4) + b" HTTP/1.1\r\nHost: t\r\n\r\n", 414),
            (b"G" * BIG + b" / HTTP/1.1\r\nHost: t\r\n\r\n", 400),
            (b"GET / HTTP/" + b"1" * BIG + b"\r\n\r\n", (400, 414, 505))]:
        speaker.refused(data, statuses)


def bodies(speaker):
    """Chunks, gzip and Expect, in bounds."""
    node = speaker.node
    body = b'{"explain":false}'
    with RawClient(node.port) as client:
        head = request("POST", "/v1/devices:count", None, Transfer_Encoding="chunked", **speaker.key)
        for size in (1, 3):
            client.send(head)
            for piece in (body[at:at + size] for at in range(0, len(body), size)):
                client.send(b"%x;e=\"x\"\r\n%s\r\n" % (len(piece), piece))
            answer = client.ask(b"0\r\nTrailer: x\r\n\r\n")
            assert answer.status == 200 and list(json.loads(answer.body)) == ["count"], answer
        assert client.send(request("POST", "/v1/devices:count", None, Content_Length="2", Expect="100-Continue", **speaker.key)).receive().status == 100
        assert client.ask(b"{}").status == 200
        # A refusal comes instead of the invitation.
        answer = client.ask(request("POST", "/v1/devices:count", None, Content_Length=str(2**30), Expect="100-continue", **speaker.key))
        assert answer.status == 413, answer
    packed = gzip.compress(DEVICE)
    assert speaker.ask("PUT", "/v1/devices/packed", packed, Content_Encoding="gzip").status == 201
    assert speaker.ask("PUT", "/v1/devices/packed", packed[:-4], Content_Encoding="gzip").status == 400
    assert speaker.ask("PUT", "/v1/devices/packed", packed, Content_Encoding="br").status == 415
    before = node.resident_bytes()
    for _ in range(5):
        bomb = gzip.compress(bytes(200 * 1024 * 1024), 9)
        assert speaker.ask("PUT", "/v1/devices/bomb", bomb, Content_Encoding="gzip").status == 413
    assert node.resident_bytes() - before < 32 * 1024 * 1024, "a gzip bomb took memory"


def packed_answers(speaker):
    """Answers are gzipped for who takes it, and are the same."""
    for address in ("/v1/gateways", "/openapi.json", "/docs", "/v1/devices:export"):
        plain = speaker.ask("GET", address)
        assert "content-encoding" not in plain.headers and "Accept-Encoding" in plain.headers["vary"], (address, plain)
        packed = speaker.ask("GET", address, Accept_Encoding="br, gzip;q=0.8")
        assert packed.headers["content-encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body, (address, packed)
        assert len(packed.body) < len(plain.body) or len(plain.body) < 1000
        assert "content-encoding" not in speaker.ask("GET", address, Accept_Encoding="gzip;q=0").headers
    assert "content-encoding" not in speaker.ask("GET", "/livez", Accept_Encoding="gzip").headers  # not worth it


def connections(speaker):
    """A connection stays as long as both want it, and answers keep their order."""
    port = speaker.node.port
    with RawClient(port) as client:
        for number in range(20):
            answer = client.ask(request("GET", "/v1/segments", X_Request_Id=f"number-{number}", **speaker.key))
            assert answer.status == 200 and answer.headers["x-request-id"] == f"number-{number}", answer
        answer = client.ask(request("GET", "/v1/nothing", **speaker.key))
        assert answer.status == 404 and answer.headers["connection"] == "keep-alive", answer
        answer = client.ask(request("GET", "/livez", Connection="close"))
        assert answer.headers["connection"] == "close" and client.closed()
    with RawClient(port) as client:
        answer = client.ask(b"GET /livez HTTP/1.0\r\n\r\n")
        assert answer.status == 200 and client.closed()
    with RawClient(port) as client:
        client.send(b"".join(request("GET", "/livez", X_Request_Id=f"p-{number}") for number in range(5)))
        first = client.receive()
        assert first.status == 200 and first.headers["x-request-id"] == "p-0", first
        # In order, or refused and closed: never mixed up.
        for number in range(1, 5):
            answer = client.receive()
            if answer.status == 400:
                assert answer.headers["connection"] == "close" and client.closed()
                break
            assert answer.status == 200 and answer.headers["x-request-id"] == f"p-{number}", answer


def traces(speaker):
    """The request's trace goes on in the answer; what is no trace is left out."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = speaker.ask("GET", "/v1/segments", traceparent=f"00-{trace}-b7ad6b7169203331-01", tracestate="vendor=1,other=2")
    version, same, parent, flags = answer.headers["traceparent"].split("-")
    assert (version, same, flags) == ("00", trace, "01") and parent != "b7ad6b7169203331", answer
    assert answer.headers["tracestate"] == "vendor=1,other=2", answer
    for wrong in (f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{trace}-{'0' * 16}-01", f"ff-{trace}-b7ad6b7169203331-01",
                  f"00-{trace.upper()}-b7ad6b7169203331-01",
                  f"00-{trace}-b7ad6b7169203331-01-more", "00", "x" * 5000):
        answer = speaker.ask("GET", "/v1/segments", traceparent=wrong, tracestate="vendor=1")
        assert answer.status == 200 and "traceparent" not in answer.headers and "tracestate" not in answer.headers, (wrong, answer)
    for wrong in ("a b", "x" * 200, "\u00e9", ""):
        answer = speaker.ask("GET", "/v1/segments", X_Request_Id=wrong)
        assert answer.headers["x-request-id"] != wrong and len(answer.headers["x-request-id"]) == 36, answer


def main():
    with Lab() as lab:
        node = lab.node().start()
        node.make_key("devices,send,read,admin")
        speaker = Speaker(node, openapi_check.description_of(node))
        for manner in (paths, methods, framing, bodies, packed_answers, connections, traces):
            manner(speaker)
            print(f"{manner.__name__}: {manner.__doc__}", flush=True)
        assert node.admin("/readyz")[0] == 200
        assert node.stop() == 0


if __name__ == "__main__":
    main()
