import Foundation
import Market
import Postgres
import TestSupport
import Testing

@testable import Console

@Suite("gkm explain and gkm commission") struct CliMoneyTests {
  @Test("An order's lines are explained to the cent, to a vendor their own alone")
  func lines() async throws {
    try await SeededMarket.with { seeded in
      let (ops, vendor) = (try await seeded.person(.ops), try await seeded.person(.vendor))
      let number = SeededMarket.Order.delivered.number
      try Cli.expectGolden(try await Cli.lines(["explain", number], as: ops), "explain-1-ops.txt")
      try Cli.expectGolden(try await Cli.lines(["explain", "order", number], as: vendor), "explain-1-vendor.txt")
      try Cli.expectGolden(try await Cli.lines(["explain", number, "--json"], as: ops), "explain-1-ops.jsonl")
      let second = try await Cli.lines(["explain", "\(number.lowercased()):2"], as: ops)
      #expect(second.first?.hasPrefix("\(number):2  Зимняя сказка") == true)
      #expect(!second.contains { $0.contains("Stellar Drift") })
      let refunded = try await Cli.lines(["explain", SeededMarket.Order.refunded.number], as: ops)
      #expect(refunded.contains { $0.contains("which leaves 0.00 EUR for keyhaus") }, "\(refunded)")
    }
  }

  @Test("A balance is explained posting by posting down to nothing")
  func balance() async throws {
    try await SeededMarket.with { seeded in
      let (ops, vendor) = (try await seeded.person(.ops), try await seeded.person(.vendor))
      try Cli.expectGolden(try await Cli.lines(["explain", "balance", "keyhaus"], as: ops), "explain-balance-ops.txt")
      let own = try await Cli.lines(["explain", "balance", "--currency", "jpy"], as: vendor)
      #expect(own.first?.hasPrefix("keyhaus: ") == true && own.allSatisfy { !$0.contains("EUR") }, "\(own)")
      let nordlicht = try await Cli.lines(["explain", "balance", "nordlicht", "--currency", "usd"], as: ops)
      #expect(nordlicht.first == "nordlicht: 8.74 USD owed, 8.74 USD of it on hold, 0.00 USD available")
    }
  }

  @Test("What is not theirs, or not there, is refused with the status for it")
  func refusals() async throws {
    try await SeededMarket.with { seeded in
      let (ops, vendor) = (try await seeded.person(.ops), try await seeded.person(.vendor))
      let support = try await seeded.person(.support)
      let number = SeededMarket.Order.delivered.number
      for (arguments, person, status) in [
        (["explain", "GK-NONE"], ops, Int32(66)), (["explain", "\(number):9"], ops, 66),
        (["explain", "\(number):x"], ops, 64), (["explain", number], support, 77), (["explain", "balance"], ops, 64),
        (["explain", "balance", "nordlicht"], vendor, 77), (["explain", "balance", "nobody"], ops, 66),
        (["explain", SeededMarket.Order.held.number], vendor, 66),
        (["commission", "preview", "99"], ops, 66), (["commission", "preview", "1"], vendor, 77),
        (["commission", "set", "--bps", "900", "--reason", "because"], ops, 77),
        (["commission", "set", "--bps", "900"], ops, 64),
        (["commission", "set", "--bps", "900", "--fixed", "0.301eur", "--dry-run"], ops, 64),
        (["commission", "withdraw", "1", "--reason", "because", "--read-only"], ops, 64),
      ] as [([String], PostgresConfiguration, Int32)] {
        let result = try await Cli.run(arguments, as: person)
        #expect(result.ending == .exited(status), "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty && !result.errors.isEmpty, "\(arguments)")
      }
    }
  }

  @Test("A rule is tried, set, previewed, followed by another, taken back and ended")
  func rules() async throws {
    try await SeededMarket.with { seeded in
      let admin = try await seeded.person(.admin)
      let wish = [
        "commission", "set", "--vendor", "keyhaus", "--bps", "900", "--fixed", "0.30eur", "--max", "2.50eur", "--max",
        "400jpy",
      ]
      let tried = try await Cli.lines(wish + ["--dry-run"], as: admin)
      #expect(tried.first == "Nothing is changed; with --reason it would be:")
      #expect(tried.contains("  it decides for 2 listings on sale"), "\(tried)")
      #expect(tried.contains { $0.hasSuffix(" for vendor keyhaus, from now for good") }, "\(tried)")
      #expect(
        try await Cli.lines(wish + ["--reason", "agreed with the vendor"], as: admin).first == "Rule 1001 is set.")
      let preview = try await Cli.lines(["commission", "preview", "1", "--quantity", "2"], as: admin)
      try Cli.expectGolden(preview, "commission-preview.txt")
      let coming = [
        "commission", "set", "--vendor", "keyhaus", "--bps", "800", "--from", "2100-01-01", "--reason", "new",
      ]
      let next = try await Cli.lines(coming, as: admin)
      #expect(next.contains("  instead of rule 1001: 9 %; EUR + 0.30 each, at most 2.50; JPY at most 400"), "\(next)")
      #expect(
        try await Cli.lines(["commission", "withdraw", "1002", "--reason", "not now"], as: admin)
          == ["Rule 1002, for keyhaus, is taken back."])
      #expect(
        try await Cli.lines(["commission", "end", "1001", "--reason", "not any more"], as: admin)
          == ["Rule 1001, for keyhaus, ends now."])
      let listed = try await Cli.lines(["commission", "list", "--json", "--filter", "withdrawn"], as: admin)
      #expect(listed.count == 1 && listed[0].contains(#""state":"withdrawn""#))
    }
  }
}
