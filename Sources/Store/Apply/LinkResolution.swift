import Market
import Postgres

/// Which order each event of a batch belongs to.
struct LinkResolution {
  /// By the event's place in the batch. An event that is not here has no order yet.
  private(set) var orders: [Int: OrderID] = [:]
  /// By place: why an event cannot be applied at all.
  private(set) var conflicts: [Int: String] = [:]

  /// `isThorough` looks even those up that name their order, and so finds an intent that is another order's.
  init(_ session: borrowing Session, _ events: [EventToApply], isThorough: Bool) throws {
    var asked: [(place: Int32, references: EventReferences)] = []
    for (place, event) in events.enumerated() {
      guard case .content(let content) = event.reading else { continue }
      if case .id(let id) = content.references.order {
        orders[place] = id
        if !isThorough { continue }
      }
      asked.append((Int32(place), content.references))
    }
    guard !asked.isEmpty else { return }
    for found in try Self.lookUp(session, asked) {
      // The intent decides: it belongs to one order for ever.
      if let owner = found.byIntent, let named = orders[found.place] ?? found.byNumber ?? found.bySession,
        owner != named
      {
        conflicts[found.place] = "its payment intent belongs to another order (\(owner)) than it names (\(named))"
        orders[found.place] = nil
        continue
      }
      if orders[found.place] == nil {
        orders[found.place] = found.byIntent ?? found.byNumber ?? found.bySession ?? found.byCharge
      }
    }
  }

  private struct Found {
    let place: Int
    let byIntent: OrderID?
    let byNumber: OrderID?
    let bySession: OrderID?
    let byCharge: OrderID?
  }

  private static func lookUp(
    _ session: borrowing Session, _ asked: [(place: Int32, references: EventReferences)]
  ) throws -> [Found] {
    let numbers: [String?] = asked.map {
      if case .number(let text) = $0.references.order { text } else { nil }
    }
    return try session.rows(
      """
      SELECT e.place, i.order_id, n.id, s.id, t.order_id
      FROM unnest(
        \(asked.map(\.place)), \(numbers), \(asked.map(\.references.session)), \(asked.map(\.references.intent)),
        \(asked.map(\.references.charge))
      ) AS e (place, number, session, intent, charge)
      LEFT JOIN gkm.payment_intent i ON i.id = e.intent
      LEFT JOIN gkm.orders n ON n.number = e.number
      LEFT JOIN gkm.orders s ON s.checkout_session = e.session
      LEFT JOIN gkm.payment_attempt t ON t.charge_id = e.charge
      """
    ) {
      Found(
        place: try $0.int(0), byIntent: try $0.idOrNil(1), byNumber: try $0.idOrNil(2), bySession: try $0.idOrNil(3),
        byCharge: try $0.idOrNil(4))
    }
  }

  /// The orders to lock, each once.
  var orderIDs: [OrderID] { Set(orders.values).sorted() }
}
