import Dispatch
import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("The queue takes what is urgent, allowed and due") struct WorkEngineTests {
  private static func claim(
    _ connection: PostgresConnection, _ kind: JobKind, _ limit: Int = 10, past horizon: ClaimHorizon? = nil
  ) async throws -> [String] {
    let lease = Lease(for: .seconds(12))
    return try await connection.write {
      try JobQueue.claim($0, kind, limit: limit, lease: lease, past: horizon).map(\.subject)
    }
  }

  private static func signedIn<T: Sendable>(
    _ role: Role, _ bench: Workbench, _ body: @Sendable (PostgresConnection) async throws -> T
  ) async throws -> T {
    let connection = try await PostgresConnection.connect(try await bench.market.person(role))
    do {
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw error
    }
  }

  @Test(
    "What a person waits for goes first, then what orders need, then what was redriven by the dozen; each oldest first")
  func priorities() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql(
        """
        INSERT INTO gkm.job (kind, subject, priority, run_at) VALUES
          ('restock', 'bulk', 2, now() - interval '1 hour'), ('restock', 'second', 1, now() - interval '1 minute'),
          ('restock', 'first', 1, now() - interval '2 minutes'), ('restock', 'urgent', 0, now()),
          ('restock', 'later', 0, now() + interval '1 minute'), ('fetch_dispute', 'other', 0, now());
        """)
      #expect(try await Self.claim(bench.daemon, .restock, 3) == ["urgent", "first", "second"])
      #expect(try await Self.claim(bench.daemon, .restock) == ["bulk"])
      #expect(try await Self.claim(bench.daemon, .restock) == [])
    }
  }

  @Test("Of two that claim at once neither waits for the other, and no job is both's")
  func atOnce() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql(
        """
        INSERT INTO gkm.job (kind, subject, run_at) VALUES ('restock', 'a', now() - interval '3 s'),
          ('restock', 'b', now() - interval '2 s'), ('restock', 'c', now() - interval '1 s');
        """)
      let (daemon, free) = (bench.daemon, DispatchSemaphore(value: 0))
      let (claims, claimed) = AsyncStream<[String]>.makeStream()
      async let commit: Void = daemon.write { session in
        do {
          defer { claimed.finish() }
          let jobs = try JobQueue.claim(session, .restock, limit: 2, lease: Lease(for: .seconds(12)))
          claimed.yield(jobs.map(\.subject))
        }
        // It commits when the other one has had its turn.
        _ = free.wait(timeout: .now() + 20)
      }
      for await mine in claims { #expect(mine == ["a", "b"]) }
      let other = try await PostgresConnection.connect(bench.market.daemon)
      let theirs = try? await Self.claim(other, .restock, 2)
      free.signal()
      try await commit
      #expect(theirs == ["c"])
      await other.close()
    }
  }

  @Test("A round of periodic work is queued once, whoever asks and however many")
  func rounds() async throws {
    try await Workbench.with(keys: 0) { bench in
      let daemon = bench.market.daemon
      let added = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<4 {
          group.addTask {
            let connection = try await PostgresConnection.connect(daemon)
            var added = 0
            for _ in 0..<5 {
              if try await connection.write({ try JobQueue.addRound($0, .upkeep, every: .seconds(86_400)) }) {
                added += 1
              }
            }
            await connection.close()
            return added
          }
        }
        return try await group.reduce(0, +)
      }
      // A day may begin while the test runs.
      #expect((1...2).contains(added))
      let claimed = try await Self.claim(bench.daemon, .upkeep)
      #expect(claimed.count == added)
    }
  }

  @Test("A dead worker's job is anybody's as soon as its lease is over: no scan finds it, every claim does")
  func rescue() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql(
        "INSERT INTO gkm.job (kind, subject) SELECT 'restock', n::text FROM generate_series(1, 40) n;")
      // It starts from the beginning once, and then never again in this test.
      let horizon = ClaimHorizon(fullInterval: .seconds(3_600))
      #expect(try await Self.claim(bench.daemon, .restock, 10, past: horizon).count == 10)
      let lease = Lease(for: .seconds(1))
      let lost = try await bench.daemon.write {
        try JobQueue.claim($0, .restock, limit: 5, lease: lease, past: horizon).map(\.subject)
      }
      #expect(try await Self.claim(bench.daemon, .restock, 100, past: horizon).count == 25)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE lease_token = \(lease.token);") == "5")
      while try await bench.sql("SELECT min(run_at) <= now() FROM gkm.job;") != "t" {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(try await Set(Self.claim(bench.daemon, .restock, 100, past: horizon)) == Set(lost))
    }
  }

  @Test("What a dead worker held goes before what waits")
  func rescuedFirst() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql(
        """
        INSERT INTO gkm.job (kind, subject, run_at, lease_token) VALUES
          ('deliver', 'waits', now() - interval '20 s', NULL), ('deliver', 'theirs', now() - interval '1 s', 7),
          ('deliver', 'under way', now() + interval '9 s', 8);
        """)
      #expect(try await bench.daemon.run { try Rescue.putFirst($0) } == 1)
      #expect(try await bench.daemon.run { try Rescue.putFirst($0) } == 0)
      #expect(try await Self.claim(bench.daemon, .deliver, 1) == ["theirs"])
    }
  }

  @Test("A process gives back what it holds, and nobody else's")
  func releasing() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql(
        """
        INSERT INTO gkm.job (kind, subject) VALUES ('restock', 'mine'), ('refund', 'mine too');
        INSERT INTO gkm.job (kind, subject, run_at, lease_token)
        VALUES ('restock', 'theirs', now() + interval '1 min', \((Int64(LeaseHolder.number) ^ 1) << 32 | 5)),
          ('restock', 'later', now() + interval '1 min', NULL);
        """)
      #expect(try await Self.claim(bench.daemon, .restock) == ["mine"])
      #expect(try await Self.claim(bench.daemon, .refund) == ["mine too"])
      #expect(try await bench.daemon.write { try LeaseHolder.releaseAll($0) } == 2)
      let due = try await bench.sql(
        "SELECT string_agg(subject, ',' ORDER BY id) FROM gkm.job WHERE run_at <= now() AND attempts = 0;")
      #expect(due == "mine,mine too")
    }
  }

  @Test("Upkeep makes partitions ahead, forgets old rounds and ends its job")
  func upkeep() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql(
        """
        INSERT INTO gkm.job_round VALUES ('upkeep', now() - interval '15 days'), ('upkeep', now() - interval '1 day');
        INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at, state, settled_at, settled_by) VALUES
          (1, 'restock', '1', 9, 'x', now(), 'redriven', now() - interval '91 days', 'ops_anna'),
          (2, 'restock', '2', 9, 'x', now(), 'dead', NULL, NULL);
        CREATE TABLE gkm.stripe_event_body_202001 PARTITION OF gkm.stripe_event_body
          FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
        ALTER TABLE gkm.stripe_event_body_202001 OWNER TO gkm_owner;
        """)
      _ = try await bench.daemon.write { try JobQueue.addRound($0, .upkeep, every: .seconds(3_600)) }
      let lease = Lease(for: .seconds(12))
      let done = try await bench.daemon.write { session in
        let jobs = try JobQueue.claim(session, .upkeep, limit: 1, lease: lease)
        let done = try Upkeep.run(session, Upkeep.Retention())
        try Upkeep.complete(session, jobs, lease: lease)
        return done
      }
      #expect(done.dropped == 1)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job_round;") == "2")
      #expect(try await bench.sql("SELECT string_agg(id::text, ',') FROM gkm.job_dead;") == "2")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job;") == "0")
      #expect(try await bench.sql("SELECT to_regclass('gkm.stripe_event_body_202001') IS NULL;") == "t")
    }
  }

  @Test("Upkeep forgets notices of long ago that went out, and keeps what failed, came back or is in doubt")
  func oldNotices() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        INSERT INTO gkm.notice (id, audience, channel, template, dedupe, locale, state, created_at, updated_at)
        SELECT n, 'team', 'email', 'alert', 'old/' || n, 'en',
          CASE n WHEN 3 THEN 'failed' WHEN 4 THEN 'bounced' WHEN 6 THEN 'cancelled' ELSE 'sent' END,
          now() - interval '401 days', now() - CASE n WHEN 5 THEN interval '1 day' ELSE interval '401 days' END
        FROM generate_series(1, 6) n;
        INSERT INTO gkm.notice_attempt (notice_id, number, outcome) VALUES (1, 1, 'confirmed'), (2, 1, 'unknown'),
          (2, 2, 'confirmed'), (3, 1, 'refused'), (4, 1, 'confirmed'), (5, 1, 'confirmed');
        COMMIT;
        """)
      _ = try await bench.daemon.write { try Upkeep.run($0, Upkeep.Retention(notices: .seconds(402 * 86_400))) }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.notice;") == "6")
      _ = try await bench.daemon.write { try Upkeep.run($0, Upkeep.Retention()) }
      // Sent twice perhaps, failed, came back, tried again yesterday.
      #expect(try await bench.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM gkm.notice;") == "2,3,4,5")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.notice_attempt;") == "5")
    }
  }

  @Test("A paused kind is taken by no worker, deliveries not even at once; resumed, it goes on")
  func pausing() async throws {
    try await Workbench.with(keys: 2) { bench in
      try await Self.signedIn(.ops, bench) { ops in
        let version = try await ops.write {
          try WorkSwitches.pause($0, .deliver, version: 0, reason: "the mail server moves")
        }
        await #expect(throws: ActionRefused.self) {
          try await ops.write { try WorkSwitches.pause($0, .deliver, version: 0, reason: "twice") }
        }
        let order = try await bench.open(1)[0]
        let applied = try await bench.apply(Story(order: order).completed(), express: 8)
        #expect(applied.prepared.isEmpty)
        #expect(applied.queuedDeliveries == 1)
        #expect(try await Self.claim(bench.daemon, .deliver) == [])
        let overview = try await ops.read { try WorkOverview.read($0) }.first { $0.kind == "deliver" }
        #expect(overview?.due == 1)
        #expect(overview?.pauseReason == "the mail server moves")
        _ = try await ops.write {
          try WorkSwitches.resume($0, .deliver, version: version, reason: "it has moved")
        }
        #expect(try await Self.claim(bench.daemon, .deliver).count == 1)
        let next = try await bench.apply(Story(order: try await bench.open(1)[0]).completed(), express: 8)
        #expect(next.prepared.count == 1)
      }
      #expect(
        try await bench.sql(
          "SELECT string_agg(action, ',' ORDER BY id) FROM gkm.audit_event WHERE subject_kind = 'work';")
          == "work.paused,work.resumed")
    }
  }

  @Test("Events wait while applying them is paused")
  func pausedEvents() async throws {
    try await Workbench.with(keys: 1) { bench in
      try await Self.signedIn(.admin, bench) { admin in
        let version = try await admin.write { try WorkSwitches.pause($0, .apply, version: 0, reason: "a look first") }
        let order = try await bench.open(1)[0]
        let result = try await bench.apply(Story(order: order).completed())
        #expect(result.applied == 0)
        _ = try await admin.write { try WorkSwitches.resume($0, .apply, version: version, reason: "looked") }
        let lease = Lease(for: .seconds(12))
        #expect(try await bench.daemon.run { try ApplyClaim.claim($0, limit: 5, lease: lease) }.count == 1)
      }
    }
  }

  @Test("Workers of a limited kind together stay within its number and its rate")
  func limits() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql(
        "INSERT INTO gkm.job (kind, subject) SELECT 'refund', n::text FROM generate_series(1, 60) n;")
      let version = try await Self.signedIn(.ops, bench) { ops in
        try await ops.write {
          try WorkSwitches.limit(
            $0, .refund, version: 0, concurrency: 7, rate: nil, reason: "Stripe asked us to go slowly")
        }
      }
      let daemon = bench.market.daemon
      let taken = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<4 {
          group.addTask {
            let connection = try await PostgresConnection.connect(daemon)
            let taken = try await Self.claim(connection, .refund, 5).count
            await connection.close()
            return taken
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(taken == 7)
      #expect(try await Self.claim(bench.daemon, .refund) == [])

      try await bench.passTime()
      _ = try await Self.signedIn(.admin, bench) { ops in
        try await ops.write {
          try WorkSwitches.limit($0, .refund, version: version, concurrency: nil, rate: 0.001, reason: "slower still")
        }
      }
      // A kind slower than one a second still runs one, and then waits.
      try await bench.market.database.sql("UPDATE gkm.job_budget SET tokens = 1;")
      #expect(try await Self.claim(bench.daemon, .refund).count == 1)
      #expect(try await Self.claim(bench.daemon, .refund) == [])
    }
  }

  @Test("Dead letters are redriven, edited and discarded, each with a reason; an event's quarantine ends with it")
  func deadLetters() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await bench.open(1)[0]
      let lease = Lease(for: .seconds(12))
      _ = try await bench.receive([Story(order: order).completed()], lease: lease)
      try await bench.passTime()
      let claimed = try await bench.daemon.run { try ApplyClaim.claim($0, limit: 1, lease: lease) }
      for one in claimed {
        _ = try await bench.daemon.write { try ApplyClaim.bury($0, one, lease: lease, problem: "it would not go in") }
      }
      try await bench.market.database.sql(
        """
        INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at) VALUES
          (1000001, 'restock', '77', 12, 'no', now()), (1000002, 'restock', '78', 12, 'no', now());
        """)
      try await Self.signedIn(.ops, bench) { ops in
        let letters = try await ops.read { try DeadLetters.open($0, nil) }
        #expect(letters.count == 3)
        let events = try await ops.read { try DeadLetters.open($0, .apply) }
        #expect(try await ops.write { try DeadLetters.redrive($0, events, reason: "mended since") } == 1)
        _ = try await ops.write {
          try DeadLetters.edit($0, JobID(1_000_001), version: 1, subject: "79", reason: "the wrong order")
        }
        await #expect(throws: ActionRefused.self) {
          try await ops.write {
            try DeadLetters.edit($0, JobID(1_000_001), version: 1, subject: "80", reason: "stale")
          }
        }
        await #expect(throws: ActionRefused.self) {
          try await ops.write {
            try DeadLetters.edit($0, JobID(1_000_002), version: 1, subject: "a\u{1B}[2J b c", reason: "hostile")
          }
        }
        #expect(try await ops.write { try DeadLetters.redrive($0, [JobID(1_000_001)], reason: "again") } == 1)
        #expect(try await ops.write { try DeadLetters.discard($0, [JobID(1_000_002)], reason: "not needed") } == 1)
        await #expect(throws: ActionRefused.self) {
          try await ops.write { try DeadLetters.redrive($0, [JobID(1_000_002)], reason: "too late") }
        }
      }
      #expect(try await bench.sql("SELECT DISTINCT state FROM gkm.stripe_event;") == "pending")
      #expect(try await bench.sql("SELECT subject FROM gkm.job WHERE kind = 'restock';") == "79")
      #expect(
        try await bench.sql(
          "SELECT string_agg(action, ',' ORDER BY id) FROM gkm.audit_event WHERE action ~ '^job[.](red|ed|dis)';")
          == "job.redriven,job.edited,job.redriven,job.discarded")
    }
  }

  @Test("Support sees the queue and changes nothing in it; a vendor sees none of it")
  func roles() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await Self.signedIn(.support, bench) { support in
        let kinds = try await support.read { try WorkOverview.read($0) }.map(\.kind)
        #expect(kinds == JobKind.allCases.map(\.rawValue))
        await #expect(throws: ActionRefused.self) {
          try await support.write { try WorkSwitches.pause($0, .deliver, version: 0, reason: "let me") }
        }
        await #expect(throws: ActionRefused.self) {
          try await support.write { try DeadLetters.redrive($0, [JobID(1)], reason: "let me") }
        }
      }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job_kind;") == "0")
    }
  }

  @Test("Claims begin where the queue was found empty, and look from its beginning now and then")
  func horizon() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql("INSERT INTO gkm.job (kind, subject) VALUES ('restock', 'now');")
      let (patient, watchful) = (ClaimHorizon(fullInterval: .seconds(3_600)), ClaimHorizon(fullInterval: .zero))
      #expect(try await Self.claim(bench.daemon, .restock, past: patient) == ["now"])
      // Committed by a transaction that had begun a minute before: far behind the horizon.
      let late = "INSERT INTO gkm.job (kind, subject, run_at) VALUES ('restock', 'late', now() - interval '1 minute');"
      try await bench.market.database.sql(late)
      #expect(try await Self.claim(bench.daemon, .restock, past: patient) == [])
      #expect(try await Self.claim(bench.daemon, .restock, past: watchful) == ["late"])
      // Just behind the last one taken: within what is always looked at.
      try await bench.market.database.sql(
        "INSERT INTO gkm.job (kind, subject, run_at) VALUES ('restock', 'a little late', now() - interval '2 s');")
      #expect(try await Self.claim(bench.daemon, .restock, past: patient) == ["a little late"])
    }
  }
}
