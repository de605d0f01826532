"""Each verb of the fault relay does what it says, and healing undoes it: faults that do nothing prove nothing."""
import socket
import threading
import time
import unittest

from lab import until
from relay import MOST_KEPT, Relay


class Echo:
    """Sends back what it gets, and remembers it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.got = bytearray()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            while data := connection.recv(65536):
                self.got += data
                connection.sendall(data)
        except OSError:
            pass
        connection.close()


class Verbs(unittest.TestCase):
    def setUp(self):
        self.echo = Echo()
        self.addCleanup(self.echo.listener.close)
        self.relay = Relay(self.echo.port, seed=1)
        self.addCleanup(self.relay.stop)

    def connect(self, seconds=20.0):
        made = socket.create_connection(("127.0.0.1", self.relay.port), seconds)
        self.addCleanup(made.close)
        return made

    def asks(self, connection, said=b"hello"):
        connection.sendall(said)
        heard = b""
        while len(heard) < len(said):
            part = connection.recv(65536)
            if not part:
                raise ConnectionError("closed")
            heard += part
        return heard

    def hears_nothing(self, connection):
        connection.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            connection.recv(1)
        connection.settimeout(20)

    def heals(self, *hurt):
        """Those that were hurt are reset, and new ones pass."""
        self.relay.pass_on()
        for each in hurt:
            with self.assertRaises(ConnectionError):
                if each.recv(1) == b"":
                    raise ConnectionError("closed")
        self.assertEqual(self.asks(self.connect()), b"hello")

    def test_pass_on_much(self):
        """More than the relay keeps, both ways, and the end passes too."""
        connection, much = self.connect(), bytes(range(256)) * (MOST_KEPT // 64)
        heard = bytearray()

        def listen():
            while len(heard) < len(much):
                heard.extend(connection.recv(65536))

        listener = threading.Thread(target=listen)
        listener.start()
        connection.sendall(much)
        listener.join()
        self.assertEqual(bytes(heard), much)
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(connection.recv(1), b"")

    def test_cut(self):
        old = self.connect()
        self.asks(old)
        self.relay.cut()
        new = self.connect()
        for each in (old, new):
            each.sendall(b"lost")
            self.hears_nothing(each)
        self.assertNotIn(b"lost", self.echo.got)
        self.relay.pass_on()
        with self.assertRaises(ConnectionError):
            if old.recv(1) == b"":
                raise ConnectionError("closed")
        self.assertEqual(self.asks(self.connect()), b"hello")

    def test_deaf(self):
        old = self.connect()
        self.asks(old)
        self.relay.deaf()
        old.sendall(b"arrives")
        until("it to arrive", lambda: b"arrives" in self.echo.got)
        self.hears_nothing(old)
        self.heals(old)

    def test_refuse(self):
        old = self.connect()
        self.asks(old)
        self.relay.refuse()
        with self.assertRaises(ConnectionError):
            self.asks(old)
        for _ in range(2):
            with self.assertRaises(ConnectionRefusedError):
                self.connect()
        self.heals()
        self.relay.refuse()
        self.heals()

    def test_reset_after(self):
        self.relay.reset_after(1000)
        connection = self.connect()
        self.asks(connection, b"x" * 400)
        with self.assertRaises(ConnectionError):
            for _ in range(10):
                self.asks(connection, b"x" * 400)
        self.heals()

    def test_delay(self):
        connection = self.connect()
        self.asks(connection)
        self.relay.delay(0.2, 0.05)
        since = time.monotonic()
        self.assertEqual(self.asks(connection, b"one"), b"one")
        self.assertGreaterEqual(time.monotonic() - since, 2 * 0.15)
        for number in range(20):  # in order, whatever the jitter
            connection.sendall(b"%02d" % number)
        heard = b""
        while len(heard) < 40:
            heard += connection.recv(100)
        self.assertEqual(heard, b"".join(b"%02d" % number for number in range(20)))
        self.relay.pass_on()
        self.assertEqual(self.asks(connection), b"hello")

    def test_rate(self):
        self.relay.rate(20_000)
        connection, since = self.connect(), time.monotonic()
        self.asks(connection, b"x" * 10_000)
        self.assertGreaterEqual(time.monotonic() - since, 0.5)
        self.heals()

    def test_slice(self):
        pieces = []
        self.relay.slice()
        connection = self.connect()
        connection.sendall(b"in pieces")
        while sum(map(len, pieces)) < 9:
            pieces.append(connection.recv(100))
        self.assertEqual(b"".join(pieces), b"in pieces")
        self.heals()

    def test_corrupt(self):
        connection = self.connect()
        self.relay.corrupt(8)
        self.assertEqual(self.asks(connection), b"hello")
        heard = self.asks(connection)
        different = [a ^ b for a, b in zip(heard, b"hello")]
        self.assertEqual(sum(bin(each).count("1") for each in different), 1, heard)
        self.assertEqual(self.asks(connection), b"hello")
        self.heals(connection)


if __name__ == "__main__":
    unittest.main()
