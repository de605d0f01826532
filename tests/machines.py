"""Machines of a network that a test owns: network namespaces behind a bridge, each with its address and a firewall.

`in_network()` puts the test itself into a private network and mount namespace, where it is 10.77.0.1: there run the
stores and the gateway emulator. Nothing of it is seen outside, and the kernel takes it all away with the last process.
"""
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

HUB = "10.77.0.1"
GATEWAY_NAME = "gateway.test"
CANNOT = 77  # what ctest takes for "skipped"


def run(*command):
    subprocess.run([str(each) for each in command], check=True, stdout=subprocess.DEVNULL)


def in_network():
    """Runs the script anew in its own network; returns there. Ends with CANNOT where this system has no namespaces,
    bridges or packet filter for us."""
    if os.environ.get("PUSHER_TEST_NETWORK") != "made":
        if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, check=False).returncode != 0:
            cannot("this user may make no network namespaces here (run as root)")
        os.environ["PUSHER_TEST_NETWORK"] = "made"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.orig_argv[1:]])
    try:
        make_hub()
    except subprocess.CalledProcessError as fault:
        cannot(f"not possible here: {' '.join(fault.cmd)}")


def cannot(why):
    print(f"skipped: {why}", flush=True)
    sys.exit(CANNOT)


def make_hub():
    names = pathlib.Path("/run/netns")
    names.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", names)
    with tempfile.NamedTemporaryFile("w", suffix="-hosts") as hosts:
        hosts.write(f"127.0.0.1 localhost\n{HUB} {GATEWAY_NAME}\n")
        hosts.flush()
        os.chmod(hosts.name, 0o644)
        run("mount", "--bind", hosts.name, "/etc/hosts")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "hub", "type", "bridge")
    run("ip", "address", "add", f"{HUB}/24", "dev", "hub")
    run("ip", "link", "set", "hub", "up")
    run("nft", "list", "ruleset")


class Machine:
    """One namespace. Its firewall lets everything pass until a fault is put into it."""

    def __init__(self, number):
        self.name, self.address = f"m{number}", f"10.77.0.{10 + number}"
        self.prefix = ["ip", "netns", "exec", self.name]
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", self.name, "master", "hub", "up")
        self.does("ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            self.does("ip", "link", "set", device, "up")

    def does(self, *command):
        run(*self.prefix, *command)

    def listens_on(self):
        """Every listening TCP socket in it, as (address, port)."""
        said = subprocess.run([*self.prefix, "ss", "--no-header", "-ltn"], capture_output=True, text=True, check=True)
        return {tuple(line.split()[3].rsplit(":", 1)) for line in said.stdout.splitlines()}

    @contextlib.contextmanager
    def firewall(self, *rules):
        """Drops what the rules match; (chain, match) each, the chain being input or output. Without a match everything
        but the loopback."""
        lines = ["table inet cut {"]
        for chain in ("input", "output"):
            lines.append(f"chain {chain} {{ type filter hook {chain} priority 0; policy accept;")
            lines += [f"{match} drop" for where, match in rules if where == chain]
            lines.append("}")
        subprocess.run([*self.prefix, "nft", "-f", "-"], input="\n".join([*lines, "}"]) + "\n", text=True, check=True)
        try:
            yield
        finally:
            self.does("nft", "delete", "table", "inet", "cut")

    def cut_off(self):
        """Nothing comes in or goes out."""
        return self.firewall(("input", 'iifname "eth0"'), ("output", 'oifname "eth0"'))

    def cut_from(self, port):
        """Nothing to or from a port of whomever."""
        return self.firewall(("input", f"tcp sport {port}"), ("output", f"tcp dport {port}"))

    def deaf_to(self, port):
        """One way: what it sends arrives, the answers do not."""
        return self.firewall(("input", f"tcp sport {port}"))

    @contextlib.contextmanager
    def unplugged(self):
        run("ip", "link", "set", self.name, "down")
        try:
            yield
        finally:
            run("ip", "link", "set", self.name, "up")
