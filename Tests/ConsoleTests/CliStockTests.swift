import Foundation
import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Console

/// `gkm stock`, `gkm reveal` and `gkm find --key`, with the daemon's hand at work beside them.
@Suite("gkm stock, reveal and find --key") struct CliStockTests {
  /// A folder with files of the test's own.
  private struct Folder: Sendable {
    let path: String

    func file(_ name: String, _ text: String) throws -> String {
      try TextFile.write(text, to: "\(path)/\(name)")
      return "\(path)/\(name)"
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
  }

  /// A seeded market whose vendor has a file of keys; settings are kept in a folder of the test's own.
  private func withMarket(
    _ body: @Sendable @escaping (SeededMarket, PostgresConfiguration, Folder) async throws -> Void
  ) async throws {
    try await SeededMarket.with { seeded in
      let folder = Folder(path: try TemporaryFolder.make())
      defer { folder.remove() }
      let vendor = try await seeded.person(.vendor)
      let vault = KeyVault(master: try MasterKey([UInt8](repeating: 7, count: 32)))
      try await KeyHand.with(seeded.market, vault: vault) { _ in try await body(seeded, vendor, folder) }
    }
  }

  private func gkm(
    _ arguments: [String], as person: PostgresConfiguration, _ folder: Folder
  ) async throws -> ChildProcess.Result {
    try await Cli.run(arguments, as: person, environment: ["XDG_CONFIG_HOME": folder.path])
  }

  @Test func aVendorImportsAFileAndSeesWhichLinesWereRefused() async throws {
    try await withMarket { seeded, vendor, folder in
      let file = try folder.file(
        "keys.csv", "title,key\r\n\"a, b\",AAAAA-11111\r\nx,\"BBBBB-22222\"\r\nx,aaaaa11111\r\nx,\r\n")
      let dry = try await gkm(["stock", "import", file, "--listing", "1", "--dry-run"], as: vendor, folder)
      #expect(dry.succeeded, "\(dry.errors)")
      #expect(dry.output.contains("2 of 4 keys would be imported"))
      let done = try await gkm(["stock", "import", file, "--listing", "1", "--json"], as: vendor, folder)
      #expect(done.succeeded, "\(done.errors)")
      #expect(done.output.contains("\"state\":\"imported\"") && done.output.contains("\"accepted\":2"))
      let list = try await gkm(["list", "imports", "--csv"], as: vendor, folder)
      #expect(list.output.contains("keys.csv,imported,false,4,4,2,2,1,0,0,1,0"))
      let id = try #require(list.output.split(separator: "\r\n").dropFirst().first?.split(separator: ",").first)
      let verdicts = try await gkm(["stock", "verdicts", String(id), "--csv"], as: vendor, folder)
      #expect(
        verdicts.output == "line,verdict,meaning\r\n4,repeated,duplicate in the file\r\n5,malformed,malformed\r\n")
      let again = try await gkm(["stock", "import", file, "--listing", "1"], as: vendor, folder)
      #expect(again.ending == .exited(65))
      #expect(again.output.contains("2 already in your stock"))
      let taken = try await gkm(
        ["stock", "withdraw", "1", "--import", String(id), "--reason", "given away"], as: vendor, folder)
      #expect(taken.output.hasPrefix("2 keys of listing 1 are out of sale"), "\(taken.errors)")
    }
  }

  @Test func whatCannotBeReadIsToldWithItsPlaceAndNothingIsKept() async throws {
    try await withMarket { seeded, vendor, folder in
      let rows = (0..<9_000).map { "x,KEY-\($0)\n" }.joined()
      let file = try folder.file("broken.csv", "a,key\n\(rows)1,\"never closed\n")
      let result = try await gkm(["stock", "import", file, "--listing", "1"], as: vendor, folder)
      #expect(result.ending == .exited(65))
      #expect(result.errors.contains("line 9002, column 3: this quote is never closed"))
      let state = try await seeded.market.database.sql(
        "SELECT state FROM gkm.stock_import WHERE source = 'broken.csv';")
      #expect(state == "cancelled")
      let kept = try await seeded.market.database.sql(
        """
        SELECT count(*) FROM gkm.stock_unit u JOIN gkm.stock_import i ON i.id = u.import_id
        WHERE i.source = 'broken.csv';
        """)
      #expect(kept == "0")
      let none = try await gkm(["stock", "import", "/nonexistent/keys", "--listing", "1"], as: vendor, folder)
      #expect(none.ending == .exited(66))
    }
  }

  @Test func aMarketWhoseKeyChangedIsNotSealedTo() async throws {
    try await withMarket { seeded, vendor, folder in
      let known = try await gkm(["stock", "key"], as: vendor, folder)
      #expect(known.output.contains("and known here"), "\(known.errors)")
      try await seeded.market.database.sql(
        """
        SET session_replication_role = replica;
        UPDATE gkm.exchange_key SET public_key = decode(repeat('09', 32), 'hex');
        """)
      let file = try folder.file("keys", "AAAAA-11111\n")
      let refused = try await gkm(["stock", "import", file, "--listing", "1"], as: vendor, folder)
      #expect(refused.ending == .exited(77))
      #expect(refused.errors.contains("has changed"))
      let now = try #require(ExchangeKey([UInt8](repeating: 9, count: 32))).fingerprint
      let wrong = try await gkm(["stock", "key", "--accept", "0000-0000"], as: vendor, folder)
      #expect(wrong.ending == .exited(77))
      let accepted = try await gkm(["stock", "key", "--accept", now], as: vendor, folder)
      #expect(accepted.output.contains(now), "\(accepted.errors)")
    }
  }

  @Test func aKeyIsShownOnATerminalAloneAndTakenAwayAgain() async throws {
    try await withMarket { seeded, vendor, folder in
      let ops = try await seeded.person(.ops)
      let unit = try await imported("SHOWN-12345-PLEAS", vendor, seeded, folder)
      let piped = try await gkm(["reveal", unit, "--reason", "to look at it"], as: ops, folder)
      #expect(piped.ending == .exited(64) && piped.errors.contains("on a terminal"))
      #expect(try await seeded.market.database.sql("SELECT count(*) FROM gkm.key_request;") == "0")
      let terminal = try PseudoTerminal(
        try TestRun.program("gkm"),
        ["reveal", unit, "--reason", "the customer sent a photograph", "--dbname", ops.conninfo],
        environment: ["XDG_CONFIG_HOME": folder.path], rows: 24, columns: 80)
      try await terminal.sees("SHOWN-12345-PLEAS")
      terminal.type("\u{3}")
      #expect(try await terminal.ended() == .exited(130))
      try await terminal.until("the key is gone") { !$0.text.contains("SHOWN") }
    }
  }

  @Test func anOrderIsFoundByItsKeyWhichIsNeverAnArgument() async throws {
    try await withMarket { seeded, vendor, folder in
      let support = try await seeded.person(.support)
      let unit = try await imported("FOUND-12345-AGAIN", vendor, seeded, folder)
      try await seeded.market.database.sql(
        """
        SET session_replication_role = replica;
        UPDATE gkm.assignment SET stock_unit_id = \(unit) WHERE id = (SELECT min(id) FROM gkm.assignment WHERE order_id = 1);
        """)
      let found = try await ChildProcess.run(
        try TestRun.program("gkm"), ["find", "--key", "-", "--json", "-d", support.conninfo],
        environment: ["XDG_CONFIG_HOME": folder.path, "HOME": folder.path], input: "found 12345 again\n")
      #expect(found.output.contains(SeededMarket.Order.delivered.number), "\(found.errors)")
      #expect(found.output.contains("\"by\":\"key\""))
      let argument = try await gkm(["find", "--key", "FOUND-12345-AGAIN"], as: support, folder)
      #expect(argument.ending == .exited(64))
      let other = try await ChildProcess.run(
        try TestRun.program("gkm"), ["find", "--key", "-", "-d", vendor.conninfo],
        environment: ["XDG_CONFIG_HOME": folder.path, "HOME": folder.path], input: "FOUND-12345-AGAIN\n")
      #expect(other.ending == .exited(77))
    }
  }

  /// Imports one key as the vendor, and answers its unit.
  private func imported(
    _ key: String, _ vendor: PostgresConfiguration, _ seeded: SeededMarket, _ folder: Folder
  ) async throws -> String {
    let file = try folder.file("one", key + "\n")
    let done = try await gkm(["stock", "import", file, "--listing", "1"], as: vendor, folder)
    #expect(done.succeeded, "\(done.errors)")
    return try await seeded.market.database.sql("SELECT max(id) FROM gkm.stock_unit;")
  }
}
