"""What protection costs: wrapping data keys anew, and the same questions with row security and without, side by side."""

import json
import os
import re
import statistics
import subprocess
import time

from stand import BIN, PGBIN, Trouble, say

VENDOR = "v_7f3k9q"
# What api.vendor_list asks for a vendor's orders, by whoever row security does not hold.
BARE = """
SELECT v.order_id, jsonb_build_object(
  'number', v.number, 'state', o.state, 'customer', v.customer_masked, 'amount', v.amount, 'currency', v.currency,
  'title', (SELECT string_agg(l.title || CASE WHEN l.quantity > 1 THEN ' ×' || l.quantity ELSE '' END, ', '
    ORDER BY l.id) FROM gkm.order_line l WHERE l.order_id = v.order_id AND l.vendor_id = {me}),
  'created_at', v.created_at, 'paid_at', o.paid_at, 'delivered_at', o.delivered_at)
FROM gkm.vendor_order v JOIN gkm.orders o ON o.id = v.order_id
WHERE v.vendor_id = {me} ORDER BY v.order_id DESC LIMIT 100;
"""
FUNCTION = "SELECT * FROM api.vendor_list('orders', '{}', NULL, 100);\n"


def security(stand, plan, results):
    rotated = rotation(stand, plan)
    results["security"] = {"rotation": rotated, **rows(stand, plan)}


def rotation(stand, plan):
    """Seconds of the whole command, over a market with so many data keys and over one with none."""
    master = ("--master-key-file", f"{stand.folder}/master_key")
    seconds = {}
    for database, template, count in (("unrotated", "empty", 0), ("rotated", "fresh", plan.data_keys)):
        stand.copy(database, template=template)
        if count:
            say(f"Security: {count:,} imports, each with a data key of its own")
            done = subprocess.run(
                [f"{BIN}/gkmbench", "imports", "--listing", "1", "--count", str(count)], text=True,
                capture_output=True, env={**stand.environment, "PGUSER": "gkm_daemon", "PGDATABASE": database})
            if done.returncode:
                raise Trouble(f"gkmbench imports: {done.stderr.strip()[-500:]}")
        stand.checkpoint()
        laps = []
        for _ in range(plan.rotations):
            began = time.monotonic()
            said = stand.gkmd("gkm_migrator", "keys", "rotate", *master, PGDATABASE=database)
            laps.append(time.monotonic() - began)
            if f"Wrapped {count} data keys" not in said:
                raise Trouble(f"gkmd keys rotate says: {said.strip()}")
        if count:
            found = stand.gkmd("gkm_daemon", "keys", "verify", *master, PGDATABASE=database)
            if f"Data keys: {count}, {count} under" not in found or "Everything that was tried opens" not in found:
                raise Trouble(f"gkmd keys verify says: {found.strip()}")
        seconds[database] = statistics.median(laps)
        stand.drop(database)
    return {"data_keys": plan.data_keys, "seconds": seconds["rotated"], "seconds_with_none": seconds["unrotated"]}


def rows(stand, plan):
    """Lists of one person whom row security holds and of one whom it does not, in turn; the vendor's function and its
    query, in turn."""
    database = "guarded"
    stand.copy(database, template="empty")
    say(f"Security: making a market with {plan.security_orders:,} orders")
    stand.gkmd("postgres", "demo-data", "--orders", str(plan.security_orders), "--days", "60", "--master-key-file",
               f"{stand.folder}/master_key", PGDATABASE=database)
    stand.sql("VACUUM (ANALYZE)", database=database)
    secret = os.urandom(12).hex()
    for login in ("bench_guarded", "bench_free"):
        stand.gkmd("postgres", "person", "add", login, "--name", "Bench", "--role", "support", PGDATABASE=database)
        stand.sql(f"ALTER ROLE {login} PASSWORD '{secret}'", database=database)
    stand.sql(f"ALTER ROLE bench_free BYPASSRLS; ALTER ROLE {VENDOR} PASSWORD '{secret}'", database=database)
    say("Security: lists with row security and without, in turn")
    laps = {"bench_guarded": {}, "bench_free": {}}
    for _ in range(plan.security_laps):
        for login, times in laps.items():
            for lap in lists(stand, plan, database, login, secret):
                times.setdefault(lap["title"], []).append(lap["p50_ms"])
    held, free = ({title: statistics.median(times) for title, times in laps[login].items()} for login in laps)
    if held.keys() != free.keys():
        raise Trouble("the two people were not asked the same")
    vendor = stand.sql(f"SELECT vendor_id FROM gkm.person WHERE role_name = '{VENDOR}'", database=database)
    say("Security: a vendor's orders by the function and by the bare query, in turn")
    times = {"function": [], "bare": []}
    for _ in range(plan.security_laps):
        times["function"].append(ask(stand, plan, database, VENDOR, secret, FUNCTION))
        times["bare"].append(ask(stand, plan, database, "postgres", None, BARE.format(me=vendor)))
    stand.drop(database)
    worst = max(held, key=lambda title: held[title] / free[title])
    return {
        "orders": plan.security_orders, "questions": len(held),
        "held_ms": sum(held.values()), "free_ms": sum(free.values()),
        "cost": sum(held.values()) / sum(free.values()) - 1,
        "worst": {"title": worst, "held_ms": held[worst], "free_ms": free[worst]},
        "function_ms": statistics.median(times["function"]), "bare_ms": statistics.median(times["bare"]),
        "by_question": {title: [held[title], free[title]] for title in held}}


def lists(stand, plan, database, login, secret):
    done = subprocess.run(
        [f"{BIN}/gkmbench", "lists", "--rounds", str(plan.list_rounds)], text=True, capture_output=True,
        env={**stand.environment, "PGUSER": login, "PGPASSWORD": secret, "PGDATABASE": database})
    if done.returncode:
        raise Trouble(f"gkmbench lists as {login}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def ask(stand, plan, database, login, secret, sql):
    """Milliseconds that one answer takes on average, planned anew each time, as the function does."""
    path = f"{stand.folder}/script"
    with open(path, "w") as file:
        file.write(sql)
    environment = {**stand.environment, "PGUSER": login, **({"PGPASSWORD": secret} if secret else {})}
    done = subprocess.run(
        [f"{PGBIN}/pgbench", "-n", "-M", "simple", "-c", "1", "-T", str(plan.security_seconds), "-f", path, database],
        env=environment, text=True, capture_output=True)
    found = re.search(r"^latency average = ([0-9.]+) ms", done.stdout, re.M)
    if done.returncode or not found:
        raise Trouble(f"pgbench as {login}: {done.stderr.strip()[-800:]}")
    return float(found.group(1))


def rows_of_table(results, below):
    """One row each: what it is, what it takes, what it takes without, the goal."""
    if "security" not in results:
        return
    found = results["security"]
    turned = found["rotation"]
    yield (f"gkmd keys rotate, {turned['data_keys']:,} data keys", f"{turned['seconds']:.2f} s",
           f"with none {turned['seconds_with_none']:.2f} s", below("it", turned["seconds"], 1, "s"))
    worst = found["worst"]
    yield ("row security, staff's lists", f"{found['held_ms'] / found['questions']:.2f} ms each",
           f"without it {found['free_ms'] / found['questions']:.2f} ms; most: {worst['title']}, "
           f"{worst['held_ms']:.2f} for {worst['free_ms']:.2f} ms",
           below("cost", 100 * found["cost"], 15, "%") + f" ({100 * found['cost']:.1f} %)")
    yield ("  vendor's orders by their function", f"{found['function_ms']:.2f} ms",
           f"bare query without row security {found['bare_ms']:.2f} ms",
           below("it", found["function_ms"] / found["bare_ms"], 2, "x") + f" ({found['function_ms'] / found['bare_ms']:.2f} x)")
