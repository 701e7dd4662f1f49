import Foundation
import Market
import TestSupport
import Testing

@testable import Console

@Suite("gkm refund and gkm setting") struct CliRefundTests {
  @Test("A refund goes its way by commands alone: shown, asked for, agreed to")
  func story() async throws {
    try await SeededMarket.with { seeded in
      let (support, ops) = (try await seeded.person(.support), try await seeded.person(.ops))
      let order = SeededMarket.Order.retrying.number
      let shown = try await Cli.lines(["refund", order.lowercased(), "--amount", "5.00", "--dry-run"], as: support)
      #expect(shown.first == "A refund of 5.00 EUR of order \(order); 19.99 EUR could still be given back after it.")
      #expect(shown.contains("  no key is revoked"))
      #expect(shown.last == "Somebody else, ops or admin, would have to agree.")

      let asked = try await Cli.lines(
        ["refund", order, "--units", "1", "--reason", "it never came"], as: support)
      #expect(asked.first?.hasPrefix("Refund request 1001 of 24.99 EUR of order \(order)") == true, "\(asked)")
      #expect(asked.contains { $0.hasPrefix("  unit 1: its key ") && $0.hasSuffix("its delivery is retrying") })
      #expect(asked.last == "It waits until somebody else, ops or admin, agrees.")
      let own = try await Cli.run(["refund", "approve", "1001", "--reason", "I say so"], as: support)
      #expect(own.ending == .exited(77))
      let agreed = try await Cli.lines(["refund", "approve", "1001", "--reason", "looked into it"], as: ops)
      #expect(agreed == ["Refund request 1001 of 24.99 EUR for order \(order) is approved and goes to Stripe now."])
      let listed = try await Cli.lines(["list", "refunds", "--filter", "state:open", "--json"], as: support)
      #expect(listed.count == 1 && listed[0].contains(#""state":"approved""#), "\(listed)")
      let story = try await Cli.lines(["show", order], as: support)
      #expect(story.contains { $0.contains("asked") && $0.contains("request 1001 by support_") }, "\(story)")
      let cancelled = try await Cli.lines(["refund", "cancel", "1001", "--reason", "the mail came"], as: ops)
      #expect(cancelled == ["Refund request 1001 of 24.99 EUR for order \(order) is cancelled."])
    }
  }

  @Test("A dry run in JSON has the members that scripts were promised")
  func json() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let lines = try await Cli.lines(
        ["refund", SeededMarket.Order.delivered.number, "--dry-run", "--json"], as: ops)
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(lines.joined().utf8)) as? [String: Any], "\(lines)")
      #expect(
        Set(object.keys) == [
          "order", "request", "state", "scope", "amount", "currency", "left", "payment_intent", "approvals_needed",
          "lines", "units",
        ])
      #expect(object["scope"] as? String == "whole" && object["left"] as? Int == 0)
    }
  }

  static let refused: [([String], Int32)] = [
    (["--amount", "1.234", "--reason", "because"], 64), (["--amount", "-1", "--reason", "because"], 64),
    (["--units", "0", "--reason", "because"], 64), (["--units", "9", "--reason", "because"], 64),
    (["--units", "1", "--amount", "1", "--reason", "because"], 64), ([], 64), (["--reason", "x"], 64),
    (["--amount", "99999", "--reason", "because"], 65), (["--read-only", "--reason", "because"], 64),
  ]

  @Test("What cannot be done says why, with the status for it", arguments: refused)
  func refusals(_ arguments: [String], _ status: Int32) async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let run = try await Cli.run(["refund", SeededMarket.Order.delivered.number] + arguments, as: ops)
      #expect(run.ending == .exited(status), "\(arguments): \(run.errors)")
      #expect(run.errors.hasPrefix("gkm: ") || run.errors.hasPrefix("Error: "), "\(run.errors)")
      #expect(try await seeded.market.database.sql("SELECT count(*) FROM gkm.refund_request;") == "0")
    }
  }

  @Test("Settings are listed for staff and changed by admins")
  func settings() async throws {
    try await SeededMarket.with { seeded in
      let (ops, admin) = (try await seeded.person(.ops), try await seeded.person(.admin))
      #expect(try await Cli.lines(["setting", "list"], as: ops).contains { $0.hasPrefix("refund.limit.eur  10000  ") })
      let refused = try await Cli.run(["setting", "set", "refund.limit.eur", "1", "--reason", "why not"], as: ops)
      #expect(refused.ending == .exited(77))
      let wrong = try await Cli.run(["setting", "set", "refund.limit.eur", "1.5", "--reason", "why not"], as: admin)
      #expect(wrong.ending == .exited(64) && wrong.errors.contains("whole number of minor units"))
      let unknown = try await Cli.run(["setting", "set", "colour", "1", "--reason", "why not"], as: admin)
      #expect(unknown.ending == .exited(64))
      #expect(
        try await Cli.lines(["setting", "set", "refund.limit.sek", "50000", "--reason", "now sold there"], as: admin)
          == ["refund.limit.sek was not set and is 50000."])
    }
  }
}
