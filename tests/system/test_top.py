"""`pusher top` draws a cluster on a terminal, goes on when its node goes away and comes back, and leaves the terminal as it was;
without a terminal it prints one frame. `inspect --watch` looks again and again, with rates."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import unittest

from lab import Lab, until


class Terminal:
    """A program on a terminal of its own; `seen` is all that it wrote there."""

    def __init__(self, command, lines=24, columns=80):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs, self.ours, self.seen = theirs, ours, ""
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)

    def read(self):
        while select.select([self.ours], [], [], 0)[0]:
            self.seen += os.read(self.ours, 65536).decode(errors="replace")
        return self.seen

    def shows(self, part):
        """Waits until what is drawn from now on has it."""
        start = len(self.read())
        until(f"the screen to show {part!r}", lambda: part in self.read()[start:], 40)

    def press(self, key):
        os.write(self.ours, key.encode())

    def ended(self):
        code = self.process.wait(20)
        self.read()
        restored = termios.tcgetattr(self.theirs)
        os.close(self.ours)
        os.close(self.theirs)
        return code, restored == self.before, self.seen.endswith("\033[?7h\033[?25h\033[?1049l")


class Top(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.node = self.lab.node(sections={"node": {"name": "n1"}})
        # A node that comes back has its old address.
        self.node.start()
        address = self.node.events("cluster.listens")[-1]["listen"]
        self.node.sections["cluster"]["listen"] = address
        self.node.write_config()
        self.command = [self.node.pusher, "top", "--config", str(self.node.config)]

    def test_on_a_terminal(self):
        top = Terminal(self.command)
        top.shows("push-sender")
        self.assertTrue(top.seen.startswith("\033[?1049h"))
        top.press("?")
        top.shows("freezes the picture")
        top.press("?")
        top.shows("result-writer")
        top.press("p")
        top.shows("[frozen]")
        top.press("p")
        top.shows("n1")
        self.node.stop()
        top.shows("NO ANSWER")
        self.node.start()
        top.shows("ready")
        start = len(top.read())
        fcntl.ioctl(top.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 60, 0, 0))
        os.kill(top.process.pid, signal.SIGWINCH)
        until("the smaller frame", lambda: "\033[H" in top.read()[start:])
        top.press("q")
        self.assertEqual(top.ended(), (0, True, True))

    def test_ended_by_a_signal_the_terminal_is_as_it_was(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            top = Terminal(self.command)
            top.shows("n1")
            os.kill(top.process.pid, number)
            self.assertEqual(top.ended(), (0, True, True))

    def test_without_a_terminal(self):
        ended = subprocess.run(self.command, capture_output=True, text=True, timeout=60, check=True)
        self.assertNotIn("\033", ended.stdout)
        self.assertIn("leader n1 (epoch 1)", ended.stdout)
        self.assertTrue(all(len(line) <= 80 for line in ended.stdout.splitlines()), ended.stdout)
        self.node.stop()
        ended = subprocess.run(self.command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (3, ""))
        self.assertIn("No connection to the node", ended.stderr)

    def gateways(self):
        """Without trouble: at first there is no access token."""
        try:
            return self.node.inspected("gateways")["gateways"]
        except AssertionError:
            return None

    def test_watched(self):
        until("the gateway to be open", self.gateways)
        watching = subprocess.Popen([self.node.pusher, "inspect", "gateways", "--json", "--watch", "0.2", "--config",
                                     str(self.node.config)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(watching.kill)
        lines = [watching.stdout.readline() for _ in range(3)]
        self.assertNotIn("requests_per_second", lines[0])
        self.assertIn("requests_per_second", lines[2])
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=20)
        self.assertEqual(watching.returncode, 0)
        # An order is given once.
        self.assertIn("--watch", self.node.inspect("pause", "fan-out", "--watch", code=2))
        self.node.inspect("status", "--watch", "--node", "127.0.0.1:1", code=3)


if __name__ == "__main__":
    unittest.main()
