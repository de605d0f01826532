"""Single registrations and deletions a second: keep-alive clients that PUT a device and DELETE it again.

python3 bench/registrations.py [CLIENTS] [SECONDS], with PUSHER_BUILD_DIR and PYTHONPATH as for the system tests.
"""
import json
import selectors
import socket
import sys
import time

from lab import Lab


class Client:
    """One connection, one request at a time: PUT a device, DELETE it, PUT the next."""

    def __init__(self, node, number):
        self.node, self.number, self.turn = node, number, 0
        self.socket = socket.create_connection(("127.0.0.1", node.port))
        self.times = []
        self.send()

    def send(self):
        name = f"client-{self.number}-{self.turn // 2}"
        put = self.turn % 2 == 0
        body = json.dumps({"gateway": "fcm", "platform": "android", "push_token": name,
                           "properties": {"plan": "pro", "level": self.turn}}) if put else ""
        self.socket.sendall(
            (f"{'PUT' if put else 'DELETE'} /v1/devices/{name} HTTP/1.1\r\nHost: node\r\n"
             f"Authorization: Bearer {self.node.key}\r\nContent-Type: application/json\r\n"
             f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        self.expected = b"201" if put else b"204"
        self.begun = time.monotonic()
        self.turn += 1

    def answered(self):
        text = self.socket.recv(65536)
        assert text[9:12] == self.expected, text[:300]
        self.times.append(time.monotonic() - self.begun)
        self.send()


def run(node, clients, seconds):
    waiting = selectors.DefaultSelector()
    all_clients = [Client(node, number) for number in range(clients)]
    for client in all_clients:
        waiting.register(client.socket, selectors.EVENT_READ, client)
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        for key, _ in waiting.select(1):
            key.data.answered()
    took = time.monotonic() - begun
    times = sorted(each for client in all_clients for each in client.times)
    for client in all_clients:
        client.socket.close()
    return len(times) / took, times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000


def main():
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        for count in (1, clients):
            rate, median, slow = run(node, count, seconds)
            print(f"{count} clients: {rate:.0f} calls/s, median {median:.1f} ms, p99 {slow:.1f} ms")
        assert node.stop() == 0


if __name__ == "__main__":
    main()
