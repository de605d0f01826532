"""Reads what /metrics says, in either text format, and is strict about it."""
import re

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


class Family:
    def __init__(self, name):
        self.name, self.type, self.help, self.samples = name, "", "", []


def read(text, openmetrics=False):
    """The families by name; a line that has no place is an error."""
    families, current = {}, None
    lines = text.split("\n")
    assert lines.pop() == "", "the last line ends"
    if openmetrics:
        assert lines.pop() == "# EOF", "OpenMetrics ends with # EOF"
    for line in lines:
        assert line, "there are no empty lines"
        if line.startswith("# "):
            _, what, name, rest = line.split(" ", 3)
            if current is None or current.name != name:
                assert name not in families, f"{name} comes twice"
                current = families[name] = Family(name)
            setattr(current, what.lower(), rest)
            continue
        found = SAMPLE.match(line)
        assert found, line
        name, labels, value = found.groups()
        assert current, line
        kinds = SUFFIXES[current.type] if openmetrics or current.type == "histogram" else ("",)
        assert name in [current.name + each for each in kinds], (line, current.name, current.type)
        read_labels = dict(LABEL.findall(labels or ""))
        assert ",".join(f'{key}="{text}"' for key, text in LABEL.findall(labels or "")) == (labels or ""), line
        current.samples.append((name, read_labels, float(value)))
    return families


def total(families, name, **labels):
    """The sum of a family's samples that have these labels."""
    family = families.get(name)
    return sum(value for _, own, value in family.samples if all(own.get(key) == each for key, each in labels.items())) \
        if family else 0


def check_histogram(family):
    """Buckets grow, the last one is the count."""
    series = {}
    for name, labels, value in family.samples:
        key = tuple(sorted((each, text) for each, text in labels.items() if each != "le"))
        series.setdefault(key, {}).setdefault(name[len(family.name):], []).append((labels.get("le"), value))
    for key, parts in series.items():
        bounds = [float(le) for le, _ in parts["_bucket"]]
        counts = [count for _, count in parts["_bucket"]]
        assert bounds == sorted(bounds) and bounds[-1] == float("inf"), (family.name, key)
        assert counts == sorted(counts) and counts[-1] == parts["_count"][0][1], (family.name, key)
