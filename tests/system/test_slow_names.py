"""A name server that answers slowly or never holds up only the gateway that goes by its name: the others send, the node is ready,
what waits is sent when names are found again, and a node ends politely meanwhile."""
import contextlib
import os
import socket
import tempfile
import threading
import time

from invariants import check_counts
from lab import Lab, until
from machines import in_network, run

NAME = "slow-gateway.test"
EACH = 500


class NameServer:
    """Knows that every name is this machine; `wait` is how many seconds it takes for an answer, None that it gives none."""

    def __init__(self):
        self.wait, self.asked = 0.0, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            question, asker = self.socket.recvfrom(4096)
            self.asked += 1
            if self.wait is not None:
                threading.Timer(self.wait, self.answer, (question, asker)).start()

    def answer(self, question, asker):
        if self.wait is None:  # by now
            return
        name_end = question.index(b"\0", 12) + 1
        kind = question[name_end:name_end + 2]
        is_address = kind == b"\0\1"
        head = question[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_address else b"\0\0") + bytes(4)
        record = b"\xc0\x0c\0\1\0\1" + bytes(4) + b"\0\4\x7f\0\0\1" if is_address else b""
        self.socket.sendto(head + question[12:name_end + 4] + record, asker)


@contextlib.contextmanager
def only_name_server(at):
    """In this mount namespace: whoever starts now asks nobody else."""
    with tempfile.NamedTemporaryFile("w", suffix="-resolv") as file:
        file.write(f"nameserver {at}\noptions timeout:2 attempts:2\n")
        file.flush()
        os.chmod(file.name, 0o644)
        run("mount", "--bind", file.name, "/etc/resolv.conf")
        yield


def launch(node, name, gateway):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "launch": True, "collapse_key": name,
        "audience": {"condition": {"property": "of", "eq": gateway}}})
    assert status == 201, made
    return made["id"]


def all_accepted(node, identity):
    node.wait_completed(identity)
    rows = check_counts(node, identity, EACH)
    assert {row["outcome"] for row in rows.values()} == {"accepted"}, identity


def arrived(emulator, name):
    return sum(row[3] == name for row in emulator.log())


def others_send_meanwhile(lab, node, names, turn):
    """FCM has no connection, and neither its name nor that of its token endpoint is found."""
    asked = names.asked
    waiting = launch(node, f"waits-{turn}", "fcm")
    until("its name to be asked for", lambda: names.asked > asked)
    for number in range(3):
        all_accepted(node, launch(node, f"beside-{turn}-{number}", "apns"))
    assert arrived(lab.emulator, f"waits-{turn}") == 0
    assert node.admin("/readyz")[0] == 200 and node.admin("/livez")[0] == 200
    assert node.notification(waiting)["state"] != "completed"
    return waiting


def main():
    in_network()
    with only_name_server("127.0.0.1"), Lab(emulator_flags=("--name", NAME)) as lab:
        names = NameServer()
        sections = lab.emulator.sections()
        for section, key in (("apns", "base_url"), ("apns", "sandbox_base_url"), ("hms", "base_url"), ("hms", "token_url")):
            sections[section][key] = sections[section][key].replace(NAME, "127.0.0.1")  # the others need no names
        node = lab.node(sections=sections).start()
        node.make_key()
        node.import_devices(lab.emulator.device(gateway, f"{gateway}-{n}", properties={"of": gateway})
                            for gateway in ("fcm", "apns") for n in range(EACH))

        names.wait = None
        waiting = others_send_meanwhile(lab, node, names, "never")
        names.wait = 0.0
        since = time.monotonic()
        all_accepted(node, waiting)
        print(f"completed {time.monotonic() - since:.1f} s after the name server answered again", flush=True)

        # Connections that are there need no names.
        names.wait = None
        all_accepted(node, launch(node, "open", "fcm"))

        lab.emulator.control(close_connections=True)
        names.wait = 1.5
        asked = names.asked
        slowly = launch(node, "slowly", "fcm")
        all_accepted(node, launch(node, "beside-slowly", "apns"))
        all_accepted(node, slowly)
        assert names.asked > asked, "it has connected anew"

        names.wait = None
        lab.emulator.control(close_connections=True)
        waiting = others_send_meanwhile(lab, node, names, "ends")
        since = time.monotonic()
        assert node.stop() == 0
        print(f"ended {time.monotonic() - since:.1f} s after SIGTERM, while a name is looked up", flush=True)
        names.wait = 0.0
        node.start()
        all_accepted(node, waiting)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
