import Postgres

/// What a large history is loaded faster and denser by. Indexes that nothing asks while it is written are taken away and
/// built when all of it is there, which leaves them without the gaps of rows that came in any order; and the tables whose
/// rows go on changing in a market leave no room for that on the pages of a history, which is over.
///
/// For a database without orders alone: its tables are locked until the transaction ends.
struct DemoBulk {
  /// From so many orders on it is worth it.
  static let fewestOrders = 20_000

  private static let tables = [
    "orders", "order_line", "vendor_order", "order_unit", "reservation", "payment", "payment_intent", "payment_attempt",
    "stripe_event", "assignment", "delivery", "delivery_attempt", "reveal", "audit_event", "stock_unit",
  ]
  private static let ledger = ["ledger_tx", "ledger_posting"]

  /// The statements that make the indexes again.
  private var indexes: [String] = []
  private var ledgerIndexes: [String] = []
  /// Tables, and the fill factors that they have.
  private var fills: [(table: String, percent: String)] = []

  init(_ session: borrowing Session) throws {
    try session.execute("SET LOCAL maintenance_work_mem = '512MB'")
    try session.execute("SET LOCAL work_mem = '64MB'")
    fills = try session.rows(
      """
      SELECT c.relname::text, split_part(o, '=', 2) FROM pg_class c CROSS JOIN unnest(c.reloptions) AS o
      WHERE c.relnamespace = 'gkm'::regnamespace AND c.relname = ANY (\(Self.tables)) AND o LIKE 'fillfactor=%'
      """
    ) { (try $0.string(0), try $0.string(1)) }
    for fill in fills { try session.script("ALTER TABLE gkm.\(fill.table) SET (fillfactor = 100)") }
    indexes = try Self.drop(session, of: Self.tables)
    ledgerIndexes = try Self.drop(session, of: Self.ledger)
  }

  private static func drop(_ session: borrowing Session, of tables: [String]) throws -> [String] {
    let found = try session.rows(
      """
      SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      WHERE c.relnamespace = 'gkm'::regnamespace AND c.relname = ANY (\(tables)) AND NOT i.indisunique
      ORDER BY c.relname, i.indexrelid
      """
    ) { (name: try $0.string(0), definition: try $0.string(1)) }
    for index in found { try session.script("DROP INDEX \(index.name)") }
    // A partitioned table's index is spelled as of the table alone, and is wanted for its partitions too.
    return found.map { $0.definition.replacing(" ON ONLY ", with: " ON ") }
  }

  /// The orders are there.
  func endOrders(_ session: borrowing Session) throws {
    for index in indexes { try session.script(index) }
    try Self.fill(session)
    for fill in fills { try session.script("ALTER TABLE gkm.\(fill.table) SET (fillfactor = \(fill.percent))") }
    try session.script("ANALYZE gkm.orders; ANALYZE gkm.order_unit; ANALYZE gkm.payment")
  }

  /// Unique indexes see to it all the time that nothing is there twice. Those whose keys came in no order have a third of
  /// each page to spare in the end.
  private static func fill(_ session: borrowing Session) throws {
    let found = try session.rows(
      """
      SELECT i.indexrelid::regclass::text
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE c.relnamespace = 'gkm'::regnamespace AND c.relname = ANY (\(Self.tables)) AND c.relkind = 'r'
        AND i.indisunique AND a.atttypid IN ('text'::regtype, 'bytea'::regtype)
      ORDER BY c.relname, i.indexrelid
      """
    ) { try $0.string(0) }
    for index in found { try session.script("REINDEX INDEX \(index)") }
  }

  /// The ledger is there.
  func endLedger(_ session: borrowing Session) throws {
    for index in ledgerIndexes { try session.script(index) }
  }
}
