"""G24: the engine adds up every notification's targets by itself. While all is well it finds nothing, whatever goes on; what
is taken away by hand is found, named, counted in metrics and shown as a problem, and gone again when it is mended."""
import subprocess
import unittest

from lab import Lab, until

DEVICES = [{"device_id": f"d{i}", "gateway": "fcm", "platform": "android", "push_token": f"{'QUOTA1X' if i % 20 == 0 else 'ok'}-{i}"}
           for i in range(800)]


class SelfCheck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lab = Lab()
        cls.addClassCleanup(lab.__exit__, None, None, None)
        limits = {"self_check_seconds": 1, "devices_per_batch": 100}
        cls.node = lab.node(sections={"node": {"name": "n1"}, "limits": limits}).start()
        cls.node.make_key("devices,send,read,admin")
        cls.node.import_devices(DEVICES)
        cls.redis_socket = next(cls.node.directory.rglob("redis.sock"))
        cls.sql_socket = next(cls.node.directory.rglob("mysql.sock"))

    def redis(self, *arguments):
        return subprocess.run(["redis-cli", "-e", "-s", str(self.redis_socket), *arguments], capture_output=True, text=True,
                              check=True).stdout.strip()

    def sql(self, sentence):
        return subprocess.run(["mariadb", "--no-defaults", "--user=root", "--socket", str(self.sql_socket), "--batch",
                               "--skip-column-names", "pusher", "--execute", sentence], capture_output=True, text=True,
                              check=True).stdout.strip()

    def launch(self, **more):
        status, made, _ = self.node.call("POST", "/v1/notifications", {
            "content": {"title": "Hello"}, "audience": {"all": True}, "launch": True, **more})
        self.assertEqual(status, 201, made)
        return made["id"]

    def number(self, name, **labels):
        """A metric's value; 0 = it is not there."""
        wanted = name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else "")
        for line in self.node.admin("/metrics")[1].splitlines():
            if line.startswith(wanted + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0

    def looked_again(self, times=2):
        since = self.number("pusher_self_check_timestamp_seconds")
        until("the leader to look again", lambda: self.number("pusher_self_check_timestamp_seconds") >= since + times)

    def test_adds_up_while_everything_moves(self):
        first = self.launch(rate_per_second=400)
        until("it to be added up", lambda: self.number("pusher_under_way_targets", state="settled") > 0)
        small = [self.launch(audience={"device_ids": [f"d{n}"]}) for n in range(50)]
        self.node.wait_completed(first)
        for each in small:
            self.node.wait_completed(each)
        until("their rows to be counted", lambda: self.number("pusher_self_check_notifications_total", kind="ended") >= 51)
        self.assertEqual(self.node.events("self_check.difference"), [])
        self.assertEqual(self.number("pusher_self_check_differences", kind="ended"), 0)

    def test_lost_work_is_found(self):
        self.node.inspect("pause", "push-sender")
        until("the hold to be seen", lambda: self.node.inspected("status")["nodes"][0]["report"]["held_stages"])
        identity = self.launch()
        until("all of it to be appended", lambda: self.node.inspected("notification", identity)["notifications"][0]["fan_out_done"])
        self.looked_again()
        self.assertEqual(self.number("pusher_self_check_differences", kind="under_way"), 0)
        # A count that is wrong by ten is found at the next look.
        key = self.sql(f"SELECT id FROM notifications WHERE public_id = '{identity}'")
        self.redis("HINCRBY", "{pusher}:pending", key, "-10")
        until("the difference to be found", lambda: self.number("pusher_self_check_differences", kind="under_way") == 1)
        line = self.node.events("self_check.difference")[-1]
        self.assertEqual((line["notification"], line["kind"]), (identity, "under_way"))
        self.assertIn("790 pending", line["detail"])
        problems = "\n".join(self.node.inspected("status", code=1)["problems"])
        self.assertIn(identity, problems)
        self.assertIn("do not add up", " ".join(self.node.inspect("status", code=1).split()))
        self.redis("HINCRBY", "{pusher}:pending", key, "10")
        until("it to be well again", lambda: self.number("pusher_self_check_differences", kind="under_way") == 0)
        self.assertEqual(len(self.node.events("self_check.difference")), 1, "said once")
        self.node.inspect("resume", "push-sender")
        self.node.wait_completed(identity)

    def test_missing_rows_are_found(self):
        """Of what has ended the rows are counted; as when a table was restored without the others."""
        self.node.inspect("pause", "result-writer")
        until("the hold to be seen", lambda: self.node.inspected("status")["nodes"][0]["report"]["held_stages"])
        identity = self.launch()
        self.sql("CREATE TRIGGER eat AFTER UPDATE ON notifications FOR EACH ROW "
                 "DELETE FROM deliveries WHERE notification_id = NEW.id AND NEW.completed_at > 0 AND device_id % 100 = 0")
        self.node.inspect("resume", "result-writer")
        self.node.wait_completed(identity)
        until("the difference to be found", lambda: self.number("pusher_self_check_differences", kind="ended") == 1)
        self.assertIn("such deliveries", self.node.events("self_check.difference")[-1]["detail"])


if __name__ == "__main__":
    unittest.main()
