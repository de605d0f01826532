"""Random requests made of a description: mostly as it allows, some with something broken in them.

One seed gives the same requests as long as the answers are the same. Values that answers showed (ids, names, cursors) are
used again, so that requests reach what is there.
"""
import json
import re._parser as regex_parser
import urllib.parse

# Texts that have broken programs before.
ODD_TEXTS = ["", " ", "\0", "a\0b", "\x7f", "\r\nX-Injected: 1", "null", "../../etc/passwd", "%00", "%2e%2e%2f",
             "'; DROP TABLE devices; --",
             "\" OR 1=1 --", "`", "${7*7}", "{{7*7}}", "<script>", "\u202e\u2066", "\ufeff", "\U0001f600" * 30,
             "\u0130\u0131", "é" * 64, "x" * 5000,
             "-1", "0", "1e400", "NaN", "true", "*", "a:launch", "\\", "\ud800"]
ODD_NUMBERS = [0, -0.0, -1, 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -2**63, -2**63 - 1, 10**30, 0.1,
               1e308, 5e-324]
ODD_BYTES = [b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\x00", b"\xef\xbb\xbf", b"1e400", b"NaN", b"-", b"[" * 500,
             b'{"a":' * 500, b'"\\ud800"']
METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class RequestMaker:
    def __init__(self, described, random):
        self.described, self.random = described, random
        self.places = list(described.operations())
        self.seen = {}  # field name -> values that answers showed
        self.shown = {}  # path of a list -> what answers there showed

    # -- values --

    def value(self, schema, depth=0):
        """A value that is, most of the time, as the schema says."""
        schema = self.described.resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if "anyOf" in schema:
            # Deep down only what ends there.
            choices = schema["anyOf"] if depth < 6 else schema["anyOf"][:1]
            return self.value(self.random.choice(choices), depth + 1)
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        kind = self.random.choice(kinds) if isinstance(kinds, list) else kinds
        return getattr(self, f"_{kind}")(schema, depth)

    def _null(self, _schema, _depth):
        return None

    def _boolean(self, _schema, _depth):
        return self.random.random() < 0.5

    def _integer(self, schema, _depth):
        low, high = schema.get("minimum", -10), schema.get("maximum", 10**6)
        return self.random.choice([low, high, self.random.randint(low, high), self.random.randint(low, min(high, low + 20))])

    def _number(self, schema, _depth):
        low, high = schema.get("minimum", schema.get("exclusiveMinimum", -10)), schema.get("maximum", 10**6)
        return self.random.choice([high, self.random.uniform(low, high), self.random.randint(int(low) + 1, int(high))])

    def _string(self, schema, _depth):
        if "pattern" in schema:
            return self.matching(schema["pattern"])
        if schema.get("format") == "uuid":
            return f"{self.random.getrandbits(48):012x}"
        letters = "abcxyz0189 _-./:\u00e9\u4e2d\U0001f680"
        most = min(schema.get("maxLength", 40), 40)
        return "".join(self.random.choice(letters) for _ in range(self.random.randint(min(schema.get("minLength", 0), most), most)))

    def _array(self, schema, depth):
        count = self.random.randint(schema.get("minItems", 0), min(schema.get("maxItems", 4), 4)) if depth < 8 else schema.get("minItems", 0)
        return [self.value(schema.get("items", {"type": "string"}), depth + 1) for _ in range(count)]

    def _object(self, schema, depth):
        properties, required = schema.get("properties", {}), schema.get("required", [])
        chance = 0.4 if depth < 6 else 0.0
        made = {name: self.field(name, each, depth) for name, each in properties.items() if name in required or self.random.random() < chance}
        optional = [name for name in properties if name not in made]
        while len(made) < schema.get("minProperties", 0) and optional:
            name = optional.pop(self.random.randrange(len(optional)))
            made[name] = self.field(name, properties[name], depth)
        for name in list(made):
            if len(made) > schema.get("maxProperties", 1000) and name not in required:
                del made[name]
        if "if" in schema:
            self._suit(schema, made, depth)
        extra = schema.get("additionalProperties")
        if not properties and (extra or extra is None) and "maxProperties" not in schema or isinstance(extra, dict):
            for _ in range(self.random.randint(0, 3)):
                made[self.random.choice(["plan", "level", "tags", "é", "a.b"])] = self.value(extra, depth + 1) if isinstance(extra, dict) else "x"
        return made

    def _suit(self, schema, made, depth):
        """Makes an object as the branch of `if` wants it."""
        branch = schema["else" if self.described.faults(schema["if"], made, False) else "then"]
        for name, each in branch.get("properties", {}).items():
            if each == {"type": "null"}:
                made.pop(name, None)
            while name in branch.get("required", []) and made.get(name) is None:
                made[name] = self.value(schema["properties"][name], depth + 1)

    def field(self, name, schema, depth):
        known = self.seen.get(name)
        if known and self.random.random() < 0.3:
            return self.random.choice(known)
        return self.value(schema, depth + 1)

    def matching(self, pattern):
        """A text that a simple pattern accepts."""
        return self._of_parts(regex_parser.parse(pattern))

    def _of_parts(self, parts):
        text = ""
        for kind, what in parts:
            name = str(kind)
            if name == "LITERAL":
                text += chr(what)
            elif name == "IN":
                text += self._one_of(what)
            elif name == "ANY":
                text += self.random.choice("az09")
            elif name in ("MAX_REPEAT", "MIN_REPEAT"):
                low, high, inner = what
                text += "".join(self._of_parts(inner) for _ in range(self.random.randint(low, min(int(high), low + 12))))
            elif name == "SUBPATTERN":
                text += self._of_parts(what[3])
            elif name == "BRANCH":
                text += self._of_parts(self.random.choice(what[1]))
        return text

    def _one_of(self, choices):
        kind, what = self.random.choice([each for each in choices if str(each[0]) in ("LITERAL", "RANGE")] or [("LITERAL", 48)])
        return chr(what if str(kind) == "LITERAL" else self.random.randint(*what))

    # -- what is broken --

    def odd_value(self):
        return self.random.choice([None, True, [], {}, [[]], {"": ""}, self.random.choice(ODD_TEXTS), self.random.choice(ODD_NUMBERS)])

    def broken(self, value):
        """The value with one thing in it changed."""
        if isinstance(value, dict) and value and self.random.random() < 0.8:
            name = self.random.choice(list(value))
            return {**value, name: self.broken(value[name])} if self.random.random() < 0.7 else self._other_fields(value, name)
        if isinstance(value, list) and value and self.random.random() < 0.6:
            at = self.random.randrange(len(value))
            return value[:at] + [self.broken(value[at])] + value[at + 1:]
        return self.odd_value()

    def _other_fields(self, value, name):
        without = {each: held for each, held in value.items() if each != name}
        return self.random.choice([without, {**value, name + "s": value[name]}, {**without, self.random.choice(ODD_TEXTS): value[name]}])

    def broken_bytes(self, body):
        at = self.random.randint(0, len(body))
        return self.random.choice([body[:at], body + body, body[:at] + self.random.choice(ODD_BYTES) + body[at:],
                                   self.random.choice(ODD_BYTES),
                                   body[:at] + bytes([self.random.randrange(256)]) + body[at + 1:]])

    # -- requests --

    def request(self):
        """(operation, method, address, headers, body)."""
        path, method, operation, parameters = self.random.choice(self.places)
        self.path = path
        address, headers = self._address(path, parameters), {}
        for each in parameters:
            if each["in"] == "header" and self.random.random() < 0.3:
                headers[each["name"]] = self._header(each["schema"])
        body = self._body(operation, headers)
        if self.random.random() < 0.05:
            method = self.random.choice(METHODS)
        return operation, method.upper(), address, headers, body

    def _header(self, schema):
        text = str(self.value(schema)) if self.random.random() < 0.7 else self.random.choice(ODD_TEXTS)
        return text.encode("latin-1", "replace").decode("latin-1").translate({code: None for code in (0, 10, 13)})

    def _body(self, operation, headers):
        contents = operation.get("requestBody", {}).get("content", {})
        if not contents:
            return b"{}" if self.random.random() < 0.05 else None
        kind, content = self.random.choice(list(contents.items()))
        headers["Content-Type"] = kind if self.random.random() < 0.95 else self.random.choice(["text/xml", "", "application/json; charset=utf-16", "a"])
        if "x-line-schema" in content:
            return b"\n".join(self._json(content["x-line-schema"]) for _ in range(self.random.randint(0, 4)))
        examples = [each["value"] for each in content.get("examples", {}).values()]
        return self._json(content["schema"], examples)

    def _json(self, schema, examples=()):
        value = self.random.choice(examples) if examples and self.random.random() < 0.3 else self.value(schema)
        chance = self.random.random()
        if chance < 0.4:
            value = self.broken(value)
        # Without escapes lone surrogates could not be written.
        body = json.dumps(value).encode()
        return self.broken_bytes(body) if chance > 0.9 else body

    def _address(self, path, parameters):
        for each in parameters:
            if each["in"] == "path":
                name = "{" + each["name"] + "}"
                path = path.replace(name, self._path_value(each, self.path.split("/" + name)[0]))
        query = []
        for each in parameters:
            if each["in"] == "query" and self.random.random() < 0.4:
                query.append((each["name"], self._text_of(each)))
        if self.random.random() < 0.03:
            query.append((self.random.choice(["limit", "x", "", "cursor"]), self.random.choice(ODD_TEXTS)))
        encoded = urllib.parse.urlencode(query, errors="surrogatepass")
        return path + ("?" + encoded if encoded else "")

    def _text_of(self, parameter):
        if self.random.random() < 0.2:
            return self.random.choice(ODD_TEXTS)
        known = self.seen.get({"cursor": "next_cursor"}.get(parameter["name"], parameter["name"]))
        if known and self.random.random() < 0.6:
            return str(self.random.choice(known))
        value = self.value(parameter["schema"])
        return json.dumps(value) if isinstance(value, bool) else str(value)

    def _path_value(self, parameter, place):
        chance = self.random.random()
        known = self.seen.get(parameter["name"])
        of_place = self.shown.get(place)
        if of_place and chance < 0.6:
            one = self.random.choice(of_place)
            text = str(one.get(parameter["name"]) or one.get("id") or one.get("name"))
        elif known and chance < 0.6:
            text = str(self.random.choice(known))
        elif chance < 0.8:
            text = str(parameter.get("example", self.value(parameter["schema"])))
        else:
            text = self._text_of(parameter)
        if self.random.random() < 0.03:
            return self.random.choice(["%", "%zz", "..", "%2e%2e", "%c0%af", "%00", "a//b", "%ff", "a/b"])
        return urllib.parse.quote(text, safe="", errors="surrogatepass")

    def learn(self, value):
        """Remembers what the answer to the last request showed."""
        things = value.get("items", [value]) if isinstance(value, dict) else []
        if "}" not in self.path.rsplit("/", 1)[-1] and ":" not in self.path:
            known = self.shown.setdefault(self.path, [])
            known += [each for each in things[:10] if isinstance(each, dict)]
            del known[:-20]
        self._learn_fields(value)

    def _learn_fields(self, value):
        if isinstance(value, list):
            for each in value[:20]:
                self._learn_fields(each)
        if isinstance(value, dict):
            for name, each in value.items():
                if isinstance(each, (str, int)) and not isinstance(each, bool):
                    known = self.seen.setdefault(name, [])
                    if each not in known:
                        known.append(each)
                    if len(known) > 20:
                        known.pop(self.random.randrange(20))
                else:
                    self._learn_fields(each)
