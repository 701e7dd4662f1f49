import Foundation
import Market
import TestSupport
import Testing

@testable import Console

@Suite("gkm order and gkm ask") struct CliOrderActionTests {
  private typealias Order = SeededMarket.Order

  @Test("What support asks for is listed and done by ops")
  func asked() async throws {
    try await SeededMarket.with { seeded in
      let (support, ops) = (try await seeded.person(.support), try await seeded.person(.ops))
      let order = Order.refused.number
      let shown = try await Cli.lines(
        ["order", "resend", order.lowercased(), "--to", "right@example.org", "--dry-run"], as: support)
      #expect(shown.first == "Order \(order) would go to right@example.org.")
      #expect(shown.last == "  Ops or an admin has to agree first.")
      let asked = try await Cli.lines(
        ["order", "resend", order, "--to", "right@example.org", "--reason", "typed it wrong"], as: support)
      #expect(asked.first == "Ask 1001: order \(order) is to go to right@example.org again.")
      let own = try await Cli.run(["ask", "approve", "1001", "--reason", "I say so"], as: support)
      #expect(own.ending == .exited(77))
      let listed = try await Cli.lines(["ask", "list", "--json"], as: ops)
      #expect(listed.count == 1 && listed[0].contains(#""address":"right@example.org""#), "\(listed)")
      let agreed = try await Cli.lines(["ask", "approve", "1001", "--reason", "looked into it", "--json"], as: ops)
      #expect(agreed.first?.contains(#""state":"approved""#) == true, "\(agreed)")
      #expect(try await Cli.lines(["ask", "list", "--json"], as: ops).isEmpty)
      let story = try await Cli.lines(["show", order], as: support)
      #expect(story.contains { $0.contains("right@example.org") }, "\(story)")
      #expect(story.contains { $0.contains("order.address.changed") && $0.contains("typed it wrong") }, "\(story)")
      let found = try await Cli.lines(["list", "asks", "--filter", "state:approved", "--json"], as: ops)
      #expect(found.count == 1 && found[0].contains(#""address":null"#))
    }
  }

  @Test("A bad key is shown, replaced and counted with its siblings")
  func replaced() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let order = Order.delivered.number
      let shown = try await Cli.lines(["order", "replace", order, "--unit", "2", "--dry-run", "--json"], as: ops)
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(shown.joined().utf8)) as? [String: Any], "\(shown)")
      #expect(
        Set(object.keys) == [
          "order", "version", "unit", "title", "vendor", "key", "replaced_by", "ask", "delivery", "revealed",
          "in_stock", "siblings",
        ])
      let done = try await Cli.lines(
        ["order", "replace", order, "--unit", "2", "--reason", "used already"], as: ops)
      #expect(done.first?.hasSuffix("is on its way.") == true, "\(done)")
      let siblings = try await Cli.lines(["order", "siblings", order, "--unit", "2"], as: ops)
      #expect(siblings.count == 1 && siblings[0].hasSuffix("; flagged."), "\(siblings)")
    }
  }

  @Test("An order is held, found by it, noted on and released")
  func held() async throws {
    try await SeededMarket.with { seeded in
      let (support, ops) = (try await seeded.person(.support), try await seeded.person(.ops))
      let order = Order.retrying.number
      let dry = try await Cli.lines(["order", "hold", order, "--dry-run"], as: support)
      #expect(dry == ["Order \(order) is paid.", "  It is held; 1 delivery is stopped."])
      let held = try await Cli.lines(["order", "hold", order, "--reason", "looks like fraud"], as: support)
      #expect(held.first == "Order \(order) is held.")
      let listed = try await Cli.lines(["list", "orders", "--filter", "held:yes", "--json"], as: support)
      #expect(listed.count == 1 && listed[0].contains(#""held_for":"looks like fraud""#), "\(listed)")
      let noted = try await Cli.lines(["order", "note", order, "asked the bank"], as: support)
      #expect(noted == ["Noted on \(order)."])
      let refused = try await Cli.run(["order", "release", order, "--reason", "it is fine"], as: support)
      #expect(refused.ending == .exited(77))
      let released = try await Cli.lines(["order", "release", order, "--reason", "it is fine"], as: ops)
      #expect(released.first == "Order \(order) goes on.")
      let story = try await Cli.lines(["show", order], as: ops)
      #expect(story.contains { $0.contains("order.noted") && $0.contains("asked the bank") }, "\(story)")
      #expect(story.contains { $0.contains("order.held") && $0.contains("looks like fraud") }, "\(story)")
    }
  }

  static let refused: [([String], Int32)] = [
    (["resend", "1", "--to", "x@example.org", "--units", "1", "--reason", "because"], 64), (["resend", "1"], 64),
    (["resend", "1", "--to", "nobody", "--reason", "because"], 64), (["hold", "1", "--reason", "x"], 64),
    (["replace", "1", "--unit", "9", "--reason", "because"], 64), (["release", "1", "--reason", "because"], 65),
    (["replace", "8", "--reason", "because"], 65), (["hold", "8", "--reason", "because"], 65),
    (["resend", "1", "--to", "x@example.org", "--reason", "because"], 65),
    (["hold", "1", "--reason", "because", "--read-only"], 64), (["hold", "nothing-such", "--reason", "because"], 66),
  ]

  @Test("What cannot be done says why, with the status for it", arguments: refused)
  func refusals(_ arguments: [String], _ status: Int32) async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let run = try await Cli.run(["order"] + arguments, as: ops)
      #expect(run.ending == .exited(status), "\(arguments): \(run.errors)")
      #expect(run.errors.hasPrefix("gkm: ") || run.errors.hasPrefix("Error: "), "\(run.errors)")
    }
  }
}
