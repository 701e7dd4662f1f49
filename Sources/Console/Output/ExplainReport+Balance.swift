package import Market
package import Postgres
import Store
import Terminal

extension ExplainReport {
  /// What a vendor is owed, posting by posting, newest first, each with the balance after it; down to nothing before the
  /// first.
  ///
  /// - Parameters:
  ///   - vendor: a handle; `nil` for the vendor who asks.
  ///   - currency: `nil`: each that the vendor has a balance in.
  package static func balance(
    of vendor: String?, in currency: Currency?, json: Bool, on connection: PostgresConnection
  ) async throws {
    let count = try await connection.read(isolation: .repeatableRead) { session in
      let viewer = try Viewer.current(session)
      let handle = try whose(vendor, viewer)
      var output = OutputWriter()
      let balances = try page(session, viewer, .balances, handle.map { [term("vendor", $0)] } ?? [], after: nil)
        .rows(as: BalanceRow.self).filter { currency == nil || $0.balance.currency == currency }
      for balance in balances { try write(balance, session, viewer, handle, json: json, to: &output) }
      try output.flush()
      return balances.count
    }
    guard count > 0 else {
      throw ConsoleFailure("nothing was ever posted for \(vendor ?? "you")", status: .noInput)
    }
  }

  private static func whose(_ vendor: String?, _ viewer: Viewer) throws -> String? {
    guard viewer.role == .vendor else {
      guard let vendor else { throw ConsoleFailure("say whose balance: a vendor's handle", status: .usage) }
      return vendor.lowercased()
    }
    guard vendor == nil || vendor?.lowercased() == viewer.vendorHandle else {
      throw ActionRefused(.notAllowed, "a vendor may see their own balance alone")
    }
    return nil
  }

  private static func term(_ field: String, _ value: String) -> FilterTerm {
    FilterTerm(.oneOf(field: field, values: [value]), column: 1)
  }

  private static func page(
    _ session: borrowing Session, _ viewer: Viewer, _ kind: ListKind, _ terms: [FilterTerm], after: Int64?
  ) throws -> ListPage {
    try ListPage.read(
      session, viewer: viewer, kind: kind, filter: FilterExpression(terms: terms), after: after, limit: pageSize)
  }

  private static let pageSize = 500

  private static func write(
    _ balance: BalanceRow, _ session: borrowing Session, _ viewer: Viewer, _ handle: String?, json: Bool,
    to output: inout OutputWriter
  ) throws {
    let currency = balance.balance.currency
    func money(_ amount: Int64) -> Money { Money(amount, currency) }
    if !json {
      try output.line(
        Sanitizer.clean(
          "\(balance.vendor): \(balance.balance) owed, \(money(balance.onHold)) of it on hold,"
            + " \(money(balance.available)) available"))
    }
    let terms = handle.map {
      [term("vendor", $0), term("account", LedgerAccount.Kind.vendorPayable.rawValue), term("currency", currency.code)]
    }
    var left = balance.balance.amount
    var after: Int64?
    while true {
      let rows = try page(session, viewer, .ledger, terms ?? [], after: after).rows(as: LedgerPostingRow.self)
      for row in rows where row.amount.currency == currency {
        let own = viewer.role == .vendor ? row.amount.amount : -row.amount.amount
        try output.line(
          json ? JSONText.object(row.fields + [ListField("balance_after", .integer(left))]) : line(row, own, left))
        left -= own
      }
      after = rows.last?.rowID
      if rows.count < pageSize { break }
    }
    guard left == 0 else {
      throw ConsoleFailure("\(money(left)) of the balance have no posting", status: .software)
    }
  }

  private static func line(_ row: LedgerPostingRow, _ own: Int64, _ after: Int64) -> String {
    let place = (row.order ?? "") + (row.line.map { ":\($0)" } ?? "")
    let currency = row.amount.currency
    return Sanitizer.clean(
      "  \(row.at.tableText)  \(TextWidth.pad(place, to: 18))"
        + TextWidth.pad(Money(own, currency).description, to: 16, .right)
        + TextWidth.pad(Money(after, currency).description, to: 18, .right) + "  \(row.entry)  \(row.title ?? "")")
  }
}
