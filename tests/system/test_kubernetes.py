"""The manifests in deploy/kubernetes: the API's schema takes them, they fit together and to the image, the environment of each
is a configuration that the program accepts, and their certificates and passwords are those that docs/kubernetes.md makes."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import schemas

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = ("api", "fan-out", "push-sender", "result-writer")


def objects():
    folder = ROOT / "deploy/kubernetes"
    named = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert set(named) | {"kustomization.yaml"} == {each.name for each in folder.iterdir()}
    return [made for name in named for made in yaml.safe_load_all((folder / name).read_text(encoding="utf-8"))]


class Manifests(unittest.TestCase):
    def setUp(self):
        self.all = objects()

    def of(self, kind):
        return {each["metadata"]["name"]: each for each in self.all if each["kind"] == kind}

    def deployments(self):
        return {name.removeprefix("pusher-"): each for name, each in self.of("Deployment").items()}

    def schema_says(self, judged):
        place = schemas.laid_out()
        if place is None:
            self.skipTest("there is no npm")
        return subprocess.run(["node", "kubernetes.mjs"], cwd=place, input=json.dumps(judged), capture_output=True, text=True,
                              check=False)

    def test_schema(self):
        said = self.schema_says(self.all)
        self.assertEqual((said.returncode, said.stdout), (0, ""), said.stderr)
        # It sees what is misspelt, missing or of another type.
        spoilt = [json.loads(json.dumps(self.of("Deployment")["pusher-api"])) for _ in range(3)]
        spoilt[0]["spec"]["template"]["spec"]["containers"][0]["redinessProbe"] = {}
        del spoilt[1]["spec"]["selector"]
        spoilt[2]["spec"]["replicas"] = "two"
        said = self.schema_says(spoilt)
        self.assertEqual(said.returncode, 1)
        for what in ("redinessProbe", "selector", "replicas"):
            self.assertIn(what, said.stdout)

    def test_they_fit_together(self):
        self.assertEqual(set(self.deployments()), set(ROLES))
        settings = set(self.of("ConfigMap"))
        budgets = self.of("PodDisruptionBudget")
        for name, each in self.deployments().items():
            labels = each["spec"]["template"]["metadata"]["labels"]
            self.assertEqual(each["spec"]["selector"]["matchLabels"], labels)
            self.assertEqual(budgets[f"pusher-{name}"]["spec"]["selector"]["matchLabels"], labels)
            self.assertGreater(each["spec"]["replicas"], budgets[f"pusher-{name}"]["spec"]["minAvailable"])
            pod = each["spec"]["template"]["spec"]
            container, = pod["containers"]
            self.assertLessEqual({source["configMapRef"]["name"] for source in container["envFrom"]}, settings)
            self.assertEqual({volume["name"] for volume in pod["volumes"]}, {mount["name"] for mount in container["volumeMounts"]})
            ports = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                self.assertIn(container[probe]["httpGet"]["port"], ports)
            # What the namespace demands ("restricted"), and a read-only root.
            self.assertTrue(pod["securityContext"]["runAsNonRoot"])
            self.assertEqual(container["securityContext"], {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                            "capabilities": {"drop": ["ALL"]}})
        service = self.of("Service")["pusher-api"]["spec"]
        self.assertEqual(service["selector"], self.deployments()["api"]["spec"]["selector"]["matchLabels"])
        self.assertEqual(self.deployments()["fan-out"]["spec"]["replicas"], 2)

    def test_image(self):
        """The user is the image's, and draining ends before the pod is killed."""
        text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
        user = int(re.search(r"^USER (\d+):\1$", text, re.M)[1])
        version = re.search(r"project\(pusher VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
        drain = int(re.search(r"#drain_seconds = (\d+)", (ROOT / "conf/pusher.toml").read_text(encoding="utf-8"))[1])
        for each in self.deployments().values():
            pod = each["spec"]["template"]["spec"]
            self.assertEqual(pod["securityContext"]["runAsUser"], user)
            self.assertEqual(pod["containers"][0]["image"], f"pusher:{version}")
            pause = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])[1]
            self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], drain + int(pause) + 10)

    def test_environment(self):
        """Strictly read: a variable that is no option, or a role's missing store, would be refused."""
        maps = {name: each["data"] for name, each in self.of("ConfigMap").items()}
        for name, each in self.deployments().items():
            container = each["spec"]["template"]["spec"]["containers"][0]
            with tempfile.TemporaryDirectory() as place:
                said = {}
                for source in container["envFrom"]:
                    said.update(maps[source["configMapRef"]["name"]])
                for variable in container["env"]:
                    said[variable["name"]] = variable.get("value", "given-by-kubernetes")
                said = {key: value.replace("$(POD_IP)", "10.1.2.3").replace("/etc/pusher", place) for key, value in said.items()}
                for file in [value for value in said.values() if value.startswith(place)]:
                    pathlib.Path(file).parent.mkdir(parents=True, exist_ok=True)
                    pathlib.Path(file).touch(0o600)
                    pathlib.Path(file).write_text("0" * 64 + "\n")
                checked = subprocess.run([os.path.join(os.environ["PUSHER_BUILD_DIR"], "pusher"), "config", "--print", "--set",
                                          f"node.roles={container['args'][2]}"], capture_output=True, text=True, cwd=place,
                                         env={"PATH": os.environ["PATH"], **said}, check=False)
                self.assertEqual(checked.returncode, 0, (name, checked.stderr))
                self.assertIn('name = "given-by-kubernetes"', checked.stdout)
            self.assertEqual(name == "push-sender", not any("MYSQL" in key for key in said))

    def test_secrets_are_made_by_the_guide(self):
        """Each file of a secret that a pod mounts, and no other, under the name that the environment has."""
        page = (ROOT / "docs/kubernetes.md").read_text(encoding="utf-8").replace("\\\n", " ")
        made = {}
        for name, files in re.findall(r"create secret generic (\S+)(.*)", page):
            made[name] = set(re.findall(r"--from-file=(?:([^= ]+)=|(?:\S*/)?([^/= ]+)(?: |$))", files))
            made[name] = {first or second for first, second in made[name]}
        maps = {name: each["data"] for name, each in self.of("ConfigMap").items()}
        wanted = {}
        for each in self.deployments().values():
            pod = each["spec"]["template"]["spec"]
            container = pod["containers"][0]
            said = [value for source in container["envFrom"] for value in maps[source["configMapRef"]["name"]].values()]
            said += [variable.get("value", "") for variable in container["env"]]
            for mount in container["volumeMounts"]:
                volume = next(one for one in pod["volumes"] if one["name"] == mount["name"])
                if "secret" in volume:
                    self.assertEqual(volume["secret"]["defaultMode"], 0o440)  # the group is ours, others read nothing
                    files = {value.rsplit("/", 1)[1] for value in said if value.rsplit("/", 1)[0] == mount["mountPath"]}
                    wanted.setdefault(volume["secret"]["secretName"], set()).update(files)
        self.assertEqual(wanted, made)

    def test_who_reaches_whom(self):
        """Policies name the ports that containers have, and the labels of pods that exist."""
        ports = {port["name"]: port["containerPort"] for each in self.deployments().values()
                 for port in each["spec"]["template"]["spec"]["containers"][0]["ports"]}
        for name, each in self.of("NetworkPolicy").items():
            for rule in each["spec"].get("ingress", []):
                self.assertLessEqual({port["port"] for port in rule["ports"]}, set(ports), name)
            for expression in each["spec"]["podSelector"].get("matchExpressions", []):
                self.assertLessEqual(set(expression["values"]), set(ROLES))
        self.assertEqual(ports, {"api": 8080, "cluster": 4270, "admin": 8081})
        rows = self.of("NetworkPolicy")["pusher-rows"]["spec"]["podSelector"]["matchExpressions"][0]["values"]
        self.assertNotIn("push-sender", rows)


if __name__ == "__main__":
    unittest.main()
