import Crypto
import FoundationEssentials
import Market
package import Postgres

/// Takes a customer out of the market: orders, payments and the sealed log stay, whose they were does not.
package enum Erasure {
  /// Whose.
  package enum Whose: Sendable, Equatable {
    /// The customer of this order, with all orders of the same address.
    case order(String)
    case address(String)
  }

  /// An order that is not over.
  package struct Obstacle: Sendable, Equatable, Codable {
    package let order: String
    package let why: String
  }

  package struct Outcome: Sendable, Equatable {
    package let orders: Int
    package let obstacles: [Obstacle]
    /// Touched, by table; empty for a dry run.
    package let rows: [String: Int]
    /// The number it is kept under; `nil` for a dry run.
    package let id: Int64?
    /// To be handed to the customer: with the address its SHA-256 is the sealed digest.
    package let salt: String
    package let digest: String
  }

  private struct Answer: Codable {
    let erasure: Int64?
    let orders: Int
    let obstacles: [Obstacle]
    let rows: [String: Int]?
  }

  /// Tells what there is, or does it: all or nothing. As an admin; inside a transaction of its own.
  package static func run(
    _ session: borrowing Session, _ whose: Whose, reason: String, isDryRun: Bool
  ) throws -> Outcome {
    let (order, address): (String?, String?) =
      switch whose {
      case .order(let number): (number, nil)
      case .address(let text): (nil, text)
      }
    // Bodies of events are looked through, too.
    try session.script("SET LOCAL statement_timeout = '30min'")
    var known = address
    if let order {
      known = try session.first("SELECT customer_email::text FROM gkm.orders WHERE number = upper(\(order))") {
        try $0.string(0)
      }
    }
    var random = SystemRandomNumberGenerator()
    let salt = Hex.encode(random.bytes(16))
    let text = salt + (known ?? "").lowercased().filter { $0 != " " }
    let digest = Array(SHA256.hash(data: Array(text.utf8)))
    let json = try refusing {
      try session.first(
        "SELECT api.customer_erase(\(order), \(address), \(digest), \(reason), \(isDryRun))::text"
      ) { try $0.string(0) }
    }
    guard let json, let answer = try? JSONDecoder().decode(Answer.self, from: Data(json.utf8)) else {
      throw StoreError.badRow("api.customer_erase gave no answer")
    }
    return Outcome(
      orders: answer.orders, obstacles: answer.obstacles, rows: answer.rows ?? [:], id: answer.erasure, salt: salt,
      digest: Hex.encode(digest))
  }
}
