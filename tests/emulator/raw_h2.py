"""A bare HTTP/2 client that sends frames as told, so that tests can be impolite and see every frame that comes back."""
import socket
import ssl
import struct
import time

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM = 0x0, 0x2, 0x7
MAX_CONCURRENT_STREAMS = 0x3


def _literal(name, value, indexed=False):
    """One header without Huffman coding, put into the table or not; lengths below 127 only need one byte."""
    def text(raw):
        raw = raw.encode()
        if len(raw) < 127:
            return bytes([len(raw)]) + raw
        rest, size = len(raw) - 127, bytes([127])
        while rest >= 128:
            size, rest = size + bytes([rest % 128 + 128]), rest // 128
        return size + bytes([rest]) + raw
    return (b"\x40" if indexed else b"\0") + text(name) + text(value)


class Connection:
    def __init__(self, port, ca_file, protocols=("h2",)):
        context = ssl.create_default_context(cafile=ca_file)
        context.set_alpn_protocols(list(protocols))
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname="localhost")
        self.buffer = b""
        self.next_stream = 1
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(SETTINGS, 0, 0, b""))

    @staticmethod
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def request(self, path, headers, body, complete=True, indexed=(), taken=None):
        """A new stream's number and its frames, which are not sent yet; without its end unless `complete`. Headers
        named in `indexed` go to the table; those in `taken` come from there, by their number."""
        taken = taken or {}
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        pseudo = {":method": "POST", ":scheme": "https", ":authority": "localhost", ":path": path}
        block = b"".join(bytes([128 + taken[name]]) if name in taken else _literal(name, value, name in indexed)
                         for name, value in {**pseudo, **headers}.items())
        frames = self.frame(HEADERS, END_HEADERS, stream, block)
        return stream, frames + (self.frame(DATA, END_STREAM, stream, body) if complete else b"")

    def post(self, *request):
        """Returns the stream's number."""
        stream, frames = self.request(*request)
        self.socket.sendall(frames)
        return stream

    def finish(self, stream, body):
        self.socket.sendall(self.frame(DATA, END_STREAM, stream, body))

    def read_frame(self, seconds=10):
        """(kind, flags, stream, payload), or None when the server closed the connection."""
        deadline = time.monotonic() + seconds
        while True:
            if len(self.buffer) >= 9:
                size = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) >= 9 + size:
                    head, payload = self.buffer[:9], self.buffer[9:9 + size]
                    self.buffer = self.buffer[9 + size:]
                    return head[3], head[4], int.from_bytes(head[5:9], "big"), payload
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError):
                return None
            if not more:
                return None
            self.buffer += more

    def until(self, wanted, seconds=10):
        """The first frame for which `wanted(kind, flags, stream, payload)` holds, and all those before it."""
        seen = []
        while True:
            frame = self.read_frame(seconds)
            seen.append(frame)
            if frame is None or wanted(*frame):
                return frame, seen

    def close(self):
        self.socket.close()


def parse_settings(payload):
    return {key: value for key, value in struct.iter_unpack(">HI", payload)}


def parse_goaway(payload):
    """(last stream, error code, text)"""
    return int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big"), payload[8:].decode()
