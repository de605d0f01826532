"""A receiver of webhooks: verifies signatures and remembers every request. What it answers is scripted by the test."""
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time


def signature(secret, identity, timestamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class Request:
    """One request as it came."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.raw = path, headers, body
        self.at = time.monotonic()
        self.id = headers["webhook-id"]
        self.timestamp = headers["webhook-timestamp"]
        self.signatures = headers["webhook-signature"].split(" ")
        self.body = json.loads(body)

    def signed_by(self, secret):
        return signature(secret, self.id, self.timestamp, self.raw) in self.signatures

    def events(self):
        return self.body.get("events", [])


class Receiver:
    """Listens on a loopback port; paths are receivers of their own. `answer` says what a path answers from now on, or so
    many times; else it is 204."""

    def __init__(self, port=0):
        self.lock = threading.Lock()
        self.requests, self.answers, self.under_way, self.most_under_way = [], {}, {}, {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.take(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # the sender was killed

        self.server = Server(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path, status=204, headers=None, body=b"", delay=0, times=1_000_000):
        with self.lock:
            self.answers[path] = [times, (status, headers or {}, body, delay)]

    def next_answer(self, path):
        times = self.answers.get(path)
        if not times or times[0] == 0:
            return 204, {}, b"", 0
        times[0] -= 1
        return times[1]

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            self.requests.append(Request(handler.path, handler.headers, body))
            now = self.under_way[handler.path] = self.under_way.get(handler.path, 0) + 1
            self.most_under_way[handler.path] = max(now, self.most_under_way.get(handler.path, 0))
            status, headers, said, delay = self.next_answer(handler.path)
        time.sleep(delay)  # what a slow receiver does, not a wait of the test
        with self.lock:
            self.under_way[handler.path] -= 1
        try:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            if status != 204:
                handler.send_header("Content-Length", str(len(said)))
            handler.end_headers()
            handler.wfile.write(said)
        except OSError:
            pass  # the sender was killed

    def of(self, path):
        with self.lock:
            return [each for each in self.requests if each.path == path]

    def forget(self):
        with self.lock:
            self.requests.clear()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
