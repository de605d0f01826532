"""A small OpenTelemetry collector: takes OTLP over HTTP in JSON on loopback and holds every request to the protocol's form.
It can also refuse, or take requests and never answer."""
import http.server
import json
import re
import threading

KINDS = range(1, 6)


def check_value(value):
    assert len(value) == 1, value
    (kind, held), = value.items()
    assert kind in ("stringValue", "intValue", "boolValue", "doubleValue"), value
    assert isinstance(held, str) or kind not in ("stringValue", "intValue"), value
    if kind == "intValue":
        int(held)


def check_attributes(attributes):
    keys = [each["key"] for each in attributes]
    assert len(set(keys)) == len(keys), f"{keys}: a key comes twice"
    for each in attributes:
        assert set(each) == {"key", "value"} and each["key"], each
        check_value(each["value"])
    return {each["key"]: next(iter(each["value"].values())) for each in attributes}


def check_id(text, digits):
    assert re.fullmatch(r"[0-9a-f]{%d}" % digits, text) and set(text) != {"0"}, text


def check_span(span):
    assert set(span) <= {"traceId", "spanId", "parentSpanId", "flags", "name", "kind", "startTimeUnixNano", "endTimeUnixNano",
                         "attributes", "links", "status"}, set(span)
    check_id(span["traceId"], 32)
    check_id(span["spanId"], 16)
    if "parentSpanId" in span:
        check_id(span["parentSpanId"], 16)
        assert span["parentSpanId"] != span["spanId"]
    assert span["name"] and span["kind"] in KINDS, span
    for name in ("startTimeUnixNano", "endTimeUnixNano"):
        assert isinstance(span[name], str) and 1.6e18 < int(span[name]) < 2.2e18, span
    assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]), span
    span["of"] = check_attributes(span["attributes"])
    for each in span.get("links", []):
        check_id(each["traceId"], 32)
        check_id(each["spanId"], 16)
    if "status" in span:
        assert span["status"]["code"] in (0, 1, 2), span["status"]


class Collector:
    """`with` starts it. `mode`: take, refuse, hang."""

    def __init__(self):
        self.spans, self.faults, self.requests, self.mode = [], [], 0, "take"
        self.resources, self.released = [], threading.Event()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests += 1
                if collector.mode == "hang":
                    collector.released.wait(120)
                status = 503 if collector.mode == "refuse" else 200
                if collector.mode == "take":
                    collector.take(self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def take(self, path, headers, body):
        try:
            assert path == "/v1/traces", path
            assert headers["Content-Type"] == "application/json", headers["Content-Type"]
            document = json.loads(body)
            assert set(document) == {"resourceSpans"}
            for resource in document["resourceSpans"]:
                self.resources.append(check_attributes(resource["resource"]["attributes"]))
                for scope in resource["scopeSpans"]:
                    assert scope["scope"]["name"], scope["scope"]
                    for span in scope["spans"]:
                        check_span(span)
                        self.spans.append(span)
        except (AssertionError, KeyError, ValueError) as fault:
            self.faults.append(repr(fault))

    def of(self, trace):
        return [each for each in list(self.spans) if each["traceId"] == trace]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
