"""The benchmark's figures as tables of plain text. A goal that is missed says by how much."""

import console
import reserve
import security


def at_least(value, goal, unit=""):
    return f"goal {goal:g}{unit}: met" if value >= goal else f"goal {goal:g}{unit}: MISSED by {100 * (1 - value / goal):.0f} %"


def below(name, value, goal, unit):
    if value < goal:
        return f"{name} < {goal:g} {unit}: met"
    return f"{name} < {goal:g} {unit}: MISSED, {value / goal:.1f} x"


def ratio(own, bare):
    value = own / bare["per_second"]
    return f"{value:.2f} x pgbench, {at_least(value, 1.5)}"


def several(rates):
    return ", ".join(f"{clients}: {rate:,.0f}" for clients, rate in rates.items())


def pgbench(bare):
    return f"pgbench {bare['per_second']:,.0f}/s ({several(bare['all'])})"


def refusals(row):
    told = ", ".join(f"{count:,} x {'cut' if status == '0' else status}" for status, count in row["refused"].items())
    return told or "none refused"


def flow_rows(results):
    if "intake" in results:
        intake, half = results["intake"], results["intake"]["half"]
        yield ("intake, acknowledged", f"{intake['events_per_second']:,.0f} events/s ({several(intake['rates'])})",
               pgbench(results["pgbench_intake"]), ratio(intake["events_per_second"], results["pgbench_intake"]))
        yield ("  at full load", f"p50 {intake['p50_ms']:.1f} ms, p99 {intake['p99_ms']:.1f} ms",
               f"{intake['events']:,} events of {intake['request_bytes']:,} bytes, {refusals(intake)}", "")
        yield ("  at half load", f"p50 {half['p50_ms']:.1f} ms, p99 {half['p99_ms']:.1f} ms, max {half['max_ms']:.0f} ms",
               f"{half['rate']:,.0f} events/s, {refusals(half)}", below("p99", half["p99_ms"], 20, "ms"))
        yield ("  daemon", f"{intake['daemon_cpu_ms_per_event']:.3f} ms/event, {intake['daemon_peak_mb']:.0f} MB",
               f"load generator {1000 * intake['generator_cpu_seconds'] / intake['events']:.3f} ms/event",
               below("RSS", intake["daemon_peak_mb"], 150, "MB"))
    if "orders" in results:
        orders, bare, half = results["orders"], results["pgbench_orders"], results["orders"]["half"]
        yield ("end to end, first to last", f"{orders['orders_per_second']:,.0f} orders/s", pgbench(bare),
               ratio(orders["orders_per_second"], bare))
        yield ("  middle 80 %", f"{orders['sustained_orders_per_second']:,.0f} orders/s",
               f"{orders['orders']:,} orders posted at once, {refusals(orders)}",
               ratio(orders["sustained_orders_per_second"], bare))
        yield ("paid -> SMTP accepted, half load",
               f"p50 {half['p50_ms']:.1f} ms, p99 {half['p99_ms']:.1f} ms, max {half['max_ms']:.0f} ms",
               f"from webhook sent, {half['rate']:,.0f} orders/s",
               f"{below('p50', half['p50_ms'], 25, 'ms')}; {below('p99', half['p99_ms'], 250, 'ms')}")
        yield ("  its webhooks' answers", f"p50 {half['intake_p50_ms']:.1f} ms, p99 {half['intake_p99_ms']:.1f} ms",
               f"{half['orders']:,} orders", below("p99", half["intake_p99_ms"], 20, "ms"))
        yield ("  daemon", f"{orders['daemon_cpu_ms_per_order']:.3f} ms/order, {orders['daemon_peak_mb']:.0f} MB",
               f"load generator {1000 * orders['generator_cpu_seconds'] / orders['orders']:.3f} ms/order",
               below("RSS", orders["daemon_peak_mb"], 150, "MB"))


def load_rows(results):
    if "burst" in results:
        row = results["burst"]
        yield (f"burst worth {row['seconds_of_capacity']:.0f} s of capacity",
               f"p50 {row['p50_ms'] / 1000:.1f} s, p99 {row['p99_ms'] / 1000:.1f} s, max {row['max_ms'] / 1000:.1f} s",
               f"{row['orders']:,} orders, {row['sustained']:,.0f}/s, {refusals(row)}",
               below("p99", row["p99_ms"] / 1000, 30, "s"))
    if "flood" in results:
        row = results["flood"]
        yield ("10 x capacity offered", f"{row['orders_per_second']:,.0f} orders/s, {100 * row['kept']:.0f} % of capacity kept",
               f"{row['offered_per_second']:,.0f}/s for {row['seconds']:.0f} s; {row['taken']:,} taken, {refusals(row)}",
               at_least(100 * row["kept"], 90, " %"))
        yield ("  acknowledged -> SMTP accepted", f"p50 {row['p50_s']:.1f} s, p99 {row['p99_s']:.1f} s, max {row['max_s']:.1f} s",
               f"503 beyond {row['bound']:,} waiting", f"lost: {row['lost']}, goal 0: {'met' if row['lost'] == 0 else 'MISSED'}")
        yield ("  oldest first", f"overtaken by at most {row['overtaken_s']:.2f} s", f"peak {row['daemon_peak_mb']:.0f} MB",
               below("RSS", row["daemon_peak_mb"], 150, "MB"))
    if "sealing" in results:
        row = results["sealing"]
        yield ("sealing beside orders", f"{row['sealed_orders_per_second']:,.0f} orders/s",
               f"without {row['orders_per_second']:,.0f}/s", below("cost", 100 * row["cost"], 10, "%") + f" ({100 * row['cost']:.1f} %)")
        yield ("  sealing and verifying", f"{row['seal_events_per_second']:,.0f} sealed/s",
               f"{row['verify_events_per_second']:,.0f} verified/s; {row['sealed_events']:,} events",
               "sealed " + at_least(row["seal_events_per_second"], 30_000, "/s")
               + "; verified " + at_least(row["verify_events_per_second"], 100_000, "/s"))
    if "import" in results:
        row = results["import"]
        yield ("stock import with encryption", f"{row['keys_per_second']:,.0f} keys/s", f"{row['keys']:,} keys",
               at_least(row["keys_per_second"], 50_000, " keys/s"))


def size_rows(results):
    if "backlog" in results:
        row = results["backlog"]
        first, last = row["rates_by_tenth"][0], row["rates_by_tenth"][-2]
        yield (f"behind {row['orders']:,} waiting", f"{row['orders_per_second']:,.0f} orders/s",
               f"first tenth {first:,.0f}/s, ninth {last:,.0f}/s, peak {row['daemon_peak_mb']:.0f} MB",
               at_least(min(row["rates_by_tenth"][:-1]) / max(row["rates_by_tenth"]), 0.7) + " (slowest to fastest)")
    base = None
    for row in results.get("sizes", []):
        base = base or row
        cost = row["daemon_ms"] + row["postgres_ms"]
        flat = cost / (base["daemon_ms"] + base["postgres_ms"])
        yield (f"market of {row['orders']:,} orders", f"{cost:.3f} ms/order ({row['daemon_ms']:.3f} gkmd)",
               f"{row['sustained']:,.0f} orders/s; made in {row['seconds_to_make']:.0f} s, {row['bytes'] / 1e9:.1f} GB"
               + ("" if row["whole"] else ", of 400 days 2 traced"),
               "" if row is base else f"{flat:.2f} x the smallest, " + below("it", flat, 1.25, "x"))
        for role, found in row["lists"].items():
            slow = found["worst"][0]
            yield (f"  lists as {role}", f"typical {found['median_p50_ms']:.1f} ms, slowest p99 {slow['p99_ms']:.1f} ms",
                   f"{found['asked']} questions; slowest: {slow['title']}",
                   f"p99 < 50 ms: {'met' if not found['over'] else 'MISSED by ' + str(len(found['over']))}")


def aligned(rows):
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in rows]
    text.insert(1, "  ".join("-" * width for width in widths))
    return text


def table(results):
    """Aligned columns, then what was run and checked."""
    rows = [*flow_rows(results), *load_rows(results), *size_rows(results), *security.rows_of_table(results, below)]
    lines = aligned([("", "gkmd", "beside it", "goal"), *rows]) if rows else []
    if "reservation" in results:
        lines += ["", *reserve.table(results["reservation"])]
    if "console" in results:
        lines += ["", *console.table(results["console"])]
    for row in results.get("sizes", []):
        for role, found in row["lists"].items():
            for lap in found["over"]:
                lines.append(f"MISSED at {row['orders']:,} as {role}: {lap['title']}: p99 {lap['p99_ms']:.0f} ms")
    facts = results["versions"]
    lines += [
        "",
        f"Commit {facts['commit']}, {facts['swift']}",
        f"PostgreSQL {facts['postgresql']} (fsync {facts['fsync']}, synchronous_commit {facts['synchronous_commit']}, "
        f"full_page_writes {facts['full_page_writes']}), {facts['pgbench']}",
        f"{facts['processor']}, {facts['cores']} cores, Linux {facts['kernel']}, {facts['at']}, "
        f"load before {facts['load_before']:.2f}, {results['seconds']:.0f} s ("
        + ", ".join(f"{part} {seconds:.0f}" for part, seconds in results["part_seconds"].items()) + ")"]
    if "intake" in results or "orders" in results:
        lines.append(
            "pgbench: the same tables without triggers and foreign keys, rows of the same size, one event or order per "
            "transaction, best of 8, 16 and 32 clients, prepared statements, no SMTP, no HTTP.")
    if "checked_orders" in results:
        lines += [f"Checked: all {results['checked_orders']:,} orders delivered, each with one key and one mail.",
                  f"gkmd verify: {results['verified']}"]
    if "intake" in results:
        lines.append(f"Checked: all {results['intake']['acknowledged_and_stored']:,} acknowledged events are stored.")
    lines += [f"NOT MEASURED, {part}: {why}" for part, why in results["troubles"].items()]
    return "\n".join(lines)
