package import Market
package import Postgres

/// What makes one list: who has it, what it is filtered by, how a page is read. A file each.
package protocol ListDefinition {
  associatedtype Row: ListRow

  /// What a person must be allowed to see it.
  static var capability: Capability { get }
  /// Whether vendors have it, if the capability gives them what is theirs.
  static var isForVendors: Bool { get }
  /// The members of its rows in their order: what scripts build on. They are only ever added to.
  static var memberNames: [String] { get }
  /// What staff filter it by.
  static var staffSchema: FilterSchema { get }
  /// What vendors filter theirs by.
  static var vendorSchema: FilterSchema { get }

  /// The condition of `vendor:` for vendors with these ids; `nil` where the list compares handles.
  static func ofVendors(_ ids: [VendorID]) -> SQL?
  /// The column of a field, of the aliases that `page` uses.
  static func column(_ field: String) -> String
  /// The condition of a field with words of its own; `nil`: the field's column is one of the values.
  static func condition(_ field: String, oneOf values: [String]) -> SQL?
  /// The condition of words without a field.
  static func freeText(_ text: String) -> SQL
  /// The alias whose `currency` an amount is in.
  static var moneyAlias: String { get }

  /// How the list stays in reach; `nil` for a list that is short by its nature.
  static var keyset: ListKeyset? { get }
  /// Whether an index finds the rows for which a predicate holds, however few they are. Times and amounts that the list
  /// is sorted by need not be told.
  static func isIndexed(_ predicate: FilterPredicate) -> Bool

  /// The page behind `after`, newest first: by keyset, so that it costs the same however deep it lies.
  static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws -> [Row]
  /// The first rows in an order of `keyset`. Only for lists that have one with sorts.
  static func page(
    _ session: borrowing Session, where conditions: [SQL], sortedBy order: SQL, limit: Int
  ) throws -> [Row]
  /// The same for a vendor, through the functions made for vendors.
  static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [Row]
}

extension ListDefinition {
  package static var isForVendors: Bool { true }
  package static var vendorSchema: FilterSchema { FilterSchema([]) }
  package static var moneyAlias: String { "o" }

  package static var keyset: ListKeyset? { nil }

  package static func ofVendors(_ ids: [VendorID]) -> SQL? { nil }

  /// That a column is one of these ids. One alone is compared by itself: its rows come in the order of an index.
  static func isOne(_ column: String, of ids: [VendorID]) -> SQL {
    ids.count == 1
      ? "\(unescaped: column) = \(ids[0])" : "\(unescaped: column) = ANY (\(ids))"
  }

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool { false }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? { nil }

  package static func page(
    _ session: borrowing Session, where conditions: [SQL], sortedBy order: SQL, limit: Int
  ) throws -> [Row] {
    throw StoreError.badRow("this list has one order")
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [Row] {
    throw StoreError.notShown("this list", to: viewer.role)
  }
}
