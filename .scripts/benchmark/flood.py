"""More than can be carried out at once: a burst worth many seconds of capacity, and ten times capacity for a while."""

import time

import flow
from stand import Trouble, say

CONNECTIONS = 512


def capacity(stand, plan, results, target, database):
    """Orders per second of a burst: of the part that measured it in this run, else of a short one here."""
    if "orders" in results:
        return results["orders"]["sustained_orders_per_second"]
    record = f"{stand.folder}/sent"
    stand.post(target, 3_000, first=flow.WARM + 1, series="cap", connections=flow.CONNECTIONS, record=record)
    if flow.wait_delivered(stand, flow.WARM + 1, 3_000, 60, database):
        raise Trouble("3,000 orders were not delivered within 60 s")
    return flow.delivered(stand, record, flow.WARM + 1, 3_000, database)["sustained"]


def floods(stand, plan, results):
    """First the burst, then the flood, each against a daemon of its own on a market of its own."""
    database = "flood"
    stand.copy(database)
    most = 4_000 * plan.burst_seconds if "orders" not in results else int(
        results["orders"]["sustained_orders_per_second"] * 1.1 * plan.burst_seconds)
    flooded = int((plan.flood_seconds + 2 * plan.flood_bound_seconds) * most / plan.burst_seconds) + 20_000
    say(f"Making a market with {most + flooded} open orders")
    first = flow.WARM + 3_000
    stand.fill(database, first + most + flooded)
    sink, mail = stand.mail_sink()
    child, target = stand.daemon(SMTP_URL=mail, PGDATABASE=database)
    stand.post(target, flow.WARM, series="warm", connections=flow.CONNECTIONS)
    if flow.wait_delivered(stand, 1, flow.WARM, 30, database):
        raise Trouble(f"not even {flow.WARM} orders were delivered within 30 s")
    rate = capacity(stand, plan, results, target, database)
    results["burst"] = burst(stand, plan, target, database, first, min(most, int(rate * plan.burst_seconds)), rate)
    stand.end(child)
    bound = max(100, int(rate * plan.flood_bound_seconds))
    settings = f"{stand.folder}/flood.toml"
    with open(settings, "w") as file:
        file.write(f"[intake]\nbacklog_limit = {bound}\n")
    child, target = stand.daemon(SMTP_URL=mail, PGDATABASE=database, GKM_CONFIG=settings)
    results["flood"] = flood(stand, plan, child, target, database, first + most, flooded, rate, bound)
    stand.end(child)
    stand.end(sink)
    stand.drop(database)


def burst(stand, plan, target, database, first, count, rate):
    say(f"Burst: {count} orders, worth {plan.burst_seconds} s of {rate:.0f} orders/s")
    stand.checkpoint()
    record = f"{stand.folder}/sent"
    posted = stand.post(target, count, first=first + 1, series="burst", connections=flow.CONNECTIONS, record=record)
    left = flow.wait_delivered(stand, first + 1, count, 4 * plan.burst_seconds + 30, database)
    if left:
        raise Trouble(f"{left} of {count} orders of a burst were not delivered in {4 * plan.burst_seconds + 30} s")
    seen = flow.delivered(stand, record, first + 1, count, database)
    return {"orders": count, "seconds_of_capacity": count / rate, "intake_rate": posted["rate"],
            "refused": posted["refused"], **{name: seen[name] for name in ("p50_ms", "p99_ms", "max_ms", "sustained")},
            "curve": curve(stand, database, first + 1, count)}


def flood(stand, plan, child, target, database, first, count, rate, bound):
    say(f"Flood: {10 * rate:.0f} events/s for {plan.flood_seconds} s; 503 beyond {bound} waiting")
    stand.checkpoint()
    record = f"{stand.folder}/sent"
    began = time.time()
    posted = stand.post(target, count, first=first + 1, series="flood", connections=CONNECTIONS, rate=10 * rate,
                        seconds=plan.flood_seconds, record=record)
    ended = time.time()
    with open(record) as file:
        taken = sum(1 for _ in file)
    deadline = time.monotonic() + 3 * plan.flood_bound_seconds + 60
    done = 0
    while done < taken and time.monotonic() < deadline:
        time.sleep(1)
        done = int(stand.sql(f"SELECT count(*) FROM gkm.delivery WHERE state = 'confirmed' AND order_id > {first}",
                             database=database))
    # Its first seconds fill the queue; the capacity kept is that of what comes after.
    settled = began + min(plan.flood_seconds / 3, 10)
    kept, p50, p99, most, overtaken, lost = (float(value or 0) for value in stand.sql(f"""
        WITH d AS (
          SELECT extract(epoch FROM d.confirmed_at) AS done, extract(epoch FROM e.received_at) AS came
          FROM gkm.delivery d JOIN gkm.stripe_event e ON e.order_id = d.order_id
          WHERE d.state = 'confirmed' AND d.order_id > {first}
        ), ordered AS (SELECT done, came, max(came) OVER (ORDER BY done ROWS UNBOUNDED PRECEDING) AS newest FROM d)
        SELECT count(*) FILTER (WHERE done > {settled} AND done <= {ended}) / {ended - settled},
          percentile_disc(0.5) WITHIN GROUP (ORDER BY done - came),
          percentile_disc(0.99) WITHIN GROUP (ORDER BY done - came), max(done - came), max(newest - came),
          {taken} - count(*)
        FROM ordered""", database=database).split("\t"))
    return {"offered_per_second": 10 * rate, "seconds": ended - began, "taken": taken, "refused": posted["refused"],
            "bound": bound, "capacity": rate, "kept": kept / rate, "orders_per_second": kept, "p50_s": p50, "p99_s": p99,
            "max_s": most, "overtaken_s": overtaken, "lost": int(lost), "daemon_peak_mb": stand.usage(child)[1],
            "curve": curve(stand, database, first + 1, count)}


def curve(stand, database, first, count):
    """Orders confirmed in each second, and how long those had waited: [second, orders, seconds]."""
    text = stand.sql(f"""
        WITH d AS (
          SELECT extract(epoch FROM d.confirmed_at) AS done, extract(epoch FROM e.received_at) AS came
          FROM gkm.delivery d JOIN gkm.stripe_event e ON e.order_id = d.order_id
          WHERE d.state = 'confirmed' AND d.order_id BETWEEN {first} AND {first + count - 1})
        SELECT floor(done - (SELECT min(came) FROM d))::integer AS second, count(*), max(done - came)
        FROM d GROUP BY 1 ORDER BY 1""", database=database)
    return [[float(value) for value in line.split("\t")] for line in text.splitlines()]
