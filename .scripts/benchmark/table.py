"""The benchmark's figures as tables of plain text."""

import reserve


def rows(results):
    """(what, measured, beside it, verdict): a line of the table each."""
    intake, orders = results["intake"], results["orders"]
    bare_intake, bare_orders = results["pgbench_intake"], results["pgbench_orders"]
    half = orders["half"]

    def ratio(own, bare):
        return f"{own / bare['per_second']:.2f} x (goal 1.50)"

    def pgbench(bare):
        runs = ", ".join(f"{clients}: {rate:,.0f}" for clients, rate in bare["all"].items())
        return f"pgbench {bare['per_second']:,.0f}/s ({runs})"

    def under(value, goal, unit):
        return f"{'under' if value < goal else 'OVER'} {goal:g} {unit}"

    yield ("intake, acknowledged", f"{intake['events_per_second']:,.0f} events/s", pgbench(bare_intake),
           ratio(intake["events_per_second"], bare_intake))
    yield ("  latency at full load", f"p50 {intake['p50_ms']:.1f} ms, p99 {intake['p99_ms']:.1f} ms",
           f"{intake['events']:,} events of {intake['request_bytes']:,} bytes", "")
    yield ("  latency at half load",
           f"p50 {intake['half']['p50_ms']:.1f} ms, p99 {intake['half']['p99_ms']:.1f} ms",
           f"at {intake['half']['rate']:,.0f} events/s, max {intake['half']['max_ms']:.0f} ms",
           "p99 " + under(intake["half"]["p99_ms"], 20, "ms"))
    yield ("end to end, first post to last", f"{orders['orders_per_second']:,.0f} orders/s", pgbench(bare_orders),
           ratio(orders["orders_per_second"], bare_orders))
    yield ("  sustained, middle 80 %", f"{orders['sustained_orders_per_second']:,.0f} orders/s",
           f"{orders['orders']:,} orders in one burst",
           ratio(orders["sustained_orders_per_second"], bare_orders))
    yield ("paid -> SMTP accepted, half load",
           f"p50 {half['p50_ms']:.1f} ms, p99 {half['p99_ms']:.1f} ms, max {half['max_ms']:.0f} ms",
           f"from webhook sent to confirmed, at {half['rate']:,.0f} orders/s",
           f"p50 {under(half['p50_ms'], 25, 'ms')}, p99 {under(half['p99_ms'], 250, 'ms')}")
    yield ("  its webhooks' answers", f"p50 {half['intake_p50_ms']:.1f} ms, p99 {half['intake_p99_ms']:.1f} ms",
           f"{half['orders']:,} orders", "p99 " + under(half["intake_p99_ms"], 20, "ms"))
    yield ("paid -> SMTP accepted, burst",
           f"p50 {orders['burst']['p50_ms']:,.0f} ms, max {orders['burst']['max_ms']:,.0f} ms",
           f"{orders['orders']:,} orders posted at once", "max " + under(orders["burst"]["max_ms"], 30_000, "ms"))
    yield ("daemon, processor time",
           f"{orders['daemon_cpu_ms_per_order']:.3f} ms/order", f"{intake['daemon_cpu_ms_per_event']:.3f} ms/event", "")
    yield ("daemon, peak resident", f"{orders['daemon_peak_mb']:.0f} MB", f"intake alone {intake['daemon_peak_mb']:.0f} MB",
           under(max(orders["daemon_peak_mb"], intake["daemon_peak_mb"]), 150, "MB"))


def table(results):
    """Aligned columns, then what was run and checked."""
    head = ("", "gkmd", "beside it", "goal")
    lines = [head, *rows(results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    text += ["", *reserve.table(results["reservation"])]
    facts = results["versions"]
    refused = [name for name in ("intake", "orders") if results[name]["refused"]]
    text += [
        "",
        f"Commit {facts['commit']}, {facts['swift']}",
        f"PostgreSQL {facts['postgresql']} (fsync {facts['fsync']}, synchronous_commit {facts['synchronous_commit']}, "
        f"full_page_writes {facts['full_page_writes']}), {facts['pgbench']}",
        f"{facts['processor']}, {facts['cores']} cores, Linux {facts['kernel']}, {facts['at']}, "
        f"load before {facts['load_before']:.2f}, {results['seconds']:.0f} s",
        "pgbench: the same tables without triggers and foreign keys, rows of the same size, one event or order per "
        "transaction, best of 8, 16 and 32 clients, prepared statements, no SMTP.",
        f"Checked: all {results['checked_orders']:,} orders delivered, each with one key and one mail; all "
        f"{results['intake']['acknowledged_and_stored']:,} acknowledged events stored.",
        f"gkmd verify: {results['verified']}",
    ]
    for name in refused:
        text.append(f"Refused or cut and sent again ({name}): {results[name]['refused']}")
    return "\n".join(text)
