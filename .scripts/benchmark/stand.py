"""The stand that measurements are made on: databases, gkmd, a mail sink, pgbench, the load generator. No figure is
made up here: each comes from a program's own output, from PostgreSQL, or from /proc."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = os.environ["ROOT"]
SCRIPTS = os.environ["SCRIPTS"]
PGBIN = os.environ["PGBIN"]
BIN = f"{ROOT}/.build/release"
HERE = os.path.dirname(os.path.abspath(__file__))
PRICE = 1999
TICKS = os.sysconf("SC_CLK_TCK")


class Trouble(Exception):
    """What kept a measurement from being made, in one sentence."""


def free_port():
    for _ in range(200):
        port = random.randint(61000, 65400)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise Trouble("no free port between 61000 and 65400")


def stat(pid):
    """(start time in ticks, processor seconds) of a process."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return fields[19], (int(fields[11]) + int(fields[12])) / TICKS


def say(text):
    print(text, file=sys.stderr, flush=True)


def machine_busy():
    """Processor seconds that the whole machine has been busy since it started."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupt, soft = (int(word) for word in file.readline().split()[1:8])
    return (user + nice + system + interrupt + soft) / TICKS


class Stand:
    def __init__(self, folder, unpacked):
        self.folder = folder
        self.unpacked = unpacked
        self.children = []
        self.port = open(f"{folder}/pg/port").read().strip()
        self.secret = "whsec_" + os.urandom(16).hex()
        self.environment = None

    # PostgreSQL

    def sql(self, text="", database="gkm", file=None, **variables):
        """psql as the superuser; its output, unaligned."""
        command = [f"{SCRIPTS}/postgres", "sql", f"{self.folder}/pg", "-At", "-F", "\t"]
        for name, value in variables.items():
            command += ["-v", f"{name}={value}"]
        command += ["-f", f"{HERE}/{file}"] if file else ["-f", "-"]
        done = subprocess.run(
            command, input=text, text=True, capture_output=True, env={**os.environ, "PGDATABASE": database})
        if done.returncode != 0:
            raise Trouble(f"psql: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def prepare(self, listings):
        """The roles, and a production database without orders: what all others are copies of."""
        password = open(f"{self.folder}/pg/password").read().strip()
        logins = {role: os.urandom(12).hex() for role in ("gkm_daemon", "gkm_migrator", "gkm_sealer")}
        self.pgpass = f"{self.folder}/pgpass"
        with open(self.pgpass, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            for role, secret in {"postgres": password, **logins}.items():
                file.write(f"*:*:*:{role}:{secret}\n")
        with open(f"{self.folder}/master_key", "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(os.urandom(32).hex())
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PG", "GKM_", "STRIPE_"))},
            "PGHOST": f"{self.folder}/pg/s", "PGPORT": self.port, "PGPASSFILE": self.pgpass,
            "PGDATABASE": "gkm", "GKM_MASTER_KEY_FILE": f"{self.folder}/master_key",
            "STRIPE_WEBHOOK_SECRET": self.secret, "STRIPE_API_KEY": "sk_test_bench",
            "STRIPE_API_BASE": "http://127.0.0.1:1",
            "REDIS_URL": subprocess.check_output(
                [f"{SCRIPTS}/redis", "url", f"{self.folder}/redis", "daemon"], text=True).strip()}
        self.listings = listings
        self.gkmd("postgres", "bootstrap", PGDATABASE="postgres")
        self.password(logins)
        self.gkmd("gkm_migrator", "migrate")
        self.sql("CREATE DATABASE empty TEMPLATE gkm", database="postgres")
        self.sql(file="catalogue.sql", listings=listings, amount=PRICE)
        self.sql("CREATE DATABASE fresh TEMPLATE gkm", database="postgres")

    def password(self, logins):
        """Gives logins their passwords."""
        lines = "".join(f"{role} {secret}\n" for role, secret in logins.items())
        self.sql(subprocess.check_output(["python3", f"{SCRIPTS}/logins.py"], input=lines, text=True))

    def copy(self, name, template="fresh"):
        """A database like the template: `fresh` has things on sale, `empty` has none."""
        self.sql(f"""
            CREATE DATABASE {name} TEMPLATE {template};
            GRANT CONNECT, TEMP ON DATABASE {name} TO gkm_daemon, gkm_sealer;
            GRANT CONNECT ON DATABASE {name} TO PUBLIC""", database="postgres")
        # A daemon remembers in Redis what it has seen; another life of the database has another epoch.
        self.epoch = getattr(self, "epoch", 1) + 1
        self.sql(f"UPDATE gkm.installation SET epoch = {self.epoch}", database=name)

    def drop(self, name):
        self.sql(f"DROP DATABASE {name} WITH (FORCE)", database="postgres")

    def fill(self, database, orders, first=0, listings=None, listing=0):
        """Sealed stock and open orders, one unit each: `orders` of them behind the order `first`, of the listings behind
        the listing `listing`."""
        listings = listings or self.listings
        each = -(-orders // listings)
        for place in range(1, listings + 1):
            self.stock(database, listing + place, each)
        self.sql(file="seed.sql", database=database, orders=orders, listings=listings, first=first, listing=listing)

    def stock(self, database, listing, count):
        """Imports so many keys through gkmd."""
        path = f"{self.folder}/keys"
        with open(path, "w") as file:
            file.writelines(f"BENCH-{listing:05}-{os.urandom(8).hex().upper()}\n" for _ in range(count))
        self.gkmd("gkm_daemon", "stock", "import", "--master-key-file", f"{self.folder}/master_key",
                  "--listing", str(listing), path, PGDATABASE=database)

    def make_bare(self, template):
        """A copy without triggers, for pgbench."""
        self.sql("DROP DATABASE IF EXISTS bare", database="postgres")
        self.sql(f"CREATE DATABASE bare TEMPLATE {template}", database="postgres")
        left = self.sql(file="bare.sql", database="bare")
        if left:
            raise Trouble(left)

    def gkmd(self, role, *words, **extra):
        done = subprocess.run(
            [f"{BIN}/gkmd", *words], env={**self.environment, "PGUSER": role, **extra}, text=True, capture_output=True)
        if done.returncode != 0:
            raise Trouble(f"gkmd {words[0]} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def checkpoint(self):
        """So that no measurement pays for the writes of the one before."""
        self.sql("CHECKPOINT")

    # Processes

    def launch(self, name, command, environment):
        """Starts a process in a session of its own; the janitor ends it should this one be killed."""
        with open(f"{self.folder}/{name}.log", "ab") as log:
            child = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.children.append(child)
        os.write(7, f"process {child.pid} {stat(child.pid)[0]}\n".encode())
        return child

    def end(self, child):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(25)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children.remove(child)

    def close(self):
        for child in list(self.children):
            child.kill()
            child.wait()

    def daemon(self, only=None, **extra):
        """A gkmd that is ready; (process, address)."""
        page, metrics = free_port(), free_port()
        words = ["serve"] + (["--only", only] if only else [])
        child = self.launch("gkmd", [f"{BIN}/gkmd", *words], {
            **self.environment, "PGUSER": "gkm_daemon", "GKM_LISTEN": f"127.0.0.1:{page}",
            "GKM_METRICS_LISTEN": f"127.0.0.1:{metrics}", "GKM_LOG_LEVEL": "notice",
            # What is measured is paid -> key; what else customers are told would be mails of another kind.
            "GKM_MAIL_RECEIPTS": "false", **extra})
        for _ in range(300):
            if child.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return child, f"127.0.0.1:{page}"
            except OSError:
                time.sleep(0.1)
        log = open(f"{self.folder}/gkmd.log").read()[-2000:]
        raise Trouble(f"gkmd did not become ready:\n{log}")

    def no_bound(self):
        """A configuration for daemons whose events nobody applies: they are to be taken in all the same."""
        path = f"{self.folder}/no-bound.toml"
        with open(path, "w") as file:
            file.write("[intake]\nbacklog_limit = 10000000\n")
        return path

    def mail_sink(self):
        """Postfix' smtp-sink: takes any mail and forgets it. (process, URL)"""
        port = free_port()
        libraries = f"{self.unpacked}/usr/lib/postfix:{self.unpacked}/usr/lib/x86_64-linux-gnu"
        # Root must say as whom it is to run.
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        command = [f"{self.unpacked}/usr/sbin/smtp-sink", *user, f"127.0.0.1:{port}", "256"]
        child = self.launch("smtp-sink", command, {**os.environ, "LD_LIBRARY_PATH": libraries})
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return child, f"smtp://127.0.0.1:{port}?starttls=none"
            if child.poll() is not None:
                break
            time.sleep(0.05)
        raise Trouble(f"smtp-sink did not start:\n{open(f'{self.folder}/smtp-sink.log').read()[-1000:]}")

    def server_seconds(self):
        """Processor seconds of PostgreSQL's processes that live, by their ids."""
        head = int(open(f"{self.folder}/pg/pid").read().split()[0])
        seconds = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat") as file:
                        fields = file.read().rsplit(")", 1)[1].split()
                    if int(fields[1]) == head or int(name) == head:
                        seconds[int(name)] = (int(fields[11]) + int(fields[12])) / TICKS
                except (OSError, IndexError):
                    continue
        return seconds

    def usage(self, child):
        """(processor seconds, peak resident megabytes) of a process so far."""
        with open(f"/proc/{child.pid}/status") as file:
            peak = re.search(r"VmHWM:\s+(\d+) kB", file.read())
        return stat(child.pid)[1], int(peak.group(1)) / 1024

    # Load

    def post(self, target, count, first=1, series="run", connections=48, rate=None, seconds=60, record=None):
        """Posts events; what the load generator says of it."""
        command = [f"{BIN}/gkmbench", "post", "--target", target, "--count", str(count), "--first", str(first),
                   "--series", series, "--amount", str(PRICE), "--connections", str(connections),
                   "--seconds", str(seconds), "--repeat-refused"]
        command += ["--rate", str(rate)] if rate else []
        command += ["--record", record] if record else []
        done = subprocess.run(command, env={**os.environ, "STRIPE_WEBHOOK_SECRET": self.secret}, text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise Trouble(f"gkmbench: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def body(self):
        return subprocess.check_output([f"{BIN}/gkmbench", "body", "--series", "run"])

    def pgbench(self, script, values, clients, transactions=None, seconds=None):
        """Transactions per second of one run on the bare database."""
        text = open(f"{HERE}/{script}").read()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = f"{self.folder}/script"
        with open(path, "w") as file:
            file.write(text)
        bound = ["-t", str(transactions)] if transactions else ["-T", str(seconds)]
        done = subprocess.run(
            [f"{PGBIN}/pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-D", "i=0", *bound, "-f", path,
             "bare"],
            env={**self.environment, "PGUSER": "postgres"}, text=True, capture_output=True)
        rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.M)
        failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
        if done.returncode != 0 or not rate or (failed and failed.group(1) != "0"):
            raise Trouble(f"pgbench: {done.stderr.strip()[-1500:]} {done.stdout[-300:]}")
        return float(rate.group(1))
