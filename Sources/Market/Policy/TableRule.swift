/// What the daemon may do with a table.
package struct DaemonRights: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let select = DaemonRights(rawValue: 1)
  package static let insert = DaemonRights(rawValue: 2)
  package static let update = DaemonRights(rawValue: 4)
  package static let delete = DaemonRights(rawValue: 8)

  package static let none: DaemonRights = []
  package static let append: DaemonRights = [.select, .insert]
  package static let work: DaemonRights = [.select, .insert, .update]
  package static let all: DaemonRights = [.select, .insert, .update, .delete]
}

/// What the sealer may do with a table.
package enum SealerRights: Sendable, Equatable {
  case none
  /// Read these columns.
  case read([String])
  /// Read and append. Nobody else writes the table, and nobody ever changes a row of it.
  case append
}

/// How a table's rows are tied to a vendor, for the definer functions that serve vendors.
package enum VendorScope: Sendable, Equatable {
  /// Never read on behalf of a vendor.
  case hidden
  /// The table's own column `vendor_id`.
  case column
  /// The vendor's own row.
  case identity
  /// By its order, where the vendor sold a line of it.
  case order(column: String)
  /// The whole table: it says nothing about anybody.
  case everything
}

/// Which audit event a change of the table must come with, in the same transaction.
package enum AuditDuty: Sendable, Equatable {
  /// An event about the order that this column names.
  case order(column: String)
  /// An event about the row itself, under this kind of subject.
  case subject(kind: String, column: String)
  /// An event about the unit, its import or the order it is bound to.
  case stockUnit
  /// An event about the order or the transaction itself; its postings must be whole besides.
  case ledgerTx
  /// Working data: it repeats what is audited elsewhere, or says nothing.
  case none
}

/// One table's line in the policy.
package struct TableRule: Sendable {
  package let table: String
  /// Whoever is granted this may read the table; `nil`: no person does.
  package let readers: Capability?
  /// Columns that no person ever reads (ciphertext, tokens, raw bodies).
  package let hidden: [String]
  /// Those of the hidden columns that functions of people fill, and hand out to whom they are for: sealed bytes.
  package let functionsAdd: [String]
  /// Functions of people may delete a row: what was handed out is gone.
  package let functionsTakeAway: Bool
  package let daemon: DaemonRights
  package let sealer: SealerRights
  package let vendor: VendorScope
  /// Columns readable on a vendor's behalf; `nil`: all but the hidden ones.
  package let vendorColumns: [String]?
  package let audit: AuditDuty
  /// Nobody changes or removes a row, the tables' owner included.
  package let isAppendOnly: Bool

  package init(
    _ table: String, readers: Capability?, hidden: [String] = [], functionsAdd: [String] = [],
    functionsTakeAway: Bool = false, daemon: DaemonRights, sealer: SealerRights = .none, vendor: VendorScope = .hidden,
    vendorColumns: [String]? = nil,
    audit: AuditDuty = .none, isAppendOnly: Bool = false
  ) {
    self.table = table
    self.readers = readers
    self.hidden = hidden
    self.functionsAdd = functionsAdd
    self.functionsTakeAway = functionsTakeAway
    self.daemon = daemon
    self.sealer = sealer
    self.vendor = vendor
    self.vendorColumns = vendorColumns
    self.audit = audit
    self.isAppendOnly = isAppendOnly
  }
}
