import Crypto

/// One step of the schema, never edited after landing.
package struct Migration: Sendable {
  package let version: Int
  package let name: String
  package let sql: String

  /// SHA-256 of the text, in hex.
  package var sha256: String { hex(SHA256.hash(data: Array(sql.utf8))) }

  /// All of them, in order. Listed by hand: the embedding flattens names, and a migration nobody listed must not run.
  package static let all: [Migration] = [
    Migration(version: 1, name: "core", sql: text(PackageResources.m0001_core_sql)),
    Migration(version: 2, name: "audit subject", sql: text(PackageResources.m0002_audit_subject_sql)),
    Migration(version: 3, name: "stock units", sql: text(PackageResources.m0003_stock_units_sql)),
    Migration(version: 4, name: "event bodies", sql: text(PackageResources.m0004_event_bodies_sql)),
    Migration(version: 5, name: "ledger", sql: text(PackageResources.m0005_ledger_sql)),
    Migration(version: 6, name: "cases", sql: text(PackageResources.m0006_cases_sql)),
    Migration(version: 7, name: "refunds", sql: text(PackageResources.m0007_refunds_sql)),
    Migration(version: 8, name: "disputes", sql: text(PackageResources.m0008_disputes_sql)),
    Migration(version: 9, name: "reconciliation", sql: text(PackageResources.m0009_reconciliation_sql)),
    Migration(version: 10, name: "checkout", sql: text(PackageResources.m0010_checkout_sql)),
    Migration(version: 11, name: "sealing", sql: text(PackageResources.m0011_sealing_sql)),
    Migration(version: 12, name: "engine", sql: text(PackageResources.m0012_engine_sql)),
    Migration(version: 13, name: "notices", sql: text(PackageResources.m0013_notices_sql)),
    Migration(version: 14, name: "mails", sql: text(PackageResources.m0014_mails_sql)),
    Migration(version: 15, name: "alerts", sql: text(PackageResources.m0015_alerts_sql)),
    Migration(version: 16, name: "manual", sql: text(PackageResources.m0016_manual_sql)),
    Migration(version: 17, name: "size", sql: text(PackageResources.m0017_size_sql)),
    Migration(version: 18, name: "import", sql: text(PackageResources.m0018_import_sql)),
    Migration(version: 19, name: "notice retention", sql: text(PackageResources.m0019_notice_retention_sql)),
    Migration(version: 20, name: "balances", sql: text(PackageResources.m0020_balances_sql)),
    Migration(version: 21, name: "lean", sql: text(PackageResources.m0021_lean_sql)),
    Migration(version: 22, name: "addresses", sql: text(PackageResources.m0022_addresses_sql)),
    Migration(version: 23, name: "people", sql: text(PackageResources.m0023_people_sql)),
    Migration(version: 24, name: "erasure", sql: text(PackageResources.m0024_erasure_sql)),
    Migration(version: 25, name: "index size", sql: text(PackageResources.m0025_index_size_sql)),
    Migration(version: 26, name: "vendor numbers", sql: text(PackageResources.m0026_vendor_numbers_sql)),
  ]
}

/// What is written anew whenever its text or the policy changes: functions, triggers, grants, policies.
enum Repeatable {
  /// In the order in which they are written: each may call what stands before it.
  static let scripts = [
    text(PackageResources.r1_functions_sql),
    text(PackageResources.r2_audit_sql),
    text(PackageResources.sealing_functions_sql),
    text(PackageResources.case_functions_sql),
    text(PackageResources.dispute_functions_sql),
    text(PackageResources.event_functions_sql),
    text(PackageResources.reconciliation_functions_sql),
    text(PackageResources.refund_functions_sql),
    text(PackageResources.restock_functions_sql),
    text(PackageResources.notice_functions_sql),
    text(PackageResources.person_functions_sql),
    text(PackageResources.webhook_functions_sql),
    text(PackageResources.vendor_functions_sql),
    text(PackageResources.erasure_functions_sql),
    text(PackageResources.commission_functions_sql),
    text(PackageResources.ledger_functions_sql),
    text(PackageResources.balance_functions_sql),
    text(PackageResources.work_functions_sql),
    text(PackageResources.statistics_functions_sql),
    text(PackageResources.manual_functions_sql),
    text(PackageResources.ask_functions_sql),
    text(PackageResources.alert_functions_sql),
    text(PackageResources.import_functions_sql),
    text(PackageResources.key_functions_sql),
    text(PackageResources.mail_functions_sql),
  ]
}

/// Lower-case hex of `bytes`.
func hex(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var out: [UInt8] = []
  for byte in bytes {
    out.append(digits[Int(byte >> 4)])
    out.append(digits[Int(byte & 15)])
  }
  return String(decoding: out, as: UTF8.self)
}
