/// The policy's tables and functions: from these the database's grants, row policies and audit triggers are generated,
/// and against these the live catalogue is compared.
package enum Policy {
  package static let tables: [TableRule] =
    catalogue + orders + payments + events + fulfilment + cases + work + records
    + reconciliation + ledger + notices + alerts

  private static let catalogue: [TableRule] = [
    TableRule("schema_migration", readers: nil, daemon: .select, sealer: .read(["version"])),
    TableRule("installation", readers: .readOrders, daemon: .select),
    TableRule("setting", readers: .readSettings, daemon: .select, audit: .subject(kind: "setting", column: "name")),
    TableRule(
      "vendor", readers: .readOrders, daemon: .select, vendor: .identity, audit: .subject(kind: "vendor", column: "id")),
    TableRule("person", readers: .readOrders, daemon: .select, audit: .subject(kind: "person", column: "id")),
    TableRule("person_seen", readers: .managePeople, daemon: .none),
    TableRule(
      "break_glass", readers: .managePeople, hidden: ["digest"], functionsAdd: ["digest"], daemon: .select,
      audit: .subject(kind: "break_glass", column: "id")),
    TableRule("break_glass_try", readers: .managePeople, daemon: .none),
    TableRule(
      "live_pass", readers: .managePeople, hidden: ["digest"], functionsAdd: ["digest"], functionsTakeAway: true,
      daemon: .all),
    TableRule("product", readers: .readOrders, daemon: .select, vendor: .everything),
    TableRule(
      "commission_rule", readers: .readCommission, daemon: .select, vendor: .column,
      audit: .subject(kind: "commission_rule", column: "id")),
    TableRule(
      "listing", readers: .readOrders, daemon: .select, vendor: .column,
      audit: .subject(kind: "listing", column: "id")),
    TableRule(
      "listing_stock", readers: .readOrders, daemon: .work, vendor: .column,
      audit: .subject(kind: "listing", column: "listing_id")),
    TableRule("data_key", readers: nil, hidden: ["wrapped"], daemon: .append),
    TableRule(
      "stock_import", readers: .readStock, daemon: .work, vendor: .column,
      vendorColumns: [
        "id", "listing_id", "vendor_id", "source", "rows_total", "rows_accepted", "rows_repeated", "rows_yours",
        "rows_review", "rows_malformed", "rows_too_long", "state", "is_dry_run", "problem", "created_at", "finished_at",
        "version",
      ],
      audit: .subject(kind: "stock_import", column: "id")),
    TableRule(
      "stock_import_chunk", readers: .manageStock, hidden: ["sealed"], functionsAdd: ["sealed"], daemon: .all),
    TableRule("stock_import_progress", readers: .readStock, daemon: .work, vendor: .column),
    TableRule("stock_import_row", readers: .readStock, daemon: .all, vendor: .column),
    TableRule("stock_check", readers: nil, hidden: ["fingerprint"], daemon: .all),
    TableRule(
      "exchange_key", readers: .readOrders, daemon: .work, audit: .subject(kind: "exchange_key", column: "name")),
    TableRule(
      "key_request", readers: .revealKey, daemon: .work, audit: .subject(kind: "key_request", column: "id")),
    TableRule(
      "key_envelope", readers: .revealKey, hidden: ["sealed"], functionsAdd: ["sealed"], functionsTakeAway: true,
      daemon: .all),
    TableRule(
      "stock_unit", readers: .readStock, hidden: ["nonce", "ciphertext", "fingerprint"], daemon: .work,
      vendor: .column,
      vendorColumns: ["id", "listing_id", "vendor_id", "import_id", "state", "created_at"], audit: .stockUnit),
  ]

  private static let orders: [TableRule] = [
    TableRule(
      "orders", readers: .readOrders, hidden: ["token_hash"], daemon: .work, vendor: .order(column: "id"),
      vendorColumns: ["id", "number", "state", "created_at", "paid_at", "delivered_at"], audit: .order(column: "id")),
    TableRule(
      "order_line", readers: .readOrders, daemon: .append, vendor: .column, audit: .order(column: "order_id")),
    TableRule(
      "vendor_order", readers: .readOrders, daemon: .append, vendor: .column, audit: .order(column: "order_id")),
    TableRule(
      "order_unit", readers: .readOrders, daemon: .work, vendor: .column, audit: .order(column: "order_id")),
    TableRule(
      "reservation", readers: .readOrders, daemon: .work, vendor: .column, audit: .order(column: "order_id")),
    TableRule("checkout_idempotency", readers: nil, hidden: ["session_url", "problem"], daemon: .all),
  ]

  private static let payments: [TableRule] = [
    TableRule("payment", readers: .readPayments, daemon: .work, audit: .order(column: "order_id")),
    TableRule("payment_intent", readers: .readPayments, daemon: .append, audit: .order(column: "order_id")),
    TableRule("payment_attempt", readers: .readPayments, daemon: .work, audit: .order(column: "order_id")),
    TableRule("refund", readers: .readPayments, daemon: .work, audit: .order(column: "order_id")),
    TableRule("refund_request", readers: .readPayments, daemon: .work, audit: .order(column: "order_id")),
    TableRule(
      "refund_request_unit", readers: .readPayments, daemon: .work,
      audit: .subject(kind: "refund_request", column: "request_id")),
    TableRule(
      "refund_approval", readers: .readPayments, daemon: .select,
      audit: .subject(kind: "refund_request", column: "request_id")),
    TableRule("dispute", readers: .readPayments, daemon: .work, audit: .order(column: "order_id")),
    TableRule("dispute_evidence", readers: .prepareEvidence, daemon: .work, audit: .order(column: "order_id")),
  ]

  private static let events: [TableRule] = [
    TableRule("stripe_event", readers: .readPayments, daemon: .work),
    TableRule("stripe_event_body", readers: .readPayments, hidden: ["body", "signature"], daemon: .append),
    TableRule("parked_event", readers: .readPayments, daemon: .all),
  ]

  private static let fulfilment: [TableRule] = [
    TableRule(
      "assignment", readers: .readOrders, daemon: .work, vendor: .column, audit: .order(column: "order_id")),
    TableRule(
      "delivery", readers: .readOrders, daemon: .work, vendor: .column,
      vendorColumns: [
        "id", "order_id", "order_unit_id", "vendor_id", "channel", "state", "attempts", "next_attempt_at",
        "confirmed_at", "created_at", "updated_at",
      ],
      audit: .order(column: "order_id")),
    TableRule("delivery_attempt", readers: .readOrders, daemon: .work),
    TableRule("template", readers: .readOrders, daemon: .append, isAppendOnly: true),
    TableRule("bounce", readers: .readOrders, daemon: .append, audit: .subject(kind: "bounce", column: "id")),
    TableRule("address_code", readers: nil, daemon: .all),
    TableRule("reveal", readers: .readOrders, daemon: .append, audit: .order(column: "order_id")),
    TableRule("ask", readers: .readOrders, daemon: .select, audit: .subject(kind: "ask", column: "id")),
    TableRule("address_change", readers: .readOrders, daemon: .select, audit: .order(column: "order_id")),
    TableRule("erasure", readers: .eraseCustomer, daemon: .none, audit: .subject(kind: "erasure", column: "id")),
    TableRule("resend", readers: .readOrders, daemon: .select, audit: .order(column: "order_id")),
    TableRule("bad_key", readers: .readStock, daemon: .select, audit: .order(column: "order_id")),
  ]

  private static let cases: [TableRule] = [
    TableRule(
      "support_case", readers: .manageCases, daemon: .select, vendor: .column,
      vendorColumns: [
        "id", "kind", "order_id", "vendor_id", "state", "audience", "created_at", "updated_at", "closed_at",
      ],
      audit: .subject(kind: "case", column: "id")),
    TableRule(
      "case_message", readers: .manageCases, daemon: .select, vendor: .column,
      vendorColumns: ["id", "case_id", "vendor_id", "author_role", "body", "created_at"],
      audit: .subject(kind: "case", column: "case_id")),
  ]

  private static let work: [TableRule] = [
    TableRule("job", readers: .readWork, daemon: .all),
    TableRule("job_dead", readers: .readWork, daemon: .all),
    TableRule("job_kind", readers: .readWork, daemon: .select, audit: .subject(kind: "work", column: "kind")),
    TableRule("job_budget", readers: nil, daemon: .none),
    TableRule("job_round", readers: .readWork, daemon: .append),
  ]

  private static let records: [TableRule] = [
    TableRule(
      "audit_event", readers: .readAudit, daemon: .append,
      sealer: .read(["id", "at", "xact", "action", "subject_kind", "subject_id", "body"]), vendor: .column,
      vendorColumns: ["id", "at", "action", "subject_kind", "subject_id", "order_id", "vendor_id"], isAppendOnly: true),
    TableRule("audit_leaf", readers: .verifyAudit, daemon: .select, sealer: .append, isAppendOnly: true),
    TableRule("audit_node", readers: .verifyAudit, daemon: .select, sealer: .append, isAppendOnly: true),
    TableRule("audit_head", readers: .verifyAudit, daemon: .select, sealer: .append, isAppendOnly: true),
  ]

  private static let reconciliation: [TableRule] = [
    TableRule("recon_run", readers: .readBreaks, daemon: .all),
    TableRule("recon_seen", readers: nil, daemon: .all),
    TableRule(
      "recon_break", readers: .readBreaks, daemon: .work, audit: .subject(kind: "recon_break", column: "id")),
    TableRule("balance_line", readers: .readBreaks, daemon: .append),
  ]

  private static let ledger: [TableRule] = [
    TableRule(
      "ledger_account", readers: .readLedger, daemon: .append, vendor: .column,
      vendorColumns: ["id", "kind", "vendor_id", "currency"], isAppendOnly: true),
    TableRule(
      "ledger_tx", readers: .readLedger, daemon: .append, vendor: .order(column: "order_id"),
      vendorColumns: ["id", "order_id", "entry", "posted_at"], audit: .ledgerTx, isAppendOnly: true),
    TableRule("ledger_posting", readers: .readLedger, daemon: .append, vendor: .column, isAppendOnly: true),
    TableRule("ledger_checkpoint", readers: .readLedger, daemon: .select, vendor: .column),
    TableRule("payable_hold", readers: .readLedger, daemon: .select, vendor: .column),
  ]

  /// A vendor's endpoints are theirs; what became of notices is for those who see the work.
  private static let notices: [TableRule] = [
    TableRule("team_channel", readers: .readWork, daemon: .select),
    TableRule(
      "webhook_endpoint", readers: .manageNotices, daemon: .work, vendor: .column,
      audit: .subject(kind: "webhook", column: "id")),
    TableRule("webhook_health", readers: .manageNotices, daemon: .work, vendor: .column),
    TableRule("webhook_secret_request", readers: .manageNotices, daemon: .all),
    TableRule("notice", readers: .readWork, daemon: .work),
    TableRule("notice_attempt", readers: .readWork, daemon: .work),
    TableRule("low_stock", readers: .readOrders, daemon: .select),
  ]

  /// A vendor for its own, ops and admins on its behalf: the functions look whose it is.
  private static let vendorAndOps = Role.people.filter {
    [.yes, .own].contains(Capability.manageNotices.grant(to: $0))
  }

  private static let alerts: [TableRule] = [
    TableRule("alert", readers: .readWork, daemon: .all),
    TableRule("alert_ack", readers: .readWork, daemon: .select, audit: .subject(kind: "alert", column: "alert_id")),
    TableRule(
      "alert_silence", readers: .readWork, daemon: .select, audit: .subject(kind: "alert_silence", column: "id")),
    TableRule("alert_watch", readers: .readWork, daemon: .work),
    TableRule("slo_minute", readers: .readWork, daemon: .all),
    TableRule("worker", readers: .readWork, daemon: .all),
  ]

  /// The functions of schema `api`, with who may call them.
  package static let functions: [FunctionRule] = market + people

  private static let market: [FunctionRule] = [
    FunctionRule("whoami", [], callers: Role.people),
    FunctionRule("my_vendor", [], callers: Role.people, internalCallers: ["gkm_vendor_read"]),
    FunctionRule("retry_delivery", ["bigint", "bigint", "text"], needs: .retryDelivery),
    FunctionRule("assign_break", ["bigint", "bigint", "text", "text"], needs: .manageBreaks),
    FunctionRule("explain_break", ["bigint", "bigint", "text"], needs: .manageBreaks),
    FunctionRule("close_break", ["bigint", "bigint", "text"], needs: .manageBreaks),
    FunctionRule("prepare_evidence", ["text", "bigint", "jsonb"], needs: .prepareEvidence),
    FunctionRule("edit_evidence", ["bigint", "bigint", "text", "text"], needs: .prepareEvidence),
    FunctionRule("submit_evidence", ["bigint", "bigint", "boolean", "text"], needs: .submitEvidence),
    FunctionRule("replay_event", ["text", "text"], needs: .manageWork),
    FunctionRule(
      "request_refund", ["bigint", "bigint", "text", "integer[]", "bigint", "text", "text", "boolean"],
      callers: [.support, .ops, .admin]),
    FunctionRule(
      "resend_order", ["bigint", "bigint", "integer[]", "text", "boolean"], needs: .resendSameAddress),
    FunctionRule(
      "resend_elsewhere", ["bigint", "bigint", "text", "text", "boolean"], callers: [.support, .ops, .admin]),
    FunctionRule(
      "replace_key", ["bigint", "bigint", "integer", "boolean", "text", "boolean"],
      callers: [.support, .ops, .admin]),
    FunctionRule("key_siblings", ["bigint", "integer"], callers: [.support, .ops, .admin]),
    FunctionRule("hold_order", ["bigint", "bigint", "text", "boolean"], needs: .holdOrder),
    FunctionRule("release_order", ["bigint", "bigint", "text", "boolean"], needs: .releaseOrder),
    FunctionRule("note_order", ["bigint", "text"], needs: .manageCases),
    FunctionRule("approve_ask", ["bigint", "bigint", "text"], needs: .replaceKey),
    FunctionRule("refuse_ask", ["bigint", "bigint", "text"], needs: .replaceKey),
    FunctionRule("withdraw_ask", ["bigint", "bigint", "text"], callers: [.support, .ops, .admin]),
    FunctionRule("approve_refund", ["bigint", "bigint", "text"], needs: .refundWithinLimit),
    FunctionRule("reject_refund", ["bigint", "bigint", "text"], needs: .refundWithinLimit),
    FunctionRule("cancel_refund", ["bigint", "bigint", "text"], callers: [.support, .ops, .admin]),
    FunctionRule("set_setting", ["text", "text", "bigint", "text"], needs: .writeSettings),
    FunctionRule("case_open", ["text", "text", "text", "text"], needs: .manageCases),
    FunctionRule("case_take", ["bigint", "bigint"], needs: .manageCases),
    FunctionRule("case_release", ["bigint", "bigint", "text", "text"], needs: .manageCases),
    FunctionRule("case_assign", ["bigint", "bigint", "text", "text"], needs: .manageCases),
    FunctionRule("case_note", ["bigint", "text"], needs: .manageCases),
    FunctionRule("case_answer", ["bigint", "bigint", "text", "text", "text"], needs: .manageCases),
    FunctionRule("case_close", ["bigint", "bigint", "text"], needs: .manageCases),
    FunctionRule("vendor_case_answer", ["bigint", "text"], callers: [.vendor], owner: .api),
    FunctionRule("vendor_case", ["bigint"], callers: [.vendor]),
    FunctionRule(
      "commission_set",
      ["bigint", "text", "bigint", "integer", "jsonb", "timestamptz", "timestamptz", "bigint", "text"],
      needs: .writeCommission),
    FunctionRule("commission_end", ["bigint", "bigint", "timestamptz", "text"], needs: .writeCommission),
    FunctionRule("commission_withdraw", ["bigint", "bigint", "text"], needs: .writeCommission),
    FunctionRule("pause_work", ["text", "bigint", "text"], needs: .manageWork),
    FunctionRule("resume_work", ["text", "bigint", "text"], needs: .manageWork),
    FunctionRule("limit_work", ["text", "bigint", "integer", "double precision", "text"], needs: .manageWork),
    FunctionRule("redrive_jobs", ["bigint[]", "text"], needs: .manageWork),
    FunctionRule("discard_jobs", ["bigint[]", "text"], needs: .manageWork),
    FunctionRule("edit_dead_job", ["bigint", "bigint", "text", "text"], needs: .manageWork),
    FunctionRule("webhook_add", ["bigint", "text", "text[]", "text"], callers: vendorAndOps),
    FunctionRule("webhook_change", ["bigint", "bigint", "text", "text[]", "text"], callers: vendorAndOps),
    FunctionRule("webhook_rotate", ["bigint", "bigint", "integer", "text"], callers: vendorAndOps),
    FunctionRule("webhook_state", ["bigint", "bigint", "text", "text"], callers: vendorAndOps),
    FunctionRule("webhook_test", ["bigint", "text"], callers: vendorAndOps),
    FunctionRule("webhook_result", ["bigint"], callers: vendorAndOps),
    FunctionRule("webhooks", ["bigint"], callers: vendorAndOps),
    FunctionRule("webhook_secret", ["bigint", "bytea", "text"], callers: vendorAndOps),
    FunctionRule("webhook_secret_answer", ["bigint"], callers: vendorAndOps),
    FunctionRule("vendor_contact", ["bigint", "text", "text", "text[]", "text"], callers: vendorAndOps),
    FunctionRule("vendor_add", ["text", "text", "text", "text", "text"], needs: .managePeople),
    FunctionRule("listing_add", ["bigint", "bigint", "bigint", "text", "text"], needs: .managePeople),
    FunctionRule("stock_threshold", ["bigint", "integer", "text"], callers: vendorAndOps),
    FunctionRule("alert_ack", ["bigint", "bigint", "text"], needs: .manageWork),
    FunctionRule("alert_silence", ["text", "text", "bigint", "text"], needs: .manageWork),
    FunctionRule("alert_unsilence", ["text", "text", "text"], needs: .manageWork),
    FunctionRule("exchange_key", [], callers: Role.people),
    FunctionRule(
      "stock_import_begin", ["bigint", "text", "boolean", "text"], callers: [.vendor, .ops, .admin], owner: .api),
    FunctionRule(
      "stock_import_put", ["bigint", "integer", "integer", "bytea"], callers: [.vendor, .ops, .admin], owner: .api),
    FunctionRule("stock_import_end", ["bigint", "integer", "integer"], callers: [.vendor, .ops, .admin], owner: .api),
    FunctionRule("stock_import_cancel", ["bigint", "text"], callers: [.vendor, .ops, .admin], owner: .api),
    FunctionRule("stock_import_standing", ["bigint"], callers: [.vendor, .ops, .admin], owner: .api),
    FunctionRule("stock_verdicts", ["bigint", "integer", "integer"], callers: [.vendor, .ops, .admin], owner: .api),
    FunctionRule(
      "withdraw_stock", ["bigint", "bigint[]", "bigint", "integer", "text"], callers: [.vendor, .ops, .admin],
      owner: .api),
    FunctionRule("reveal_request", ["bigint", "text", "bytea"], needs: .revealKey),
    FunctionRule("reveal_decide", ["bigint", "boolean", "text"], needs: .revealKey),
    FunctionRule("reveal_fetch", ["bigint"], needs: .revealKey),
    FunctionRule("find_key", ["bytea"], needs: .find),
    FunctionRule("find_key_fetch", ["bigint"], needs: .find),
    FunctionRule("vendor_list", ["text", "jsonb", "bigint", "integer"], callers: [.vendor]),
    FunctionRule("vendor_timeline", ["text"], callers: [.vendor]),
    FunctionRule("vendor_lines", ["text"], callers: [.vendor]),
    FunctionRule("audit_resume", ["bigint", "text", "text"], needs: .resumeAudit),
    FunctionRule("customer_erase", ["text", "text", "bytea", "text", "boolean"], needs: .eraseCustomer),
  ]

  private static let people: [FunctionRule] = [
    FunctionRule(
      "person_add", ["text", "text", "text", "bigint", "text"], needs: .managePeople, owner: .people),
    FunctionRule("person_disable", ["text", "text"], needs: .managePeople, owner: .people),
    FunctionRule("person_enable", ["text", "text", "timestamptz", "text"], needs: .managePeople, owner: .people),
    FunctionRule("person_unchanged", ["text", "bigint"], needs: .managePeople),
    FunctionRule("person_role", ["text", "text", "text"], needs: .managePeople, owner: .people),
    FunctionRule("person_until", ["text", "timestamptz", "text"], needs: .managePeople, owner: .people),
    // One's own; an admin anybody's.
    FunctionRule("person_password", ["text", "text", "text"], callers: Role.people, owner: .people),
    FunctionRule("break_glass_seal", ["bytea", "text"], needs: .managePeople),
    FunctionRule("break_glass", ["bytea", "text", "integer"], needs: .breakGlass, owner: .people),
    FunctionRule("break_glass_end", ["text", "text"], needs: .managePeople, owner: .people),
    FunctionRule("here", [], callers: Role.people, owner: .api),
    FunctionRule("live_pass", ["bytea"], callers: Role.people.filter(\.isStaff)),
    FunctionRule("people_keep", [], callers: [.daemon], owner: .people),
  ]
}

/// Which NOLOGIN role owns a function, and so with whose rights it runs.
package enum FunctionOwner: String, Sendable {
  case api = "gkm_api"
  case vendorRead = "gkm_vendor_read"
  case people = "gkm_people"
}

/// One function of schema `api` in the policy.
package struct FunctionRule: Sendable {
  package let name: String
  /// Argument types as PostgreSQL spells them.
  package let arguments: [String]
  package let callers: [Role]
  /// Other NOLOGIN roles of the system that call it from within.
  package let internalCallers: [String]
  package let owner: FunctionOwner

  package init(
    _ name: String, _ arguments: [String], callers: [Role], internalCallers: [String] = [],
    owner: FunctionOwner? = nil
  ) {
    self.name = name
    self.arguments = arguments
    self.callers = callers
    self.internalCallers = internalCallers
    self.owner = owner ?? (callers == [.vendor] ? .vendorRead : .api)
  }

  /// Whoever holds the capability outright may call it.
  package init(_ name: String, _ arguments: [String], needs capability: Capability, owner: FunctionOwner = .api) {
    self.init(
      name, arguments, callers: Role.people.filter { capability.grant(to: $0) == .yes }, owner: owner)
  }

  /// `api.name(type, …)`, as GRANT takes it.
  package var signature: String { "api.\(name)(\(arguments.joined(separator: ", ")))" }
}
