"""A node that starts on the database of any earlier schema brings it up to date, with its rows: keys work, what was registered and
sent is there, what was under way is sent, and so is what is new. Two nodes that start at once do it once. A database that is newer
than the program is refused, untouched."""
import os
import subprocess
import unittest

from lab import Lab, until

KEY = "psk_" + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
DEVICES = 25
SETTLED, UNDER_WAY = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"
# As the first version wrote them; every later one has these columns.
ROWS = f"""
INSERT INTO applications (id, name, created_at) VALUES (1, 'default', 1700000000000) ON DUPLICATE KEY UPDATE name = name;
INSERT INTO api_keys (application_id, prefix, key_hash, scopes, created_at)
  VALUES (1, '{KEY[:12]}', UNHEX(SHA2('{KEY}', 256)), 7, 1700000000000);
INSERT INTO devices (application_id, device_id, gateway, environment, platform, token_hash, push_token, user_id, properties,
                     created_at, updated_at, last_seen_at, token_registered_at)
  SELECT 1, CONCAT('d-', seq), 1, 1, 1, UNHEX(SHA2(CONCAT('ok-', seq), 256)), CONCAT('ok-', seq), 'u-1', '{{"plan":"pro"}}',
         1700000000000, 1700000000000, 1700000000000, 1700000000000 FROM seq_1_to_{DEVICES};
INSERT INTO notifications (id, public_id, application_id, state, lane, external_id, ttl_seconds, draft, audience,
                           audience_last_device, audience_count, fan_out_done, count_accepted, created_at, launched_at, expires_at,
                           completed_at)
  VALUES (1, '{SETTLED}', 1, 5, 2, 'order-1', 3600, '{{"content":{{"title":"Then","data":{{}}}},"allow_duplicates":false}}',
          '{{"all":true}}', {DEVICES}, {DEVICES}, 1, {DEVICES}, UNIX_TIMESTAMP() * 1000 - 86400000,
          UNIX_TIMESTAMP() * 1000 - 86400000, UNIX_TIMESTAMP() * 1000 - 82800000, UNIX_TIMESTAMP() * 1000 - 86300000),
         (2, '{UNDER_WAY}', 1, 3, 2, NULL, 86400,
          '{{"content":{{"title":"Now","data":{{"notification":"under-way"}}}},"allow_duplicates":false}}',
          '{{"condition":"{{\\\\"property\\\\":\\\\"plan\\\\",\\\\"eq\\\\":\\\\"pro\\\\"}}"}}', {DEVICES}, 0, 0, 0, UNIX_TIMESTAMP() * 1000,
          UNIX_TIMESTAMP() * 1000, UNIX_TIMESTAMP() * 1000 + 86400000, 0);
INSERT INTO deliveries (notification_id, device_id, outcome, attempts, code, gateway_message_id, settled_at)
  SELECT 1, id, 1, 1, '', CONCAT('m-', id), UNIX_TIMESTAMP() * 1000 - 86300000 FROM devices;
"""


class EarlierSchemas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.stores = cls.lab.stores()
        cls.stores.start()
        cls.versions = [int(each) for each in cls.earlier_schema()]
        cls.newest = cls.versions[-1]

    @classmethod
    def earlier_schema(cls, *arguments, rows="", **settings):
        done = subprocess.run([str(cls.lab.build / "earlier-schema"), *arguments], input=rows, capture_output=True, text=True, check=False,
                              env={**os.environ, **settings})
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def sql(self, database, text):
        done = subprocess.run(["mariadb", "--no-defaults", "--user=root", "--socket", str(self.stores.directory / "m.sock"), "--batch",
                               "--skip-column-names", database], input=text, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def database(self, version):
        """As a program of that version would have left it."""
        until("MariaDB to answer", lambda: (self.stores.directory / "m.sock").exists())
        name = f"pusher_{version}"
        settings = {f"PUSHER__{section}__{key}".upper(): str(value) for section, values in self.sections(name).items()
                    for key, value in values.items()}
        self.earlier_schema(str(version), rows="\n".join(each.replace("\n", " ") for each in ROWS.split(";\n")), **settings)
        return name

    def sections(self, database):
        made = self.stores.sections()
        made["mysql"]["database"] = database
        return made

    def node(self, directory, database, **cluster):
        """Redis is shared by clusters of different names."""
        node = self.lab.node(directory, {**self.sections(database), "cluster": {"name": directory, **cluster}})
        node.key = KEY
        return node

    def call(self, node, method, path, body=None, expected=200):
        status, answer, _ = node.call(method, path, body)
        self.assertEqual(status, expected, answer)
        return answer

    def check(self, node, database):
        self.assertEqual(self.sql(database, "SELECT version FROM schema_version ORDER BY version"),
                         [str(each) for each in self.versions])
        self.assertEqual(self.call(node, "GET", "/v1/devices/d-1")["properties"], {"plan": "pro"})
        settled = self.call(node, "GET", f"/v1/notifications/{SETTLED}")
        self.assertEqual((settled["state"], settled["counts"]["accepted"]), ("completed", DEVICES))
        self.assertEqual(self.call(node, "GET", "/v1/notifications?external_id=order-1")["items"][0]["id"], SETTLED)
        self.assertEqual(len(node.deliveries(SETTLED)), DEVICES)
        self.assertEqual(node.wait_completed(UNDER_WAY)["counts"]["accepted"], DEVICES)
        self.call(node, "PUT", "/v1/devices/d-0", {"gateway": "fcm", "platform": "android", "push_token": "ok-0",
                                                   "properties": {"plan": "free"}}, 201)
        made = self.call(node, "POST", "/v1/notifications", {"content": {"title": "New"}, "audience": {"all": True}, "launch": True}, 201)
        self.assertEqual(node.wait_completed(made["id"])["counts"]["accepted"], DEVICES + 1)

    def test_every_earlier_version(self):
        for version in self.versions[:-1]:
            with self.subTest(version=version):
                database = self.database(version)
                node = self.node(f"from-{version}", database).start()
                self.check(node, database)
                self.assertEqual(node.stop(), 0, node.log_tail())
        each = sum(row[3] == "under-way" for row in self.lab.emulator.log())
        self.assertEqual(each, DEVICES * (len(self.versions) - 1), "what was under way was sent once")

    def test_two_nodes_at_once(self):
        database = self.database(1)
        section = self.lab.cluster(name="both")
        nodes = [self.node(f"both-{n}", database, **section(f"both-{n}")) for n in (1, 2)]
        for node in nodes:
            node.start(wait=False)
        for node in nodes:
            node.wait_ready()
        self.check(nodes[0], database)
        for node in nodes:
            self.assertEqual(node.stop(), 0, node.log_tail())

    def test_newer_than_the_program(self):
        database = self.database(self.newest)
        self.sql(database, f"INSERT INTO schema_version VALUES ({self.newest + 1}, 0)")
        node = self.node("older", database)
        done = subprocess.run([node.pusher, "migrate", "--config", str(node.config)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 78, done)
        self.assertIn(f"schema version {self.newest + 1}", done.stderr)
        self.assertEqual(self.sql(database, "SELECT COUNT(*) FROM schema_version"), [str(len(self.versions) + 1)])


if __name__ == "__main__":
    unittest.main()
