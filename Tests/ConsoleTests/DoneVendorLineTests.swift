import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Console

/// More of what people come to the console for: what concerns vendors, their keys and what is taken of their sales.
@Suite struct DoneVendorLineTests {
  private static func withHand(
    _ body: @Sendable @escaping (SeededMarket, _ folder: String) async throws -> Void
  ) async throws {
    try await SeededMarket.with { seeded in
      let folder = try TemporaryFolder.make()
      defer { TemporaryFolder.remove(folder) }
      let vault = KeyVault(master: try MasterKey([UInt8](repeating: 7, count: 32)))
      try await KeyHand.with(seeded.market, vault: vault) { _ in try await body(seeded, folder) }
    }
  }

  /// 488 keys, ten of them once more, and two that are far too long.
  private static var fiveHundred: String {
    let good = (1...488).map { "KEY-\(String($0 + 10_000).dropFirst())-ABCDE-FGHIJ" }
    let long = String(repeating: "X", count: StockChunk.longestKey + 1)
    return (good + good.prefix(10) + [long, long]).joined(separator: "\n") + "\n"
  }

  @Test("A vendor imports 500 keys, goes on working, and sees which were refused")
  func fiveHundredKeys() async throws {
    try await Self.withHand { seeded, folder in
      try TemporaryFolder.write(Self.fiveHundred, to: "\(folder)/gkm", named: "keys")
      let vendor = try await seeded.person(.vendor)
      let hand = try await CountedHand.start(vendor, folder: folder, columns: 120)
      try await hand.press("4", sees: "AVAIL")
      try await hand.press("i", sees: "Import keys")
      try await hand.write("\(folder)/gkm/keys")
      try await hand.press("tab", "tab", "tab", "tab", "tab", "enter", sees: "488 of 500 keys are in stock, 12 not")
      try await hand.press(":")
      try await hand.write("imports")
      try await hand.press("enter", sees: "REFUSED")
      try await hand.press("g", "enter", sees: "lines 489 to 498")
      #expect(hand.screen.contains("duplicate in the file") && hand.screen.contains("too long"))
      #expect(hand.keys <= 12, "\(hand.keys) keys")
      try await hand.quit()
    }
  }

  @Test("An admin changes one vendor's commission from next Monday 00:00 in a zone, and takes it back")
  func commission() async throws {
    try await SeededMarket.with { seeded in
      let hand = try await CountedHand.start(try await seeded.person(.admin))
      try await hand.press("8", sees: "TAKES")
      try await hand.press("/")
      try await hand.write("keyhaus")
      try await hand.press("enter", sees: "1/1")
      try await hand.press("C", sees: "Commission of keyhaus")
      try await hand.press("ctrl-u")
      try await hand.write("10")
      try await hand.press("tab", "tab", "tab", "ctrl-u")
      try await hand.write("Europe/Madrid")
      try await hand.press("tab")
      try await hand.write("agreed in writing")
      try await hand.press("tab", "tab", "enter", sees: "as it is, ")
      for text in ["10 % for keyhaus, from Mon", "00:00 Europe/Madrid", "Not touched, they keep the terms"] {
        #expect(hand.screen.contains(text), "\(text)\n\(hand.screen)")
      }
      try await hand.press("tab", "enter", sees: "Rule 1001 for keyhaus: 10 % from Mon")
      let set = """
        SELECT extract(isodow FROM lower(valid) AT TIME ZONE 'Europe/Madrid'),
          to_char(lower(valid) AT TIME ZONE 'Europe/Madrid', 'HH24:MI'), lower(valid) > now(),
          lower(valid) <= now() + interval '7 days', basis_points, withdrawn_at IS NULL
        FROM gkm.commission_rule WHERE id = 1001;
        """
      #expect(try await seeded.market.database.sql(set) == "1|00:00|t|t|1000|t")
      // From the vendor's page to the rule, which is taken back before it begins.
      try await hand.press("enter", sees: "rule 1001")
      try await hand.press("G", "enter", sees: "○ coming")
      try await hand.press("w", sees: "Take rule 1001 back")
      try await hand.write("they changed their mind")
      try await hand.press("tab", "tab", "enter", sees: "Rule 1001 is taken back")
      #expect(try await seeded.market.database.sql(set) == "1|00:00|t|t|1000|f")
      #expect(hand.keys <= 30, "\(hand.keys) keys")
      try await hand.quit()
    }
  }

  @Test("A rule is changed again from where it stands, ended, and refused where it changed meanwhile")
  func rules() async throws {
    try await SeededMarket.with { seeded in
      let hand = try await CountedHand.start(try await seeded.person(.admin))
      try await hand.press(":")
      try await hand.write("commission")
      try await hand.press("enter", sees: "12.5 %")
      try await hand.press("C", sees: "Commission of everything")
      try await hand.press("ctrl-u")
      try await hand.write("11")
      try await hand.press("tab")
      try await hand.write("min 0.50eur")
      try await hand.press("tab", "ctrl-u")
      try await hand.write("now")
      try await hand.press("tab", "tab")
      try await hand.write("a better year")
      try await hand.press("tab", "tab", "enter", sees: "instead of rule 1")
      try await seeded.market.database.sql(
        "SET session_replication_role = replica; UPDATE gkm.commission_rule SET version = version + 1 WHERE id = 1;")
      try await hand.press("tab", "enter", sees: "changed since it was shown")
      try await hand.press("esc")
      try await hand.press("r", "C", sees: "Commission of everything")
      try await hand.press("tab", "tab", "ctrl-u")
      try await hand.write("tomorow")
      try await hand.press("tab", "tab")
      try await hand.write("a better year")
      try await hand.press("tab", "tab", "enter", sees: "a moment is now, monday 00:00")
      try await hand.quit()
    }
  }

  @Test("Ops lets a colleague see a key that they asked for once too often")
  func reveal() async throws {
    try await SeededMarket.with { seeded in
      try await seeded.market.database.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.key_request (kind, stock_unit_id, order_id, vendor_id, reason, state, requested_by, requested_as)
        VALUES ('reveal', 1, 1, 1, 'a photograph came', 'awaiting_approval', 'ops_other', 'ops');
        """)
      let hand = try await CountedHand.start(try await seeded.person(.ops))
      try await hand.press(":")
      try await hand.write("reveals")
      try await hand.press("enter", sees: "ops_other")
      try await hand.press("a", sees: "Let ops_other see a key")
      try await hand.write("looked at it together")
      try await hand.press("tab", "tab", "enter", sees: "is agreed to")
      #expect(hand.keys <= 12, "\(hand.keys) keys")
      #expect(try await seeded.market.database.sql("SELECT state FROM gkm.key_request;") == "approved")
      try await hand.quit()
    }
  }
}
