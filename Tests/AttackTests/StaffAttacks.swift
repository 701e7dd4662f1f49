import Market
import TestSupport

/// What people of the staff try beyond their role: to read what nobody reads, to decide alone, to go past a limit, to
/// pass for somebody else.
enum StaffAttacks {
  static let all = reading + support + approvals + versions + texts + ops + admin

  private static let reading: [Attack] = [
    .sql("read a key's ciphertext", .support, "SELECT ciphertext FROM gkm.stock_unit"),
    .sql("read a key's nonce", .ops, "SELECT nonce FROM gkm.stock_unit WHERE id = 1"),
    .sql("read whole rows of stock", .admin, "SELECT * FROM gkm.stock_unit"),
    .sql("read a row of stock as one value", .admin, "SELECT s FROM gkm.stock_unit s"),
    .sql("read a row of stock as JSON", .ops, "SELECT to_jsonb(s) FROM gkm.stock_unit s"),
    .sql(
      "compare fingerprints without reading them", .support,
      "SELECT id FROM gkm.stock_unit WHERE fingerprint = sha256('x')"),
    .sql("sort by fingerprint", .ops, "SELECT id FROM gkm.stock_unit ORDER BY fingerprint"),
    .sql("group by fingerprint", .ops, "SELECT count(*) FROM gkm.stock_unit GROUP BY fingerprint"),
    .sql("join by fingerprint", .admin, "SELECT a.id FROM gkm.stock_unit a JOIN gkm.stock_unit b USING (fingerprint)"),
    .sql(
      "guess a fingerprint in a subquery", .support,
      "SELECT EXISTS (SELECT FROM gkm.stock_unit WHERE fingerprint > '\\x80')"),
    .sql("copy the ciphertexts out", .admin, "COPY gkm.stock_unit (id, ciphertext) TO STDOUT"),
    .sql("lock rows of stock", .ops, "SELECT id FROM gkm.stock_unit FOR UPDATE"),
    .sql("read wrapped data keys", .admin, "SELECT wrapped FROM gkm.data_key"),
    .sql("count data keys", .support, "SELECT count(*) FROM gkm.data_key"),
    .sql("read the hash of an order's token", .support, "SELECT token_hash FROM gkm.orders WHERE id = 1"),
    .sql("test a token against its hash", .ops, "SELECT id FROM gkm.orders WHERE token_hash = sha256('token 1')"),
    .sql("read Stripe's raw body", .admin, "SELECT body FROM gkm.stripe_event_body"),
    .sql("read Stripe's signature", .ops, "SELECT signature FROM gkm.stripe_event_body"),
    .sql("read sealed rows of an import", .admin, "SELECT sealed FROM gkm.stock_import_chunk"),
    .sql("read another's sealed answer", .ops, "SELECT sealed FROM gkm.key_envelope"),
    .sql("read the codes that prove an address", .admin, "SELECT * FROM gkm.address_code"),
    .sql("read where a checkout is paid", .support, "SELECT session_url FROM gkm.checkout_idempotency"),
    .sql("read the commission as support", .support, "SELECT * FROM gkm.commission_rule"),
    .sql("read the ledger as support", .support, "SELECT amount FROM gkm.ledger_posting"),
    .sql("read key requests as support", .support, "SELECT reason FROM gkm.key_request"),
    .sql("read a month of bodies past their parent", .ops, "SELECT * FROM gkm.stripe_event_body_default"),
    .sql("read passwords as an admin", .admin, "SELECT rolpassword FROM pg_authid"),
    .sql("read a file as an admin", .admin, "SELECT pg_read_file('postgresql.conf')"),
    .sql("call a vendor's list", .ops, "SELECT * FROM api.vendor_list('orders', '{}', NULL, 10)"),
    .sql("see with row security off", .ops, "SELECT id FROM gkm.orders", first: "SET LOCAL row_security = off"),
  ]

  private static let support: [Attack] = [
    .sql("change an order's state in the table", .support, "UPDATE gkm.orders SET state = 'delivered' WHERE id = 5"),
    .sql(
      "change an order's address in the table", .support, "UPDATE gkm.orders SET customer_email = 'me@evil.example'"),
    .sql("delete a complaint", .support, "DELETE FROM gkm.case_message WHERE case_id = 2"),
    .sql(
      "have a key shown as support", .support,
      "SELECT api.reveal_request(1, 'let me see', decode(repeat('07', 32), 'hex'))"),
    .sql("retry a delivery as support", .support, "SELECT api.retry_delivery(5, 3, 'once more')"),
    .sql("release a held order as support", .support, "SELECT api.release_order(6, 3, 'let it go', false)"),
    .sql("agree to an ask as support", .support, "SELECT api.approve_ask(1, 1, 'looks right')"),
    .sql(
      "agree to one's own ask", .support,
      "SELECT api.approve_ask((SELECT max(id) FROM gkm.ask WHERE asked_by = session_user), 1, 'looks right')",
      first: "SELECT api.resend_elsewhere(4, 3, 'b@example.org', 'wrong address', false)"),
    .sql(
      "agree to one's own refund as support", .support,
      "SELECT api.approve_refund((SELECT max(id) FROM gkm.refund_request WHERE requested_by = session_user), 1, 'looks right')",
      first: "SELECT api.request_refund(1, 3, 'whole', NULL, NULL, NULL, 'customer asked', false)"),
    .sql("submit evidence as support", .support, "SELECT api.submit_evidence(1, 1, true, 'send it off')"),
    .sql("replay an event as support", .support, "SELECT api.replay_event('evt_1_completed', 'once more')"),
    .sql("pause work as support", .support, "SELECT api.pause_work('deliver', 0, 'too much')"),
    .sql("redrive dead letters as support", .support, "SELECT api.redrive_jobs(ARRAY[9001], 'once more')"),
    .sql("close a break as support", .support, "SELECT api.close_break(9001, 1, 'not ours')"),
    .sql("withdraw stock as support", .support, "SELECT api.withdraw_stock(1, NULL, NULL, 1, 'not wanted')"),
    .sql("import stock as support", .support, "SELECT api.stock_import_begin(1, 'x', false, 'because')"),
    .sql(
      "add a webhook as support", .support,
      "SELECT api.webhook_add(1, 'https://evil.example', ARRAY['order.new'], 'because')"),
    .sql("silence an alert as support", .support, "SELECT api.alert_silence('late_orders', '', 3600, 'too loud')"),
    .sql(
      "set the commission as support", .support,
      "SELECT api.commission_set(NULL, NULL, NULL, 0, '{}', NULL, NULL, 1, 'for free')"),
    .sql(
      "change the refunds' limit as support", .support,
      "SELECT api.set_setting('refund.limit.eur', '99999999', 2, 'more')"),
    .sql(
      "let somebody in again as support", .support, "SELECT api.person_enable('{other}', NULL, NULL, 'a friend')"),
    .sql("add an admin as support", .support, "SELECT api.person_add('eve', 'Eve', 'admin', NULL, NULL)"),
    .sql("write one's own role", .support, "UPDATE gkm.person SET role = 'admin' WHERE role_name = session_user"),
    .sql("join operations as support", .support, "GRANT gkm_ops TO {me}"),
    .sql(
      "resend past three times an hour", .support,
      "SELECT api.resend_order(1, 3, NULL, 'did not come', false)", ["55000"], says: "wait before"),
    .sql(
      "send a key elsewhere that was looked at", .support,
      "SELECT api.resend_elsewhere(1, 3, 'b@example.org', 'wrong address', false)", ["55000"], says: "looked at"),
    .sql("cancel another's refund as support", .support, "SELECT api.cancel_refund(9001, 1, 'not that one')"),
    .sql("withdraw another's ask as support", .support, "SELECT api.withdraw_ask(9001, 1, 'not that one')"),
  ]

  private static let approvals: [Attack] = [
    .sql(
      "agree to one's own ask, as the colleague who may", .ops, "SELECT api.approve_ask(9002, 1, 'I agree')",
      says: "whoever asks"),
    .sql(
      "agree to one's own refund above the limit", .ops,
      "SELECT api.approve_refund((SELECT max(id) FROM gkm.refund_request WHERE requested_by = session_user), 1, 'looks right')",
      first: "SELECT api.request_refund(1, 3, 'whole', NULL, NULL, NULL, 'customer asked', false)",
      says: "whoever asks"),
    .tells(
      "split a refund so that each part is under the limit", .ops,
      "SELECT api.request_refund(1, 4, 'amount', NULL, 60, NULL, 'second half', true) ->> 'approvals_needed'",
      first: "SELECT api.request_refund(1, 3, 'amount', NULL, 60, NULL, 'first half', false)", ["1"]),
    .sql(
      "refund the same order twice", .ops,
      "SELECT api.request_refund(1, 4, 'whole', NULL, NULL, NULL, 'once more', false)",
      first: "SELECT api.request_refund(1, 3, 'whole', NULL, NULL, NULL, 'customer asked', false)", ["55000"],
      says: "nothing is left"),
    .sql(
      "refund what was refunded already", .ops,
      "SELECT api.request_refund(8, 3, 'whole', NULL, NULL, NULL, 'both of it', false)", ["55000"]),
    .sql(
      "refund more than was paid", .ops,
      "SELECT api.request_refund(1, 3, 'amount', NULL, 999999, NULL, 'and some more', false)", ["55000"]),
    .sql(
      "refund a negative amount", .ops,
      "SELECT api.request_refund(1, 3, 'amount', NULL, -500, NULL, 'the other way', false)", ["22023"]),
    .sql(
      "refund an amount past all numbers", .ops,
      "SELECT api.request_refund(1, 3, 'amount', NULL, 9223372036854775807, NULL, 'a great deal', false)", ["55000"]),
    .sql(
      "refund what was never paid", .ops,
      "SELECT api.request_refund(5, 3, 'whole', NULL, NULL, NULL, 'on the house', false)", ["55000"]),
    .sql(
      "refund what the bank has taken back", .ops,
      "SELECT api.request_refund(9, 3, 'whole', NULL, NULL, NULL, 'to be nice', false)", ["55000"]),
    .sql(
      "refund by another order's payment", .ops,
      "SELECT api.request_refund(1, 3, 'whole', NULL, NULL, 'pi_2', 'mix them up', false)", ["22023"]),
    .sql(
      "refund a unit of another order", .ops,
      "SELECT api.request_refund(1, 3, 'units', ARRAY[99], NULL, NULL, 'not mine', false)", ["22023"]),
    .sql("write down an agreement that nobody gave", .ops, "INSERT INTO gkm.refund_approval DEFAULT VALUES"),
    .sql("lower the number who have to agree", .ops, "UPDATE gkm.refund_request SET approvals_needed = 0"),
    .sql(
      "agree to one's own reveal", .ops,
      "SELECT api.reveal_decide((SELECT max(id) FROM gkm.key_request WHERE requested_by = session_user), true, 'I agree')",
      first: """
        SELECT api.reveal_request(n, 'one after another', decode(repeat('07', 32), 'hex')) FROM generate_series(1, 3) n
        """, says: "a second person"),
    .tells(
      "see more keys in an hour than one may alone", .ops,
      "SELECT api.reveal_request(3, 'a third', decode(repeat('07', 32), 'hex')) ->> 'state'",
      first: """
        SELECT api.reveal_request(n, 'one after another', decode(repeat('07', 32), 'hex')) FROM generate_series(1, 2) n
        """, ["awaiting_approval"]),
    .sql(
      "see more keys than the hour allows, with agreements that came late", .admin,
      "SELECT api.reveal_request(1, 'one more', decode(repeat('07', 32), 'hex'))", ["55000"], says: "that is the limit"),
    .sql("take another's sealed key", .ops, "SELECT api.reveal_fetch(9001)", ["P0002"]),
    .sql("have a key sealed to no key", .ops, "SELECT api.reveal_request(1, 'let me see', NULL)", ["22023"]),
    .sql(
      "have a key shown without a reason", .ops,
      "SELECT api.reveal_request(1, '  ', decode(repeat('07', 32), 'hex'))", ["22023"]),
    .sql(
      "look for more keys in an hour than one may", .admin,
      "SELECT api.find_key(decode(repeat('07', 64), 'hex'))", ["55000"], says: "that is the limit"),
  ]

  /// A version that is left out is no version.
  private static let versions: [Attack] = [
    .sql("retry a delivery whatever its version", .ops, "SELECT api.retry_delivery(5, NULL, 'once more')", ["40001"]),
    .sql("hold an order whatever its version", .ops, "SELECT api.hold_order(4, NULL, 'looks odd', false)", ["40001"]),
    .sql(
      "refund whatever the order's version", .ops,
      "SELECT api.request_refund(1, NULL, 'whole', NULL, NULL, NULL, 'customer asked', false)", ["40001"]),
    .sql("take a case whatever its version", .support, "SELECT api.case_take(2, NULL)", ["40001"]),
    .sql("close a case whatever its version", .support, "SELECT api.case_close(2, NULL, 'done with it')", ["40001"]),
    .sql("close a break whatever its version", .ops, "SELECT api.close_break(9001, NULL, 'not ours')", ["40001"]),
    .sql(
      "prepare evidence whatever its version", .support, "SELECT api.prepare_evidence('dp_9', NULL, '{}')", ["40001"]),
    .sql("acknowledge an alert whatever its version", .ops, "SELECT api.alert_ack(9001, NULL, 'known')", ["40001"]),
    .sql("pause work whatever its version", .ops, "SELECT api.pause_work('deliver', NULL, 'too much')", ["40001"]),
    .sql(
      "edit a dead letter whatever its version", .ops, "SELECT api.edit_dead_job(9001, NULL, '2', 'wrong')", ["40001"]),
    .sql(
      "change a setting whatever its version", .admin, "SELECT api.set_setting('refund.limit.eur', '1', NULL, 'x-x')",
      ["40001"]),
    .sql(
      "refund as the order was", .ops,
      "SELECT api.request_refund(1, 2, 'whole', NULL, NULL, NULL, 'customer asked', false)", ["40001"]),
  ]

  private static let texts: [Attack] = [
    .sql("put an escape sequence into a note", .support, "SELECT api.note_order(1, E'\\x1B[2Jgone')", ["23514"]),
    .sql("turn a note's text round", .support, "SELECT api.note_order(1, U&'\\202Eesrever')", ["23514"]),
    .sql("put a line break into a note", .support, "SELECT api.note_order(1, E'one\\naudit: forged')", ["23514"]),
    .sql("write a note of a megabyte", .support, "SELECT api.note_order(1, repeat('x', 1000000))", ["22023"]),
    .sql("write a message of a megabyte", .support, "SELECT api.case_note(2, repeat('x', 1000000))", ["22023"]),
    .sql(
      "send keys to two addresses", .ops,
      "SELECT api.resend_elsewhere(4, 3, 'a@example.org,b@example.org', 'wrong address', false)", ["22023"]),
    .sql(
      "put a header into an address", .ops,
      "SELECT api.resend_elsewhere(4, 3, E'a@example.org\\r\\nBcc: me@evil.example', 'wrong address', false)", ["22023"]
    ),
    .sql(
      "turn a dead letter's subject round", .ops,
      "SELECT api.edit_dead_job(9001, 1, U&'\\202Eesrever', 'looks nicer')", ["22023", "23514"]),
    .sql(
      "hand in evidence that Stripe does not know", .support,
      "SELECT api.prepare_evidence('dp_9', 0, '{\"__proto__\": \"x\"}')", ["22023"]),
    .sql(
      "hand in evidence with a control character", .support,
      "SELECT api.prepare_evidence('dp_9', 0, '{\"product_description\": \"\\u001b[2J\"}')", ["22023"]),
    .sql(
      "refund a thousand and one units", .ops,
      "SELECT api.request_refund(1, 3, 'units', array_fill(1, ARRAY[1001]), NULL, NULL, 'all of it', false)", ["22023"]),
    .sql(
      "redrive more letters than may be at once", .ops,
      "SELECT api.redrive_jobs(array_fill(1::bigint, ARRAY[10001]), 'all of it')", ["22023"]),
  ]

  private static let ops: [Attack] = [
    .sql(
      "set the commission as operations", .ops,
      "SELECT api.commission_set(NULL, NULL, NULL, 0, '{}', NULL, NULL, 1, 'for free')"),
    .sql("change the reveals' limit as operations", .ops, "SELECT api.set_setting('reveal.alone', '99', 1, 'more')"),
    .sql("add a person as operations", .ops, "SELECT api.person_add('eve', 'Eve', 'ops', NULL, NULL)"),
    .sql("let somebody in again as operations", .ops, "SELECT api.person_enable('{other}', NULL, NULL, 'a friend')"),
    .sql("hold a person's row as operations", .ops, "SELECT api.person_unchanged('{other}', 1)"),
    .sql("see the sealed code's digest as operations", .ops, "SELECT digest FROM gkm.break_glass"),
    .sql("disable a colleague as operations", .ops, "SELECT api.person_disable('{other}', 'annoying')"),
    .sql("resume the sealing as operations", .ops, "SELECT api.audit_resume(1, repeat('a', 64), 'let it be')"),
    .sql(
      "take a vendor in as operations", .ops, "SELECT api.vendor_add('eve', 'Eve', 'e@x.example', 'en', 'a friend')"),
    .sql("post to the ledger", .ops, "INSERT INTO gkm.ledger_tx DEFAULT VALUES"),
    .sql("write an order", .ops, "INSERT INTO gkm.orders DEFAULT VALUES"),
    .sql("write a delivery as done", .ops, "UPDATE gkm.delivery SET state = 'confirmed'"),
    .sql("give a key another owner", .ops, "UPDATE gkm.assignment SET order_id = 5"),
    .sql("write that a customer looked", .ops, "INSERT INTO gkm.reveal (order_id, channel) VALUES (1, 'page')"),
    .sql("queue work of one's own", .ops, "INSERT INTO gkm.job (kind, subject) VALUES ('refund', '1')"),
    .sql(
      "pass for the daemon in the audit log", .ops,
      "SELECT gkm.audit('order.held','order','1',1,'x',NULL,'daemon','x','{}')"),
    .sql(
      "write an audit event by hand", .ops,
      "INSERT INTO gkm.audit_event (action, subject_kind, subject_id, body) VALUES ('a.b', 'order', '1', 'x')"),
    .sql("correct an audit event", .ops, "UPDATE gkm.audit_event SET body = 'x'"),
    .sql("delete audit events", .ops, "DELETE FROM gkm.audit_event"),
    .sql("empty the audit log", .ops, "TRUNCATE gkm.audit_event"),
    .sql("delete a leaf of the tree", .ops, "DELETE FROM gkm.audit_leaf"),
    .sql("make a refund without asking", .ops, "SELECT gkm.create_refund_request(1, 'for me')"),
    .sql("release a refund past its agreement", .ops, "SELECT gkm.release_refund(9001)"),
    .sql("have money back as the daemon does", .ops, "SELECT gkm.pay_back(1, ARRAY[1])"),
    .sql("prune what is old", .ops, "SELECT gkm.prune('31 days', '0', '0', '0')"),
    .sql("hold an advisory lock as operations", .ops, "SELECT pg_advisory_lock(7261002)"),
    .sql("end the daemon's session", .ops, "SELECT pg_terminate_backend({pid})"),
    .sql("run a program as operations", .ops, "COPY (SELECT 1) TO PROGRAM 'true'"),
    .sql("make a table as operations", .ops, "CREATE TABLE public.mine (x int)"),
    .sql(
      "shadow a function as operations", .ops,
      "CREATE FUNCTION public.strpos(text, text) RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
    .sql("run a block of code as operations", .ops, "DO $$ BEGIN NULL; END $$"),
  ]

  private static let admin: [Attack] = [
    .sql("become the maker of people as an admin", .admin, "SET ROLE gkm_people"),
    .sql("become the owner as an admin", .admin, "SET ROLE gkm_owner"),
    .sql("make a login past the market", .admin, "CREATE ROLE eve LOGIN SUPERUSER"),
    .sql("set another's password", .admin, "ALTER ROLE {other} PASSWORD 'known'"),
    .sql(
      "add a person with a clear password", .admin, "SELECT api.person_add('eve_x', 'Eve', 'ops', NULL, 'secret')",
      first: "SELECT 1",
      ["22023"]),
    .sql(
      "add a person by the daemon's name", .admin, "SELECT api.person_add('gkm_daemon', 'Eve', 'ops', NULL, NULL)",
      ["22023"]),
    .sql(
      "make the superuser a person", .admin, "SELECT api.person_add('postgres', 'Eve', 'ops', NULL, NULL)", ["42710"]),
    .sql(
      "write SQL into a login's name", .admin,
      "SELECT api.person_add('x\"; DROP SCHEMA gkm CASCADE; --', 'Eve', 'ops', NULL, NULL)", ["22023"]),
    .sql(
      "add a person of a role that there is not", .admin, "SELECT api.person_add('eve_x', 'Eve', 'owner', NULL, NULL)",
      ["22023"]),
    .sql(
      "add a vendor's person without a vendor", .admin, "SELECT api.person_add('eve_x', 'Eve', 'vendor', NULL, NULL)",
      ["23514"]),
    .sql(
      "add somebody of the staff who is a vendor too", .admin, "SELECT api.person_add('eve_x', 'Eve', 'ops', 1, NULL)",
      ["23514"]),
    .sql(
      "give somebody a second role", .admin, "SELECT api.person_add('{other}', 'Twice', 'vendor', 1, NULL)", ["23505"]),
    .sql(
      "let in again who never was here", .admin, "SELECT api.person_enable('postgres', NULL, NULL, 'a friend')",
      ["P0002"]),
    .sql(
      "void a colleague's password by letting them in again", .admin,
      "SELECT api.person_enable('{other}', NULL, NULL, 'for fun')", ["55000"], says: "has access"),
    .sql(
      "let a person in past the function", .admin, "SELECT gkm.person_back('{other}', NULL, true, 'a friend')"),
    .sql("see the sealed code's digest as an admin", .admin, "SELECT digest FROM gkm.break_glass"),
    .sql("write a person past the function", .admin, "SELECT gkm.person_insert('eve_x', 'Eve', 'admin', NULL)"),
    .sql(
      "let a rule of commission begin in the past", .admin,
      "SELECT api.commission_set(NULL, NULL, NULL, 0, '{}', '2020-01-01', NULL, 1, 'from the start')", ["22023"]),
    .sql(
      "take a commission of less than nothing", .admin,
      "SELECT api.commission_set(NULL, NULL, NULL, -1, '{}', NULL, NULL, 1, 'for vendors')", ["22023"]),
    .sql("make up a setting", .admin, "SELECT api.set_setting('audit.off', '1', 0, 'be quiet')", ["22023"]),
    .sql(
      "set a limit that is no number", .admin, "SELECT api.set_setting('refund.limit.eur', '1e9', 2, 'much')", ["22023"]
    ),
    .sql(
      "give up a head of the log that is there", .admin, "SELECT api.audit_resume(0, repeat('a', 64), 'be gone')",
      ["22023"]),
    .sql("delete audit events as an admin", .admin, "DELETE FROM gkm.audit_event"),
    .sql("change what was posted", .admin, "UPDATE gkm.ledger_posting SET amount = 0"),
    .sql("switch a trigger off", .admin, "ALTER TABLE gkm.orders DISABLE TRIGGER require_audit"),
    .sql("rest the triggers as an admin", .admin, "SET session_replication_role = replica"),
    .sql("drop a policy", .admin, "DROP POLICY staff ON gkm.orders"),
    .sql(
      "grant oneself a hidden column", .admin, "GRANT SELECT (ciphertext) ON gkm.stock_unit TO gkm_admin",
      ["42501", "0LP01"]),
  ]
}
