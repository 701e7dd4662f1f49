import Market
import Postgres
import TestSupport
import Testing

@testable import Store

/// The figures that people look at all day, against the rows that they count.
@Suite struct PulseTests {
  @Test func figuresAreThoseOfTheRows() async throws {
    try await SeededMarket.with { seeded in
      let database = seeded.market.database
      try await database.sql(
        """
        ALTER TABLE gkm.orders DISABLE TRIGGER ALL;
        UPDATE gkm.orders SET created_at = now() - interval '90 seconds', paid_at = now() - interval '60 seconds',
          delivered_at = now() - interval '58 seconds' WHERE id = 1;
        ALTER TABLE gkm.orders ENABLE TRIGGER ALL;
        DELETE FROM gkm.job;
        INSERT INTO gkm.job (kind, subject, run_at) VALUES ('apply', 'evt_1', now() - interval '1 minute'),
          ('apply', 'evt_2', now() + interval '1 minute');
        INSERT INTO gkm.job (kind, subject, run_at, lease_token) VALUES ('deliver', '1', now() + interval '1 minute', 7);
        INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at)
          VALUES (900, 'deliver', '4', 12, 'the mail server refused the sender', now()),
          (901, 'deliver', '5', 12, 'the mail server refused the sender', now());
        """)
      let connection = try await PostgresConnection.connect(try await seeded.person(.support))
      let pulse = try await connection.read { try Pulse.read($0) }
      #expect(pulse.placed.count == 60 && pulse.placed.reduce(0, +) == 1)
      #expect(pulse.placed[57] + pulse.placed[58] == 1, "a minute and a half ago")
      #expect(pulse.paid.reduce(0, +) == 1 && pulse.delivered.reduce(0, +) == 1)
      #expect(pulse.deliveryMedian == .seconds(2) && pulse.deliverySlow == .seconds(2))
      #expect(!pulse.isSampleFull)
      #expect(pulse.orders["held"] == 1 && pulse.orders["paid_unfulfillable"] == 1 && pulse.orders["delivered"] == nil)
      #expect(pulse.deliveries["failed"] == 1 && pulse.deliveries["retrying"] == 1)
      #expect(pulse.jobsDue == 1 && pulse.deadJobs == 2)
      #expect(pulse.oldestDue ?? .zero >= .seconds(60))
      let low = try await database.sql(
        "SELECT count(*) FROM gkm.listing_stock s JOIN gkm.listing l ON l.id = s.listing_id WHERE l.state = 'active' AND s.available <= l.low_stock;"
      )
      #expect(String(pulse.lowListings) == low)

      let work = try await connection.read { try WorkOverview.read($0) }
      #expect(work.map(\.kind) == JobKind.allCases.map(\.rawValue))
      let apply = work.first { $0.kind == "apply" }
      #expect(apply?.due == 1 && apply?.later == 1 && apply?.underWay == 0 && apply?.waiting == 2)
      #expect(apply?.oldestDue ?? .zero >= .seconds(60))
      #expect(work.first { $0.kind == "deliver" }?.underWay == 1)
      let dead = try await connection.read { try DeadLetterSummary.read($0) }
      #expect(dead.count == 1 && dead.first?.count == 2 && dead.first?.lastSubject != nil)
      await connection.close()
    }
  }

  @Test func aMarketWithoutOrdersHasAPulseToo() async throws {
    try await MarketDatabase.with { market in
      let connection = try await PostgresConnection.connect(try await market.person(.ops))
      let pulse = try await connection.read { try Pulse.read($0) }
      #expect(pulse.placed == Array(repeating: 0, count: 60))
      #expect(pulse.deliveryMedian == nil && pulse.jobsDue == 0 && pulse.oldestDue == nil)
      await connection.close()
    }
  }

  @Test func vendorsHaveNone() async throws {
    try await SeededMarket.with { seeded in
      let connection = try await PostgresConnection.connect(try await seeded.person(.vendor))
      await #expect(throws: PostgresError.self) { try await connection.read { _ = try Pulse.read($0) } }
      await connection.close()
    }
  }

  @Test func aDeadLetterIsRedrivenOnceWithItsReasonAndByOpsAlone() async throws {
    try await SeededMarket.with { seeded in
      let database = seeded.market.database
      try await database.sql(
        """
        INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at)
          VALUES (900, 'deliver', '4', 12, 'the mail server refused the sender', now());
        """)
      let support = try await PostgresConnection.connect(try await seeded.person(.support))
      await #expect(throws: ActionRefused.self) {
        try await support.write { try DeadLetters.redrive($0, [JobID(900)], reason: "the mail server is back") }
      }
      let ops = try await PostgresConnection.connect(try await seeded.person(.ops))
      await #expect(throws: ActionRefused.self) {
        try await ops.write { try DeadLetters.redrive($0, [JobID(900)], reason: " ") }
      }
      _ = try await ops.write { try DeadLetters.redrive($0, [JobID(900)], reason: "the mail server is back") }
      #expect(try await database.sql("SELECT count(*) FROM gkm.job WHERE kind = 'deliver' AND subject = '4';") == "1")
      #expect(
        try await database.sql(
          "SELECT count(*) FROM gkm.audit_event WHERE action = 'job.redriven' AND convert_from(body, 'UTF8') LIKE '%reason the mail server is back%';"
        ) == "1")
      await #expect(throws: ActionRefused.self) {
        try await ops.write { try DeadLetters.redrive($0, [JobID(900)], reason: "once more") }
      }
      #expect(try await ops.read { try Pulse.read($0) }.deadJobs == 0)
      await support.close()
      await ops.close()
    }
  }
}
