import Market
import Postgres

/// The demo's new keys until it is known what became of each: they go into the stock as what they are in the end, and no
/// row of it is written twice.
enum DemoStage {
  static let stock = "pg_temp.demo_stock"
  private static let states = "pg_temp.demo_stock_state"

  static func open(_ session: borrowing Session) throws {
    try session.script(
      """
      CREATE TEMPORARY TABLE demo_stock (LIKE gkm.stock_unit INCLUDING DEFAULTS) ON COMMIT DROP;
      CREATE TEMPORARY TABLE demo_stock_state (
        id bigint PRIMARY KEY, state text NOT NULL, version bigint NOT NULL) ON COMMIT DROP;
      """)
  }

  /// Notes what became of keys; of one that is named twice, what is said last.
  static func note(
    _ session: borrowing Session, _ states: [StockUnitID: (state: StockUnitState, version: Int64)]
  ) throws {
    for batch in states.sorted(by: { $0.key < $1.key }).batches {
      try session.execute(
        """
        INSERT INTO \(unescaped: Self.states) AS s (id, state, version)
        SELECT * FROM unnest(\(batch.map(\.key)), \(batch.map(\.value.state.rawValue)), \(batch.map(\.value.version)))
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, version = excluded.version
        """)
    }
  }

  /// Puts all of it into the stock.
  static func close(_ session: borrowing Session) throws {
    try session.execute(
      """
      INSERT INTO gkm.stock_unit (id, listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, fingerprint,
        state, version, created_at)
      SELECT u.id, u.listing_id, u.vendor_id, u.import_id, u.data_key_id, u.nonce, u.ciphertext, u.fingerprint,
        coalesce(s.state, u.state), coalesce(s.version, u.version), u.created_at
      FROM \(unescaped: stock) u LEFT JOIN \(unescaped: states) s ON s.id = u.id ORDER BY u.id
      """)
    try session.execute(
      """
      UPDATE gkm.stock_unit u SET state = s.state, version = s.version FROM \(unescaped: states) s
      WHERE u.id = s.id AND NOT EXISTS (SELECT FROM \(unescaped: stock) n WHERE n.id = s.id)
      """)
  }
}
