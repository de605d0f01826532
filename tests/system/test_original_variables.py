"""What the original service ran as four kinds of process runs here as four nodes with one role each, with its variables:
they wait for stores that are away, say what they miss, and send a campaign. A store that is not named is refused."""
import json
import os
import subprocess
import tempfile
import unittest

from invariants import check_accepted_once, check_counts
from lab import Lab, free_port, until

PREFIXES = {"api": "API_SERVER", "fan-out": "NOTIFICATION_WORKER", "push-sender": "PUSH_WORKER",
            "result-writer": "RESULT_WORKER"}
USER = {"USER": "service", "PASSWORD": "secret-of-rows", "DATABASE": "campaigns"}
REDIS_PASSWORD = "secret-of-the-journal"
DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"} for n in range(5000)]


def mysql_variables(prefix, port):
    values = {"HOST": "127.0.0.1", "PORT": str(port), **USER}
    return {f"{prefix}__MYSQL__{name}": value for name, value in values.items()}


def redis_variables(prefix, port):
    values = {"HOST": "127.0.0.1", "PORT": str(port), "PASSWORD": REDIS_PASSWORD}
    return {f"{prefix}__REDIS__{name}": value for name, value in values.items()}


def environment_of(role, stores, nowhere):
    """The role's own variables, and those of the others, which lead nowhere: they do not count."""
    made = {}
    for each, prefix in PREFIXES.items():
        mysql, redis = (stores.mysql_port, stores.redis_port) if each == role else (nowhere, nowhere)
        made.update(redis_variables(prefix, redis))
        if each != "push-sender":
            made.update(mysql_variables(prefix, mysql))
    return made


def failing_checks(node):
    status, body = node.admin("/readyz")
    return {check["name"] for check in json.loads(body)["checks"] if not check["ok"]} if status == 503 else set()


def let_in(stores):
    """The user of the variables, and the password of Redis."""
    stores.execute(f"CREATE USER '{USER['USER']}'@'%' IDENTIFIED BY '{USER['PASSWORD']}'; "
                   f"GRANT ALL ON {USER['DATABASE']}.* TO '{USER['USER']}'@'%';")
    stores.set_redis_password(REDIS_PASSWORD)


class OriginalVariables(unittest.TestCase):
    def test_campaign_through_four_nodes(self):
        with Lab() as lab:
            stores, nowhere, section = lab.stores(), free_port(), lab.cluster()
            nodes = {role: lab.node(role, {"cluster": section(role)}, ("--roles", role, "--name", role),
                                    environment_of(role, stores, nowhere)) for role in PREFIXES}
            self.give_server_key(lab, nodes["push-sender"])
            for role, node in nodes.items():
                # Only the push worker had a credential.
                del node.sections["fcm"]
                node.write_config()
                self.assertNotIn("redis", node.sections)
                node.start(wait=False)
                wanted = {"redis"} if role == "push-sender" else {"redis", "mariadb"}
                until(f"{role} to say what it misses", lambda n=node, w=wanted: w <= failing_checks(n))
                self.assertEqual(node.admin("/livez")[0], 200)
            self.assertNotIn("mariadb", failing_checks(nodes["push-sender"]))
            stores.start()
            let_in(stores)
            for node in nodes.values():
                node.wait_ready()
            api = nodes["api"]
            api.make_key("devices,send,read", "--set", "node.roles=api")
            api.import_devices(DEVICES)
            status, made, _ = api.call("POST", "/v1/notifications", {
                "content": {"title": "Hello"}, "audience": {"all": True}, "launch": True})
            self.assertEqual(status, 201, made)
            done = api.wait_completed(made["id"])
            self.assertEqual(done["counts"]["accepted"], len(DEVICES), done)
            check_counts(api, made["id"], len(DEVICES))
            until("the gateway's log", lambda: lab.emulator.arrived() >= len(DEVICES))
            check_accepted_once(api, made["id"], DEVICES, lab.emulator)
            for node in nodes.values():
                self.assertEqual(node.stop(), 0, node.log_tail())

    def give_server_key(self, lab, node):
        """FCM's legacy API as the service had it; only where it is has to be said, since it is not Google's here."""
        with open(lab.emulator.ready["legacy_server_key_file"], encoding="ascii") as file:
            key = file.read().strip()
        node.environment.update(PUSH_WORKER__FIREBASE__CLIENT="legacy", PUSH_WORKER__FIREBASE__SERVER_KEY=key)
        node.sections["fcm_legacy"] = {"base_url": lab.emulator.ready["base_url"], "ca_file": lab.emulator.ready["ca_file"]}

    def test_a_store_that_is_not_named(self):
        for role, prefix in PREFIXES.items():
            mysql, redis = mysql_variables(prefix, 1), redis_variables(prefix, 1)
            if role == "push-sender":
                self.refused(role, {}, "redis.host", "push-sender")
                continue
            self.refused(role, redis, "redis.host is set and mysql.host is not", "set both")
            self.refused(role, mysql, "mysql.host is set and redis.host is not", "set both")

    def refused(self, role, variables, *sentences):
        pusher = os.path.join(os.environ["PUSHER_BUILD_DIR"], "pusher")
        with tempfile.TemporaryDirectory(prefix="pusher-stores-") as directory:
            ended = subprocess.run([pusher, "node", "--roles", role, "--data-directory", directory + "/data"], cwd=directory,
                                   env={**os.environ, **variables}, capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(ended.returncode, 78, (role, ended))
            for sentence in sentences:
                self.assertIn(sentence, ended.stderr)
            self.assertEqual(os.listdir(directory), [], "something was begun")


if __name__ == "__main__":
    unittest.main()
