package import Market

/// The lists that the console and `gkm list` show. What makes each of them stands in a file of its own.
package enum ListKind: String, CaseIterable, Sendable {
  case orders
  case payments
  case deliveries
  case stock
  case audit
  case cases
  case refunds
  case jobs
  case disputes
  case events
  case dead
  case people
  case ledger
  case balances
  case commission
  case vendors
  case breaks
  case asks
  case reveals
  case alerts
  case workers
  case imports
  case notices

  package var definition: any ListDefinition.Type {
    switch self {
    case .orders: OrderList.self
    case .payments: PaymentList.self
    case .deliveries: DeliveryList.self
    case .stock: StockList.self
    case .audit: AuditList.self
    case .cases: CaseList.self
    case .refunds: RefundList.self
    case .jobs: JobList.self
    case .disputes: DisputeList.self
    case .events: EventList.self
    case .dead: DeadLetterList.self
    case .people: PeopleList.self
    case .ledger: LedgerList.self
    case .balances: BalanceList.self
    case .commission: CommissionList.self
    case .vendors: VendorDirectory.self
    case .breaks: BreakList.self
    case .asks: AskList.self
    case .reveals: RevealList.self
    case .alerts: AlertList.self
    case .workers: WorkerList.self
    case .imports: ImportList.self
    case .notices: NoticeList.self
    }
  }

  /// What a person must be allowed to see it.
  package var capability: Capability { definition.capability }

  /// Whether somebody of `role` has this list.
  package func isOpen(to role: Role) -> Bool {
    switch capability.grant(to: role) {
    case .no: false
    case .own: definition.isForVendors
    default: true
    }
  }

  /// What it can be filtered and sorted by.
  package func schema(for role: Role) -> FilterSchema {
    guard role != .vendor else { return definition.vendorSchema }
    return sortColumns.count > 1 ? definition.staffSchema.sortable(by: sortColumns) : definition.staffSchema
  }

  /// What staff sort it by, each with a keyset index. Every list has its id, which is the order in which things came.
  package var sortColumns: [String] { ["id"] + (definition.keyset?.sorts.map(\.name) ?? []) }

  /// The members of the list's rows, in their order.
  package var memberNames: [String] { definition.memberNames }
}
