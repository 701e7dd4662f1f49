import Market

/// The seeded market as one script for the superuser. Triggers rest while it runs, as in a restore: what they demand is
/// written here by hand.
enum SeedSQL {
  static var script: String {
    var writer = SeedWriter()
    for order in SeedOrder.all { writer.add(order) }
    return """
      BEGIN;
      SET LOCAL session_replication_role = replica;
      CREATE FUNCTION pg_temp.t(seconds float8) RETURNS timestamptz LANGUAGE sql
        AS $$ SELECT timestamptz '2024-05-01 12:00:00+00' + make_interval(secs => seconds) $$;
      \(catalogue)
      \(writer.statements.joined(separator: "\n"))
      \(cases)
      DO $$ BEGIN PERFORM gkm.note_holds(ARRAY(SELECT id FROM gkm.orders)); END $$;
      \(sequences)
      COMMIT;
      """
  }

  private static var catalogue: String {
    let products = SeedListing.all.map { "(\($0.id), \(text($0.title)), \(text($0.platform)))" }
    let listings = SeedListing.all.map { "(\($0.id), \($0.vendor), \($0.id), \($0.price), '\($0.currency)')" }
    let keys = SeedListing.all.map { "(\($0.id), \($0.vendor), decode(repeat('ab', 48), 'hex'))" }
    let imports = SeedListing.all.map {
      "(\($0.id), \($0.id), \($0.vendor), \($0.id), 'seed', 50, 50, 'gkm_daemon', pg_temp.t(-86400))"
    }
    return """
      INSERT INTO gkm.vendor (id, handle, name, contact_email, created_at) OVERRIDING SYSTEM VALUE VALUES
        (1, 'keyhaus', 'Keyhaus GmbH', 'hallo@keyhaus.example', pg_temp.t(-864000)),
        (2, 'nordlicht', 'Nordlicht & Söhne', 'post@nordlicht.example', pg_temp.t(-864000));
      INSERT INTO gkm.commission_rule (id, vendor_id, basis_points, valid) OVERRIDING SYSTEM VALUE VALUES
        (1, NULL, 1250, tstzrange('2024-01-01', NULL));
      INSERT INTO gkm.product (id, title, platform) OVERRIDING SYSTEM VALUE VALUES \(list(products));
      INSERT INTO gkm.listing (id, vendor_id, product_id, price, currency) OVERRIDING SYSTEM VALUE
        VALUES \(list(listings));
      INSERT INTO gkm.data_key (id, vendor_id, wrapped) VALUES \(list(keys));
      INSERT INTO gkm.stock_import (id, listing_id, vendor_id, data_key_id, source, rows_total, rows_accepted,
        imported_by, created_at) OVERRIDING SYSTEM VALUE VALUES \(list(imports));
      INSERT INTO gkm.stock_unit (listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, fingerprint)
        SELECT l.id, l.vendor_id, l.id, l.id, decode(repeat('00', 12), 'hex'), decode(repeat('cd', 40), 'hex'),
          sha256(convert_to(format('unit %s/%s', l.id, n), 'UTF8'))
        FROM gkm.listing l, generate_series(1, 20) n
        WHERE n <= CASE l.id WHEN 1 THEN 12 WHEN 2 THEN 1 WHEN 3 THEN 11 ELSE 4 END ORDER BY l.id, n;
      """
  }

  /// The market's own about the order without stock, which its vendor takes part in, and a person's.
  private static var cases: String {
    let (unfulfillable, delivered) = (SeededMarket.Order.unfulfillable, SeededMarket.Order.delivered)
    return """
      INSERT INTO gkm.support_case (id, queue, kind, order_id, vendor_id, state, audience, priority, due_at, opened_by,
        is_automatic, created_at, updated_at) VALUES
        (1, 'ops', 'unfulfillable', \(unfulfillable.rawValue), 1, 'open', 'internal', 'high', pg_temp.t(10200),
          'gkm_daemon', true, pg_temp.t(-4200), pg_temp.t(-4200)),
        (2, 'support', 'question', \(delivered.rawValue), NULL, 'waiting', 'customer', 'normal', pg_temp.t(82800),
          'support_sam', false, pg_temp.t(-3600), pg_temp.t(-3000));
      INSERT INTO gkm.case_message (id, case_id, audience, vendor_id, author, author_role, body, created_at) VALUES
        (1, 1, 'vendor', 1, 'gkm_daemon', 'daemon', '1 key is missing.', pg_temp.t(-4200)),
        (2, 2, 'internal', NULL, 'support_sam', 'support', 'Says the key is for another region.', pg_temp.t(-3600)),
        (3, 2, 'customer', NULL, 'support_sam', 'support', 'Which region is your account in?', pg_temp.t(-3000));
      """
  }

  /// Counters agree with the rows, and the next id is behind the last.
  private static let sequences = """
    INSERT INTO gkm.listing_stock (listing_id, vendor_id, available, reserved, sold, version)
      SELECT l.id, l.vendor_id,
        (SELECT count(*) FROM gkm.stock_unit u WHERE u.listing_id = l.id AND u.state = 'available')
          - coalesce((SELECT sum(r.quantity) FROM gkm.reservation r WHERE r.listing_id = l.id AND r.state = 'held'), 0),
        coalesce((SELECT sum(r.quantity) FROM gkm.reservation r WHERE r.listing_id = l.id AND r.state = 'held'), 0),
        (SELECT count(*) FROM gkm.stock_unit u WHERE u.listing_id = l.id AND u.state = 'assigned'), 7
      FROM gkm.listing l;
    SELECT setval(pg_get_serial_sequence(format('gkm.%I', c.table_name), 'id'), 1000)
      FROM information_schema.columns c
      WHERE c.table_schema = 'gkm' AND c.column_name = 'id' AND c.is_identity = 'YES'
        AND c.table_name !~ '_(default|[0-9]{6})$';
    """

  /// Values of an INSERT.
  static func list(_ rows: [String]) -> String { rows.joined(separator: ",\n  ") }

  /// A text of SQL; NULL for none.
  static func text(_ value: String?) -> String {
    guard let value else { return "NULL" }
    return "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }

  /// A time of SQL, in seconds from noon.
  static func time(_ seconds: Double?) -> String { seconds.map { "pg_temp.t(\($0))" } ?? "NULL" }
}
