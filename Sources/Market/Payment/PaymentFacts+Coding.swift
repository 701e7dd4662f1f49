/// The document kept beside an order: what is empty is left out, and what is missing is empty, so that `{}` is an order
/// of which nothing is known and an older document reads as it was meant.
extension PaymentFacts: Codable {
  private enum CodingKeys: String, CodingKey {
    case session, sessionReceived, intents, customerEmail, attempts, refunds, reportedRefunds, disputes, staffHold
  }

  package init(from decoder: any Decoder) throws {
    self.init()
    let values = try decoder.container(keyedBy: CodingKeys.self)
    session = try values.decodeIfPresent(SessionOutcome.self, forKey: .session) ?? []
    sessionReceived = try values.decodeIfPresent(Set<Money>.self, forKey: .sessionReceived) ?? []
    intents = try values.decodeIfPresent([String: IntentFact].self, forKey: .intents) ?? [:]
    customerEmail = try values.decodeIfPresent(String.self, forKey: .customerEmail)
    attempts = try values.decodeIfPresent([String: AttemptFact].self, forKey: .attempts) ?? [:]
    refunds = try values.decodeIfPresent([String: RefundFact].self, forKey: .refunds) ?? [:]
    reportedRefunds = try values.decodeIfPresent([String: ReportedRefund].self, forKey: .reportedRefunds) ?? [:]
    disputes = try values.decodeIfPresent([String: DisputeFact].self, forKey: .disputes) ?? [:]
    staffHold = try values.decodeIfPresent(StaffHold.self, forKey: .staffHold)
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    if !session.isEmpty { try values.encode(session, forKey: .session) }
    if !sessionReceived.isEmpty { try values.encode(sessionReceived, forKey: .sessionReceived) }
    if !intents.isEmpty { try values.encode(intents, forKey: .intents) }
    try values.encodeIfPresent(customerEmail, forKey: .customerEmail)
    if !attempts.isEmpty { try values.encode(attempts, forKey: .attempts) }
    if !refunds.isEmpty { try values.encode(refunds, forKey: .refunds) }
    if !reportedRefunds.isEmpty { try values.encode(reportedRefunds, forKey: .reportedRefunds) }
    if !disputes.isEmpty { try values.encode(disputes, forKey: .disputes) }
    try values.encodeIfPresent(staffHold, forKey: .staffHold)
  }
}
