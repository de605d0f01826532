"""TLS before the API: the configurations in deploy/ carry everything that the API does, with Debian's own HAProxy and nginx.
HTTP/2 to clients; event streams, imports and exports are not held back; paths and large heads arrive as they were; who comes
through the proxy is no friend for that; without a node the answer is a problem document."""
import json
import os
import pathlib
import subprocess
import unittest

from lab import Lab, free_port, until

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"


class Proxy:
    """`with` starts it before the node; `curl` speaks HTTP/2 to it, as clients do."""

    def __init__(self, lab, node):
        self.directory = lab.directory / type(self).__name__.lower()
        self.directory.mkdir()
        self.node, self.port = node, free_port()
        self.key, self.certificate = self.directory / "key.pem", self.directory / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        self.key, "-out", self.certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, capture_output=True)

    def __enter__(self):
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen(self.command(), env={**os.environ, **self.environment()}, stdout=log, stderr=log)
        until("the proxy", lambda: self.curl("/livez", check=False).endswith(b" 2 200"))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def environment(self):
        return {}

    def arguments(self, path, *more, key=True):
        signed = ["-H", f"Authorization: Bearer {self.node.key}"] if key else []
        return ["curl", "-sS", "--http2", "--no-buffer", "--cacert", str(self.certificate), *signed,
                f"https://localhost:{self.port}{path}", *more]

    def curl(self, path, *more, check=True, key=True, **options):
        """What was answered, and behind it the version of HTTP and the status."""
        return subprocess.run(self.arguments(path, "-w", " %{http_version} %{http_code}", *more, key=key), check=check,
                              capture_output=True, timeout=60, **options).stdout

    def json(self, path, *more):
        text, version, status = self.curl(path, *more).rsplit(b" ", 2)
        assert version == b"2", version
        return int(status), json.loads(text) if text else None


class Haproxy(Proxy):
    def environment(self):
        both = self.directory / "both.pem"
        both.write_bytes(self.certificate.read_bytes() + self.key.read_bytes())
        return {"PUSHER_NODE": f"127.0.0.1:{self.node.port}", "PUSHER_TLS_LISTEN": f"127.0.0.1:{self.port}",
                "PUSHER_CERTIFICATE": str(both)}

    def command(self):
        configuration = DEPLOY / "haproxy" / "haproxy.cfg"
        checked = subprocess.run(["haproxy", "-c", "-f", configuration], env={**os.environ, **self.environment()},
                                 capture_output=True, text=True, check=False)
        assert checked.returncode == 0 and "WARNING" not in checked.stderr, checked.stderr
        return ["haproxy", "-db", "-f", str(configuration)]


class Nginx(Proxy):
    def command(self):
        text = (DEPLOY / "nginx" / "pusher.conf").read_text(encoding="utf-8")
        for there, here in (("    listen [::]:443 ssl http2;\n", ""), ("listen 443 ", f"listen 127.0.0.1:{self.port} "),
                            ("/etc/nginx/pusher.pem", str(self.certificate)), ("/etc/nginx/pusher.key", str(self.key)),
                            ("127.0.0.1:8080", f"127.0.0.1:{self.node.port}")):
            assert there in text, there
            text = text.replace(there, here)
        places = "".join(f"{kind}_temp_path {self.directory}/{kind};\n" for kind in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        whole = self.directory / "nginx.conf"
        # As Debian's nginx.conf includes it.
        whole.write_text(f"user root;\nworker_processes 1;\npid {self.directory}/pid;\nerror_log stderr;\nevents {{}}\n"
                         f"http {{\naccess_log off;\ngzip on;\n{places}{text}\n}}\n", encoding="utf-8")
        checked = subprocess.run(["nginx", "-t", "-c", whole], capture_output=True, text=True, check=False)
        assert checked.returncode == 0 and "[warn]" not in checked.stderr, checked.stderr
        return ["nginx", "-c", str(whole), "-g", "daemon off;"]


class InFront(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab())
        cls.node = cls.lab.node(sections={"compat": {"gorush": True}})
        cls.node.start()
        cls.node.make_key()
        # A friend of this machine needs no key for gorush's calls.
        cls.node.stop()
        cls.node.sections["compat"]["gorush_key"] = cls.node.key
        cls.node.write_config()
        cls.node.start()

    def test_haproxy(self):
        self.all_of(Haproxy)

    def test_nginx(self):
        self.all_of(Nginx)

    def all_of(self, kind):
        with kind(self.lab, self.node) as proxy:
            self.arrives_as_it_was(proxy)
            self.import_streams(proxy)
            self.progress_streams(proxy)
            self.no_friend(proxy)
            self.node_away(proxy)

    def arrives_as_it_was(self, proxy):
        device = {"gateway": "fcm", "platform": "android", "push_token": f"{type(proxy).__name__}-1"}
        status, _ = proxy.json("/v1/devices/a%2Fb%20c", "-X", "PUT", "-d", json.dumps(device))
        self.assertIn(status, (200, 201))
        self.assertEqual(proxy.json("/v1/devices/a%2Fb%20c")[1]["device_id"], "a/b c")
        self.assertEqual(proxy.json("/v1/devices//x")[0], 404)
        self.assertEqual(proxy.json("/livez", "-H", "X-Filler: " + "x" * 20_000)[0], 200)
        large = proxy.curl("/v1/devices:count", "--data-binary", "@-", input=b" " * 2_000_000)
        self.assertIn(b"body_too_large", large)  # the node's limit, not the proxy's
        headers = proxy.curl("/livez", "-D", "-").decode().lower()
        self.assertIn("strict-transport-security: max-age", headers)
        exported = proxy.curl("/v1/devices:export")
        self.assertIn(b'"a/b c"', exported)

    def import_streams(self, proxy):
        """Lines are stored while others are still to come, and an import is larger than any other body."""
        name = type(proxy).__name__
        answers = proxy.directory / "answers"
        sending = subprocess.Popen(proxy.arguments("/v1/devices:import", "-X", "POST", "-T", "-", "-o", str(answers)),
                                   stdin=subprocess.PIPE)

        def line(number):
            return json.dumps({"device_id": f"{name}-{number}", "gateway": "fcm", "platform": "android",
                               "push_token": f"{name}-{number}", "properties": {"filler": "x" * 1000}}).encode() + b"\n"

        sending.stdin.write(b"".join(line(number) for number in range(2, 2000)))
        sending.stdin.flush()
        until("devices of an import under way", lambda: self.node.call("GET", f"/v1/devices/{name}-2")[0] == 200)
        self.assertIsNone(sending.poll())
        sending.stdin.write(b"".join(line(number) for number in range(2000, 4000)))
        sending.stdin.close()
        self.assertEqual(sending.wait(60), 0)
        results = [json.loads(each) for each in answers.read_text().splitlines()]
        self.assertEqual([each["status"] for each in results], [201] * 3998)

    def progress_streams(self, proxy):
        """Each event when it happens: the one of the draft long before there is another one."""
        status, made = proxy.json("/v1/notifications", "-d", json.dumps({
            "content": {"title": "x"}, "audience": {"device_ids": [f"{type(proxy).__name__}-2"]}}))
        self.assertEqual(status, 201, made)
        told = subprocess.Popen(proxy.arguments(f"/v1/notifications/{made['id']}/progress"), stdout=subprocess.PIPE, text=True)
        first = next(each for each in told.stdout if each.startswith("data:"))
        self.assertIn('"draft"', first)
        self.assertEqual(proxy.json(f"/v1/notifications/{made['id']}:launch", "-X", "POST")[0], 202)
        self.assertIn('"completed"', [each for each in told.stdout if each.startswith("data:")][-1])
        told.stdout.close()
        told.wait(30)

    def no_friend(self, proxy):
        """A call without a key is served to this machine, and not to whoever comes through the proxy, whatever he claims."""
        call = ["-d", json.dumps({"notifications": [{"tokens": ["Haproxy-1"], "platform": 2, "message": "x"}]})]
        direct = self.node.send("POST", "/api/push", call[1], {"Content-Type": "application/json"})
        self.assertEqual(direct[0], 200, direct)
        for claim in ([], ["-H", "X-Forwarded-For: 127.0.0.1"], ["-H", "X-Real-IP;"]):
            status = proxy.curl("/api/push", *call, *claim, key=False).rsplit(b" ", 1)[1]
            self.assertEqual(status, b"401", claim)

    def node_away(self, proxy):
        self.node.stop()
        headers = proxy.curl("/v1/devices:count", "-D", "-", "-d", "{}").decode()
        self.assertRegex(headers, r"(?i)content-type: application/problem\+json")
        self.assertRegex(headers, r"(?i)retry-after: 2")
        self.assertTrue(headers.endswith("2 503"), headers)
        self.node.start()
        until("the proxy to find the node again",
              # It may break off a call that reaches the node as it starts.
              lambda: proxy.curl("/v1/devices:count", "-d", "{}", check=False).endswith(b" 200"))


if __name__ == "__main__":
    unittest.main()
