import Foundation
import Market
import TestSupport
import Testing

@Suite("gkm show, find, retry and whoami") struct CliOrderTests {
  @Test("The whole story of an order, as JSON and as text")
  func story() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      for order in [SeededMarket.Order.delivered, .retrying, .partlyRefunded, .disputed] {
        let json = try await Cli.lines(["show", order.number, "--json"], as: ops)
        #expect(json.count == 1)
        try Cli.expectGolden(json, "show-\(order.rawValue)-ops.jsonl")
        try Cli.expectGolden(try await Cli.lines(["show", order.number], as: ops), "show-\(order.rawValue)-ops.txt")
      }
    }
  }

  @Test("An order answers to its number in any spelling, its id and every Stripe id that belongs to it")
  func anyKey() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.support)
      let order = SeededMarket.Order.disputed
      let spelled = order.number.lowercased().split(separator: "-").dropFirst().joined(separator: " ")
      let keys = [
        order.number, spelled, "9", "cs_test_9", "pi_9", "ch_9", "dp_9", "evt_9_completed", "doubt@example.com",
      ]
      let wanted = try await Cli.lines(["show", order.number, "--json"], as: ops)
      for key in keys { #expect(try await Cli.lines(["show", key, "--json"], as: ops) == wanted, "\(key)") }
      #expect(
        try await Cli.lines(["show", "re_8"], as: ops).first?.hasPrefix(SeededMarket.Order.refunded.number) == true)

      let many = try await Cli.run(["show", "keyhaus"], as: ops)
      #expect(many.ending == .exited(65))
      #expect(many.errors.hasPrefix("gkm: “keyhaus” leads to several orders: GK-"))
      let none = try await Cli.run(["show", "pi_nobody"], as: ops)
      #expect(none.ending == .exited(66))
      #expect(none.errors == "gkm: nothing is known of “pi_nobody”\n")
    }
  }

  @Test("Finding says by what each order was found")
  func find() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let cases = [
        ("pi_1", "payment_intent", 1), ("ch_1_declined", "charge", 1), ("4243", "last4", 1),
        ("ADA@example.com", "email", 1), ("203.0.113.1", "address", 1),
        ("nordlicht", "vendor", 5), (SeededMarket.Order.open.number.lowercased(), "number", 1),
      ]
      for (text, by, count) in cases {
        let lines = try await Cli.lines(["find", text, "--json"], as: ops)
        #expect(lines.count == count, "\(text)")
        for line in lines { #expect(line.hasPrefix("{\"by\":\"\(by)\",\"id\":"), "\(text): \(line)") }
      }
      try Cli.expectGolden(try await Cli.lines(["find", "keyhaus"], as: ops), "find-vendor-ops.txt")
      #expect(try await Cli.run(["find", "nothing-like-it"], as: ops).ending == .exited(66))
    }
  }

  @Test("A vendor is shown their own part of an order, and of a stranger's order nothing")
  func vendors() async throws {
    try await SeededMarket.with { seeded in
      let own = try await seeded.person(.vendor)
      let order = SeededMarket.Order.delivered
      let lines = try await Cli.lines(["show", order.number], as: own)
      try Cli.expectGolden(lines, "show-1-vendor.txt")
      let json = try await Cli.lines(["show", order.number, "--json"], as: own)
      try Cli.expectGolden(json, "show-1-vendor.jsonl")
      #expect(!json.joined().contains("ada@") && !json.joined().contains("evt_") && !json.joined().contains("ordlicht"))
      for key in [SeededMarket.Order.refused.number, "4", "pi_1", "ada@example.com", "nordlicht"] {
        let result = try await Cli.run(["show", key], as: own)
        #expect(result.ending == .exited(66), "\(key): \(result.errors)\(result.output)")
        #expect(try await Cli.run(["find", key, "--json"], as: own).output.isEmpty, "\(key)")
      }
      #expect(try await Cli.lines(["find", String(order.number.prefix(7)), "--json"], as: own).count == 1)
    }
  }

  @Test("Ops asks for another try, which is queued and audited with the reason")
  func retry() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let delivery = try await seeded.market.database.sql("SELECT id FROM gkm.delivery WHERE state = 'failed';")
      let said = try await Cli.lines(["retry", delivery, "--reason", "-- mailbox exists now"], as: ops)
      #expect(
        said == [
          "Delivery \(delivery) of order \(SeededMarket.Order.refused.number) was failed and is tried again now."
        ])
      let after = try await seeded.market.database.sql(
        """
        SELECT d.state, d.version, (SELECT count(*) FROM gkm.job WHERE kind = 'deliver' AND subject = d.id::text),
          convert_from(e.body, 'UTF8') LIKE '%reason -- mailbox exists now%'
        FROM gkm.delivery d, gkm.audit_event e
        WHERE d.id = \(delivery) AND e.action = 'delivery.retry.requested' AND e.order_id = d.order_id;
        """)
      #expect(after == "retrying|4|1|t")
    }
  }

  @Test("A refusal is one sentence and its own status")
  func refusals() async throws {
    try await SeededMarket.with { seeded in
      let (ops, support) = (try await seeded.person(.ops), try await seeded.person(.support))
      let vendor = try await seeded.person(.vendor)
      let failed = try await seeded.market.database.sql("SELECT id FROM gkm.delivery WHERE state = 'failed';")
      let reason = ["--reason", "please"]
      func ending(_ arguments: [String], _ status: Int32, _ said: String, as person: Person = .ops) async throws {
        let who = person == .ops ? ops : person == .support ? support : vendor
        let result = try await Cli.run(["retry"] + arguments, as: who)
        #expect(result.ending == .exited(status), "\(arguments): \(result.errors)")
        #expect(result.errors == "gkm: \(said)\n")
      }
      try await ending(["1"] + reason, 65, "a delivery that is confirmed cannot be retried")
      try await ending(["999"] + reason, 66, "there is no delivery 999")
      try await ending([failed, "--reason", "x"], 64, "a reason of 3 to 500 characters is needed")
      try await ending(
        [failed, "--reason", "a\u{1B}[2Jb"], 64, "the text holds a control character, which nothing kept may hold")
      try await ending([failed] + reason, 77, "your role may not do this", as: .support)
      try await ending([failed] + reason, 77, "your role may not do this", as: .vendor)
      let readOnly = try await Cli.run(["retry", failed, "--read-only"] + reason, as: ops)
      #expect(readOnly.ending == .exited(64))
      #expect(try await seeded.market.database.sql("SELECT state FROM gkm.delivery WHERE id = \(failed);") == "failed")
    }
  }

  private enum Person { case ops, support, vendor }

  @Test("Everybody learns who they are; a stranger that they are nobody")
  func whoami() async throws {
    try await SeededMarket.with { seeded in
      let vendor = try await seeded.person(.vendor)
      let login = "v1_\(seeded.market.database.suffix)"
      #expect(
        try await Cli.lines(["whoami", "--json"], as: vendor)
          == ["{\"login\":\"\(login)\",\"name\":\"\(login)\",\"role\":\"vendor\",\"vendor\":\"Keyhaus GmbH\"}"])
      #expect(try await Cli.lines(["whoami"], as: vendor) == ["\(login): \(login), vendor of Keyhaus GmbH"])
      let stranger = try await Cli.run(["whoami"], as: seeded.market.superuser)
      #expect(stranger.ending == .exited(77))
      #expect(stranger.errors == "gkm: this login is not a person of the market: ask an admin to add it\n")
    }
  }
}
