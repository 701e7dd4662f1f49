"""What sealing the audit log costs orders, how fast it seals and verifies, and how fast keys come in, encrypted."""

import json
import os
import subprocess
import time

import flow
from stand import BIN, Trouble, say


def sealing(stand, plan, results):
    """Bursts without and with a sealer beside them, in turn, on one market."""
    database = "sealed"
    stand.copy(database)
    rounds = [False, True] * plan.seal_rounds
    stand.fill(database, flow.WARM + len(rounds) * plan.seal_orders)
    key = f"{stand.folder}/seal/key"
    os.makedirs(os.path.dirname(key), exist_ok=True)
    done = subprocess.run([f"{BIN}/gkmd", "seal", "keygen", key, "--name", "bench.example/audit"],
                          env=stand.environment, text=True, capture_output=True)
    if done.returncode:
        raise Trouble(f"gkmd seal keygen: {done.stderr.strip()}")
    sink, mail = stand.mail_sink()
    child, target = stand.daemon(SMTP_URL=mail, PGDATABASE=database)
    stand.post(target, flow.WARM, series="warm", connections=flow.CONNECTIONS)
    flow.wait_delivered(stand, 1, flow.WARM, 30, database)
    # What was there before is sealed first: nobody's order waits for it.
    sealer = start_sealer(stand, database, key)
    wait_sealed(stand, database)
    rates = {"sealed": [], "bare": []}
    first = flow.WARM
    for with_sealer in rounds:
        if not with_sealer and sealer:
            stand.end(sealer)
            sealer = None
        if with_sealer and not sealer:
            sealer = start_sealer(stand, database, key)
            wait_sealed(stand, database)
        say(f"Sealing: {plan.seal_orders} orders {'with' if with_sealer else 'without'} a sealer")
        stand.checkpoint()
        record = f"{stand.folder}/sent"
        stand.post(target, plan.seal_orders, first=first + 1, series=f"s{first}", connections=flow.CONNECTIONS,
                   record=record)
        left = flow.wait_delivered(stand, first + 1, plan.seal_orders, 60, database)
        if left:
            raise Trouble(f"{left} of {plan.seal_orders} orders were not delivered within 60 s")
        seen = flow.delivered(stand, record, first + 1, plan.seal_orders, database)
        rates["sealed" if with_sealer else "bare"].append(seen["sustained"])
        first += plan.seal_orders
    stand.end(child)
    stand.end(sink)
    # How fast a sealer that was away catches up.
    if sealer:
        stand.end(sealer)
    add_events(stand, database, plan.seal_events)
    say(f"Sealing: {backlog(stand, database):,} events that wait")
    sealer = start_sealer(stand, database, key)
    before, began = leaves(stand, database), time.monotonic()
    wait_sealed(stand, database)
    sealed = leaves(stand, database) - before
    seal_rate = sealed / (time.monotonic() - began)
    stand.end(sealer)
    say("Sealing: verifying the whole log")
    login, secret = "bench_auditor", os.urandom(12).hex()
    stand.gkmd("postgres", "person", "add", login, "--name", "Auditor", "--role", "admin", PGDATABASE=database)
    stand.sql(f"ALTER ROLE {login} PASSWORD '{secret}'", database=database)
    began = time.monotonic()
    checked = subprocess.run(
        [f"{BIN}/gkm", "audit", "verify", "--key", f"{key}.pub"], text=True, capture_output=True,
        env={**stand.environment, "PGUSER": login, "PGPASSWORD": secret, "PGDATABASE": database})
    verify_seconds = time.monotonic() - began
    if checked.returncode:
        raise Trouble(f"gkm audit verify: {checked.stderr.strip() or checked.stdout.strip()[-500:]}")
    mean = lambda values: sum(values) / len(values)
    results["sealing"] = {
        "orders_per_second": mean(rates["bare"]), "sealed_orders_per_second": mean(rates["sealed"]),
        "cost": 1 - mean(rates["sealed"]) / mean(rates["bare"]), "rounds": rates, "seal_events_per_second": seal_rate,
        "sealed_events": sealed, "verify_seconds": verify_seconds,
        "verify_events_per_second": leaves(stand, database) / verify_seconds}
    stand.drop(database)


def start_sealer(stand, database, key):
    name = f"{stand.folder}/sealer.toml"
    with open(name, "w") as file:
        file.write(f'[seal]\nkey_file = "{key}"\nstate_file = "{stand.folder}/seal/head"\n')
    return stand.launch("sealer", [f"{BIN}/gkmd", "seal", "run", "--adopt", "--config", name], {
        **stand.environment, "PGUSER": "gkm_sealer", "PGDATABASE": database, "GKM_LOG_LEVEL": "notice",
        "GKM_METRICS_LISTEN": "127.0.0.1:0"})


def leaves(stand, database):
    return int(stand.sql("SELECT count(*) FROM gkm.audit_leaf", database=database))


def backlog(stand, database):
    return int(stand.sql("SELECT (SELECT count(*) FROM gkm.audit_event) - (SELECT count(*) FROM gkm.audit_leaf)",
                         database=database))


def add_events(stand, database, count):
    """So many more events, in the audit log's own bytes."""
    stand.sql(
        f"""
        BEGIN;
        SET LOCAL session_replication_role = replica;
        INSERT INTO gkm.audit_event (action, subject_kind, subject_id, body)
        SELECT 'delivery.confirmed', 'delivery', n::text, convert_to(
          E'gkm-audit v1\\n'
            || gkm.audit_line('at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
            || gkm.audit_line('actor', session_user) || gkm.audit_line('role', 'daemon')
            || gkm.audit_line('action', 'delivery.confirmed') || gkm.audit_line('subject', 'delivery ' || n)
            || gkm.audit_line('nonce', encode(uuid_send(gen_random_uuid()), 'hex'))
            || gkm.audit_line('detail.attempt', '1') || gkm.audit_line('detail.reply', '250 2.0.0 Ok: queued as ' || n),
          'UTF8')
        FROM generate_series(1, {count}) AS n;
        COMMIT;""", database=database)
    stand.sql("ANALYZE gkm.audit_event", database=database)
    stand.checkpoint()


def wait_sealed(stand, database, seconds=120):
    """Until as many events are under a head as there are now. They are counted once, and then only the newest head is
    asked for: counting all of them again and again would take the processors from the sealer that is measured."""
    deadline = time.monotonic() + seconds
    events = int(stand.sql("SELECT count(*) FROM gkm.audit_event", database=database))
    while int(stand.sql("SELECT coalesce(max(tree_size), 0) FROM gkm.audit_head", database=database)) < events:
        if time.monotonic() > deadline:
            tail = open(f"{stand.folder}/sealer.log").read()[-600:]
            raise Trouble(f"{backlog(stand, database)} events were not sealed within {seconds} s:\n{tail}")
        time.sleep(0.25)


def importing(stand, plan, results):
    """One file of keys, as the daemon's command imports it: encrypted, fingerprinted, each told from every other."""
    database = "imported"
    stand.copy(database)
    path = f"{stand.folder}/keys"
    with open(path, "w") as file:
        file.writelines(f"IMPORT-{os.urandom(10).hex().upper()}\n" for _ in range(plan.import_keys))
    say(f"Import: {plan.import_keys} keys")
    stand.checkpoint()
    began = time.monotonic()
    stand.gkmd("gkm_daemon", "stock", "import", "--master-key-file", f"{stand.folder}/master_key", "--listing", "1",
               path, PGDATABASE=database)
    seconds = time.monotonic() - began
    stored = int(stand.sql("SELECT count(*) FROM gkm.stock_unit", database=database))
    if stored != plan.import_keys:
        raise Trouble(f"of {plan.import_keys} keys {stored} were stored")
    results["import"] = {"keys": stored, "seconds": seconds, "keys_per_second": stored / seconds}
    stand.drop(database)
