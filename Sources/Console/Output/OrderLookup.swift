import Market
package import Postgres
package import Store

/// From what a person has at hand to the order it belongs to.
package enum OrderLookup {
  /// The order of exactly this number, as the viewer may see it.
  package static func row(_ session: borrowing Session, viewer: Viewer, number typed: String) throws -> OrderRow? {
    let number = OrderNumber(typed)?.text ?? typed.uppercased()
    let filter = FilterExpression(terms: [
      FilterTerm(
        viewer.role == .vendor ? .freeText(number) : .oneOf(field: "number", values: [number]), column: 1)
    ])
    let page = try ListPage.read(session, viewer: viewer, kind: .orders, filter: filter, limit: 10)
    let rows = page.rows(as: OrderRow.self)
    return rows.first { $0.number == number }
  }

  /// What `gkm find` shows. A vendor finds their own orders, by the beginning of the number.
  package static func find(
    _ session: borrowing Session, viewer: Viewer, _ text: String, limit: Int
  ) throws -> [(by: String, order: OrderRow)] {
    guard viewer.role == .vendor else {
      return try Finder.find(session, text, limit: limit).map { ($0.by, $0.order) }
    }
    let number = OrderNumber(text)?.text ?? text
    let filter = FilterExpression(terms: [FilterTerm(.freeText(number), column: 1)])
    let page = try ListPage.read(session, viewer: viewer, kind: .orders, filter: filter, limit: limit)
    let rows = page.rows(as: OrderRow.self)
    return rows.map { ("number", $0) }
  }

  /// The number of the one order that `key` means: a number, an id, or anything `Finder` knows that leads to one order.
  package static func number(_ session: borrowing Session, viewer: Viewer, _ key: String) throws -> String {
    if let row = try row(session, viewer: viewer, number: key) { return row.number }
    if viewer.role.isStaff, let id = Int64(key), let story = try OrderStory.read(session, order: String(id)) {
      return story.order.number
    }
    let hits = try find(session, viewer: viewer, key, limit: 6)
    // Everything begins with nothing.
    guard let first = hits.first, !key.isEmpty else {
      throw ConsoleFailure("nothing is known of “\(key)”", status: .noInput)
    }
    guard hits.count == 1 else {
      let numbers = hits.prefix(5).map(\.order.number).joined(separator: ", ") + (hits.count > 5 ? ", …" : "")
      throw ConsoleFailure("“\(key)” leads to several orders: \(numbers)", status: .badData)
    }
    return first.order.number
  }
}
