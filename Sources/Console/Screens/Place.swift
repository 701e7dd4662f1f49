package import Market
package import Store

/// A screen that one can go to from anywhere: a list, or a board of figures.
package enum Place: Hashable, Sendable {
  case board(BoardKind)
  case list(ListKind)

  /// In the order of their tabs: what people do all day first, the house's own affairs last.
  package static let all: [Place] =
    [.board(.pulse)] + daily.map(Place.list)
    + ListKind.allCases.filter { !daily.contains($0) && !house.contains($0) }.map(Place.list) + [.board(.work)]
    + house.map(Place.list)

  /// In the order of their keys.
  private static let daily: [ListKind] = [
    .orders, .payments, .deliveries, .stock, .audit, .cases, .refunds, .vendors, .disputes,
  ]

  private static let house: [ListKind] = [.alerts, .workers, .breaks, .reveals, .notices, .dead, .people]

  package var title: String {
    switch self {
    case .board(let kind): kind.title
    case .list(let kind): kind.title
    }
  }

  /// Its word in settings and in the palette.
  package var name: String {
    switch self {
    case .board(let kind): kind.rawValue
    case .list(let kind): kind.rawValue
    }
  }

  /// What a person must be allowed to see it.
  package var capability: Capability {
    switch self {
    case .board: .readWork
    case .list(let kind): kind.capability
    }
  }

  package func isOpen(to role: Role) -> Bool {
    switch self {
    case .board: capability.grant(to: role) == .yes
    case .list(let kind): kind.isOpen(to: role)
    }
  }

  /// The place as one arrives there.
  package func screen(filter: String = "") -> Screen {
    switch self {
    case .board(let kind): return .board(BoardState(kind: kind))
    case .list(let kind):
      var list = ListState(kind: kind)
      list.filter = filter
      return .list(list)
    }
  }
}
