"""The same as a picture: an SVG with a bar for each system."""
import html

WIDTH, LEFT, BAR, GAP, TOP = 900, 260, 22, 10, 62
OURS, THEIRS, FLOOR = "#1f6feb", "#8b949e", "#d0d7de"


def color(name):
    if name in ("pusher", "push-client"):
        return OURS
    return FLOOR if name == "h2load" else THEIRS


def text(x, y, said, size=13, anchor="start", weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}">'
            f"{html.escape(said)}</text>")


def panel(title, results, value, shown, top):
    """Bars from `top` downwards; gives them and where they end."""
    known = [(each, value(each["median"])) for each in results if each["rounds"]]
    made = [text(16, top, title, 15, weight="bold")]
    longest = max((number for _, number in known), default=1)
    y = top + 14
    for each, number in known:
        length = max(1, (WIDTH - LEFT - 120) * number / longest)
        made += [text(LEFT - 8, y + BAR * 0.7, each["title"], anchor="end"),
                 f'<rect x="{LEFT}" y="{y:.0f}" width="{length:.0f}" height="{BAR}" fill="{color(each["name"])}"/>',
                 text(LEFT + length + 6, y + BAR * 0.7, shown(number))]
        y += BAR + GAP
    return made, y + 30


def svg(groups, footnote):
    """`groups`: pairs of a sentence about the conditions and their results."""
    made, y = [text(16, 28, "Pushes through one gateway emulator, side by side", 18, weight="bold")], TOP
    for said, results in groups:
        for what, value, shown in (("pushes per second", lambda found: found["pushes_per_second"], lambda number: f"{number:,.0f}"),
                                   ("CPU seconds per 100,000 pushes", lambda found: found["cpu_seconds_per_100k"],
                                    lambda number: f"{number:.2f}")):
            part, y = panel(f"{said}: {what}", results, value, shown, y)
            made += part
    made.append(text(16, y, footnote, 11))
    body = "\n".join(made)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 20:.0f}" font-family="sans-serif" fill="#1f2328">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n')
