import Foundation
import Market
import Postgres
import TestSupport
import Testing

@testable import Console

@Suite("gkm case") struct CliCaseTests {
  @Test("A case goes its way by commands alone, connection options before or behind")
  func story() async throws {
    try await SeededMarket.with { seeded in
      let (ops, vendor) = (try await seeded.person(.ops), try await seeded.person(.vendor))
      let order = SeededMarket.Order.retrying.number.lowercased()
      let opened = try await Cli.lines(
        ["case", "open", "question", "Asks when it comes.", "--order", order, "--priority", "low"], as: ops)
      #expect(opened == ["Case 1001 is open."])
      #expect(try await Cli.lines(["case", "take", "1001"], as: ops) == ["Case 1001 was open and is yours."])
      #expect(
        try await Cli.lines(
          ["case", "answer", "1001", "--to", "vendor", "--vendor", "keyhaus", "Is your server down?"], as: ops)
          == ["Case 1001 waits for an answer."])
      #expect(
        try await Cli.lines(["case", "answer", "1001", "No, it is up."], as: vendor) == ["Case 1001 has your answer."])
      #expect(
        try await Cli.lines(["case", "close", "1001", "--reason", "told the customer"], as: ops)
          == ["Case 1001 is closed."])
      let shown = try await Cli.run(["-d", ops.conninfo, "case", "show", "1001", "--json"])
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any], "\(shown.errors)")
      #expect(object["state"] as? String == "closed" && object["priority"] as? String == "low")
      #expect((object["messages"] as? [[String: Any]])?.count == 4)
      let theirs = try await Cli.lines(["case", "show", "1001"], as: vendor)
      #expect(theirs.contains { $0.hasSuffix("vendor → vendor: No, it is up.") })
      #expect(!theirs.contains { $0.contains("told the customer") || $0.contains("Asks when") })
    }
  }

  @Test("What cannot be done says why, with the status for it")
  func refusals() async throws {
    try await SeededMarket.with { seeded in
      let (ops, vendor) = (try await seeded.person(.ops), try await seeded.person(.vendor))
      let unknown = try await Cli.run(["case", "show", "77"], as: ops)
      #expect(unknown.ending == .exited(66) && unknown.errors == "gkm: there is no case 77\n")
      let taking = try await Cli.run(["case", "take", "1"], as: vendor)
      #expect(taking.ending == .exited(77))
      let readOnly = try await Cli.run(["case", "take", "1", "--read-only"], as: ops)
      #expect(readOnly.ending == .exited(64))
      let short = try await Cli.run(["case", "note", "1", "x"], as: ops)
      #expect(short.ending == .exited(64) && short.errors.contains("3 to 4000 characters"))
    }
  }
}
