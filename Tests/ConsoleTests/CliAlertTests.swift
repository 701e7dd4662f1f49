import Foundation
import Market
import TestSupport
import Testing

@testable import Console

@Suite("gkm alert") struct CliAlertTests {
  private static let planted = """
    INSERT INTO gkm.alert (rule, subject, state, detail, last_value, since, fired_at, notified, last_notified_at) VALUES
      ('smtp', '', 'firing', '7 of 7 mails of the last 5 min were not taken', 100, now(), now(), 1, now()),
      ('backlog', 'deliver', 'pending', '7 due, the oldest for 95 s', 95, now(), NULL, 0, NULL);
    INSERT INTO gkm.alert (rule, state, last_value, since, fired_at, resolved_at)
      VALUES ('redis', 'resolved', 0, now(), now(), now());
    """

  @Test("What is amiss is listed, acknowledged and silenced by commands alone")
  func story() async throws {
    try await SeededMarket.with { seeded in
      let (support, ops) = (try await seeded.person(.support), try await seeded.person(.ops))
      try await seeded.market.database.sql(Self.planted)
      let shown = try await Cli.lines(["alert", "--json"], as: support)
      #expect(shown.count == 2 && shown[1].contains(#""rule":"smtp","subject":"","state":"firing""#), "\(shown)")
      #expect(shown[0].contains(#""value":"95""#), "\(shown)")
      let all = try await Cli.lines(["list", "alerts", "--filter", "state:resolved", "--json"], as: support)
      #expect(all.count == 1 && all[0].contains(#""rule":"redis""#))

      func id(_ rule: String) async throws -> String {
        try await seeded.market.database.sql("SELECT id FROM gkm.alert WHERE rule = '\(rule)' AND resolved_at IS NULL;")
      }
      let (smtp, backlog) = (try await id("smtp"), try await id("backlog"))
      let refused = try await Cli.run(["alert", "ack", smtp, "--reason", "I know"], as: support)
      #expect(refused.ending == .exited(77), "\(refused.errors)")
      let known = try await Cli.lines(["alert", "ack", smtp, "--reason", "the provider knows"], as: ops)
      #expect(known == ["The team hears no reminders of alert \(smtp) (smtp)."])
      let twice = try await Cli.run(["alert", "ack", smtp, "--reason", "once more"], as: ops)
      #expect(twice.ending != .exited(0) && twice.errors.contains("somebody knows of this alert already"))
      let pending = try await Cli.run(["alert", "ack", backlog, "--reason", "too early"], as: ops)
      #expect(pending.errors.contains("this alert is pending"))

      let silent = try await Cli.lines(
        ["alert", "silence", "backlog", "--about", "deliver", "--for", "2h", "--reason", "the server moves"], as: ops)
      #expect(silent == ["Nothing is said of backlog deliver for 2h."])
      let rows = try await Cli.lines(["alert", "--json"], as: ops)
      #expect(rows[0].contains(#""silenced_until":"2"#) && rows[1].contains(#""silenced_until":null"#), "\(rows)")
      #expect(rows[1].contains(#""acked_by":"ops_"#), "\(rows)")
      let ended = try await Cli.lines(
        ["alert", "unsilence", "backlog", "--about", "deliver", "--reason", "it moved"], as: ops)
      #expect(ended == ["backlog deliver is told of again."])
      let none = try await Cli.run(["alert", "unsilence", "backlog", "--reason", "it moved"], as: ops)
      #expect(none.errors.contains("that rule is not silenced"))
      for wrong in [["alert", "silence", "weather", "--for", "2h"], ["alert", "silence", "smtp", "--for", "soon"]] {
        #expect(try await Cli.run(wrong + ["--reason", "because"], as: ops).ending == .exited(64))
      }
      let vendor = try await Cli.run(["alert"], as: try await seeded.person(.vendor))
      #expect(vendor.ending != .exited(0))
    }
  }

  @Test("Each daemon is listed with how it stands")
  func workers() async throws {
    try await SeededMarket.with { seeded in
      try await seeded.market.database.sql(
        """
        INSERT INTO gkm.worker (holder, host, pid, program_version, parts, last_seen, stopped_at, draining) VALUES
          (5, 'shop', 1, '0.1.0', '{workers}', now(), NULL, false), (6, 'shop', 2, '0.1.0', '{workers}', now(), NULL, true),
          (7, 'shop', 3, '0.1.0', '{intake}', now() - interval '1 min', NULL, false),
          (8, 'shop', 4, '0.1.0', '{intake}', now() - interval '1 min', now(), false);
        INSERT INTO gkm.job (kind, subject, run_at, lease_token) VALUES
          ('apply', 'evt_1', now() + interval '1 min', 5::bigint << 32 | 1),
          ('deliver', '7', now() + interval '1 min', 5::bigint << 32 | 2),
          ('deliver', '8', now() + interval '1 min', 5::bigint << 32 | 3),
          ('deliver', '9', now() - interval '1 min', 6::bigint << 32 | 3);
        """)
      let ops = try await seeded.person(.ops)
      let lines = try await Cli.lines(["list", "workers", "--json"], as: ops)
      let rows = try lines.map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      #expect(rows.map { $0["state"] as? String } == ["stopped", "gone", "draining", "running"])
      #expect(rows.map { $0["holding"] as? String } == ["", "", "", "apply 1, deliver 2"])
      let gone = try await Cli.lines(["list", "workers", "--json", "--filter", "state:gone"], as: ops)
      #expect(gone.count == 1)
    }
  }
}
