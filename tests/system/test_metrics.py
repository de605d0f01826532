"""Metrics: what /metrics says during a run is well-formed in both formats, documented, clean by promtool, read by a real
Prometheus, bounded in its labels, and equal to the rows of the database and to what the gateways got."""
import http.client
import json
import pathlib
import re
import subprocess
import unittest

import exposition
from lab import Lab, until
from prometheus import DASHBOARD, RULES, Prometheus

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GATEWAYS = {"fcm": 900, "apns": 200, "webpush": 60, "hms": 100}
# What the gateways' tables make of their answers; the reasons are in the tables themselves.
OUTCOMES = {"accepted", "unregistered", "other_environment", "rejected", "retry", "unknown"}
METRIC = re.compile(r"\b(?:pusher|process)_[a-z_]+")


def families_in_source():
    text = (ROOT / "actors" / "metric_families.hpp").read_text()
    return {name: kind for kind, name in re.findall(r'(counters|gauges|histograms)\(\s*"([a-z_]+)"', text)}


def without_suffix(name, known):
    for suffix in ("", "_bucket", "_sum", "_count"):
        if name.endswith(suffix) and name[:len(name) - len(suffix)] in known:
            return name[:len(name) - len(suffix)]
    return name


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        emulator = cls.lab.emulator
        sections = {**emulator.sections(), "node": {"name": "n1"},
                    "limits": {"self_check_seconds": 1, "metric_applications": 3}}
        cls.node = cls.lab.node(sections=sections).start()
        cls.node.make_key("devices,send,read,admin")
        cls.devices = [emulator.device(gateway, f"plain-{n}") for gateway, count in GATEWAYS.items() for n in range(count)]
        cls.devices += [emulator.device(gateway, text) for gateway, text in (
            ("fcm", "UNREG-1"), ("apns", "UNREG-1"), ("hms", "ILLEGAL-1"), ("webpush", "UNREG-1"), ("fcm", "BAD-1"),
            ("fcm", "QUOTA1X-1"), ("apns", "SAY-413-PayloadTooLarge-1"), ("fcm", "MISMATCH-1"), ("fcm", "RESET-1"))]
        cls.node.import_devices(cls.devices)
        prometheus = Prometheus(cls.lab.directory / "prometheus", [cls.node], RULES)
        cls.prometheus = prometheus.__enter__()
        cls.addClassCleanup(prometheus.__exit__, None, None, None)
        cls.launched = [cls.launch(title, **more) for title, more in (
            ("first", {}), ("second", {"audience": {"device_ids": ["fcm-plain-1"]}, "lane": "transactional"}))]
        for each in cls.launched:
            cls.node.wait_completed(each)

    @classmethod
    def launch(cls, title, **more):
        status, made, _ = cls.node.call("POST", "/v1/notifications", {
            "content": {"title": title, "data": {"notification": title}}, "audience": {"all": True}, "launch": True, **more})
        assert status == 201, made
        return made["id"]

    def ask(self, accept=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.admin_port, timeout=10)
        connection.request("GET", "/metrics", headers={"Accept": accept} if accept else {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.getheader("Content-Type"), text

    def sql(self, sentence):
        socket = next(self.node.directory.rglob("mysql.sock"))
        text = subprocess.run(["mariadb", "--no-defaults", "--user=root", "--socket", str(socket), "--batch",
                               "--skip-column-names", "pusher", "--execute", sentence], capture_output=True, text=True,
                              check=True).stdout
        return [line.split("\t") for line in text.splitlines()]

    def test_equal_to_the_rows(self):
        """Everything that was counted on the way is in the database, and at the gateways."""
        rows = {outcome: int(count) for outcome, count in self.sql(
            "SELECT ELT(outcome, 'accepted', 'unregistered', 'rejected', 'failed', 'expired', 'canceled', 'skipped', 'unknown'), "
            "COUNT(*) FROM deliveries GROUP BY outcome")}

        def counted():
            found = exposition.read(self.ask()[1])
            same = all(exposition.total(found, "pusher_deliveries_total", outcome=outcome) == rows.get(outcome, 0)
                       for outcome in ("accepted", "unregistered", "rejected", "failed", "unknown"))
            attempts = {each: exposition.total(found, "pusher_gateway_attempts_total", outcome=each) for each in OUTCOMES}
            return found if same and attempts["accepted"] == rows["accepted"] and attempts["retry"] >= 1 else None

        found = until("the counters to be those of the rows", counted, 20)
        self.assertEqual(exposition.total(found, "pusher_delivery_rows_total", row="new"), sum(rows.values()))
        self.assertEqual(exposition.total(found, "pusher_gateway_attempts_total", outcome="unregistered"), rows["unregistered"])
        self.assertEqual(exposition.total(found, "pusher_gateway_attempts_total", outcome="rejected"), rows["rejected"])
        self.assertEqual(exposition.total(found, "pusher_gateway_attempts_total", outcome="unknown"), rows["unknown"])
        self.assertEqual(exposition.total(found, "pusher_tokens_disabled_total"), rows["unregistered"])
        # The leader completes what the writers were too early for.
        self.assertLessEqual(exposition.total(found, "pusher_notifications_completed_total"), len(self.launched))
        by_gateway = {gateway: int(count) for gateway, count in self.sql(
            "SELECT ELT(gateway, 'fcm', 'apns', 'webpush', 'hms'), COUNT(*) FROM deliveries WHERE outcome = 1 GROUP BY gateway")}
        for gateway, count in by_gateway.items():
            self.assertEqual(exposition.total(found, "pusher_gateway_attempts_total", gateway=gateway, outcome="accepted"), count)
            answered = sum(value for name, labels, value in found["pusher_gateway_request_seconds"].samples
                           if name.endswith("_count") and labels["gateway"] == gateway)
            self.assertGreaterEqual(answered, 1)
            self.assertLessEqual(answered, exposition.total(found, "pusher_gateway_requests_total", gateway=gateway))
        accepted = sum(value for name, _, value in found["pusher_launch_to_acceptance_seconds"].samples if name.endswith("_count"))
        self.assertEqual(accepted, rows["accepted"])
        lanes = {labels["lane"] for _, labels, _ in found["pusher_launch_to_acceptance_seconds"].samples}
        self.assertEqual(lanes, {"campaign", "transactional"})

    def test_formats(self):
        kind, plain = self.ask()
        self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
        kind, opened = self.ask("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
        self.assertEqual(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertEqual(self.ask("text/plain, application/openmetrics-text;q=0.2")[0][:10], "text/plain")
        old, new = exposition.read(plain), exposition.read(opened, openmetrics=True)
        self.assertEqual(set(old), {name + ("_total" if each.type == "counter" else "") for name, each in new.items()})
        for family in old.values():
            self.assertTrue(family.help.endswith((".", "alarm")), family.name)
            if family.type == "histogram":
                exposition.check_histogram(family)

    def test_documented(self):
        """The docs list every family with its type, and nothing else; and what is scraped is one of them."""
        source = families_in_source()
        listed = dict(re.findall(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \|",
                                 (ROOT / "docs" / "observability.md").read_text(), re.MULTILINE))
        self.assertEqual(listed, {name: kind[:-1] for name, kind in source.items()})
        found = exposition.read(self.ask()[1])
        self.assertEqual(set(found) - set(source), set())
        for name, family in found.items():
            self.assertEqual(family.type, source[name][:-1], name)
        self.assertGreater(len(found), 45, sorted(found))

    def test_promtool(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.ask()[1], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_labels_are_bounded(self):
        """No token, device or notification in a label; applications beyond metric_applications are `other`; a reason is
        one of the gateway's table."""
        known, admin = set(), self.node.key
        account = json.loads(pathlib.Path(self.lab.emulator.ready["service_account_file"]).read_text())
        for name in (f"app-{n}" for n in range(6)):
            status, made, _ = self.node.call("POST", "/v1/applications", {"name": name})
            self.assertEqual(status, 201, made)
            key, self.node.key = self.node.make_key("devices,send,read,admin", "--app", name), admin
            status, made, _ = self.node.call("POST", "/v1/credentials", {"gateway": "fcm", "name": name, "service_account": account, "activate": True}, key)
            self.assertEqual(status, 201, made)
            self.node.call("PUT", "/v1/devices/only", {"gateway": "fcm", "platform": "android", "push_token": f"token-{name}"}, key)
            status, made, _ = self.node.call("POST", "/v1/notifications", {
                "content": {"title": "x"}, "audience": {"all": True}, "launch": True}, key)
            self.assertEqual(status, 201, made)
        until("the others to be named together", lambda: 'app="other"' in self.ask()[1])
        for description in self.node.call("GET", "/v1/gateways")[1]["items"]:
            known |= {each["code"] for each in description["answers"] if each.get("code")}
        for family in exposition.read(self.ask()[1]).values():
            apps = {labels["app"] for _, labels, _ in family.samples if "app" in labels}
            self.assertLessEqual(len(apps), 4, (family.name, apps))
            for _, labels, _ in family.samples:
                self.assertNotIn("plain-", json.dumps(labels))
                self.assertLessEqual(max(map(len, labels.values()), default=0), 48, labels)
                if family.name == "pusher_gateway_attempts_total":
                    self.assertIn(labels["outcome"], OUTCOMES)
                    bounded = labels["reason"] in known or re.fullmatch(r"none|no_answer|unlisted|http_(\d{3}|\dxx|other)", labels["reason"])
                    self.assertTrue(bounded, labels)

    def test_prometheus_reads_it(self):
        until("it to be scraped", lambda: self.prometheus.value("up") == 1)
        target, = self.prometheus.targets()
        self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        until("a counter to have come", lambda: (self.prometheus.value(
            'sum(pusher_deliveries_total{outcome="accepted"})') or 0) >= sum(GATEWAYS.values()) + 2)
        self.assertGreater(self.prometheus.value("process_resident_memory_bytes"), 1e6)
        self.assertGreater(self.prometheus.value("process_cpu_seconds_total"), 0)
        self.assertEqual(self.prometheus.value("pusher_fan_out_leading"), 1)
        self.assertEqual(self.prometheus.value("pusher_ready"), 1)
        self.assertGreater(self.prometheus.value("pusher_fan_out_lease_remaining_seconds"), 0)

    def test_dashboard(self):
        """Every query of the board is about metrics that exist, and Prometheus can read it; most have something to show."""
        known = set(families_in_source())
        board = json.loads(DASHBOARD.read_text())
        queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
        self.assertGreater(len(queries), 25)
        until("it to be scraped twice", lambda: (self.prometheus.value("count_over_time(up[1m])") or 0) > 2)
        empty = []
        for query in queries:
            for name in METRIC.findall(query):
                self.assertIn(without_suffix(name, known), known, query)
            plain = query.replace("$__rate_interval", "1m").replace("$__range", "1m").replace("$job", "pusher").replace("$app", ".*")
            self.assertNotIn("$", plain, query)
            if not self.prometheus.query(plain):
                empty.append(query)
        self.assertLess(len(empty), len(queries) // 2, empty)
        for panel in board["panels"]:
            self.assertTrue(panel["title"])
        self.assertEqual(len({panel["id"] for panel in board["panels"]}), len(board["panels"]))


if __name__ == "__main__":
    unittest.main()
