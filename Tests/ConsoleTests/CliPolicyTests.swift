import Market
import TestSupport
import Testing

@Suite("gkm policy") struct CliPolicyTests {
  @Test("prints every capability, table and function, without a database")
  func prints() async throws {
    let matrix = try await Cli.run(["policy"])
    #expect(matrix.ending == .exited(0), "\(matrix.errors)")
    let lines = matrix.output.split(separator: "\n")
    #expect(lines.count == Capability.allCases.count + 1)
    let refund = try #require(lines.first { $0.hasPrefix("refundAboveLimit ") })
    #expect(refund.split(separator: " ").suffix(5) == ["–", "–", "ask", "two", "two"])
    let tables = try await Cli.run(["policy", "--tables", "--json"]).output.split(separator: "\n")
    #expect(tables.count == Policy.tables.count)
    let stock = try #require(tables.first { $0.contains("\"table\":\"stock_unit\"") })
    #expect(stock.contains("\"never_shown\":[\"nonce\",\"ciphertext\",\"fingerprint\"]"))
    let functions = try await Cli.run(["policy", "--functions"]).output.split(separator: "\n")
    #expect(functions.contains { $0.hasPrefix("api.audit_resume(bigint, text, text) ") && $0.contains("  admin  ") })
    #expect(try await Cli.run(["policy", "--tables", "--functions"]).ending == .exited(64))
  }
}
