"""Checkout's reservation beside the usual ways of holding stock: the same rows written, the same server, the same run."""

import json
import subprocess

from stand import BIN, Trouble

# What is wanted of which listing: (name, listing, keys, buyers).
RUSHES = (("few", 2, 100, 1_000), ("many", 1, 5_000, 2_000))
CONNECTIONS = 50
WAYS = (
    ("gate", "gkmd: one gate, groups of up to 64"), ("two-gates", "gkmd: two gates, as of two daemons"),
    ("cas", "compare-and-swap, no retry"), ("cas-retried", "compare-and-swap, up to 50 tries"),
    ("skip-locked", "a key's row each, SKIP LOCKED"), ("row-lock", "the counter's row, locked"))


def make_stall(stand):
    """A market with two listings to be rushed at; each way gets a copy of it."""
    for name, listing, keys, _ in RUSHES:
        path = f"{stand.folder}/keys"
        with open(path, "w") as file:
            file.writelines(f"RUSH-{name.upper()}-{number:06}-AAAA-BBBB\n" for number in range(keys))
        stand.gkmd("gkm_daemon", "stock", "import", "--master-key-file", f"{stand.folder}/master_key",
                   "--listing", str(listing), path, PGDATABASE="stall")
    stand.sql("VACUUM (ANALYZE)", database="stall")


def race(stand, way, rush):
    name, listing, keys, buyers = rush
    stand.sql("CREATE DATABASE race TEMPLATE stall; GRANT CONNECT, TEMP ON DATABASE race TO gkm_daemon;",
              database="postgres")
    stand.checkpoint()
    done = subprocess.run(
        [f"{BIN}/gkmbench", "reserve", "--way", way, "--listing", str(listing), "--buyers", str(buyers),
         "--connections", str(CONNECTIONS)],
        env={**stand.environment, "PGUSER": "gkm_daemon", "PGDATABASE": "race"}, text=True, capture_output=True)
    if done.returncode != 0:
        raise Trouble(f"gkmbench reserve --way {way}: {done.stderr.strip()}")
    tally = json.loads(done.stdout)
    orders, held, available, reserved, free, transactions = (int(value) for value in stand.sql(
        f"""
        SELECT (SELECT count(*) FROM gkm.orders), (SELECT coalesce(sum(quantity), 0) FROM gkm.reservation WHERE state = 'held'),
          s.available, s.reserved, (SELECT count(*) FROM gkm.stock_unit u WHERE u.listing_id = {listing} AND u.state = 'available'),
          (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'race')
        FROM gkm.listing_stock s WHERE s.listing_id = {listing}""", database="race").split("\t"))
    # A way without a counter takes keys' rows; the others count, and take the rows when the order is paid.
    left = free if way == "skip-locked" else available
    wrong = orders != tally["sold"] or held != tally["sold"] or left != keys - tally["sold"]
    if wrong or way != "skip-locked" and reserved != tally["sold"]:
        raise Trouble(f"{way}, {name}: {tally['sold']} were told they hold a key; {orders} orders, {held} holds, {left} left")
    stand.sql("DROP DATABASE race", database="postgres")
    return {**tally, "keys": keys, "buyers": buyers, "unsold": left, "transactions": transactions,
            "per_second": tally["sold"] / tally["seconds"], "transactions_per_second": transactions / tally["seconds"]}


def reservations(stand, say):
    """For each rush and way what became of the buyers."""
    make_stall(stand)
    results = {}
    for rush in RUSHES:
        for way, title in WAYS:
            say(f"Reservation: {rush[3]:,} buyers for {rush[2]:,} keys, {title}")
            results.setdefault(rush[0], {})[way] = race(stand, way, rush)
    return results


def table(results):
    """Lines of plain text."""
    lines = []
    for rush, _, keys, buyers in RUSHES:
        # Who is told no while a key is left, or for want of speed and not of stock.
        head = (f"{buyers:,} buyers, {keys:,} keys", "sold", "unsold", "false no", "failed", "seconds", "sold/s", "tx/s")
        rows = [head]
        for way, title in WAYS:
            row = results[rush][way]
            rows.append((
                title, f"{row['sold']:,}", f"{row['unsold']:,}", f"{row['lost']:,}", f"{row['failed']:,}",
                f"{row['seconds']:.2f}", f"{row['per_second']:,.0f}", f"{row['transactions_per_second']:,.0f}"))
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        for place, row in enumerate(rows):
            cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
            lines.append("  ".join(cells))
            if place == 0:
                lines.append("  ".join("-" * width for width in widths))
        lines.append("")
    lines.append(
        f"Each way: {CONNECTIONS} connections, the rows that checkout writes, one key a buyer. A false no is a refusal for "
        "a lost race and not for want of stock. Goal: none, all keys sold; 5,000 keys within 1 s.")
    return lines
