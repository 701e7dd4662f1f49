package import Market
package import Postgres

/// What people do with support cases. Each throws `ActionRefused` for what the market does not do, and changes nothing
/// then; `version` is that of the row the person decided on, and the new one is returned.
package enum CaseActions {
  /// Opens a case about an order, or about none. Without a priority it gets that of its kind.
  package static func open(
    _ session: borrowing Session, kind: String, order number: String?, priority: CasePriority? = nil, text: String
  ) throws -> CaseID {
    CaseID(
      try call(session, "SELECT api.case_open(\(kind), \(number), \(priority?.rawValue), \(text))"))
  }

  /// Makes the signed-in person the one who works on it; a closed case is opened again.
  package static func take(_ session: borrowing Session, _ id: CaseID, version: Int64) throws -> Int64 {
    try call(session, "SELECT api.case_take(\(id), \(version))")
  }

  /// Puts it back into its queue, or into another.
  package static func release(
    _ session: borrowing Session, _ id: CaseID, version: Int64, to queue: CaseQueue? = nil, reason: String
  ) throws -> Int64 {
    try call(session, "SELECT api.case_release(\(id), \(version), \(queue?.rawValue), \(reason))")
  }

  /// Gives it to somebody of the staff.
  package static func assign(
    _ session: borrowing Session, _ id: CaseID, version: Int64, to login: String, reason: String
  ) throws -> Int64 {
    try call(session, "SELECT api.case_assign(\(id), \(version), \(login), \(reason))")
  }

  /// Adds what only staff read.
  package static func note(_ session: borrowing Session, _ id: CaseID, text: String) throws -> Int64 {
    try call(session, "SELECT api.case_note(\(id), \(text))")
  }

  /// To whom an answer goes.
  package enum Recipient: Sendable, Equatable {
    case customer
    /// The vendor who takes part already, or one by their handle.
    case vendor(String?)
  }

  /// Says something to the customer or to a vendor of the order; the case then waits for them.
  package static func answer(
    _ session: borrowing Session, _ id: CaseID, version: Int64, to recipient: Recipient, text: String
  ) throws -> Int64 {
    let (audience, handle): (CaseAudience, String?) =
      switch recipient {
      case .customer: (.customer, nil)
      case .vendor(let handle): (.vendor, handle)
      }
    return try call(session, "SELECT api.case_answer(\(id), \(version), \(audience.rawValue), \(handle), \(text))")
  }

  /// A vendor's answer in a case of their own.
  package static func answerAsVendor(_ session: borrowing Session, _ id: CaseID, text: String) throws {
    do {
      _ = try session.rows("SELECT api.vendor_case_answer(\(id), \(text))") { _ in }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }

  /// Ends it, saying how it was settled.
  package static func close(
    _ session: borrowing Session, _ id: CaseID, version: Int64, reason: String
  ) throws -> Int64 {
    try call(session, "SELECT api.case_close(\(id), \(version), \(reason))")
  }

  private static func call(_ session: borrowing Session, _ sql: SQL) throws -> Int64 {
    do {
      guard let value = try session.first(sql, { try $0.int64(0) }) else {
        throw StoreError.badRow("a case's function gave no row")
      }
      return value
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}

/// What the daemon does with them.
package enum CaseDesk {
  /// Opens the market's own case of this kind about an order, or adds what it does not say yet. However often it is
  /// called, there is one. A vendor who is named takes part. Inside the caller's transaction.
  @discardableResult
  package static func open(
    _ session: borrowing Session, _ kind: CaseKind, _ order: OrderID, text: String, vendor: VendorID? = nil
  ) throws -> CaseID {
    let id: CaseID? = try session.first("SELECT gkm.open_case(\(kind.rawValue), \(order), \(text), \(vendor))") {
      try $0.id(0)
    }
    guard let id else { throw StoreError.badRow("gkm.open_case gave no row") }
    return id
  }

  /// Says that the cause of the market's own case is gone, and closes it where nobody has taken it. Nothing happens
  /// where there is none.
  package static func settle(
    _ session: borrowing Session, _ kind: CaseKind, _ order: OrderID, text: String
  ) throws {
    _ = try session.rows("SELECT gkm.settle_case(\(kind.rawValue), \(order), \(text))") { _ in }
  }
}
