"""Measures, prints one table, and writes the same as JSON and as charts.

    measure.py FOLDER UNPACKED [--quick] [--only PART,…] [--orders N] [--sizes N,…] [--json FILE] [--charts FOLDER]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time

import charts
import console
import flood
import flow
import reserve
import seal
import security
import size
from stand import PGBIN, ROOT, Stand, Trouble, say
from table import table

PARTS = ("reservation", "intake", "endtoend", "flood", "seal", "import", "backlog", "size", "security", "console")


class Plan:
    """How much of everything."""

    def __init__(self, options):
        quick = options.quick
        self.quick = quick
        self.orders = options.orders or (3_000 if quick else 10_000)
        self.intake_events = 100_000 if quick else 250_000
        self.intake_seconds = 4 if quick else 10
        self.pgbench_seconds = 3 if quick else 8
        self.calm_seconds = 6 if quick else 20
        self.pgbench_orders = 1_600 if quick else 8_000
        # Half of what was never yet measured to be more than 4,000 orders/s.
        self.calm_orders = 2_000 * self.calm_seconds
        self.seeded = max(flow.WARM + self.orders + self.calm_orders, 3 * self.pgbench_orders)
        # A burst worth so many seconds of capacity, and a flood of so many.
        self.burst_seconds = 8 if quick else 20
        self.flood_seconds = 15 if quick else 40
        self.flood_bound_seconds = 4 if quick else 10
        self.seal_orders = 2_500 if quick else 8_000
        self.seal_rounds = 1 if quick else 2
        self.seal_events = 50_000 if quick else 1_000_000
        self.import_keys = 50_000 if quick else 300_000
        self.backlog = 10_000 if quick else 100_000
        self.sizes = options.sizes or ([2_000, 10_000] if quick else [10_000, 100_000, 1_000_000])
        self.size_orders = 1_500 if quick else 6_000
        self.list_rounds = 10 if quick else 40
        self.data_keys = 1_000
        self.rotations = 3 if quick else 7
        self.security_orders = 5_000 if quick else 50_000
        self.security_laps = 2 if quick else 5
        self.security_seconds = 2 if quick else 4
        self.console_orders = 5_000 if quick else 200_000
        self.console_starts = 3 if quick else 11
        self.console_idle = 4 if quick else 10


def versions(stand):
    setting = lambda name: stand.sql(f"SHOW {name}", database="postgres")
    read = lambda *command: subprocess.run(command, text=True, capture_output=True).stdout.strip()
    commit = read("git", "-C", ROOT, "rev-parse", "--short=12", "HEAD")
    if read("git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no"):
        commit += " with changes"
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return {
        "commit": commit, "swift": read("swift", "--version").splitlines()[0],
        "postgresql": setting("server_version"), "fsync": setting("fsync"),
        "synchronous_commit": setting("synchronous_commit"),
        "full_page_writes": setting("full_page_writes"), "pgbench": read(f"{PGBIN}/pgbench", "--version"),
        "processor": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "load_before": os.getloadavg()[0]}


def end_to_end(stand, plan, results):
    say(f"Making a market with {plan.seeded} open orders")
    stand.fill("gkm", plan.seeded)
    stand.make_bare("gkm")
    results["orders"], count = flow.whole(stand, plan)
    results["pgbench_orders"] = flow.pgbench_orders(stand, plan, flow.samples(stand))
    results["verified"] = flow.check(stand, count)
    results["checked_orders"] = count


def taking_in(stand, plan, results):
    stand.copy("intake")
    stand.make_bare("intake")
    results["intake"] = flow.intake(stand, plan)
    # What is compared stands close together in time.
    results["pgbench_intake"] = flow.pgbench_intake(stand, plan)


def measure(stand, plan, parts, results):
    """Each part by itself: one that cannot be measured says why, and the others go on."""
    def reservations(stand, plan, results):
        stand.copy("stall")
        results["reservation"] = reserve.reservations(stand, say)

    work = {
        "reservation": reservations, "intake": taking_in, "endtoend": end_to_end, "flood": flood.floods,
        "seal": seal.sealing, "import": seal.importing, "backlog": size.backlog, "size": size.sizes,
        "security": security.security,
        "console": console.consoles}
    for part in PARTS:
        if part not in parts:
            continue
        began = time.monotonic()
        try:
            work[part](stand, plan, results)
        except Trouble as trouble:
            say(f"{part}: {trouble}")
            results["troubles"][part] = str(trouble)
            stand.close()
        results["part_seconds"][part] = time.monotonic() - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("unpacked")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--orders", type=int)
    parser.add_argument("--sizes", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--json")
    parser.add_argument("--charts")
    options = parser.parse_args()
    if options.orders is not None and not 100 <= options.orders <= 1_000_000:
        parser.error("--orders: from 100 to 1000000")
    parts = options.only.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"--only: there is no part {unknown[0]}: {', '.join(PARTS)}")
    if options.sizes and not all(1_000 <= count <= 10_000_000 for count in options.sizes):
        parser.error("--sizes: from 1000 to 10000000")
    plan = Plan(options)
    stand = Stand(options.folder, options.unpacked)
    results = {"quick": options.quick, "parts": parts, "troubles": {}, "part_seconds": {}}
    try:
        results["versions"] = versions(stand)
        began = time.monotonic()
        stand.prepare(flow.LISTINGS)
        measure(stand, plan, parts, results)
        results["seconds"] = time.monotonic() - began
    except KeyboardInterrupt:
        sys.exit(130)
    except Trouble as trouble:
        sys.exit(f"bench: {trouble}")
    finally:
        stand.close()
    print(table(results))
    if options.charts:
        for path in charts.write(results, options.charts):
            print(f"Chart: {path}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=2)
            file.write("\n")
    sys.exit(1 if results["troubles"] else 0)


if __name__ == "__main__":
    main()
