package import Market
package import Store
package import Terminal

extension ListKind {
  package var title: String { screen.title }

  /// How it is shown, on a screen and as text.
  package var screen: any ListScreen.Type {
    switch self {
    case .orders: OrdersScreen.self
    case .payments: PaymentsScreen.self
    case .deliveries: DeliveriesScreen.self
    case .stock: StockScreen.self
    case .audit: AuditScreen.self
    case .cases: CasesScreen.self
    case .refunds: RefundsScreen.self
    case .disputes: DisputesScreen.self
    case .events: EventsScreen.self
    case .dead: DeadLetterScreen.self
    case .people: PeopleScreen.self
    case .jobs: JobsScreen.self
    case .ledger: LedgerScreen.self
    case .balances: BalancesScreen.self
    case .commission: CommissionScreen.self
    case .vendors: VendorsScreen.self
    case .breaks: BreaksScreen.self
    case .asks: AsksScreen.self
    case .reveals: RevealsScreen.self
    case .alerts: AlertsScreen.self
    case .workers: WorkersScreen.self
    case .imports: ImportsScreen.self
    case .notices: NoticesScreen.self
    }
  }
}

/// What makes one list screen: its columns, and how the store's rows become the screen's.
package protocol ListScreen {
  static var title: String { get }
  /// What an empty list says.
  static var emptyText: String { get }
  /// The columns that `gkm list` prints.
  static var textColumns: [TextTable.Column] { get }
  static func columns(for role: Role?) -> [Column]
  static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow]
}

/// A column of a list.
package struct Column: Equatable, Sendable {
  package var id: String
  package var title: String
  /// In cells; a column that gives way says how much it must have at least.
  package var width: Width
  package var alignment: Alignment
  /// Columns are left out from the highest number down while the screen is too narrow.
  package var rank: Int

  package enum Width: Equatable, Sendable {
    case fixed(Int)
    case flexible(minimum: Int, weight: Int)

    var least: Int {
      switch self {
      case .fixed(let width): width
      case .flexible(let minimum, _): minimum
      }
    }
  }

  package init(_ id: String, _ title: String, _ width: Width, _ alignment: Alignment = .left, rank: Int = 0) {
    self.id = id
    self.title = title
    self.width = width
    self.alignment = alignment
    self.rank = rank
  }
}

extension Column {
  /// The columns that fit into `total` cells with one cell between them, and how wide each is. Least important first
  /// to go; what is left over goes to the flexible ones.
  package static func fit(_ columns: [Column], into total: Int) -> [(index: Int, width: Int)] {
    var kept = Array(columns.indices)
    func least() -> Int { kept.reduce(0) { $0 + columns[$1].width.least } + max(0, kept.count - 1) }
    while kept.count > 1, least() > total {
      guard let worst = kept.max(by: { (columns[$0].rank, $0) < (columns[$1].rank, $1) }) else { break }
      kept.removeAll { $0 == worst }
    }
    var spare = max(0, total - least())
    var weights = kept.reduce(0) { sum, index in
      if case .flexible(_, let weight) = columns[index].width { sum + weight } else { sum }
    }
    return kept.map { index in
      let column = columns[index]
      guard case .flexible(let minimum, let weight) = column.width, weights > 0 else {
        return (index, min(column.width.least, total))
      }
      let share = spare * weight / weights
      spare -= share
      weights -= weight
      return (index, min(minimum + share, total))
    }
  }
}
