"""What was measured, as tables for people."""
import statistics

QUIET = 0.05

def median(rounds, name):
    known = [each[name] for each in rounds if each[name] is not None]
    return statistics.median(known) if known else None


def spread(rounds, name):
    """Half of the way from the least to the most, as a share of the median."""
    known = [each[name] for each in rounds if each[name] is not None]
    return (max(known) - min(known)) / 2 / statistics.median(known) if known else 0


def summary(rounds):
    """The medians of a system's rounds, and everything that went wrong in any."""
    if not rounds:
        return None
    made = {name: median(rounds, name) for name in ("pushes_per_second", "cpu_seconds_per_100k", "peak_bytes", "seconds",
                                                    "seconds_to_95_percent", "used_by_others")}
    made["spread"] = {name: spread(rounds, name) for name in ("pushes_per_second", "cpu_seconds_per_100k")}
    made["parts"] = {part: {name: statistics.median([each["parts"][part][name] for each in rounds]) for name in numbers}
                     for part, numbers in rounds[0]["parts"].items()}
    made["lost"], made["doubled"] = (sum(each[name] for each in rounds) for name in ("lost", "doubled"))
    made["faults"] = sorted({fault for each in rounds for fault in each["faults"]})
    return made


def lines(rows):
    """Rows of texts as a Markdown table, aligned: the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    def line(row):
        return "| " + " | ".join(text.ljust(width) if column == 0 else text.rjust(width)
                                 for column, (text, width) in enumerate(zip(row, widths))) + " |"
    rule = "|" + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)) + "|"
    return [line(rows[0]), rule, *map(line, rows[1:])]


def measured(results):
    """One table: `results` are of the same conditions."""
    rows = [("system", "keeps", "pushes/s", "±", "CPU s per 100,000", "±", "peak MiB", "doubled", "lost")]
    for each in results:
        if not each["rounds"]:
            rows.append((each["title"], each["keeps"], *["-"] * 7))
            continue
        found = each["median"]
        rows.append((each["title"], each["keeps"],
                     f"{found['pushes_per_second']:,.0f}", f"{found['spread']['pushes_per_second']:.0%}",
                     f"{found['cpu_seconds_per_100k']:.2f}", f"{found['spread']['cpu_seconds_per_100k']:.0%}",
                     f"{found['peak_bytes'] / 2**20:,.0f}", f"{found['doubled']:,}", f"{found['lost']:,}"))
    return lines(rows)


def disturbed(results):
    """A sentence where the machine was not quiet, or nothing."""
    most = max((each["median"]["used_by_others"] for each in results if each["rounds"]), default=0)
    if most <= QUIET:
        return []
    return [f"Other programs used up to {most:.0%} of the machine meanwhile: read ratios, and no absolute numbers."]


def beside_none(results, plain):
    """How long until 95 % are accepted with the gateway's faults, beside the same without."""
    rows = [("system", "until 95 %, s", "without faults, s", "speed of without")]
    before = {each["name"]: each["median"]["seconds_to_95_percent"] for each in plain if each["rounds"]}
    for each in results:
        if not each["rounds"]:
            continue
        found, without = each["median"]["seconds_to_95_percent"], before.get(each["name"])
        rows.append((each["title"], f"{found:.2f}" if found else "never", f"{without:.2f}" if without else "-",
                     f"{without / found:.0%}" if found and without else "-"))
    return lines(rows)


def killed(results):
    rows = [("system", "sent at the kill", "missing", "doubled", "all settled after, s")]
    for each in results:
        if each["keeps"] == "nothing":
            settled = "nothing is kept"
        else:
            settled = "never" if each["recovered_seconds"] is None else f"{each['recovered_seconds']:.1f}"
        rows.append((each["title"], f"{each['sent']:,}", f"{each['lost']:,}", f"{each['doubled']:,}", settled))
    return lines(rows)
