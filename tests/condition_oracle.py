"""An evaluator of conditions that is written from docs/conditions.md alone, and makers of random devices and conditions.

Devices and conditions are Python values here; the engine gets them as JSON. Nothing is shared with the engine's code.
"""
import datetime
import hashlib
import re

DAY = 86_400_000
NAMES = ["plan", "level", "tags", "a.b", "x$y", "näme", "it's", "e\u0301", "\u00e9", "Plan", 'q"q', "time"]
TEXTS = ["", "a", "A", "ab", "pro", "Pro", "10", "true", "\u00e9", "e\u0301", "한국", "🙂", "1.2.3", "1.10", "v2",
         "1.0.0-rc.1", "x" * 50, "a\nb", 'say "hi"', "\\", "/", "\x00"]
NUMBERS = [0, -0.0, 1, 10, 10.0, 0.5, -3, 2**53, 2**53 + 1, float(2**53), 2**63 - 1, -2**63, 2**64 - 1, 1e22, 0.1,
           0.30000000000000004, 1e-7]
ATTRIBUTES = {"platform": ["android", "ios", "web", "other"], "gateway": ["fcm"],
              "locale": ["ko", "ko-KR", "en_US", "en"], "time_zone": ["Asia/Seoul", "Europe/Rome"],
              "user_id": ["u1", "u2", "u:3"], "app_version": ["1.2.3", "1.10", "2.0.0-beta", "junk", "v3"]}
VERSION = re.compile(r"[vV]?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
                     r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?", re.ASCII)


class Time:
    def __init__(self, ms):
        self.ms = ms


def kind(value):
    if isinstance(value, bool):
        return "boolean"
    return {str: "text", int: "number", float: "number", Time: "time", list: "list"}[type(value)]


def order(a, b):
    """-1, 0 or 1; None when the two have no order."""
    if kind(a) != kind(b) or kind(a) == "list":
        return None
    if isinstance(a, str):
        a, b = a.encode(), b.encode()
    elif isinstance(a, Time):
        a, b = a.ms, b.ms
    elif not (isinstance(a, int) and isinstance(b, int)):
        a, b = float(a), float(b)
    return (a > b) - (a < b)


def version(text):
    """A key that sorts as versions do; None when it is no version."""
    found = VERSION.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    if found[2] is None:
        return numbers, 1, []
    return numbers, 0, [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in found[2].split(".")]


class Oracle:
    def __init__(self, now, segments):
        self.now, self.segments = now, segments

    def meets(self, device, condition):
        if not condition:
            return True
        form, given = next(iter(condition.items()))
        if form == "all":
            return all(self.meets(device, each) for each in given)
        if form == "any":
            return any(self.meets(device, each) for each in given)
        if form == "not":
            return not self.meets(device, given)
        if form == "segment":
            return self.meets(device, self.segments[given])
        if form == "cohort":
            digest = hashlib.sha256(f"{given.get('seed', '')}:{device['device_id']}".encode()).digest()
            return given["from"] <= int.from_bytes(digest[:8], "big") % given["of"] <= given["to"]
        value = device["properties"].get(given) if form == "property" else self.attribute(device, given)
        operator = next(key for key in condition if key != form)
        return self.holds(value, operator, condition[operator])

    @staticmethod
    def attribute(device, name):
        if name == "language":
            return re.split("[-_]", device["locale"])[0] if "locale" in device else None
        return device.get(name)

    def holds(self, value, operator, operand):
        if operator == "exists":
            return (value is not None) == operand
        if value is None:
            return False
        if operator == "in":
            return any(order(value, each) == 0 for each in operand)
        if operator == "between":
            return order(value, operand[0]) in (0, 1) and order(value, operand[1]) in (0, -1)
        if operator == "prefix":
            return isinstance(value, str) and value.startswith(operand)
        if operator == "contains":
            return isinstance(value, (str, list)) and operand in value
        if operator == "within_days":
            return isinstance(value, Time) and self.now - operand * DAY <= value.ms <= self.now
        if operator.startswith("version_"):
            is_version = version(value)
            if is_version is None:
                return False
            return is_version >= version(operand) if operator == "version_gte" else is_version < version(operand)
        sign = order(value, operand)
        return sign is not None and {"eq": sign == 0, "ne": sign != 0, "gt": sign > 0, "gte": sign >= 0,
                                     "lt": sign < 0, "lte": sign <= 0}[operator]


class Maker:
    """Random devices, and conditions that many of them nearly meet."""

    def __init__(self, choose, now):
        self.choose, self.now, self.segments = choose, now, {}
        # None within a minute of a day's boundary: the engine's moment is not ours.
        self.times = [now - days * DAY - hours * 3_600_000 for days in (0, 1, 5, 6, 7, 8, 29, 31, 400) for hours in (1, 2)]
        self.times.append(now + 3 * DAY)

    def scalar(self):
        return self.choose.choice([lambda: self.choose.choice(TEXTS), lambda: self.choose.choice(NUMBERS),
                                   lambda: self.choose.random() < 0.5, lambda: Time(self.choose.choice(self.times))])()

    def value(self):
        if self.choose.random() < 0.15:
            return [self.choose.choice(TEXTS) for _ in range(self.choose.randrange(4))]
        return self.scalar()

    def device(self, number):
        made = {"device_id": f"d:{number}", "gateway": "fcm", "push_token": f"t{number}",
                "platform": self.choose.choice(ATTRIBUTES["platform"]),
                "properties": {name: self.value() for name in NAMES if self.choose.random() < 0.5}}
        for name in ("locale", "time_zone", "user_id", "app_version"):
            if self.choose.random() < 0.7:
                made[name] = self.choose.choice(ATTRIBUTES[name])
        return made

    def condition(self, depth):
        drawn = self.choose.random()
        if depth == 0 or drawn < 0.3:
            return self.leaf()
        if drawn < 0.85:
            form = "all" if drawn < 0.55 else "any"
            return {form: [self.condition(depth - 1) for _ in range(self.choose.randrange(4))]}
        return {"not": self.condition(depth - 1)}

    def leaf(self):
        drawn = self.choose.random()
        if drawn < 0.06:
            shares = self.choose.choice([2, 10, 100])
            first = self.choose.randrange(shares)
            return {"cohort": {"of": shares, "from": first, "to": self.choose.randrange(first, shares),
                               "seed": self.choose.choice(["", "s", "\u00e9"])}}
        if drawn < 0.12 and self.segments:
            return {"segment": self.choose.choice(sorted(self.segments))}
        if drawn < 0.3:
            name = self.choose.choice([*ATTRIBUTES, "language"])
            pool = ATTRIBUTES.get(name, ["ko", "en"]) + ["", "k", "1.2.3"]
            operators = ["eq", "ne", "in", "gt", "lte", "between", "exists", "prefix", "contains"]
            operator = self.choose.choice(operators + (["version_gte", "version_lt"] if name == "app_version" else []))
            return {"attribute": name, operator: self.operand(operator, lambda: self.choose.choice(pool))}
        operator = self.choose.choice(["eq", "eq", "ne", "in", "gt", "gte", "lt", "lte", "between", "exists", "prefix",
                                       "contains", "within_days", "version_gte", "version_lt"])
        draw = (lambda: self.choose.choice(TEXTS)) if operator in ("prefix", "contains") else self.scalar
        return {"property": self.choose.choice(NAMES), operator: self.operand(operator, draw)}

    def operand(self, operator, draw):
        if operator == "exists":
            return self.choose.random() < 0.5
        if operator == "in":
            return [draw() for _ in range(self.choose.randrange(5))]
        if operator == "between":
            return [draw(), draw()]
        if operator == "within_days":
            return self.choose.choice([1, 2, 6.5, 7.5, 30, 400.5])
        if operator.startswith("version_"):
            return self.choose.choice(["1.2", "1.2.3", "1.9", "2.0.0-alpha", "3.0+b", "0"])
        return draw()

    def json(self, value):
        """The JSON value for a condition or device; a time in any zone."""
        if isinstance(value, Time):
            zone, minutes = self.choose.choice([("Z", 0), ("+00:00", 0), ("+09:00", 540), ("-05:30", -330)])
            shown = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(
                milliseconds=value.ms, minutes=minutes)
            return {"time": shown.strftime("%Y-%m-%dT%H:%M:%S") + f".{value.ms % 1000:03}{zone}"}
        if isinstance(value, dict):
            return {name: self.json(each) for name, each in value.items()}
        return [self.json(each) for each in value] if isinstance(value, list) else value
