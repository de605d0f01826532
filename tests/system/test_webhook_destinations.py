"""Destination safety of webhooks: no packet leaves to an address that is not public, neither by the URL nor by what a name
leads to later (guarantees: 4, 7)."""
import os
import pathlib
import shutil
import socket
import subprocess

from lab import Lab

HOSTILE = ["http://hooks.example.com/", "ftp://hooks.example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x",
           "https://user:pass@hooks.example.com/", "https://hooks.example.com:22/", "https://hooks.example.com:6379/",
           "https://127.0.0.1{port}/", "https://127.1{port}/", "https://0x7f.1{port}/", "https://0x7f000001{port}/",
           "https://2130706433{port}/", "https://017700000001{port}/", "https://[::1]{port}/",
           "https://[::ffff:10.0.0.1]{port}/", "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/",
           "https://0.0.0.0{port}/", "https://localhost{port}/", "https://localhost.{port}/", "https://intranet/",
           "https://hooks.example.com{port}@127.0.0.1{port}/", "https://hooks.example.com\\@127.0.0.1{port}/",
           "https://hooks.example.com#@127.0.0.1{port}/", "https://hooks.example.com/\r\nX: y", "//127.0.0.1{port}/",
           "https://private.example{port}/", "https://mixed.example{port}/", "https://private6.example{port}/"]
HOSTS = """127.0.0.1 localhost
10.1.2.3 private.example
fd00::1 private6.example
1.1.1.1 mixed.example
127.0.0.1 mixed.example
1.1.1.1 rebinding.example
"""


class Trap:
    """Listens on loopback, and is never to be reached."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def caught(self):
        try:
            self.socket.accept()[0].close()
            return True
        except BlockingIOError:
            return False


def with_hosts(node, hosts):
    """The node runs in a mount namespace of its own, in which /etc/hosts is `hosts`; false where that is not allowed."""
    program = pathlib.Path(node.directory) / "pusher-with-hosts"
    inside = f'mount --bind "{hosts}" /etc/hosts && exec "{node.pusher}" "$@"'
    program.write_text(f"#!/bin/sh\nexec unshare --mount sh -c '{inside}' sh \"$@\"\n")
    program.chmod(0o700)
    if shutil.which("unshare") is None or subprocess.run(
            ["unshare", "--mount", "mount", "--bind", str(hosts), "/etc/hosts"], capture_output=True, check=False).returncode:
        return False
    node.pusher = str(program)
    return True


def main():
    trap = Trap()
    os.environ["https_proxy"] = os.environ["all_proxy"] = f"http://127.0.0.1:{trap.port}"
    with Lab() as lab:
        hosts = lab.directory / "hosts"
        hosts.write_text(HOSTS)
        node = lab.node(sections={"webhooks": {"ports": f"443,{trap.port}", "timeout_seconds": 3}})
        names = with_hosts(node, hosts)
        node.start()
        key = node.make_key("admin")
        port = f":{trap.port}"
        for each in HOSTILE:
            url = each.replace("{port}", port)
            if ".example{" in each and "hooks" not in each and not names:
                continue
            status, told, _ = node.call("POST", "/v1/webhooks", {"url": url}, key=key)
            assert status == 400 and told["errors"][0]["pointer"] == "/url", (url, status, told)
        assert node.call("GET", "/v1/webhooks", key=key)[1]["items"] == []
        if names:
            # A name that is public when it is registered, and leads inside when it is connected to.
            status, made, _ = node.call("POST", "/v1/webhooks", {"url": f"https://rebinding.example{port}/"}, key=key)
            assert status == 201, made
            hosts.write_text(HOSTS.replace("1.1.1.1 rebinding", "127.0.0.1 rebinding"))
            status, said, _ = node.call("POST", f"/v1/webhooks/{made['id']}:test", key=key)
            assert status == 200 and said["trouble"].startswith("destination: "), said
            status, told, _ = node.call("PATCH", f"/v1/webhooks/{made['id']}", {"url": f"https://rebinding.example{port}/x"}, key=key)
            assert status == 400 and told["errors"][0]["pointer"] == "/url", told
        else:
            print("no mount namespaces here: names are left to contract.transports", flush=True)
        assert not trap.caught(), "something was connected to"
        assert node.stop() == 0
    # The trap is one that can be reached.
    socket.create_connection(("127.0.0.1", trap.port)).close()
    assert trap.caught()


if __name__ == "__main__":
    main()
