"""Traces: from the call through the journal to the gateway's request, as OTLP that a collector can read; a take-over keeps the
trace; what is not sampled costs nothing; a collector that refuses or hangs holds up nobody."""
import json
import re
import subprocess
import unittest

from collector import Collector
from lab import Lab, until

CALLER = "00f067aa0ba902b7"


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = Collector().__enter__()
        cls.addClassCleanup(cls.collector.__exit__)
        cls.lab = Lab(bodies=True)
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.node = cls.lab.node(sections={
            "node": {"name": "n1"}, "limits": {"devices_per_batch": 50},
            "trace": {"endpoint": cls.collector.endpoint, "sample_percent": 0, "queue_spans": 128, "timeout_seconds": 1}}).start()
        cls.node.make_key("devices,send,read,admin")
        cls.node.import_devices([{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
                                 for n in range(120)] + [
            {"device_id": "dead", "gateway": "fcm", "platform": "android", "push_token": "UNREG-1"}])

    def setUp(self):
        self.collector.mode = "take"

    def tearDown(self):
        self.assertEqual(self.collector.faults, [])

    def launch(self, trace, audience, sampled=True, **more):
        headers = {"traceparent": f"00-{trace}-{CALLER}-0{int(sampled)}", "X-Request-Id": f"call-{trace[:4]}"}
        status, made, answered = self.node.call("POST", "/v1/notifications", {
            "content": {"title": "traced"}, "audience": audience, "launch": True, **more}, headers=headers)
        self.assertEqual(status, 201, made)
        self.assertTrue(answered["traceparent"].startswith(f"00-{trace}-"), answered)
        self.node.wait_completed(made["id"])
        return made["id"]

    def named(self, trace, name, count=1):
        return until(f"{count} spans '{name}'", lambda: (found := [
            each for each in self.collector.of(trace) if each["name"] == name]) and len(found) >= count and found)

    def redis(self, *arguments):
        socket = next(self.node.directory.rglob("redis.sock"))
        return subprocess.run(["redis-cli", "-s", str(socket), *arguments], capture_output=True, check=True).stdout

    def sql(self, sentence):
        socket = next(self.node.directory.rglob("mysql.sock"))
        return subprocess.run(["mariadb", "--no-defaults", "--user=root", "--socket", str(socket), "--batch", "--skip-column-names",
                               "pusher", "--execute", sentence], capture_output=True, text=True, check=True).stdout.strip()

    def test_one_push(self):
        """All in the caller's trace: call, fan-out, batch, request; each the child of the one before."""
        trace = "a" * 31 + "1"
        identity = self.launch(trace, {"device_ids": ["d-1"]}, lane="transactional")
        request, = self.named(trace, "POST")
        batch, = self.named(trace, "process push batch")
        fan_out, = self.named(trace, "send notification")
        call, = self.named(trace, "POST /v1/notifications")
        self.assertEqual([each.get("parentSpanId") for each in (request, batch, fan_out, call)],
                         [batch["spanId"], fan_out["spanId"], call["spanId"], CALLER])
        self.assertEqual([each["kind"] for each in (call, fan_out, batch, request)], [2, 4, 5, 3])
        self.assertEqual(call["of"]["http.route"], "/v1/notifications")
        self.assertEqual((call["of"]["http.response.status_code"], call["of"]["pusher.request_id"]), ("201", "call-aaaa"))
        self.assertEqual((call["of"]["pusher.notification"], fan_out["of"]["pusher.notification"]), (identity, identity))
        self.assertEqual((fan_out["of"]["pusher.audience"], fan_out["of"]["messaging.system"]), ("1", "pusher"))
        self.assertEqual((request["of"]["http.response.status_code"], request["of"]["pusher.gateway"]), ("200", "fcm"))
        self.assertLessEqual(int(call["startTimeUnixNano"]), int(request["startTimeUnixNano"]))
        self.assertEqual(self.collector.resources[-1]["service.name"], "pusher")
        self.assertEqual(self.collector.resources[-1]["service.instance.id"], "n1")
        line = next(each for each in self.node.events("notification.launched") if each["notification"] == identity)
        self.assertEqual((line["trace_id"], line["request_id"]), (trace, "call-aaaa"))
        # The gateway is told as well.
        sent = [json.loads(each) for each in self.lab.emulator.body_file.read_text().splitlines()]
        parents = [headers["traceparent"] for headers in (dict(each["headers"]) for each in sent) if "traceparent" in headers]
        self.assertIn(f"00-{trace}-{batch['spanId']}-01", parents)

    def test_a_campaign(self):
        """Its batches are traces of their own, linked to fan-out; of each the first requests are shown."""
        trace = "b" * 31 + "1"
        self.launch(trace, {"all": True})
        fan_out, = self.named(trace, "send notification")

        def linked():
            return [each for each in list(self.collector.spans) for link in each.get("links", [])
                    if (link["traceId"], link["spanId"]) == (trace, fan_out["spanId"])]

        batches = until("its batches", lambda: (found := linked()) and sum(
            int(each["of"]["messaging.batch.message_count"]) for each in found) == 121 and found)
        self.assertGreaterEqual(len(batches), 3)
        self.assertEqual(len({each["traceId"] for each in batches} | {trace}), len(batches) + 1)
        self.assertEqual(sum(int(each["of"].get("pusher.answers.accepted", 0)) for each in batches), 120)
        for batch in batches:
            self.assertNotIn("parentSpanId", batch)
            shown = until("its requests", lambda b=batch: [each for each in self.collector.of(b["traceId"]) if each["kind"] == 3])
            self.assertLessEqual(len(shown), 20)
            self.assertEqual({each["parentSpanId"] for each in shown}, {batch["spanId"]})

    def test_failed(self):
        trace = "c" * 31 + "1"
        self.node.call("PUT", "/v1/devices/dead", {"gateway": "fcm", "platform": "android", "push_token": "UNREG-2"})
        self.launch(trace, {"device_ids": ["dead"]}, lane="transactional")
        request, = self.named(trace, "POST")
        self.assertEqual((request["of"]["error.type"], request["of"]["pusher.outcome"]), ("UNREGISTERED", "unregistered"))
        self.assertEqual(request["status"]["code"], 2)

    def test_launched_later(self):
        """A draft is launched by another call, whose trace it is; a leader that takes over reads it from the row."""
        trace = "d" * 31 + "1"
        status, made, _ = self.node.call("POST", "/v1/notifications", {
            "content": {"title": "later"}, "audience": {"device_ids": ["d-2"]}, "lane": "transactional"})
        self.assertEqual(status, 201, made)
        self.node.inspect("pause", "fan-out")
        until("the hold to be seen", lambda: self.node.inspected("status")["nodes"][0]["report"]["held_stages"])
        status, body, _ = self.node.call("POST", f"/v1/notifications/{made['id']}:launch",
                                         headers={"traceparent": f"00-{trace}-{CALLER}-01"})
        self.assertEqual(status, 202, body)
        self.node.stop()
        self.node.start()
        self.node.inspect("resume", "fan-out")
        self.node.wait_completed(made["id"])
        call, = self.named(trace, "POST /v1/notifications/{id}:launch")
        fan_out, = self.named(trace, "send notification")
        self.assertEqual(fan_out["parentSpanId"], call["spanId"])
        self.named(trace, "POST")

    def test_not_sampled(self):
        """Neither a span nor a byte."""
        trace = "e" * 31 + "1"
        before = len(self.collector.spans)
        identity = self.launch(trace, {"device_ids": ["d-3"]}, sampled=False)
        self.assertNotIn("trace_parent", self.sql(f"SELECT draft FROM notifications WHERE public_id = '{identity}'"))
        after = "f" * 31 + "1"
        self.launch(after, {"device_ids": ["d-3"]}, lane="transactional")
        self.named(after, "POST")
        self.assertEqual(self.collector.of(trace), [])
        self.assertGreater(len(self.collector.spans), before)

    def test_of_its_own(self):
        """A node may begin traces itself, and tells the client."""
        with Collector() as collector:
            node = self.lab.node("own", {"trace": {"endpoint": collector.endpoint + "/", "sample_percent": 100}}).start()
            node.make_key("devices,send,read")
            _, _, answered = node.call("GET", "/v1/notifications?limit=1")
            trace = re.fullmatch(r"00-([0-9a-f]{32})-[0-9a-f]{16}-01", answered["traceparent"])[1]
            span, = until("the span", lambda: collector.of(trace))
            self.assertNotIn("parentSpanId", span)
            self.assertEqual(span["of"]["http.route"], "/v1/notifications")
            node.stop()
            self.assertEqual(collector.faults, [])

    def test_bad_collectors(self):
        """Refused, or taken and never answered: pushes go on, what does not fit is dropped and counted."""
        self.collector.mode = "refuse"
        self.launch("1" * 32, {"device_ids": ["d-4"]}, lane="transactional")
        until("failures", lambda: self.node.metric('pusher_trace_spans_total{result="failed"}') >= 1)
        until("the log to say so", lambda: self.node.events("trace.not_exported"))
        self.collector.mode, requests = "hang", self.collector.requests
        self.launch("2" * 32, {"device_ids": ["d-5"]}, lane="transactional")
        until("a request that hangs", lambda: self.collector.requests > requests)

        def dropped():
            for n in range(5):
                self.node.call("POST", "/v1/notifications", {"content": {"title": "x"}, "audience": {"all": True}, "launch": True},
                               headers={"traceparent": f"00-{f'3{n}' * 16}-{CALLER}-01"})
            return self.node.metric('pusher_trace_spans_total{result="dropped"}') >= 1

        until("drops", dropped, 30, 0.5)
        self.collector.mode = "take"
        self.collector.released.set()
        trace = "4" * 32
        until("it to be well again", lambda: self.launch(trace, {"device_ids": ["d-6"]}, lane="transactional") and self.collector.of(trace))
        self.assertTrue(until("the log to say so", lambda: self.node.events("trace.collector_well")))


if __name__ == "__main__":
    unittest.main()
