import Market
import Postgres
import Store

/// Stock, and keys that are shown.
extension ActionRunner {
  func runOnStock(_ action: ActionRequest) async throws -> String? {
    let reason = values["reason"] ?? ""
    switch action {
    case .withdrawStock(let row):
      guard let count = Int(values["count"] ?? ""), (1...20_000).contains(count) else {
        throw ActionRefused(.badRequest, "between 1 and 20000 keys are taken out at once")
      }
      let done = try await connection.write {
        try StockActions.withdraw($0, listing: ListingID(row.id), .count(count), reason: reason)
      }
      return "\(done.withdrawn) keys are out of sale, \(done.available) are left"
    case .cancelImport(let row):
      try await connection.write { try StockActions.cancel($0, StockImportID(row.id), reason: reason) }
      return "Import \(row.id) is given up"
    case .decideReveal(let row, let approves):
      _ = try await connection.write {
        try KeyActions.decide($0, KeyRequestID(row.id), approves: approves, reason: reason)
      }
      return approves
        ? "Reveal \(row.id) is agreed to: whoever asked has 15 minutes to ask again" : "Reveal \(row.id) is refused"
    default: return nil
    }
  }

  /// A key of an order, and at which place; or what has to happen first.
  func reveal(_ row: RowAsShown) async throws -> (key: RevealedKey, place: Int) {
    guard let place = Int(values["place"] ?? ""), place >= 1 else {
      throw ActionRefused(.badRequest, "which key is a number, from 1")
    }
    let units = try await connection.read { session in
      let story = try OrderStory.read(session, order: row.name)
      return (story?.keys ?? []).filter(\.isActive).sorted { $0.orderUnit < $1.orderUnit }.map(\.stockUnit)
    }
    guard units.indices.contains(place - 1) else {
      throw ActionRefused(.notFound, units.isEmpty ? "this order has no key now" : "this order has \(units.count) keys")
    }
    let key = try await KnownMarkets.ofPerson.key(of: market, on: connection)
    let asking = KeyAsking(key, on: connection)
    switch try await asking.reveal(units[place - 1], reason: values["reason"] ?? "") {
    case .key(let key): return (key, place)
    case .awaitsApproval(let request):
      throw ActionRefused(
        .notAllowed, "somebody else agrees to \(request) in Reveals first, ops or an admin: ask again then")
    }
  }
}
