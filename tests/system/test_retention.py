"""What has settled is kept as long as its application wishes, then purged in small steps by the leader: nothing that is not settled
goes, a kill -9 in the middle changes nothing, and what operators see stays right."""
import json
import pathlib
import subprocess
import unittest

from lab import Lab, until

MANY, FEW = 3_000, 40
DAY_MS = 86_400_000


def devices(count):
    return [{"device_id": f"d{n}", "gateway": "fcm", "platform": "android", "push_token": f"{'UNREG' if n == 0 else 'ok'}-{n}"}
            for n in range(count)]


class Retention(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.node = cls.lab.node(sections={
            "node": {"name": "n1"}, "limits": {"self_check_seconds": 1, "poll_interval_ms": 200, "lease_ms": 1000},
            "retention": {"look_seconds": 1, "notification_days": 90}}).start()
        cls.admin = cls.node.make_key("admin")
        cls.node.key = cls.node.make_key("devices,send,read")

    def sql(self, sentence):
        (socket,) = self.node.directory.rglob("mysql.sock")
        done = subprocess.run(["mariadb", "--no-defaults", "--user=root", "--socket", str(socket), "--batch", "--skip-column-names",
                               "pusher", "--execute", sentence], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def count(self, table, where="TRUE"):
        return int(self.sql(f"SELECT COUNT(*) FROM {table} WHERE {where}"))

    def call(self, method, path, body=None, expected=200, key=None, headers=None):
        status, answer, _ = self.node.call(method, path, body, key, headers)
        self.assertEqual(status, expected, answer)
        return answer

    def application(self, name, **terms):
        """A key of an application with these terms. Only `default` has a credential: of others every device is skipped."""
        if name != "default":
            self.call("POST", "/v1/applications", {"name": name}, 201, self.admin)
        if terms:
            changed = self.call("PATCH", f"/v1/applications/{name}", {"retention": terms}, 200, self.admin)
            self.assertEqual({each: changed["retention_in_force"][each] for each in terms}, terms)
        if name == "default":
            return self.node.key
        return self.call("POST", f"/v1/applications/{name}/keys", {"scopes": ["devices", "send", "read"]}, 201, self.admin)["key"]

    def launch(self, key, launch=True, **more):
        made = self.call("POST", "/v1/notifications", {"content": {"title": "Hello"}, "audience": {"all": True}, "launch": launch, **more},
                         201, key, {"Idempotency-Key": f"n{self.count('notifications')}"})
        return made["id"]

    def settled(self, key, count):
        node = self.node
        before, node.key = node.key, key
        try:
            node.import_devices(devices(count))
            identity = self.launch(key)
            node.wait_completed(identity)
        finally:
            node.key = before
        return identity

    def age(self, identity, days):
        """As if it had been made and settled so long ago."""
        self.sql(f"UPDATE notifications SET created_at = created_at - {days * DAY_MS}, completed_at = IF(completed_at > 0, completed_at - "
                 f"{days * DAY_MS}, 0) WHERE public_id = '{identity}'")
        return self.sql(f"SELECT id FROM notifications WHERE public_id = '{identity}'")

    def rows(self, key):
        return self.count("deliveries", f"notification_id = {key}") + self.count("reports", f"notification_id = {key}")

    def gone(self, identity, row, key):
        until(f"{identity} to be purged", lambda: self.count("notifications", f"id = {row}") == 0, 60, 0.2)
        self.assertEqual(self.rows(row), 0)
        for path in ("", "/deliveries"):
            problem = self.call("GET", f"/v1/notifications/{identity}{path}", None, 404, key)
            self.assertEqual(problem["code"], "not_found")

    def test_each_application_by_its_own_terms(self):
        short, long = self.application("short", notification_days=7), self.application("long")
        of_short, of_long = self.settled(short, FEW), self.settled(long, FEW)
        self.call("POST", "/v1/devices/d1/events", {"type": "opened", "notification_id": of_short}, 201, short)
        aged = [(each, self.age(each, 30), key) for each, key in ((of_short, short), (of_long, long))]
        self.gone(*aged[0])
        self.assertEqual(self.rows(aged[1][1]), FEW)
        self.assertEqual(self.call("GET", f"/v1/notifications/{of_long}", key=long)["counts"]["audience"], FEW)
        self.assertEqual(self.call("GET", "/v1/notifications", key=short)["items"], [])
        self.assertGreaterEqual(self.node.metric('pusher_purged_rows_total{what="deliveries"}'), FEW)
        # An id tells its age; of one that is older than what is kept the answer says what may have become of it.
        old = "0190a000-0000-7000-8000-000000000000"
        self.assertIn("stays for 7 days", self.call("GET", f"/v1/notifications/{old}", None, 404, short)["detail"])
        self.assertIn("stays for 90 days", self.call("GET", f"/v1/notifications/{old}", None, 404, long)["detail"])

    def test_nothing_that_is_not_settled_goes(self):
        key = self.application("waits", notification_days=1)
        admin = self.call("POST", "/v1/applications/waits/keys", {"scopes": ["admin"]}, 201, self.admin)["key"]
        self.call("POST", "/v1/credentials", {  # without one all devices are skipped, and nothing can be paused
            "gateway": "fcm", "name": "main", "activate": True,
            "service_account": json.loads(pathlib.Path(self.lab.emulator.ready["service_account_file"]).read_text())}, 201, admin)
        draft = self.launch(key, False)
        scheduled = self.launch(key, False, scheduled_at="2099-01-01T00:00:00Z")
        before, self.node.key = self.node.key, key
        self.node.import_devices(devices(FEW))
        self.node.key = before
        paused = self.launch(key, rate_per_second=1)
        self.call("POST", f"/v1/notifications/{paused}:pause", None, 202, key)
        witness = self.settled(key, FEW)
        rows = [self.age(each, 3000) for each in (draft, scheduled, paused, witness)]
        self.gone(witness, rows[3], key)
        for identity, state in ((draft, "draft"), (scheduled, "scheduled"), (paused, "paused")):
            self.assertEqual(self.call("GET", f"/v1/notifications/{identity}", key=key)["state"], state)
        self.call("POST", f"/v1/notifications/{paused}:cancel", None, 202, key)

    def test_a_kill_in_the_middle_changes_nothing(self):
        key = self.application("default", notification_days=7)
        large, small = self.settled(key, MANY), self.settled(key, FEW)
        self.assertEqual(self.node.stop(), 0)
        self.node.start(wait=False, fail="purge.rows_deleted:2:exit")
        self.node.wait_ready()
        row = self.age(large, 30)
        self.node.wait_fallen()
        self.node.start()
        self.gone(large, row, key)
        kept = self.sql(f"SELECT id FROM notifications WHERE public_id = '{small}'")
        self.assertEqual(self.rows(kept), MANY)  # it went to all
        since = self.node.metric("pusher_self_check_timestamp_seconds")
        until("the leader to add up", lambda: self.node.metric("pusher_self_check_timestamp_seconds") > since + 1)
        self.assertEqual(self.node.events("self_check.difference"), [])
        self.assertEqual(self.node.metric('pusher_self_check_differences{kind="ended"}'), 0)
        self.node.inspect("status")  # fails when there is a problem
        self.assertEqual(self.call("GET", f"/v1/notifications/{small}", key=key)["counts"]["audience"], MANY)

    def test_events_dead_devices_and_keys_go_too(self):
        key = self.application("default", event_days=5, disabled_device_days=5, idempotency_hours=24)
        self.settled(key, FEW)
        app = self.sql("SELECT id FROM applications WHERE name = 'default'")
        of_app = f"application_id = {app}"
        until("the dead token to be known", lambda: self.count("devices", f"{of_app} AND disabled > 0") == 1)
        devices_there = self.count("devices", of_app)
        self.assertGreater(self.count("feed", of_app), 0)
        self.assertGreater(self.count("device_events", of_app), 0)
        self.assertGreater(self.count("idempotency_keys", of_app), 0)
        for table, column in (("feed", "at"), ("device_events", "at"), ("idempotency_keys", "created_at")):
            self.sql(f"UPDATE {table} SET {column} = {column} - {6 * DAY_MS} WHERE {of_app}")
        self.sql(f"UPDATE devices SET disabled_at = disabled_at - {6 * DAY_MS} WHERE {of_app} AND disabled > 0")
        until("all that is too old to go", lambda: all(self.count(table, of_app) == 0 for table in ("feed", "device_events", "idempotency_keys")))
        until("the dead device to go", lambda: self.count("devices", of_app) == devices_there - 1)
        self.call("GET", "/v1/devices/d0", None, 404, key)
        self.call("GET", "/v1/devices/d1", key=key)
        until("the round to be counted", lambda: all(self.node.metric(f'pusher_purged_rows_total{{what="{kind}"}}') > 0
                                                     for kind in ("feed", "history", "devices", "idempotency_keys")))


if __name__ == "__main__":
    unittest.main()
