"""Alarms: every one rings for what it is about and for nothing else (promtool, made-up series); with real incidents on a real
node, a real Prometheus rings the right ones and no other; and every one has its page in the runbook."""
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

import yaml

from lab import Lab, until
from prometheus import RULES, Prometheus, impatient

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
P = 'job="pusher",instance="n1"'
# Alarm -> series that make it ring, and the same in health. Values are promtool's: start+step x count.
CASES = {
    "PusherDown": ([(f"up{{{P}}}", "1x5 0x34")], [(f"up{{{P}}}", "1x40"), ('up{job="other"}', "0x40")]),
    "PusherNotReady": ([(f"pusher_ready{{{P}}}", "0x40")], [(f"pusher_ready{{{P}}}", "1x40")]),
    "PusherRoleRestarts": ([(f'pusher_role_restarts_total{{{P},role="api"}}', "0+1x40")],
                           [(f'pusher_role_restarts_total{{{P},role="api"}}', "0x38 1 1")]),
    "PusherNodesDisconnected": ([(f'pusher_cluster_peers{{{P},connected="no"}}', "1x40")],
                                [(f'pusher_cluster_peers{{{P},connected="no"}}', "0x40"), (f'pusher_cluster_peers{{{P},connected="yes"}}', "3x40")]),
    "PusherClusterCertificateExpires": ([(f"pusher_cluster_certificate_expires_seconds{{{P}}}", "900000x40")],
                                        [(f"pusher_cluster_certificate_expires_seconds{{{P}}}", "9000000x40")]),
    "PusherDescriptorsShort": ([(f"process_open_fds{{{P}}}", "900x40"), (f"process_max_fds{{{P}}}", "1000x40")],
                               [(f"process_open_fds{{{P}}}", "90x40"), (f"process_max_fds{{{P}}}", "1000x40")]),
    "PusherMemoryHigh": ([(f"process_resident_memory_bytes{{{P}}}", "300000000x40")], [(f"process_resident_memory_bytes{{{P}}}", "60000000x40")]),
    "PusherLogLinesLost": ([(f'pusher_log_lines_lost_total{{{P},reason="unwritable"}}', "0+3x40")],
                           [(f'pusher_log_lines_lost_total{{{P},reason="repeated"}}', "0+3x40")]),
    "PusherSpansLost": ([(f'pusher_trace_spans_total{{{P},result="failed"}}', "0+3x40")],
                        [(f'pusher_trace_spans_total{{{P},result="exported"}}', "0+3x40")]),
    "PusherStoreAway": ([(f'pusher_check_ok{{{P},check="mariadb"}}', "0x40")],
                        [(f'pusher_check_ok{{{P},check="mariadb"}}', "1x40"), (f'pusher_check_ok{{{P},check="roles"}}', "0x40")]),
    "PusherMariadbFull": ([(f'pusher_check_ok{{{P},check="mariadb_room"}}', "0x40")], [(f'pusher_check_ok{{{P},check="mariadb_room"}}', "1x40")]),
    "PusherRedisMemoryHigh": ([(f"pusher_redis_memory_ratio{{{P}}}", "0.81x40")], [(f"pusher_redis_memory_ratio{{{P}}}", "0.4x40")]),
    "PusherStoreSlow": (
        [(f'pusher_store_request_seconds_bucket{{{P},store="mariadb",le="1.0"}}', "0+1x40"),
         (f'pusher_store_request_seconds_bucket{{{P},store="mariadb",le="2.5"}}', "0+100x40"),
         (f'pusher_store_request_seconds_bucket{{{P},store="mariadb",le="+Inf"}}', "0+100x40")],
        [(f'pusher_store_request_seconds_bucket{{{P},store="mariadb",le="1.0"}}', "0+100x40"),
         (f'pusher_store_request_seconds_bucket{{{P},store="mariadb",le="+Inf"}}', "0+100x40")]),
    "PusherJournalRebuilding": ([(f"pusher_journal_rebuilding{{{P}}}", "1x40")], [(f"pusher_journal_rebuilding{{{P}}}", "0x35 1 1 0 0")]),
    "PusherRedisFileDamaged": ([(f"pusher_redis_files_set_aside_timestamp_seconds{{{P}}}", "0x30 1800x9")],
                               [(f"pusher_redis_files_set_aside_timestamp_seconds{{{P}}}", "0x40")]),
    "PusherJournalRebuilt": ([(f"pusher_journal_rebuilds_total{{{P}}}", "0x36 1x4")], [(f"pusher_journal_rebuilds_total{{{P}}}", "1x40")]),
    "PusherNoLeader": ([(f"pusher_fan_out_epoch{{{P}}}", "0x40"), ('pusher_fan_out_epoch{job="pusher",instance="n2"}', "0x40")],
                       [(f"pusher_fan_out_epoch{{{P}}}", "0x40"), ('pusher_fan_out_epoch{job="pusher",instance="n2"}', "7x40")]),
    "PusherTwoLeaders": ([(f"pusher_fan_out_epoch{{{P}}}", "6x40"), ('pusher_fan_out_epoch{job="pusher",instance="n2"}', "7x40")],
                         [(f"pusher_fan_out_epoch{{{P}}}", "0x40"), ('pusher_fan_out_epoch{job="pusher",instance="n2"}', "7x40")]),
    "PusherLaunchesDelayed": ([(f'pusher_journal_oldest_age_seconds{{{P},place="launches"}}', "0+30x40")],
                              [(f'pusher_journal_oldest_age_seconds{{{P},place="launches"}}', "0.4x40")]),
    "PusherTransactionalDelayed": ([(f'pusher_push_queue_oldest_age_seconds{{{P},gateway="fcm",lane="transactional"}}', "0+30x40")],
                                   [(f'pusher_push_queue_oldest_age_seconds{{{P},gateway="fcm",lane="campaign"}}', "60x40")]),
    "PusherCampaignDelayed": ([(f'pusher_push_queue_oldest_age_seconds{{{P},gateway="fcm",lane="campaign"}}', "0+60x40")],
                              [(f'pusher_push_queue_oldest_age_seconds{{{P},gateway="fcm",lane="campaign"}}', "60x40")]),
    "PusherResultsDelayed": ([(f'pusher_journal_oldest_age_seconds{{{P},place="results"}}', "0+30x40")],
                             [(f'pusher_journal_oldest_age_seconds{{{P},place="results"}}', "1x40")]),
    "PusherRetriesOverdue": ([(f'pusher_journal_oldest_age_seconds{{{P},place="later"}}', "0+30x40")],
                             [(f'pusher_journal_oldest_age_seconds{{{P},place="later"}}', "0x40")]),
    "PusherDeadLetters": ([(f'pusher_journal_entries{{{P},place="dead_letters"}}', "0x38 1x2")],
                          [(f'pusher_journal_entries{{{P},place="dead_letters"}}', "0x40"), (f'pusher_journal_entries{{{P},place="push"}}', "9x40")]),
    "PusherSelfCheckDifference": ([(f'pusher_self_check_differences{{{P},kind="ended"}}', "1x40")],
                                  [(f'pusher_self_check_differences{{{P},kind="ended"}}', "0x40")]),
    "PusherSelfCheckSilent": (
        [(f"pusher_self_check_timestamp_seconds{{{P}}}", "60x40"), (f"pusher_fan_out_epoch{{{P}}}", "7x40")],
        [(f"pusher_self_check_timestamp_seconds{{{P}}}", "0+90x40"), (f"pusher_fan_out_epoch{{{P}}}", "7x40")]),
    "PusherTokenHold": ([(f"pusher_token_holds_open{{{P}}}", "1x40")], [(f"pusher_token_holds_open{{{P}}}", "0x40")]),
    "PusherApiErrors": (
        [(f'pusher_http_requests_total{{{P},status="503"}}', "0+5x40"), (f'pusher_http_requests_total{{{P},status="200"}}', "0+95x40")],
        [(f'pusher_http_requests_total{{{P},status="404"}}', "0+5x40"), (f'pusher_http_requests_total{{{P},status="200"}}', "0+95x40")]),
    "PusherWebhookDisabled": ([(f'pusher_webhooks_disabled_total{{{P},reason="gone"}}', "0x30 1x9")],
                              [(f'pusher_webhooks_disabled_total{{{P},reason="gone"}}', "1x40")]),
    "PusherBreakerOpen": ([(f'pusher_gateway_breaker_open{{{P},app="a",gateway="fcm",sender="0"}}', "1x40")],
                          [(f'pusher_gateway_breaker_open{{{P},app="a",gateway="fcm",sender="0"}}', "0x40")]),
    "PusherCredentialRefused": ([(f'pusher_gateway_credential_refused{{{P},app="a",gateway="apns",sender="0"}}', "1x40")],
                                [(f'pusher_gateway_credential_refused{{{P},app="a",gateway="apns",sender="0"}}', "0x40")]),
    "PusherCredentialExpires": ([(f'pusher_credential_expires_seconds{{{P},app="a",gateway="apns"}}', "600000x40")],
                                [(f'pusher_credential_expires_seconds{{{P},app="a",gateway="apns"}}', "9000000x20 -5x19")]),
    "PusherCredentialExpired": ([(f'pusher_credential_expires_seconds{{{P},app="a",gateway="apns"}}', "-5x40")],
                                [(f'pusher_credential_expires_seconds{{{P},app="a",gateway="apns"}}', "600000x40")]),
    "PusherTokenNotRenewed": (
        [(f'pusher_gateway_token_expires_seconds{{{P},app="a",gateway="fcm",sender="0"}}', "3600-90x40"),
         (f'pusher_gateway_token_age_seconds{{{P},app="a",gateway="fcm",sender="0"}}', "0+90x40")],
        [(f'pusher_gateway_token_expires_seconds{{{P},app="a",gateway="fcm",sender="0"}}', "3600-90x34 3600-90x5"),
         (f'pusher_gateway_token_age_seconds{{{P},app="a",gateway="fcm",sender="0"}}', "0+90x34 0+90x5")]),
    "PusherRejections": (
        [(f'pusher_gateway_attempts_total{{{P},app="a",gateway="fcm",outcome="rejected",reason="INVALID_ARGUMENT"}}', "0+10x40"),
         (f'pusher_gateway_attempts_total{{{P},app="a",gateway="fcm",outcome="accepted",reason="none"}}', "0+90x40")],
        [(f'pusher_gateway_attempts_total{{{P},app="a",gateway="fcm",outcome="unregistered",reason="UNREGISTERED"}}', "0+10x40"),
         (f'pusher_gateway_attempts_total{{{P},app="a",gateway="fcm",outcome="accepted",reason="none"}}', "0+90x40")]),
    "PusherUnanswered": (
        [(f'pusher_gateway_attempts_total{{{P},app="a",gateway="fcm",outcome="unknown",reason="no_answer"}}', "0+5x40"),
         (f'pusher_gateway_attempts_total{{{P},app="a",gateway="fcm",outcome="accepted",reason="none"}}', "0+90x40")],
        [(f'pusher_gateway_attempts_total{{{P},app="a",gateway="fcm",outcome="accepted",reason="none"}}', "0+90x40")]),
    "PusherGatewaySlow": (
        [(f'pusher_gateway_request_seconds_bucket{{{P},gateway="fcm",le="5.0"}}', "0+1x40"),
         (f'pusher_gateway_request_seconds_bucket{{{P},gateway="fcm",le="10.0"}}', "0+100x40"),
         (f'pusher_gateway_request_seconds_bucket{{{P},gateway="fcm",le="+Inf"}}', "0+100x40")],
        [(f'pusher_gateway_request_seconds_bucket{{{P},gateway="fcm",le="5.0"}}', "0+100x40"),
         (f'pusher_gateway_request_seconds_bucket{{{P},gateway="fcm",le="+Inf"}}', "0+100x40")]),
}


def rules():
    return {each["alert"]: each for group in yaml.safe_load(RULES.read_text())["groups"] for each in group["rules"]}


def rings(alert, series, count):
    """A test for promtool: after an hour so many of these alarms ring."""
    samples = [{"labels": f'{{alertname="{alert}"}}', "value": count}] if count else []
    return {"interval": "90s", "input_series": [{"series": each, "values": values} for each, values in series],
            "promql_expr_test": [{"expr": f'count by (alertname) (ALERTS{{alertname="{alert}",alertstate="firing"}})',
                                  "eval_time": "1h", "exp_samples": samples}]}


class MadeUp(unittest.TestCase):
    def test_every_alarm(self):
        self.assertEqual(set(CASES), set(rules()))
        tests = []
        for alert, (bad, good) in CASES.items():
            tests += [rings(alert, bad, 1), rings(alert, good, 0)]
        with tempfile.TemporaryDirectory(prefix="pusher-rules-") as directory:
            path = pathlib.Path(directory) / "test.yml"
            path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "90s", "tests": tests}))
            done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_runbook(self):
        """docs/operations.md says of every alarm, and of no other, what it means and what to do."""
        text = (ROOT / "docs" / "operations.md").read_text()
        section = text[text.index("## Alarms"):]
        section = section[:section.index("\n## ", 3)] if "\n## " in section[3:] else section
        pages = dict(re.findall(r"^### (Pusher\w+)\n(.*?)(?=^### |\Z)", section, re.MULTILINE | re.DOTALL))
        self.assertEqual(set(pages), set(rules()))
        for name, page in pages.items():
            self.assertRegex(page, r"\*\*Means:\*\* \S", name)
            self.assertRegex(page, r"\*\*Do:\*\* \S", name)

    def test_form(self):
        for name, rule in rules().items():
            self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"), name)
            self.assertTrue(rule["annotations"]["summary"], name)


class Incidents(unittest.TestCase):
    def test_incidents(self):
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            node = lab.node(sections={**lab.emulator.sections(), **stores.sections(), "node": {"name": "n1"},
                                      "limits": {"self_check_seconds": 1, "retry_wait_cap_seconds": 2, "attempts": 20}}).start()
            node.make_key("devices,send,read,admin")
            node.import_devices([lab.emulator.device(gateway, f"plain-{n}") for gateway in ("fcm", "apns") for n in range(300)])
            with Prometheus(lab.directory / "prometheus", [node], impatient(lab.directory)) as prometheus:
                until("the node to be scraped", lambda: prometheus.value("up") == 1)
                self.quiet(prometheus, node)
                self.breaker(lab, node, prometheus)
                self.dead_letter(stores, prometheus)
                self.mariadb_away(stores, prometheus, node)
                self.self_check(lab, stores, prometheus, node)
                node.kill()
                until("the alarm", lambda: "PusherDown" in prometheus.firing())

    def launch(self, node, title, gateway):
        status, made, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": title}, "launch": True, "audience": {"condition": {"attribute": "gateway", "eq": gateway}}})
        self.assertEqual(status, 201, made)
        return made["id"]

    def quiet(self, prometheus, node):
        """While all is well nothing rings, also under work."""
        node.wait_completed(self.launch(node, "well", "fcm"))
        scraped = prometheus.value("count_over_time(up[1m])")
        until("some looks more", lambda: prometheus.value("count_over_time(up[1m])") >= scraped + 4)
        self.assertEqual(prometheus.firing(), set())

    def breaker(self, lab, node, prometheus):
        """A gateway is down, and another one's key is revoked."""
        lab.emulator.control(gateway="fcm", fail="503")
        identity = self.launch(node, "down", "fcm")
        until("the alarm", lambda: "PusherBreakerOpen" in prometheus.firing())
        self.assertFalse(prometheus.firing() & {"PusherCredentialRefused", "PusherStoreAway", "PusherNotReady", "PusherDeadLetters"})
        lab.emulator.control(gateway="fcm", fail="none")
        lab.emulator.control(revoke_keys=True)
        revoked = self.launch(node, "revoked", "apns")
        until("the alarm", lambda: "PusherCredentialRefused" in prometheus.firing())
        lab.emulator.control(revoke_keys=False)
        for each in (identity, revoked):
            node.wait_completed(each)
        until("it to end", lambda: not prometheus.firing() & {"PusherBreakerOpen", "PusherCredentialRefused"})

    def dead_letter(self, stores, prometheus):
        stores.redis_command("xadd", "{pusher}:push:1.fcm.production.campaign", "*", "b", "nonsense")
        until("the alarm", lambda: "PusherDeadLetters" in prometheus.firing())
        self.assertEqual(prometheus.value('pusher_dead_letters_total{stage="push-sender",reason="unusable"}'), 1)
        self.assertGreater(prometheus.value('pusher_journal_oldest_age_seconds{place="dead_letters"}'), 0)

    def mariadb_away(self, stores, prometheus, node):
        stores.processes[1].send_signal(signal.SIGSTOP)
        until("the alarm", lambda: {"PusherStoreAway", "PusherNotReady"} <= prometheus.firing(), 40)
        stores.processes[1].send_signal(signal.SIGCONT)
        until("it to end", lambda: not prometheus.firing() & {"PusherStoreAway", "PusherNotReady", "PusherNoLeader"}, 40)
        until("readiness", lambda: node.admin("/readyz")[0] == 200)

    def self_check(self, lab, stores, prometheus, node):
        """A count that is wrong by ten."""
        lab.emulator.control(hold=True)
        self.launch(node, "held", "fcm")

        def appended():
            return [each for each in stores.redis_command("hkeys", "{pusher}:pending")
                    if stores.redis_command("hget", "{pusher}:pending", each) == ["300"]]

        key, = until("all its targets to be appended", appended)
        stores.redis_command("hincrby", "{pusher}:pending", key, "-10")
        until("the alarm", lambda: "PusherSelfCheckDifference" in prometheus.firing())
        lab.emulator.control(hold=False)


if __name__ == "__main__":
    unittest.main()
