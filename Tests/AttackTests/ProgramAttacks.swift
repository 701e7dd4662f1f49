/// What the programs' own logins could be used for by whoever stole them, and what nobody's login can.
enum ProgramAttacks {
  static let all = daemon + sealer + migrator

  private static func event(_ columns: String, _ values: String) -> String {
    "INSERT INTO gkm.audit_event (\(columns)) VALUES (\(values))"
  }

  private static let daemon: [Attack] = [
    .sql("delete audit events as the daemon", .daemon, "DELETE FROM gkm.audit_event"),
    .sql("correct audit events as the daemon", .daemon, "UPDATE gkm.audit_event SET body = 'x'"),
    .sql("empty the audit log as the daemon", .daemon, "TRUNCATE gkm.audit_event"),
    .sql(
      "write an event in somebody's name", .daemon,
      event("actor, action, subject_kind, subject_id, body", "'ops_anna', 'a.b', 'order', '1', 'x'")),
    .sql(
      "write an event of the past", .daemon,
      event("at, action, subject_kind, subject_id, body", "'2020-01-01', 'a.b', 'order', '1', 'x'")),
    .sql(
      "write an event of the future", .daemon,
      event("at, action, subject_kind, subject_id, body", "now() + interval '1 hour', 'a.b', 'order', '1', 'x'")),
    .sql(
      "write an event of another transaction", .daemon,
      event("xact, action, subject_kind, subject_id, body", "'3', 'a.b', 'order', '1', 'x'")),
    .sql("write a leaf of the tree", .daemon, "INSERT INTO gkm.audit_leaf DEFAULT VALUES"),
    .sql("sign a head", .daemon, "INSERT INTO gkm.audit_head DEFAULT VALUES"),
    .sql("delete a head as the daemon", .daemon, "DELETE FROM gkm.audit_head"),
    .sql("change what was posted as the daemon", .daemon, "UPDATE gkm.ledger_posting SET amount = 0"),
    .sql("delete what was posted as the daemon", .daemon, "DELETE FROM gkm.ledger_tx"),
    .sql("agree to a refund as the daemon", .daemon, "INSERT INTO gkm.refund_approval DEFAULT VALUES"),
    .sql(
      "release a refund with too few agreements", .daemon,
      "UPDATE gkm.refund_request SET state = 'approved' WHERE id = 9001", ["23000"], says: "too few approvals"),
    .sql("add a person as the daemon", .daemon, "INSERT INTO gkm.person DEFAULT VALUES"),
    .sql("make a person an admin as the daemon", .daemon, "UPDATE gkm.person SET role = 'admin'"),
    .sql("set the commission as the daemon", .daemon, "UPDATE gkm.commission_rule SET basis_points = 0"),
    .sql("change a setting as the daemon", .daemon, "UPDATE gkm.setting SET value = '1'"),
    .sql("change a price as the daemon", .daemon, "UPDATE gkm.listing SET price = 1"),
    .sql("change a sold line's price", .daemon, "UPDATE gkm.order_line SET unit_price = 1"),
    .sql("rename a vendor", .daemon, "UPDATE gkm.vendor SET name = 'Evil'"),
    .sql("delete orders", .daemon, "DELETE FROM gkm.orders"),
    .sql("delete keys", .daemon, "DELETE FROM gkm.stock_unit"),
    .sql("forget that a customer looked", .daemon, "DELETE FROM gkm.reveal"),
    .sql("change a data key", .daemon, "UPDATE gkm.data_key SET wrapped = '\\x00'"),
    .sql("change a template that was sent", .daemon, "UPDATE gkm.template SET content = 'x'"),
    .sql("answer a case as support", .daemon, "INSERT INTO gkm.case_message DEFAULT VALUES"),
    .sql(
      "move an order without telling", .daemon,
      "UPDATE gkm.orders SET state = 'held' WHERE id = 1; SET CONSTRAINTS ALL IMMEDIATE", first: "SELECT 1", ["23000"],
      says: "no audit event"),
    .sql(
      "move a payment without telling", .daemon,
      "UPDATE gkm.payment SET refunded = 1 WHERE order_id = 1; SET CONSTRAINTS ALL IMMEDIATE", first: "SELECT 1",
      ["23000"], says: "no audit event"),
    .sql(
      "raise stock without telling", .daemon,
      "UPDATE gkm.listing_stock SET available = 99; SET CONSTRAINTS ALL IMMEDIATE", first: "SELECT 1", ["23000"],
      says: "no audit event"),
    .sql(
      "sell one key twice", .daemon,
      """
      INSERT INTO gkm.assignment (stock_unit_id, order_unit_id, order_id, vendor_id)
      SELECT stock_unit_id, order_unit_id, order_id, vendor_id FROM gkm.assignment LIMIT 1
      """, ["23505"]),
    .sql(
      "take one key in twice", .daemon,
      """
      INSERT INTO gkm.stock_unit (listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, fingerprint)
      SELECT listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, fingerprint FROM gkm.stock_unit LIMIT 1
      """, ["23505"]),
    .sql("call what people call", .daemon, "SELECT api.retry_delivery(5, 3, 'once more')"),
    .sql(
      "have a key shown as the daemon", .daemon,
      "SELECT api.reveal_request(1, 'let me see', decode(repeat('07', 32), 'hex'))"),
    .sql("become the functions' owner as the daemon", .daemon, "SET ROLE gkm_api"),
    .sql("become the owner as the daemon", .daemon, "SET ROLE gkm_owner"),
    .sql("make a login as the daemon", .daemon, "CREATE ROLE eve LOGIN"),
    .sql("drop a table", .daemon, "DROP TABLE gkm.orders"),
    .sql("switch a trigger off as the daemon", .daemon, "ALTER TABLE gkm.orders DISABLE TRIGGER ALL"),
    .sql("rest the triggers as the daemon", .daemon, "SET session_replication_role = replica"),
    .sql("make a table as the daemon", .daemon, "CREATE TABLE gkm.mine (x int)"),
    .sql(
      "shadow a function as the daemon", .daemon,
      "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT null::timestamptz'"),
    .sql("run a program as the daemon", .daemon, "COPY (SELECT 1) TO PROGRAM 'true'"),
    .sql("read a file as the daemon", .daemon, "SELECT pg_read_file('PG_VERSION')"),
    .sql("read passwords as the daemon", .daemon, "SELECT rolpassword FROM pg_authid"),
    .sql(
      "drop old bodies before their time", .daemon, "SELECT gkm.prune('1 day', '1 day', '1 day', '1 day')", ["22023"]),
  ]

  private static let sealer: [Attack] = [
    .sql("read orders as the sealer", .sealer, "SELECT customer_email FROM gkm.orders"),
    .sql("read keys as the sealer", .sealer, "SELECT id FROM gkm.stock_unit"),
    .sql("read who did it as the sealer", .sealer, "SELECT actor FROM gkm.audit_event"),
    .sql(
      "write an event as the sealer", .sealer,
      event("action, subject_kind, subject_id, body", "'a.b', 'order', '1', 'x'")),
    .sql("correct an event as the sealer", .sealer, "UPDATE gkm.audit_event SET body = 'x'"),
    .sql("change a leaf", .sealer, "UPDATE gkm.audit_leaf SET hash = sha256('x')"),
    .sql("delete a leaf as the sealer", .sealer, "DELETE FROM gkm.audit_leaf"),
    .sql("delete a head as the sealer", .sealer, "DELETE FROM gkm.audit_head"),
    .sql("empty the tree", .sealer, "TRUNCATE gkm.audit_leaf"),
    .sql(
      "leave a hole in the tree", .sealer,
      "INSERT INTO gkm.audit_leaf (leaf_index, event_id, event_at, hash) VALUES (77, 1, now(), sha256('x'))", ["23000"],
      says: "do not follow"),
    .sql("call what people call as the sealer", .sealer, "SELECT * FROM api.whoami()"),
    .sql("become the daemon as the sealer", .sealer, "SET ROLE gkm_daemon"),
    .sql("run a program as the sealer", .sealer, "COPY (SELECT 1) TO PROGRAM 'true'"),
  ]

  private static let migrator: [Attack] = [
    .sql("read orders without becoming the owner", .migrator, "SELECT * FROM gkm.orders"),
    .sql("make a login as the migrator", .migrator, "CREATE ROLE eve LOGIN"),
    .sql("become the maker of people as the migrator", .migrator, "SET ROLE gkm_people"),
    .sql("become the daemon as the migrator", .migrator, "SET ROLE gkm_daemon"),
    .sql("make itself an admin", .migrator, "GRANT gkm_admin TO gkm_migrator"),
    .sql(
      "change what was posted as the owner", .migrator, "UPDATE gkm.ledger_posting SET amount = 0",
      first: "SET ROLE gkm_owner", ["23000"], says: "never changed"),
  ]
}
