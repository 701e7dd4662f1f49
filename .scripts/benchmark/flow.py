"""Events taken in, and orders from their event to the mail server's word, beside pgbench doing the bare statements."""

import time

from stand import Trouble, say

LISTINGS = 50
CLIENTS = (8, 16, 32)
CONNECTIONS = 48
# As pgbench has its best of several numbers of clients, which wait for each commit, gkmd has its best of several numbers
# of connections, which wait for each answer.
INTAKE_CONNECTIONS = (48, 96, 192)
# Orders that go through first, for connections and statements to be there when the clock starts.
WARM = 300


def samples(stand):
    """Rows as production wrote them, for pgbench to write rows of the same size."""
    event = "(SELECT event_id FROM gkm.stripe_event WHERE order_id = 7 LIMIT 1)"
    values = {
        "BODY": "\\x" + stand.body().hex(), "LISTINGS": LISTINGS,
        "SIGNATURE": stand.sql(f"SELECT signature FROM gkm.stripe_event_body WHERE event_id = {event}"),
        "FACTS": stand.sql("SELECT facts FROM gkm.payment WHERE order_id = 7").replace("'", "''"),
        "MESSAGE": stand.sql("SELECT message_id FROM gkm.delivery WHERE order_id = 7"),
        "REPLY": stand.sql("SELECT last_reply FROM gkm.delivery WHERE order_id = 7").replace("'", "''"),
    }
    written = stand.sql(
        "SELECT action, encode(body, 'hex') FROM gkm.audit_event WHERE order_id = 7 "
        "AND action NOT IN ('checkout.created', 'stock.reserved') ORDER BY id")
    rows = [line.split("\t") for line in written.splitlines()]
    if len(rows) != 4:
        raise Trouble(f"an order has {len(rows)} audit events, and pgbench's script writes 4: {[r[0] for r in rows]}")
    for number, (_, body) in enumerate(rows, 1):
        values[f"AUDIT{number}"] = "\\x" + body
    return values


def intake(stand, plan):
    say("Intake: gkmd, as fast as it answers")
    child, target = stand.daemon(only="intake", PGDATABASE="intake", GKM_CONFIG=stand.no_bound())
    told = stand.post(target, 2_000, series="first", connections=CONNECTIONS)["acknowledged"]
    rates, full = {}, None
    for connections in INTAKE_CONNECTIONS:
        stand.checkpoint()
        before = stand.usage(child)[0]
        run = stand.post(target, plan.intake_events, series=f"full{connections}", connections=connections,
                         seconds=plan.intake_seconds)
        run["cpu"] = stand.usage(child)[0] - before
        rates[connections] = run["rate"]
        told += run["acknowledged"]
        if full is None or run["rate"] > full["rate"]:
            full = run
    say("Intake: gkmd at half that rate")
    stand.checkpoint()
    rate = full["rate"] / 2
    half = stand.post(target, int(rate * plan.intake_seconds), series="calm", connections=CONNECTIONS, rate=rate,
                      seconds=plan.intake_seconds)
    memory = stand.usage(child)[1]
    stand.end(child)
    stored = int(stand.sql("SELECT count(*) FROM gkm.stripe_event", database="intake"))
    bodies = int(stand.sql("SELECT count(*) FROM gkm.stripe_event_body", database="intake"))
    told += half["acknowledged"]
    if stored < told or bodies != stored:
        raise Trouble(f"{told} events were acknowledged, {stored} are stored, {bodies} with their bytes")
    return {
        "events_per_second": full["rate"], "rates": rates, "events": full["acknowledged"], "p50_ms": full["p50_ms"],
        "p99_ms": full["p99_ms"], "refused": full["refused"], "request_bytes": full["request_bytes"],
        "generator_cpu_seconds": full["cpu_seconds"], "daemon_cpu_ms_per_event": 1000 * full["cpu"] / full["acknowledged"],
        "half": {"rate": half["rate"], "p50_ms": half["p50_ms"], "p99_ms": half["p99_ms"], "max_ms": half["max_ms"],
                 "refused": half["refused"]},
        "daemon_peak_mb": memory, "acknowledged_and_stored": told}


def wait_delivered(stand, first, count, seconds, database="gkm"):
    """Until those orders are delivered; how many are not after that time."""
    deadline = time.monotonic() + seconds
    while True:
        left = int(stand.sql(
            "SELECT count(*) FROM gkm.orders WHERE state <> 'delivered' AND id BETWEEN "
            f"{first} AND {first + count - 1}", database=database))
        if left == 0 or time.monotonic() > deadline:
            return left
        time.sleep(1)


def delivered(stand, record, first, count, database="gkm"):
    """What PostgreSQL says of those orders, beside when the load generator sent their events."""
    with open(record) as file:
        copied = file.read()
    row = stand.sql(f"""
        CREATE TEMPORARY TABLE sent (order_id bigint PRIMARY KEY, sent_at bigint, latency bigint);
        COPY sent FROM STDIN (FORMAT csv);
{copied}\\.
        WITH times AS (
          SELECT extract(epoch FROM d.confirmed_at) AS done, extract(epoch FROM o.paid_at) AS paid, s.sent_at / 1e6 AS sent
          FROM gkm.delivery d JOIN gkm.orders o ON o.id = d.order_id JOIN sent s ON s.order_id = d.order_id
          WHERE d.state = 'confirmed' AND d.order_id BETWEEN {first} AND {first + count - 1}
        ), span AS (
          SELECT percentile_disc(0.1) WITHIN GROUP (ORDER BY done) AS low,
            percentile_disc(0.9) WITHIN GROUP (ORDER BY done) AS high FROM times
        )
        SELECT count(*), count(*) / (max(done) - min(sent)),
          (SELECT count(*) FROM times, span WHERE done > low AND done <= high) / (SELECT high - low FROM span),
          1000 * percentile_disc(0.5) WITHIN GROUP (ORDER BY done - sent),
          1000 * percentile_disc(0.99) WITHIN GROUP (ORDER BY done - sent), 1000 * max(done - sent),
          1000 * percentile_disc(0.5) WITHIN GROUP (ORDER BY done - paid),
          1000 * percentile_disc(0.99) WITHIN GROUP (ORDER BY done - paid), 1000 * max(done - paid)
        FROM times""", database=database)
    names = ("orders", "rate", "sustained", "p50_ms", "p99_ms", "max_ms", "paid_p50_ms", "paid_p99_ms", "paid_max_ms")
    return dict(zip(names, (float(value or 0) for value in row.splitlines()[-1].split("\t"))))


def whole(stand, plan):
    """Orders end to end: a burst, then a calm stretch at half of what the burst showed."""
    sink, mail = stand.mail_sink()
    child, target = stand.daemon(SMTP_URL=mail)
    say(f"End to end: {plan.orders} orders at once")
    stand.post(target, WARM, series="warm", connections=CONNECTIONS)
    if wait_delivered(stand, 1, WARM, 30):
        raise Trouble(f"not even {WARM} orders were delivered within 30 s")
    stand.checkpoint()
    record = f"{stand.folder}/sent"
    before = stand.usage(child)[0]
    posted = stand.post(target, plan.orders, first=WARM + 1, series="ord", connections=CONNECTIONS, record=record)
    left = wait_delivered(stand, WARM + 1, plan.orders, 60)
    cpu, memory = stand.usage(child)
    if left:
        raise Trouble(f"{left} of {plan.orders} orders were not delivered within 60 s")
    burst = delivered(stand, record, WARM + 1, plan.orders)
    say("End to end: half of that rate")
    stand.checkpoint()
    rate = min(burst["sustained"] / 2, plan.calm_orders / plan.calm_seconds)
    count = int(rate * plan.calm_seconds)
    first = WARM + plan.orders + 1
    calm_post = stand.post(target, count, first=first, series="half", connections=CONNECTIONS, rate=rate, record=record)
    left = wait_delivered(stand, first, count, 30)
    if left:
        raise Trouble(f"{left} of {count} orders at half load were not delivered within 30 s")
    calm = delivered(stand, record, first, count)
    stand.end(child)
    stand.end(sink)
    return {
        "orders_per_second": burst["rate"], "sustained_orders_per_second": burst["sustained"],
        "orders": int(burst["orders"]), "daemon_cpu_ms_per_order": 1000 * (cpu - before) / plan.orders,
        "generator_cpu_seconds": posted["cpu_seconds"], "refused": posted["refused"], "daemon_peak_mb": memory,
        "burst": {name: burst[name] for name in ("p50_ms", "p99_ms", "max_ms")},
        "half": {"rate": rate, "orders": int(calm["orders"]), "intake_p50_ms": calm_post["p50_ms"],
                 "intake_p99_ms": calm_post["p99_ms"], "refused": calm_post["refused"],
                 **{name: value for name, value in calm.items() if name.endswith("_ms")}},
    }, WARM + plan.orders + count


def check(stand, count):
    """Each order has what it should, once; then all that `gkmd verify` looks at."""
    row = stand.sql(f"""
        SELECT (SELECT count(*) FROM gkm.orders WHERE id <= {count} AND state = 'delivered' AND units_delivered = 1),
          (SELECT count(DISTINCT order_unit_id) FROM gkm.assignment WHERE active AND order_id <= {count}),
          (SELECT count(DISTINCT stock_unit_id) FROM gkm.assignment WHERE order_id <= {count}),
          (SELECT count(*) FROM gkm.delivery WHERE state = 'confirmed' AND attempts = 1 AND order_id <= {count}),
          (SELECT count(*) FROM gkm.delivery_attempt WHERE outcome = 'confirmed' AND order_id <= {count}),
          (SELECT count(*) FROM gkm.stripe_event WHERE state = 'done'),
          (SELECT count(*) FROM gkm.stock_unit WHERE state = 'assigned'),
          (SELECT sum(sold) FROM gkm.listing_stock),
          (SELECT count(*) FROM gkm.job WHERE kind <> 'notify') + (SELECT count(*) FROM gkm.job_dead)""")
    found = [int(value) for value in row.split("\t")]
    names = ("delivered", "units with a key", "keys given", "first attempts confirmed", "attempts", "events done",
             "keys assigned", "sold by the counters", "jobs left")
    wrong = [f"{name}: {value}" for name, value in zip(names, found) if value != (0 if name == "jobs left" else count)]
    if wrong:
        raise Trouble(f"of {count} orders: " + ", ".join(wrong))
    say("Verifying every promise on the database")
    return stand.gkmd("gkm_daemon", "verify", "--master-key-file", f"{stand.folder}/master_key").splitlines()[-1]


def best(runs):
    clients = max(runs, key=runs.get)
    return {"per_second": runs[clients], "clients": clients, "all": {str(key): value for key, value in runs.items()}}


def pgbench_intake(stand, plan):
    runs = {}
    signature = stand.sql("SELECT signature FROM gkm.stripe_event_body LIMIT 1", database="intake")
    values = {"BODY": "\\x" + stand.body().hex(), "SIGNATURE": signature}
    for clients in CLIENTS:
        say(f"Intake: pgbench with {clients} clients")
        stand.checkpoint()
        runs[clients] = stand.pgbench("intake.pgbench", {**values, "RUN": f"p{clients:02}"}, clients,
                                      seconds=plan.pgbench_seconds)
    # The orders' turn begins with none, as the daemon's does.
    stand.sql("TRUNCATE gkm.stripe_event, gkm.stripe_event_body, gkm.parked_event, gkm.job", database="bare")
    return best(runs)


def pgbench_orders(stand, plan, values):
    runs = {}
    base = 0
    stand.sql("VACUUM (ANALYZE)", database="bare")
    for clients in CLIENTS:
        say(f"End to end: pgbench with {clients} clients")
        each = plan.pgbench_orders // clients
        stand.checkpoint()
        runs[clients] = stand.pgbench("order.pgbench", {**values, "BASE": base, "EACH": each}, clients,
                                      transactions=each)
        base += clients * each
    done = int(stand.sql("SELECT count(*) FROM gkm.orders WHERE state = 'delivered'", database="bare"))
    keys = int(stand.sql("SELECT count(*) FROM gkm.assignment", database="bare"))
    if done != base or keys != base:
        raise Trouble(f"pgbench made {base} orders, of which {done} are delivered with {keys} keys")
    return best(runs)
