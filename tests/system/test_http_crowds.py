"""Thousands of connections that send slowly, or nothing, keep nobody else from being served."""
import resource
import selectors
import socket

from lab import Lab
from raw_http import RawClient, request

CROWD = 2000
PATIENCE = 10  # seconds that a client who is served may wait for its answer


class Crowd:
    """Connections that never finish what they begin."""

    def __init__(self, port, count, beginning):
        self.sockets, self.beginning = [], beginning
        for _ in range(count):
            each = socket.create_connection(("127.0.0.1", port), timeout=20)
            each.sendall(beginning)
            each.setblocking(False)
            self.sockets.append(each)

    def drip(self):
        """One byte more on each that is still open."""
        for each in self.sockets:
            try:
                each.send(b"a")
            except OSError:
                pass

    def still_open(self):
        with selectors.DefaultSelector() as ready:
            for each in self.sockets:
                ready.register(each, selectors.EVENT_READ)
            ended = set()
            for key, _ in ready.select(0):
                try:
                    if not key.fileobj.recv(65536):
                        ended.add(key.fileobj)
                except BlockingIOError:
                    pass
                except OSError:
                    ended.add(key.fileobj)
        return len(self.sockets) - len(ended)

    def leave(self):
        for each in self.sockets:
            each.close()


def served(node, count=50):
    """New clients get their answers."""
    for number in range(count):
        with RawClient(node.port, PATIENCE) as client:
            answer = client.ask(request("PUT", f"/v1/devices/d-{number}", b'{"gateway":"fcm","platform":"android","push_token":"t-%d"}' % number,
                                        Authorization=f"Bearer {node.key}"))
            assert answer is not None and answer.status in (200, 201), answer


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * CROWD), hard))
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        served(node)
        before = node.resident_bytes()
        loris = Crowd(node.port, CROWD, b"PUT /v1/devices/slow HTTP/1.1\r\nHost: t\r\nX-Slow: ")
        idle = Crowd(node.port, CROWD, request("GET", "/livez"))
        for _ in range(3):
            loris.drip()
            served(node)
        assert idle.still_open() > CROWD // 2, "idle connections were cut without need"
        grown = node.resident_bytes() - before
        assert grown < 96 * 1024 * 1024, f"{grown} bytes for {2 * CROWD} connections"
        # More come than there is room for: whoever is nearest to its time-out gives way.
        more = Crowd(node.port, CROWD // 2, b"GET / HTTP/1.1\r\n")
        served(node)
        for each in (loris, idle, more):
            each.leave()
        served(node)
        assert node.admin("/readyz")[0] == 200
        assert node.stop() == 0


if __name__ == "__main__":
    main()
