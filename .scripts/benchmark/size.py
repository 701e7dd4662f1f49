"""Whether an order costs the same in a large market, and behind a long queue; and how long people wait for lists there."""

import json
import os
import subprocess
import time

import flow
from stand import BIN, PRICE, Trouble, machine_busy, say

# Behind all ids that the demo's generator gives.
FIRST = 20_000_000
# Up to this size each order has all that it has in a market.
WHOLE = 1_000_000
PEOPLE = {"support": "ines", "vendor": "v_7f3k9q"}


def burst(stand, plan, database, first, count, series, **extra):
    """(figures, processor milliseconds per order of daemon and PostgreSQL) of one burst through a new daemon."""
    sink, mail = stand.mail_sink()
    child, target = stand.daemon(SMTP_URL=mail, PGDATABASE=database, **extra)
    warm = min(flow.WARM, count // 5)
    stand.post(target, warm, first=first + 1, series=f"{series}w", connections=flow.CONNECTIONS)
    if flow.wait_delivered(stand, first + 1, warm, 60, database):
        raise Trouble(f"{warm} orders were not delivered within 60 s")
    stand.checkpoint()
    record = f"{stand.folder}/sent"
    own, server, busy = stand.usage(child)[0], stand.server_seconds(), machine_busy()
    left = count - warm
    stand.post(target, left, first=first + warm + 1, series=series, connections=flow.CONNECTIONS, record=record)
    late = flow.wait_delivered(stand, first + warm + 1, left, 90, database)
    after = stand.server_seconds()
    figures = {
        "daemon_ms": 1000 * (stand.usage(child)[0] - own) / left,
        "postgres_ms": 1000 * sum(after[pid] - server.get(pid, 0) for pid in after) / left,
        "machine_ms": 1000 * (machine_busy() - busy) / left, "daemon_peak_mb": stand.usage(child)[1]}
    if late:
        raise Trouble(f"{late} of {left} orders were not delivered within 90 s")
    seen = flow.delivered(stand, record, first + warm + 1, left, database)
    stand.end(child)
    stand.end(sink)
    return {**figures, "sustained": seen["sustained"], "p50_ms": seen["p50_ms"], "p99_ms": seen["p99_ms"]}


def sizes(stand, plan, results):
    """A market of each size: how long it took to make, what an order costs in it, how its lists answer."""
    results["sizes"] = []
    for orders in sorted(plan.sizes):
        database = f"size_{orders}"
        stand.copy(database, template="empty")
        say(f"Size: making a market with {orders:,} orders")
        began = time.monotonic()
        # What was long ago in a market that size has left no trace, or ten million orders would take 120 GB.
        days = ["--days", "60"] if orders <= WHOLE else ["--days", "400", "--traced-days", "2"]
        stand.gkmd("postgres", "demo-data", "--orders", str(orders), *days, "--master-key-file",
                   f"{stand.folder}/master_key", PGDATABASE=database)
        row = {"orders": orders, "whole": orders <= WHOLE, "seconds_to_make": time.monotonic() - began,
               "bytes": int(stand.sql(f"SELECT pg_database_size('{database}')"))}
        listing = int(stand.sql(
            f"""
            BEGIN;
            -- What the audit demands of people is not asked of a bench's listings.
            SET LOCAL session_replication_role = replica;
            INSERT INTO gkm.product (title, platform) SELECT 'Bench ' || n, 'Steam' FROM generate_series(1, 10) AS n;
            INSERT INTO gkm.listing (vendor_id, product_id, price, currency)
              SELECT (SELECT min(id) FROM gkm.vendor), id, {PRICE}, 'eur' FROM gkm.product WHERE title LIKE 'Bench %'
              ORDER BY id;
            COMMIT;
            SELECT min(l.id) - 1 FROM gkm.listing l JOIN gkm.product p ON p.id = l.product_id
            WHERE p.title LIKE 'Bench %'""", database=database))
        stand.fill(database, plan.size_orders, first=FIRST, listings=10, listing=listing)
        stand.sql("VACUUM (ANALYZE)", database=database)
        say(f"Size: {plan.size_orders} orders more in it")
        row.update(burst(stand, plan, database, FIRST, plan.size_orders, f"z{orders}"))
        row["lists"] = {role: lists(stand, plan, database, login) for role, login in PEOPLE.items()}
        results["sizes"].append(row)
        stand.drop(database)


def lists(stand, plan, database, login):
    """Everything that this person can ask for, and how long it took."""
    say(f"Size: lists as {login}")
    secret = os.urandom(12).hex()
    stand.sql(f"ALTER ROLE {login} PASSWORD '{secret}'", database=database)
    done = subprocess.run(
        [f"{BIN}/gkmbench", "lists", "--rounds", str(plan.list_rounds)], text=True, capture_output=True,
        env={**stand.environment, "PGUSER": login, "PGPASSWORD": secret, "PGDATABASE": database})
    if done.returncode:
        raise Trouble(f"gkmbench lists as {login}: {done.stderr.strip()[-500:]}")
    laps = json.loads(done.stdout)
    laps.sort(key=lambda lap: -lap["p99_ms"])
    return {"asked": len(laps), "worst": laps[:15], "over": [lap for lap in laps if lap["p99_ms"] >= 50],
            "median_p50_ms": sorted(lap["p50_ms"] for lap in laps)[len(laps) // 2],
            "find": [lap for lap in laps if lap["title"].startswith("find")],
            "timeline": [lap for lap in laps if lap["title"] == "timeline"]}


def backlog(stand, plan, results):
    """All events first, and only then workers: what an order costs at the head of a long queue and at its end."""
    database = "backlog"
    stand.copy(database)
    say(f"Backlog: making a market with {plan.backlog} open orders")
    stand.fill(database, plan.backlog)
    settings = stand.no_bound()
    say("Backlog: taking in their events, without workers")
    child, target = stand.daemon(only="intake", PGDATABASE=database, GKM_CONFIG=settings)
    posted = stand.post(target, plan.backlog, series="back", connections=flow.CONNECTIONS, seconds=120)
    stand.end(child)
    if posted["acknowledged"] != plan.backlog:
        raise Trouble(f"{posted['acknowledged']} of {plan.backlog} events were taken in 120 s")
    sink, mail = stand.mail_sink()
    say("Backlog: working it off")
    stand.checkpoint()
    child, _ = stand.daemon(SMTP_URL=mail, PGDATABASE=database, GKM_CONFIG=settings)
    if left := flow.wait_delivered(stand, 1, plan.backlog, 60 + plan.backlog / 300, database):
        raise Trouble(f"{left} of {plan.backlog} orders were not delivered")
    memory = stand.usage(child)[1]
    stand.end(child)
    stand.end(sink)
    done = [float(line) for line in stand.sql(
        "SELECT extract(epoch FROM confirmed_at) FROM gkm.delivery WHERE state = 'confirmed' ORDER BY confirmed_at",
        database=database).splitlines()]
    tenth = len(done) // 10
    rates = [tenth / max(done[(place + 1) * tenth - 1] - done[place * tenth], 1e-6) for place in range(10)]
    results["backlog"] = {
        "orders": plan.backlog, "intake_rate": posted["rate"], "orders_per_second": len(done) / (done[-1] - done[0]),
        "rates_by_tenth": rates, "daemon_peak_mb": memory}
    stand.drop(database)
