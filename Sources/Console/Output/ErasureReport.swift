package import Postgres
import Store
import Terminal

/// `gkm customer erase`: what would be erased, or what was, and the customer's receipt.
package enum ErasureReport {
  /// - Parameter whose: an order's number, or `-`: the address is the first line of standard input, so that it stands
  ///   in no list of processes and in no shell's history.
  package static func erase(
    _ whose: String, reason: String, isDryRun: Bool, on connection: PostgresConnection
  ) async throws -> [String] {
    let subject: Erasure.Whose
    if whose == "-" {
      let line = try TextInput.read("-", limit: 1 << 10).split(whereSeparator: \.isNewline).first.map(String.init)
      guard let line, line.contains("@") else {
        throw ConsoleFailure("standard input holds no address", status: .noInput)
      }
      subject = .address(line.trimmed)
    } else {
      subject = .order(whose)
    }
    let outcome = try await connection.write(timeout: .seconds(1_900)) {
      try Erasure.run($0, subject, reason: reason, isDryRun: isDryRun)
    }
    let orders = "\(outcome.orders) order\(outcome.orders == 1 ? "" : "s")"
    var lines: [String]
    if isDryRun {
      lines = ["The customer has \(orders)."]
      lines += outcome.obstacles.map { "\($0.order) keeps it from being done: \($0.why)." }
      if outcome.obstacles.isEmpty { lines.append("Nothing keeps the customer from being erased.") }
    } else {
      lines = ["The customer is erased from \(orders), as erasure \(outcome.id ?? 0)."]
      let rows = outcome.rows.filter { $0.value > 0 }.sorted { $0.key < $1.key }
      lines += rows.map { "  \($0.key): \($0.value) row\($0.value == 1 ? "" : "s")" }
      lines += [
        "Receipt: SHA-256 of \(outcome.salt) and the address in lower case is \(outcome.digest), as it is sealed.",
        "Hand it to the customer: it is kept nowhere. Stripe has the address, too: erase the customer there.",
      ]
    }
    return lines.map { Sanitizer.clean($0) }
  }
}

extension String {
  fileprivate var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
