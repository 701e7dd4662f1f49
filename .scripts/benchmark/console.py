"""The console's budgets, in a terminal, beside the programs that people know: htop, tig, pspg, pg_activity."""

import os
import statistics
import subprocess
import threading
import time

from stand import BIN, PGBIN, ROOT, SCRIPTS, Trouble, say
from terminal import ESCAPES, Terminal, painted

SIZES = {"80x24": (24, 80), "200x50": (50, 200)}
PEERS = ["htop", "tig", "pspg", "pg-activity", "python3-blessed", "python3-humanize", "python3-psutil",
         "python3-psycopg2", "python3-attr", "python3-wcwidth", "python3-six", "libnl-3-200", "libnl-genl-3-200",
         "libncursesw6", "libpcre2-posix3"]


def consoles(stand, plan, results):
    database = "console"
    stand.copy(database, template="empty")
    say(f"Console: making a market with {plan.console_orders:,} orders")
    stand.gkmd("postgres", "demo-data", "--orders", str(plan.console_orders), "--days", "60", "--master-key-file",
               f"{stand.folder}/master_key", PGDATABASE=database)
    stand.sql("VACUUM (ANALYZE)", database=database)
    login = stand.sql("SELECT role_name FROM gkm.person WHERE role = 'ops' ORDER BY id LIMIT 1", database=database)
    secret = os.urandom(12).hex()
    stand.password({login: secret})
    redis = subprocess.check_output([f"{SCRIPTS}/redis", "url", f"{stand.folder}/redis", "staff"], text=True).strip()
    own = {**stand.environment, "PGUSER": login, "PGPASSWORD": secret, "PGDATABASE": database, "REDIS_URL": redis,
           "XDG_CONFIG_HOME": f"{stand.folder}/nowhere", "GKM_THEMES": f"{ROOT}/Themes"}
    rows = {}
    for name, (height, width) in SIZES.items():
        say(f"Console: gkm at {name}")
        make = lambda: Terminal([f"{BIN}/gkm"], own, height, width)
        rows[f"gkm {name}"] = {**program(plan, make, b"GK-"), **busy(stand, database, make)}
    troubles = beside(stand, plan, database, rows)
    results["console"] = {
        "orders": plan.console_orders, "programs": rows, "troubles": troubles, "floor_ms": floor(plan)}


def floor(plan):
    """What a start costs that is not the program's own: making the process, setsid, the pseudo terminal."""
    paints = []
    for _ in range(plan.console_starts):
        terminal = Terminal(["printf", "%040d", "1"], dict(os.environ))
        try:
            paint = terminal.until(painted, 10)
        finally:
            terminal.close()
        if paint is None:
            raise Trouble("printf showed nothing in 10 s")
        paints.append(1000 * paint)
    return statistics.median(paints)


def beside(stand, plan, database, rows):
    """The programs that people know, in the same terminal. Answers why one could not be measured."""
    troubles = []
    # Something to look at for pg_activity: sessions that stay.
    sleepers = [
        stand.launch("sleeper", [f"{PGBIN}/psql", "-qc", "SELECT pg_sleep(3600)"],
                     {**stand.environment, "PGUSER": "postgres", "PGDATABASE": database}) for _ in range(12)]
    try:
        for name, (command, environment, data, folder) in unpacked(stand, database).items():
            say(f"Console: {name}")
            make = lambda: Terminal(command, environment, *SIZES["80x24"], folder=folder)
            try:
                rows[name] = program(plan, make, data)
            except Trouble as trouble:
                troubles.append(f"{name}: {trouble}")
    finally:
        for sleeper in sleepers:
            stand.end(sleeper)
    return troubles


def program(plan, make, data):
    """What one program costs: at its start, for a key, and while nothing happens."""
    paints, datas = [], []
    for _ in range(plan.console_starts):
        terminal = make()
        try:
            paint = terminal.until(painted, 10)
            first = terminal.until(lambda sent: data in ESCAPES.sub(b"", sent), 10)
        finally:
            terminal.close()
        if paint is None or first is None:
            raise Trouble(f"{terminal.child.args[2]} showed nothing in 10 s: {terminal.text()[-300:]!r}")
        paints.append(1000 * paint)
        datas.append(1000 * first)
    terminal = make()
    try:
        terminal.until(lambda sent: data in ESCAPES.sub(b"", sent), 10)
        # A hint that is shown for some seconds is over then.
        time.sleep(6)
        terminal.settle()
        keys = [terminal.key(terminal.down()) for _ in range(15)]
        if not any(count for count, _ in keys):
            raise Trouble(f"{terminal.child.args[2]} does not move: {terminal.text()[-300:]!r}")
        time.sleep(0.5)
        terminal.settle()
        count, _, processor, woken = terminal.watch(plan.console_idle)
        memory, peak, own = terminal.resident()
    finally:
        terminal.close()
    return {"paint_ms": statistics.median(paints), "data_ms": statistics.median(datas), "data_worst_ms": max(datas),
            "key_bytes": statistics.median(count for count, _ in keys), "key_bytes_worst": max(count for count, _ in keys),
            "key_ms": statistics.median(spent for _, spent in keys), "idle_bytes": count / plan.console_idle,
            "idle_percent": 100 * processor / plan.console_idle, "idle_woken": woken / plan.console_idle, "rss_mb": memory,
            "peak_mb": peak, "own_mb": own}


def busy(stand, database, make, seconds=8):
    """The same console, at the top of the list, while a thousand things change in each second."""
    terminal = make()
    over, told = threading.Event(), []
    feed = threading.Thread(target=changes, args=(stand, database, over, told), daemon=True)
    try:
        terminal.until(lambda sent: b"GK-" in ESCAPES.sub(b"", sent), 10)
        time.sleep(6)
        terminal.settle()
        feed.start()
        time.sleep(1.5)
        begun = time.monotonic()
        count, pace, processor, _ = terminal.watch(seconds)
        changed = 200 * sum(begun <= moment <= begun + seconds for moment in told)
    finally:
        over.set()
        terminal.close()
        feed.join(20)
    if changed < 800 * seconds:
        raise Trouble(f"only {changed / seconds:.0f} changes a second were made, not 1,000")
    return {"busy_bytes": count / seconds, "busy_frames": pace, "busy_percent": 100 * processor / seconds,
            "busy_changes": changed / seconds}


def changes(stand, database, over, told):
    """Orders come in and move on, a thousand changes a second, and each is told by a tick. `told`: when, of each 200."""
    # One psql and one redis-cli for all of them: starting programs would be most of the work.
    feed = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                         env={**os.environ, "PGDATABASE": database})
        for command in ([f"{SCRIPTS}/postgres", "sql", f"{stand.folder}/pg", "-qAt", "-f", "-"],
                        [f"{SCRIPTS}/redis", "cli", f"{stand.folder}/redis"])]
    try:
        say_to(feed[0], "SET session_replication_role = replica;")
        first = 0
        while not over.is_set():
            until = time.monotonic() + 0.2
            say_to(feed[0], f"""
                INSERT INTO gkm.orders (number, state, customer_email, amount, currency, token_hash, units_total)
                  SELECT 'GK-' || lpad((n + extract(epoch FROM now()) * 1000)::bigint::text, 15, '0'), 'open',
                    'storm@example.com', n + 1, 'eur', sha256((n + random())::text::bytea), 1
                  FROM generate_series({first}, {first + 99}) n;
                UPDATE gkm.orders SET state = 'expired', version = version + 1 WHERE id IN (
                  SELECT id FROM gkm.orders WHERE state = 'open' ORDER BY id DESC OFFSET 100 LIMIT 100);
                SELECT 'done';""")
            if feed[0].stdout.readline() != "done\n":
                return
            say_to(feed[1], """EVAL "for i = 1, 200 do redis.call('PUBLISH', KEYS[1], '1') end return 1" 1 gkm:live""")
            if feed[1].stdout.readline() != "1\n":
                return
            told.append(time.monotonic())
            first += 100
            time.sleep(max(0, until - time.monotonic()))
    finally:
        for program in feed:
            program.stdin.close()
            program.wait(10)


def say_to(program, text):
    program.stdin.write(text + "\n")
    program.stdin.flush()


def unpacked(stand, database):
    """Debian's packages, unpacked and not installed: name to (command, environment, what is data, folder)."""
    home = subprocess.run([f"{SCRIPTS}/unpacked", *PEERS], text=True, capture_output=True)
    if home.returncode:
        raise Trouble(f"the peers cannot be unpacked: {home.stderr.strip()[-300:]}")
    home = home.stdout.strip().splitlines()[-1]
    table = f"{stand.folder}/table"
    with open(table, "w") as file:
        file.write(" order           | state     | amount\n-----------------+-----------+--------\n")
        file.writelines(f" GK-{place:012} | delivered | {place:6}\n" for place in range(100_000))
        file.write("(100000 rows)\n")
    plain = {**os.environ, "HOME": stand.folder, "LD_LIBRARY_PATH": f"{home}/usr/lib/x86_64-linux-gnu:{home}/lib/x86_64-linux-gnu"}
    activity = {**stand.environment, "HOME": stand.folder, "PYTHONPATH": f"{home}/usr/lib/python3/dist-packages",
                "PYTHONDONTWRITEBYTECODE": "1"}
    commands = {
        "htop": ([f"{home}/usr/bin/htop"], plain, b"PID", None),
        "tig": ([f"{home}/usr/bin/tig"], plain, b"20", ROOT),
        "pspg": ([f"{home}/usr/bin/pspg", "-f", table], plain, b"GK-", None),
        "pg_activity": (
            ["/usr/bin/python3", f"{home}/usr/bin/pg_activity", "-U", "postgres", "-d", database], activity, b"postgres",
            None),
    }
    for name, (command, *_) in commands.items():
        if not os.path.exists(command[-1] if name == "htop" or name == "tig" else command[0]):
            raise Trouble(f"{name} is not among what was unpacked in {home}")
    return commands


BUDGETS = [
    ("first paint", "paint_ms", "{:.1f} ms", 15, "< 15 ms"), ("first data", "data_ms", "{:.0f} ms", 80, "< 80 ms"),
    ("  at worst", "data_worst_ms", "{:.0f} ms", None, ""),
    ("cursor key", "key_bytes", "{:.0f} B", 300, "< 300 B"), ("  at most", "key_bytes_worst", "{:.0f} B", None, ""), ("  until drawn", "key_ms", "{:.1f} ms", 2, "< 2 ms"),
    ("idle", "idle_bytes", "{:.0f} B/s", 0.5, "0 B/s"), ("  processor", "idle_percent", "{:.2f} %", 0.05, "0.0 %"),
    ("  woken", "idle_woken", "{:.1f} /s", None, ""),
    ("busy feed", "busy_bytes", "{:,.0f} B/s", 6000, "< 6,000 B/s"),
    ("  changes", "busy_changes", "{:,.0f} /s", None, ""), ("  processor", "busy_percent", "{:.1f} %", None, ""),
    ("  frames", "busy_frames", "{:.1f} /s", 2.01, "<= 2 /s"), ("resident", "rss_mb", "{:.1f} MB", 25, "< 25 MB"),
    ("  at its start", "peak_mb", "{:.1f} MB", None, ""), ("  without code", "own_mb", "{:.1f} MB", None, ""),
]


WORDS = [
    "All in the same pseudo terminal (TERM=xterm-256color, nothing in the environment that says of colours), started anew",
    "each time; medians. gkm: the list of orders as ops, of {orders:,} orders, PostgreSQL on a Unix socket, Redis telling of",
    "changes. htop: the machine's processes, every 1.5 s. tig: this repository's log. pspg: a table of 100,000 rows in a",
    "file. pg_activity: the same PostgreSQL with 12 sessions, every 2 s. First paint: 20 characters to be read; first data:",
    "an order, a process's head line, a commit's date, a row, a session. Key: cursor down, until the last byte it causes.",
    "Idle: nothing changes and no key is pressed. Busy feed: 500 orders come in and 500 change in each second, each told.",
    "A start in this terminal takes a program that does nothing but print {floor:.1f} ms.",
]


def table(row):
    """One line to a budget, one column to a program."""
    programs = row["programs"]
    lines = [["The console in a terminal", *programs, "budget"]]
    missed = []
    for title, key, form, limit, words in BUDGETS:
        cells = [form.format(found[key]) if key in found else "" for found in programs.values()]
        lines.append([title, *cells, words])
        for name, found in programs.items():
            # The budget of bytes under a busy feed is for the small screen.
            if not name.startswith("gkm") or key not in found or (key == "busy_bytes" and "80x24" not in name):
                continue
            if limit is not None and found[key] >= limit:
                missed.append(f"MISSED, {name}: {title.strip()} {form.format(found[key])}, budget {words}")
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    return [*text, *(line.format(orders=row["orders"], floor=row["floor_ms"]) for line in WORDS),
            *[f"NOT MEASURED, {why}" for why in row["troubles"]], *(missed or ["All of the console's budgets: met"])]
