/// What somebody may ask for who may not do it.
package enum AskKind: String, CaseIterable, Sendable, Codable {
  /// To send an order's keys to another address.
  case resendElsewhere = "resend_elsewhere"
  case replaceKey = "replace_key"
}

/// How an ask stands.
package enum AskState: String, CaseIterable, Sendable, Codable {
  /// For ops or an admin to decide.
  case waiting
  /// It was done.
  case approved
  case refused
  /// By whoever asked.
  case withdrawn
}
