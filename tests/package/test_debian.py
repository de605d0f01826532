"""The Debian package on a Debian of its own, with systemd: installed by docs/install.md to the first push; upgraded over a
database of an earlier schema; restarted by the watchdog; removed, installed again, and purged."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import debian_machine
from debian_machine import Machine
from waiting import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["PUSHER_BUILD_DIR"]).resolve()
OLD_KEY = "psk_" + "earlier_".ljust(43, "0")
EARLIER = 1  # the schema that the upgrade starts from


def package(directory, version):
    """What `./run package` makes, of this build."""
    subprocess.run(["cpack", "--config", str(BUILD / "CPackConfig.cmake"), "-B", str(directory), "-D",
                    f"CPACK_PACKAGE_VERSION={version}", "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none"],
                   check=True, stdout=subprocess.DEVNULL)
    return next(directory.glob(f"pusher_{version}_*.deb"))


def field(package_file, name):
    return subprocess.run(["dpkg-deb", "--field", str(package_file), name], check=True, capture_output=True,
                          text=True).stdout.strip()


def commands(heading):
    """The commands under a heading of docs/install.md."""
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.S | re.M))


def earlier_rows():
    """An application, an API key and two devices as the first schema had them."""
    rows = ["INSERT INTO applications (id, name, created_at) VALUES (1, 'default', 1)",
            f"INSERT INTO api_keys (application_id, prefix, key_hash, scopes, created_at) VALUES (1, '{OLD_KEY[:12]}', "
            f"UNHEX('{hashlib.sha256(OLD_KEY.encode()).hexdigest()}'), 7, 1)"]
    for token in ("old-1", "old-2"):
        rows.append("INSERT INTO devices (application_id, device_id, gateway, environment, platform, token_hash, push_token, "
                    f"properties, created_at, updated_at, last_seen_at, token_registered_at) VALUES (1, '{token}', 1, 1, 1, "
                    f"""UNHEX('{hashlib.sha256(token.encode()).hexdigest()}'), '{token}', '{{"plan":"pro"}}', 1, 1, 1, 1)""")
    return "\n".join(rows)


class OnDebian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="pusher-package-") as place:
            old, new = (package(pathlib.Path(place), version) for version in ("0.0.9", "0.1.0"))
            tree = debian_machine.base(BUILD, field(new, "Depends") + ", " + field(new, "Recommends"))
            cls.machine = cls.enterClassContext(Machine(tree))
            for each in (old, new):
                cls.machine.put(each, f"/root/{each.name}")
            cls.old, cls.new = old.name, new.name
        for program in ("gateway-emulator", "earlier-schema"):
            cls.machine.put(BUILD / program, f"/usr/local/bin/{program}")
        cls.machine.run("chmod 755 /usr/local/bin/*")
        cls.emulator = cls.machine.spawn("exec gateway-emulator --listen 127.0.0.1:8443 --name localhost --directory /gateway "
                                         "--log /gateway/arrived.log")
        cls.addClassCleanup(cls.emulator.wait)
        cls.addClassCleanup(cls.emulator.kill)

    def run_in(self, script, **more):
        return self.machine.run(script, **more).stdout.strip()

    def unit(self, what):
        return self.run_in(f"systemctl show -P {what} pusher")

    def call(self, key, path, *more):
        return json.loads(self.run_in(f"curl -sS -H 'Authorization: Bearer {key}' localhost:8080{path} " + " ".join(more)))

    def completed(self, key, which):
        return until("its completion", lambda: (found := self.call(key, f"/v1/notifications/{which}"))["state"] == "completed"
                     and found, 30, 0.2)

    def arrived(self):
        self.run_in("curl -sS --cacert /gateway/ca.pem https://localhost:8443/_stats")
        return self.run_in("cut -f3 /gateway/arrived.log").split()

    def test_life_of_a_package(self):
        self.install_by_the_guide()
        self.check_what_is_there()
        self.revive_a_hanging_node()
        self.upgrade_an_earlier_schema()
        self.remove_and_come_back()
        self.purge()

    def install_by_the_guide(self):
        until("the emulator", lambda: self.run_in("ls /gateway", check=False).count("ready.json"))
        self.run_in(f"mkdir later; mv {self.new} later; cp /gateway/service-account.json .")
        self.run_in("set -e\n" + commands("Install"), timeout=300)
        # Not in the guide: the stand-in for FCM.
        self.run_in("""sed -i '/^\\[fcm\\]/a base_url = "https://localhost:8443"\\nca_file = "/gateway/ca.pem"' """
                    "/etc/pusher/pusher.toml && chmod -R a+rX /gateway")
        self.run_in("set -e\n" + commands("A credential of FCM"))
        said = self.run_in("set -e\n" + commands("The first push") + "\necho; echo $KEY")
        self.assertIn("accepted", said)
        key = said.splitlines()[-1]
        launched = re.findall(r'"id": ?"([0-9a-f-]{36})"', said)[-1]
        self.assertEqual(self.completed(key, launched)["counts"]["accepted"], 1)
        self.assertEqual(self.arrived(), ["TOKEN", "TOKEN"])

    def check_what_is_there(self):
        self.assertEqual(self.run_in("dpkg-query -W -f '${Version}' pusher"), "0.0.9")
        self.assertEqual((self.unit("ActiveState"), self.unit("User")), ("active", "pusher"))
        self.assertRegex(self.unit("StatusText"), "^Ready, plays api=2")
        self.assertEqual(self.run_in("stat -c '%U %G %a' /var/lib/pusher /etc/pusher/pusher.toml"),
                         "pusher pusher 700\nroot pusher 640")
        self.assertEqual(self.run_in("ps -o user= -C pusher,mariadbd | sort -u"), "pusher")
        self.assertEqual(self.run_in("systemctl is-enabled pusher"), "enabled")
        self.assertEqual(self.run_in("dpkg --verify pusher | grep -v 'c /etc/pusher/pusher.toml' || true"), "")
        # Root would spoil the data directory.
        refused = self.machine.run("pusher keys list", check=False)
        self.assertEqual(refused.returncode, 78)
        self.assertIn("runuser -u pusher -- pusher", refused.stderr)

    def revive_a_hanging_node(self):
        """The watchdog lives through quiet times, and ends a node that does not turn."""
        self.run_in("mkdir -p /run/systemd/system/pusher.service.d && printf '[Service]\\nWatchdogSec=2\\n' "
                    ">/run/systemd/system/pusher.service.d/test.conf && systemctl daemon-reload && systemctl restart pusher")
        first = self.unit("MainPID")
        began = self.unit("WatchdogTimestampMonotonic")
        until("three signs of life", lambda: int(self.unit("WatchdogTimestampMonotonic")) > int(began) + 3_000_000, 20, 0.2)
        self.assertEqual(self.unit("NRestarts"), "0")
        self.run_in(f"kill -STOP {first}")
        until("another process", lambda: self.unit("NRestarts") == "1" and self.unit("ActiveState") == "active", 60, 0.2)
        self.assertNotEqual(self.unit("MainPID"), first)
        self.run_in("rm -r /run/systemd/system/pusher.service.d && systemctl daemon-reload")

    def upgrade_an_earlier_schema(self):
        # The journal belongs to the rows that it was made with.
        self.run_in("systemctl stop pusher && rm -r /var/lib/pusher/redis")
        self.run_in(f"runuser -u pusher -- earlier-schema {EARLIER} <<'ROWS'\n{earlier_rows()}\nROWS")
        self.run_in("echo '# ours' >>/etc/pusher/pusher.toml")
        self.run_in(f"apt-get install -y ./later/{self.new}", timeout=300)
        self.assertEqual(self.run_in("dpkg-query -W -f '${Version}' pusher"), "0.1.0")
        self.assertEqual(self.unit("ActiveState"), "active")
        self.assertEqual(self.run_in("pusher health --quiet && tail -n 1 /etc/pusher/pusher.toml"), "# ours")
        self.assertIn("schema.migrating", self.run_in("journalctl -u pusher --no-pager"))
        self.assertEqual(self.call(OLD_KEY, "/v1/devices/old-1")["properties"], {"plan": "pro"})
        launched = self.call(OLD_KEY, "/v1/notifications", "-d", "'" + json.dumps(
            {"content": {"title": "Still here"}, "audience": {"all": True}, "launch": True}) + "'")
        self.assertEqual(self.completed(OLD_KEY, launched["id"])["counts"]["accepted"], 2)
        self.assertEqual(sorted(self.arrived()[2:]), ["old-1", "old-2"])

    def remove_and_come_back(self):
        self.run_in("apt-get remove -y pusher")
        self.assertEqual(self.run_in("pgrep -x pusher\\|mariadbd", check=False), "")
        self.assertEqual(self.run_in("ls -d /usr/bin/pusher /etc/pusher/pusher.toml /var/lib/pusher/mysql 2>/dev/null", check=False),
                         "/etc/pusher/pusher.toml\n/var/lib/pusher/mysql")
        self.run_in(f"apt-get install -y ./later/{self.new}", timeout=300)
        self.assertEqual(self.unit("ActiveState"), "active")
        self.assertEqual(self.call(OLD_KEY, "/v1/devices/old-2")["device_id"], "old-2")

    def purge(self):
        self.run_in("rm /etc/pusher/service-account.json; apt-get purge -y pusher")
        self.assertEqual(self.run_in("find / -xdev -iname '*pusher*' -not -path '/gateway/*' -not -path '/root/*' "
                                     "-not -path '/var/cache/*' -not -path '/var/log/*'"), "")
        self.assertEqual(self.run_in("systemctl --failed --plain --no-legend | grep pusher || true"), "")


if __name__ == "__main__":
    reason = debian_machine.why_not()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main()
