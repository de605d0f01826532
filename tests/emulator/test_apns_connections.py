"""APNs: header compression, stream limits and GOAWAY."""
import time

import raw_h2
from apns_case import WithApns, device


class Compression(WithApns):
    def test_indexed_paths_and_credentials_are_counted(self):
        connection = self.connect()
        for indexed, more in ((("apns-topic",), 0), ((":path",), 1), (("authorization",), 1), ((), 0)):
            before = self.apns_stats()["hpack_violations"]
            stream, frames = connection.request("/3/device/" + device("a"), self.headers(), self.PAYLOAD, indexed=indexed)
            connection.socket.sendall(frames)
            self.assertEqual(200, self.status_of(connection, stream))
            self.assertEqual(before + more, self.apns_stats()["hpack_violations"], indexed)

    def test_a_path_taken_from_the_table_is_counted(self):
        connection = self.connect()
        path, before = "/3/device/" + device("a"), self.apns_stats()["hpack_violations"]
        stream, frames = connection.request(path, self.headers(), self.PAYLOAD, indexed=(":path",))
        connection.socket.sendall(frames)
        stream, frames = connection.request(path, self.headers(), self.PAYLOAD, taken={":path": 62})
        for byte in frames:
            connection.socket.sendall(bytes([byte]))
        self.assertEqual(200, self.status_of(connection, stream))
        self.assertEqual(before + 2, self.apns_stats()["hpack_violations"])


class FirstStreams(WithApns):
    FLAGS = ("--first-streams", "1", "--max-streams", "50", *WithApns.FLAGS)

    def limits(self, frames):
        settings = (raw_h2.parse_settings(each[3]) for each in frames if each and each[0] == raw_h2.SETTINGS)
        return [each[raw_h2.MAX_CONCURRENT_STREAMS] for each in settings if raw_h2.MAX_CONCURRENT_STREAMS in each]

    def acknowledge(self, connection):
        connection.socket.sendall(connection.frame(raw_h2.SETTINGS, raw_h2.ACK, 0, b""))

    def first_settings(self, connection):
        frame, _ = connection.until(lambda kind, flags, *_: kind == raw_h2.SETTINGS and not flags & raw_h2.ACK)
        self.assertEqual([1], self.limits([frame]))
        self.acknowledge(connection)

    def test_good_credentials_raise_the_limit(self):
        connection = self.connect()
        self.first_settings(connection)
        refused = self.send_raw(connection, "a", authorization=None)
        _, seen = connection.until(lambda kind, flags, stream, _: flags & raw_h2.END_STREAM and stream == refused)
        self.assertEqual([], self.limits(seen))
        good = self.send_raw(connection, "a")
        _, seen = connection.until(lambda kind, flags, stream, _: flags & raw_h2.END_STREAM and stream == good)
        if not self.limits(seen):
            seen = connection.until(lambda kind, flags, *_: kind == raw_h2.SETTINGS and not flags & raw_h2.ACK)[1]
        self.assertEqual([50], self.limits(seen))
        self.acknowledge(connection)
        before = self.emulator.stats()["stream_violations"]
        for _ in range(9):
            self.send_raw(connection, "HANG")
        self.assertEqual(200, self.status_of(connection, self.send_raw(connection, "a")))
        self.assertEqual(before, self.emulator.stats()["stream_violations"])

    def test_a_second_stream_before_that_is_a_violation(self):
        connection = self.connect()
        self.first_settings(connection)
        before = self.emulator.stats()["stream_violations"]
        self.send_raw(connection, "a", complete=False)
        self.send_raw(connection, "b", complete=False)
        frame, _ = connection.until(lambda kind, *_: kind in (raw_h2.GOAWAY, raw_h2.RST_STREAM))
        self.assertIsNotNone(frame)
        self.assertEqual(before + 1, self.emulator.stats()["stream_violations"])

    def test_a_second_stream_before_the_settings_are_known_is_refused(self):
        connection = self.connect()
        before = self.emulator.stats()["stream_violations"]
        self.send_raw(connection, "a", complete=False)
        second = self.send_raw(connection, "b", complete=False)
        frame, _ = connection.until(lambda kind, *_: kind in (raw_h2.GOAWAY, raw_h2.RST_STREAM))
        self.assertEqual((raw_h2.RST_STREAM, second, raw_h2.REFUSED_STREAM), (frame[0], frame[2], frame[3][3]))
        self.assertEqual(before + 1, self.emulator.stats()["stream_violations"])


class Cutting(WithApns):
    FLAGS = ("--goaway-cut", "2", *WithApns.FLAGS)

    def test_streams_above_the_last_processed_one_are_dropped(self):
        connection = self.connect()
        served = [self.send_raw(connection, "cut-%d" % i) for i in range(2)]
        frame, seen = connection.until(lambda kind, *_: kind == raw_h2.GOAWAY)
        self.assertEqual((served[-1], raw_h2.NO_ERROR), raw_h2.parse_goaway(frame[3])[:2])
        end, more = connection.until(lambda *_: False)
        self.assertEqual(set(served), {each[2] for each in seen + more if each and each[0] == raw_h2.HEADERS})

    def test_open_streams_above_it_are_neither_processed_nor_logged(self):
        with self.another() as emulator:
            connection = self.connect()
            first, late, last, cut = (
                connection.request("/3/device/" + device(name), self.headers(), self.PAYLOAD, name != "late")
                for name in ("first", "late", "last", "cut"))
            connection.socket.sendall(first[1] + late[1] + last[1] + cut[1])
            _, seen = connection.until(lambda kind, *_: kind == raw_h2.GOAWAY)
            self.assertEqual(last[0], raw_h2.parse_goaway(seen[-1][3])[0])
            connection.finish(late[0], self.PAYLOAD)
            _, more = connection.until(lambda *_: False)
            answered = {each[2] for each in seen + more if each and each[0] == raw_h2.HEADERS}
            self.assertEqual({first[0], late[0], last[0]}, answered)
            self.assertEqual(0, emulator.stop())
            logged = [row[2] for row in emulator.log()]
        self.assertEqual([device(name) for name in ("first", "last", "late")], logged)


    def test_a_request_that_ends_after_the_goaway_was_decided_is_dropped(self):
        with self.another() as emulator:
            connection = self.connect()
            requests = [connection.request("/3/device/" + device(name), self.headers(), b"", False) for name in "abc"]
            ends = [connection.frame(raw_h2.DATA, raw_h2.END_STREAM, stream, self.PAYLOAD) for stream, _ in requests]
            connection.socket.sendall(b"".join(frames for _, frames in requests) + b"".join(ends))
            _, seen = connection.until(lambda *_: False)
            self.assertEqual({requests[0][0], requests[1][0]}, {each[2] for each in seen if each and each[0] == raw_h2.HEADERS})
            self.assertEqual(0, emulator.stop())
            self.assertEqual([device("a"), device("b")], [row[2] for row in emulator.log()])


class Holding(WithApns):
    def tearDown(self):
        self.emulator.control(hold=False)

    def until_open(self, count):
        deadline = time.monotonic() + 10
        while self.emulator.stats()["open_streams"] < count + 1:
            self.assertLess(time.monotonic(), deadline)

    def test_goaway_leaves_the_newer_half_unprocessed(self):
        self.emulator.control(hold=True)
        before = self.apns_stats()["requests"]
        connection = self.connect()
        streams = [self.send_raw(connection, "held-%d" % i) for i in range(6)]
        self.until_open(6)
        self.assertEqual(before, self.apns_stats()["requests"])
        self.emulator.control(goaway=True)
        _, seen = connection.until(lambda *_: False)
        goaway = next(each for each in seen if each and each[0] == raw_h2.GOAWAY)
        self.assertEqual(streams[2], raw_h2.parse_goaway(goaway[3])[0])
        self.assertEqual(set(streams[:3]), {each[2] for each in seen if each and each[0] == raw_h2.HEADERS})
        self.assertEqual(before + 3, self.apns_stats()["requests"])

    def test_held_pushes_are_processed_when_released(self):
        self.emulator.control(hold=True)
        connection = self.connect()
        stream = self.send_raw(connection, "held")
        self.until_open(1)
        self.emulator.control(hold=False)
        self.assertEqual(200, self.status_of(connection, stream))

    def test_without_holding_goaway_takes_nothing_back(self):
        connection = self.connect()
        silent = self.send_raw(connection, "HANG")
        self.assertEqual(200, self.status_of(connection, self.send_raw(connection, "a")))
        late = self.send_raw(connection, "late", complete=False)
        self.until_open(2)
        self.emulator.control(goaway=True)
        frame, _ = connection.until(lambda kind, *_: kind == raw_h2.GOAWAY)
        self.assertLess(silent, raw_h2.parse_goaway(frame[3])[0])
        self.assertGreater(late, raw_h2.parse_goaway(frame[3])[0])
