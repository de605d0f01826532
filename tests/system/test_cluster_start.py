"""A node does not start with files of [cluster] that are half there, unreadable, readable by others or of different sets: exit
code 78 and the setting's name, before any port opens, and never an abort later."""
import os
import pathlib
import subprocess
import tempfile
import unittest

PUSHER = str(pathlib.Path(os.environ["PUSHER_BUILD_DIR"]) / "pusher")
NAMES = ("certificate", "key", "ca")
FILES = {"certificate": "certificate.pem", "key": "key.pem", "ca": "ca.pem"}


class ClusterStart(unittest.TestCase):
    def setUp(self):
        self.holder = tempfile.TemporaryDirectory(prefix="pusher-cluster-start-")
        self.addCleanup(self.holder.cleanup)
        self.directory = pathlib.Path(self.holder.name)
        for name, authority in (("n1", "ca"), ("n2", "ca"), ("n3", "foreign")):
            if not (self.directory / authority).exists():
                self.pusher("init-ca", "--directory", authority)
            self.pusher("issue", name, "--directory", authority)

    def pusher(self, *arguments):
        subprocess.run([PUSHER, "cluster", *arguments], cwd=self.directory, check=True, stdout=subprocess.DEVNULL)

    def files(self, **others):
        """n1's, but for those."""
        return {name: others.get(name, str(self.directory / "n1" / FILES[name])) for name in NAMES}

    def refused(self, section, setting, *sentences):
        config = self.directory / "pusher.toml"
        values = {"listen": "127.0.0.1:0", **section}
        config.write_text("[cluster]\n" + "".join(f'{name} = "{value}"\n' for name, value in values.items()))
        data = self.directory / "data"
        ended = subprocess.run([PUSHER, "node", "--config", str(config), "--data-directory", str(data), "--set",
                                "admin.listen=127.0.0.1:0", "--set", "api.listen=127.0.0.1:0"],
                               capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(ended.returncode, 78, (section, ended))
        for part in (setting, *sentences):
            self.assertIn(part, ended.stderr)
        self.assertNotIn("listens", ended.stderr, "a port was opened")
        self.assertFalse((data / "mysql").exists() or (data / "redis").exists(), "stores were started")

    def test_half_configured(self):
        for name in NAMES:
            others = [f"cluster.{each}" for each in NAMES if each != name]
            self.refused({name: self.files()[name]}, ", ".join(others) + ": missing")
            self.refused(self.files(**{name: ""}), f"cluster.{name}: missing")

    def test_reached_from_elsewhere(self):
        self.refused({"listen": "0.0.0.0:0"}, "cluster.listen", "pusher cluster issue")
        self.refused({**self.files(), "listen": "0.0.0.0:0"}, "cluster.advertise", "HOST:PORT")
        self.refused({**self.files(), "advertise": "n1"}, "cluster.advertise", "HOST:PORT")

    def test_unreadable(self):
        empty = self.directory / "empty.pem"
        empty.write_text("")
        empty.chmod(0o600)
        for name in NAMES:
            self.refused(self.files(**{name: str(self.directory / "absent.pem")}), f"cluster.{name}", "absent.pem")
            self.refused(self.files(**{name: str(self.directory)}), f"cluster.{name}", "no regular file")
            self.refused(self.files(**{name: str(empty)}), f"cluster.{name}", "empty.pem", "PEM")

    def test_readable_by_others(self):
        key = self.directory / "n1" / "key.pem"
        for mode in (0o604, 0o640, 0o644):
            key.chmod(mode)
            self.refused(self.files(), "cluster.key", "chmod it to 0600")

    def test_of_different_sets(self):
        self.refused(self.files(key=str(self.directory / "n2" / "key.pem")), "cluster.key", "does not belong")
        self.refused(self.files(ca=str(self.directory / "n3" / "ca.pem")), "cluster.certificate", "not issued by", "cluster.ca")


if __name__ == "__main__":
    unittest.main()
