import FoundationEssentials
package import Market
package import Postgres

/// A person asks to see a key of the stock, or which orders had one. All of it throws `ActionRefused`, and
/// `PostgresError` for what the database could not do.
package enum KeyActions {
  /// What came of asking.
  package enum Asked: Sendable, Equatable {
    case queued(KeyRequestID)
    /// Somebody else has to agree first.
    case awaitingApproval(KeyRequestID)
  }

  /// Asks for a key, sealed to `answerKey`.
  package static func reveal(
    _ session: borrowing Session, _ unit: StockUnitID, reason: String, answerKey: [UInt8]
  ) throws -> Asked {
    let row: (KeyRequestID, String)? = try refusing {
      try session.first(
        """
        SELECT (r ->> 'id')::bigint, r ->> 'state' FROM api.reveal_request(\(unit), \(reason), \(answerKey)) AS r
        """
      ) { (try $0.id(0), try $0.string(1)) }
    }
    guard let (id, state) = row else { throw StoreError.badRow("api.reveal_request gave no answer") }
    return state == "queued" ? .queued(id) : .awaitingApproval(id)
  }

  /// A second person's word on a request; answers where it stands.
  package static func decide(
    _ session: borrowing Session, _ request: KeyRequestID, approves: Bool, reason: String
  ) throws -> String {
    let state = try refusing {
      try session.first("SELECT api.reveal_decide(\(request), \(approves), \(reason))") { try $0.string(0) }
    }
    guard let state else { throw StoreError.badRow("api.reveal_decide gave no state") }
    return state
  }

  /// Takes the sealed key, once; `nil` while the daemon works on it.
  package static func fetch(_ session: borrowing Session, _ request: KeyRequestID) throws -> [UInt8]? {
    try refusing { try session.first("SELECT api.reveal_fetch(\(request))") { try $0.bytesOrNil(0) } ?? nil }
  }

  /// Asks which orders had a key, which is sealed to the daemon.
  package static func find(_ session: borrowing Session, sealed: [UInt8]) throws -> KeyRequestID {
    let id: KeyRequestID? = try refusing {
      try session.first("SELECT api.find_key(\(sealed))") { try $0.id(0) }
    }
    guard let id else { throw StoreError.badRow("api.find_key gave no id") }
    return id
  }

  /// What a key is known to be.
  package struct Found: Sendable, Equatable, Decodable {
    /// Newest first.
    package var orders: [Int64]
    /// `nil` for a key that no stock ever had.
    package var unit: Int64?

    package init(orders: [Int64], unit: Int64?) {
      self.orders = orders
      self.unit = unit
    }
  }

  /// `nil` while the daemon looks.
  package static func found(_ session: borrowing Session, _ request: KeyRequestID) throws -> Found? {
    let json = try refusing {
      try session.first("SELECT api.find_key_fetch(\(request))") { try $0.bytesOrNil(0) } ?? nil
    }
    guard let json else { return nil }
    guard let found = try? JSONDecoder().decode(Found.self, from: Data(json)) else {
      throw StoreError.badRow("api.find_key_fetch gave no answer")
    }
    return found
  }

  private static func refusing<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
