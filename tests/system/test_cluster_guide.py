"""docs/cluster.md: whoever follows its steps for three machines has a cluster. The commands and configurations are those of the
page, with addresses and directories of this machine."""
import pathlib
import re
import shutil
import subprocess
import unittest

from invariants import check_counts
from lab import Lab, Node, free_port, until

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "cluster.md"
PASSWORDS = {"redis-password": "of-the-journal", "mysql-password": "of-the-rows"}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


class GuidedNode(Node):
    """A node whose configuration is the page's; what one machine cannot have twice comes by flags."""

    def __init__(self, build, directory, text, stores):
        super().__init__(build, directory)
        ours = {"/var/lib/pusher": str(self.directory / "data"), "10.0.0.10": "127.0.0.1"}
        for there, here in ours.items():
            text = text.replace(there, here)
        # 10.0.0.1 becomes 127.0.0.1, and so on: they are all on loopback.
        text = re.sub(r"10\.0\.0\.(\d):8080", lambda found: f"127.0.0.{found[1]}:{self.port}", text)
        text = re.sub(r"10\.0\.0\.(\d):4270", lambda found: f"127.0.0.{found[1]}:{free_port()}", text)
        assert "10.0.0." not in text, text
        self.config.write_text(text)
        flags = {"admin.listen": f"127.0.0.1:{self.admin_port}", "redis.port": stores.redis_port}
        if "[mysql]" in text:
            flags["mysql.port"] = stores.mysql_port
        self.flags = [part for name, value in flags.items() for part in ("--set", f"{name}={value}")]


class Guide(unittest.TestCase):
    def test_three_machines(self):
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            self.make_files(lab)
            stores.execute(blocks("sql")[0].replace("10.0.0.%", "%").replace("THE-PASSWORD-OF-MARIADB", PASSWORDS["mysql-password"]))
            stores.set_redis_password(PASSWORDS["redis-password"])
            nodes = [self.node(lab, stores, name, text) for name, text in zip(("n1", "n2", "n3"), blocks("toml"))]
            for node in nodes:
                node.start(wait=False)
            for node in nodes:
                node.wait_ready()
            until("every pair to be connected", lambda: all(len(node.events("cluster.connected")) >= 2 for node in nodes))
            self.push(lab, nodes)
            self.fresh_certificate(lab, nodes[2])
            self.restart_one_after_the_other(nodes)
            self.push(lab, nodes)
            for node in nodes:
                self.assertEqual(node.stop(), 0, node.log_tail())

    def make_files(self, lab):
        """The commands of the page that make certificates and the secrets key."""
        commands = [line for line in blocks("sh")[0].splitlines() if line]
        self.assertEqual(len([each for each in commands if each.startswith("pusher cluster issue")]), 3)
        for command in commands:
            subprocess.run(["bash", "-c", command], cwd=lab.directory, check=True, stdout=subprocess.DEVNULL,
                           env={"PATH": f"{lab.build}:/usr/bin:/bin"})
        for name, password in PASSWORDS.items():
            (lab.directory / name).write_text(password + "\n")
            (lab.directory / name).chmod(0o600)

    def node(self, lab, stores, name, text):
        self.assertIn(f'name = "{name}"', text)
        # The stand-in for FCM, in every node's configuration.
        text += "\n[fcm]\n" + "".join(f'{key} = {str(value) if isinstance(value, int) else chr(34) + value + chr(34)}\n'
                                      for key, value in lab.emulator.settings().items())
        made = GuidedNode(lab.build, lab.directory / name, text, stores)
        lab.nodes.append(made)
        for file in ("secrets.key", *(each for each in PASSWORDS if name != "n3" or each != "mysql-password")):
            shutil.copy(lab.directory / file, made.directory)
        self.bring(lab, made, 1)
        checked = subprocess.run([made.pusher, "config", "--check", "--config", str(made.config), *made.flags],
                                 capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked)
        return made

    def bring(self, lab, node, version):
        """scp -r copies what the link of the issued set leads to; then one link is turned."""
        name = node.directory.name
        shutil.copytree(lab.directory / "nodes" / name, node.directory / f"{name}-{version}")
        subprocess.run(["ln", "-sfnT", f"{name}-{version}", str(node.directory / name)], check=True)

    def push(self, lab, nodes):
        first = nodes[0]
        if first.key is None:
            first.make_key("devices,send,read,admin", *first.flags)
            first.import_devices({"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"t-{n}"}
                                 for n in range(2000))
        before = lab.emulator.arrived()
        status, made, _ = first.call("POST", "/v1/notifications", {
            "content": {"title": "Hello"}, "audience": {"all": True}, "launch": True})
        self.assertEqual(status, 201, made)
        self.assertEqual(first.wait_completed(made["id"])["counts"]["accepted"], 2000)
        check_counts(first, made["id"], 2000)
        until("the gateway's log", lambda: lab.emulator.arrived() >= before + 2000)

    def fresh_certificate(self, lab, node):
        subprocess.run([node.pusher, "cluster", "issue", node.directory.name, "--out", "nodes", "--host", "127.0.0.3"],
                       cwd=lab.directory, check=True, stdout=subprocess.DEVNULL)
        self.bring(lab, node, 2)
        until("the fresh certificate to be taken", lambda: node.events("cluster.certificate_renewed"))

    def restart_one_after_the_other(self, nodes):
        for node in nodes:
            self.assertEqual(node.stop(), 0, node.log_tail())
            node.start()
        until("every pair to be connected again", lambda: all(
            len(node.events("cluster.connected")) >= 4 for node in nodes))


if __name__ == "__main__":
    unittest.main()
