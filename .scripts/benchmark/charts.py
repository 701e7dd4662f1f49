"""Charts of the figures as SVG, written by hand: readable in the light and in the dark, without a library."""

import math
import os

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 56, 56
COLOURS = ("#2f6fde", "#d9822b", "#3a9d5d", "#b0489a")
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1c2430 }
  .title { font-size: 16px; font-weight: 600 } .small { font-size: 11px; fill: #5a6675 }
  .back { fill: #ffffff } .grid { stroke: #dde3ea } .axis { stroke: #8894a3 } .goal { stroke: #c43d3d; stroke-dasharray: 6 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6ebf2 } .small { fill: #9aa7b6 } .back { fill: #14181f } .grid { stroke: #2a323d } .axis { stroke: #667386 }
    .goal { stroke: #ff7b72 }
  }"""


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def number(value):
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    if value >= 10_000:
        return f"{value / 1_000:g}k"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def steps(top):
    """Round values from 0 to at least `top`."""
    rough = max(top, 1e-9) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    return [step * place for place in range(math.ceil(top / step) + 1)]


class Chart:
    def __init__(self, title, below, up, across):
        self.parts = []
        self.title, self.below, self.up, self.across = title, below, up, across

    def frame(self, top):
        self.ticks = steps(top)
        self.top = self.ticks[-1]
        for tick in self.ticks:
            y = self.y(tick)
            self.parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            self.parts.append(f'<text class="small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>')
        self.parts.append(
            f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(0):.1f}" y2="{self.y(0):.1f}"/>')

    def y(self, value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top

    def goal(self, value, words):
        y = self.y(min(value, self.top))
        self.parts.append(f'<line class="goal" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        self.parts.append(f'<text class="small" x="{WIDTH - RIGHT}" y="{y - 5:.1f}" text-anchor="end">{escape(words)}</text>')

    def legend(self, names):
        for place, name in enumerate(names):
            x = LEFT + place * 190
            self.parts.append(f'<rect x="{x}" y="34" width="11" height="11" rx="2" fill="{COLOURS[place]}"/>')
            self.parts.append(f'<text class="small" x="{x + 16}" y="44">{escape(name)}</text>')

    def svg(self):
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(self.title)}"><style>{STYLE}</style>'
            f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>'
            f'<text class="title" x="{LEFT}" y="24">{escape(self.title)}</text>'
            f'<text class="small" x="{WIDTH - RIGHT}" y="24" text-anchor="end">{escape(self.up)}</text>'
            + "".join(self.parts)
            + f'<text class="small" x="{LEFT}" y="{HEIGHT - 10}">{escape(self.below)}</text>'
            f'<text class="small" x="{WIDTH - RIGHT}" y="{HEIGHT - 10}" text-anchor="end">{escape(self.across)}</text></svg>\n')


def bars(title, groups, series, up, below="", goal=None):
    """`groups`: (name, [value of each of `series`])."""
    chart = Chart(title, below, up, "")
    chart.frame(1.08 * max([value for _, values in groups for value in values] + ([goal[0]] if goal else [])))
    wide = (WIDTH - LEFT - RIGHT) / len(groups)
    each = wide * 0.7 / len(series)
    for place, (name, values) in enumerate(groups):
        start = LEFT + place * wide + wide * 0.15
        for index, value in enumerate(values):
            x, y = start + index * each, chart.y(value)
            chart.parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{each * 0.9:.1f}" height="{chart.y(0) - y:.1f}" rx="2" '
                f'fill="{COLOURS[index]}"/>')
            chart.parts.append(
                f'<text class="small" x="{x + each * 0.45:.1f}" y="{y - 4:.1f}" text-anchor="middle">{number(value)}</text>')
        chart.parts.append(
            f'<text class="small" x="{LEFT + (place + 0.5) * wide:.1f}" y="{HEIGHT - BOTTOM + 18}" '
            f'text-anchor="middle">{escape(name)}</text>')
    if len(series) > 1:
        chart.legend(series)
    if goal:
        chart.goal(*goal)
    return chart.svg()


def lines(title, curves, up, across, below="", goal=None):
    """`curves`: (name, [(x, y)])."""
    chart = Chart(title, below, up, across)
    points = [point for _, curve in curves for point in curve]
    chart.frame(1.05 * max([y for _, y in points] + ([goal[0]] if goal else [])))
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    x = lambda value: LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / max(high - low, 1e-9)
    for tick in steps(high):
        if low <= tick <= high:
            chart.parts.append(
                f'<text class="small" x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number(tick)}</text>')
    for place, (_, curve) in enumerate(curves):
        path = " ".join(f"{x(a):.1f},{chart.y(b):.1f}" for a, b in curve)
        chart.parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[place]}" stroke-width="2"/>')
    if len(curves) > 1:
        chart.legend([name for name, _ in curves])
    if goal:
        chart.goal(*goal)
    return chart.svg()


def drawings(results):
    """(file name, SVG) of whatever was measured."""
    facts = results["versions"]
    below = f"{facts['commit']}, PostgreSQL {facts['postgresql'].split()[0]}, {facts['cores']} cores, {facts['at']}"
    groups = []
    if "intake" in results:
        groups.append(("intake, events/s", [
            results["intake"]["events_per_second"], results["pgbench_intake"]["per_second"]]))
    if "orders" in results:
        groups.append(("end to end, orders/s", [
            results["orders"]["orders_per_second"], results["pgbench_orders"]["per_second"]]))
    if groups:
        yield "throughput.svg", bars(
            "Throughput beside pgbench's bare statements", groups, ["gkmd", "pgbench, its best"], "per second", below)
    for name, title in (("burst", "A burst: orders delivered in each second"), ("flood", "Ten times capacity")):
        if curve := results.get(name, {}).get("curve"):
            rate = results[name].get("capacity")
            yield f"{name}.svg", lines(
                title, [("orders delivered", [(second, count) for second, count, _ in curve])], "orders per second",
                "seconds", below, (0.9 * rate, "90 % of capacity") if rate else None)
            yield f"{name}-wait.svg", lines(
                f"{title}: how long they had waited" if name == "flood" else "A burst: how long orders had waited",
                [("longest wait", [(second, wait) for second, _, wait in curve])], "seconds", "seconds", below,
                (30, "the promise: 30 s"))
    if rushes := results.get("reservation"):
        for rush, ways in rushes.items():
            yield f"reservation-{rush}.svg", bars(
                f"Reservation, {rush} keys: seconds, and buyers told no for want of speed",
                [(way, [row["seconds"]]) for way, row in ways.items()], ["seconds"], "seconds until all are answered",
                "false no: " + ", ".join(f"{way} {row['lost']}" for way, row in ways.items()))
    if rows := results.get("sizes"):
        yield "cost-by-size.svg", bars(
            "Cost of an order by the size of the market",
            [(f"{row['orders']:,} orders", [row["daemon_ms"], row["postgres_ms"]]) for row in rows],
            ["gkmd", "PostgreSQL"], "processor ms per order", below)
        yield "lists-by-size.svg", bars(
            "The slowest list, find or timeline (p99) by the size of the market",
            [(f"{row['orders']:,} orders", [row["lists"][role]["worst"][0]["p99_ms"] for role in row["lists"]])
             for row in rows], list(rows[0]["lists"]), "ms", below, (50, "goal: 50 ms"))
    if found := results.get("backlog"):
        yield "backlog.svg", bars(
            f"Working off {found['orders']:,} orders: speed by tenth",
            [(f"{place * 10} %", [rate]) for place, rate in enumerate(found["rates_by_tenth"])], ["orders/s"],
            "orders per second", below)
    if found := results.get("sealing"):
        yield "sealing.svg", bars(
            "Orders with and without a sealer beside them",
            [("without", [found["orders_per_second"]]), ("with", [found["sealed_orders_per_second"]])], ["orders/s"],
            "orders per second", below, (0.9 * found["orders_per_second"], "goal: 90 %"))


def write(results, folder):
    """Writes all charts; their paths."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for name, text in drawings(results):
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        paths.append(path)
    return paths
