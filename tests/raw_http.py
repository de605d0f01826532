"""HTTP over a bare socket, for tests that care about every byte."""
import socket
import time


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]!r}"


class RawClient:
    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends; a peer that closes meanwhile is no fault."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def _fill(self):
        try:
            more = self.socket.recv(65536)
        except ConnectionResetError:
            more = b""
        self.input += more
        return bool(more)

    def receive(self, head=False):
        """The next answer; None when the connection ends first."""
        while b"\r\n\r\n" not in self.input:
            if not self._fill():
                return None
        top, self.input = self.input.split(b"\r\n\r\n", 1)
        lines = top.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            key = name.lower()
            headers[key] = headers[key] + ", " + value if key in headers else value
        if head or status in (100, 204, 304):
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, self._chunks())
        length = int(headers.get("content-length", 0))
        while len(self.input) < length and self._fill():
            pass
        body, self.input = self.input[:length], self.input[length:]
        return Answer(status, headers, body)

    def _chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.input:
                assert self._fill(), "the answer broke off"
            size, self.input = self.input.split(b"\r\n", 1)
            size = int(size, 16)
            while len(self.input) < size + 2:
                assert self._fill(), "the answer broke off"
            body, self.input = body + self.input[:size], self.input[size + 2:]
            if size == 0:
                return body

    def ask(self, data, head=False):
        return self.send(data).receive(head)

    def closed(self, seconds=5):
        """Whether the peer ends the connection; what it sends before is dropped."""
        end = time.monotonic() + seconds
        self.socket.settimeout(seconds)
        try:
            while time.monotonic() < end:
                if not self.socket.recv(65536):
                    return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            pass
        return False


def request(method, target, body=None, **headers):
    """The bytes of a request; header names with `_` for `-`."""
    lines = [f"{method} {target} HTTP/1.1", "Host: test"]
    if body is not None and "Content_Length" not in headers and "Transfer_Encoding" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")
