/// Disputes: opened by a bank, answered by us, decided.
extension SimulatorState {
  static let disputeReasons = [
    "fraudulent", "product_not_received", "product_unacceptable", "duplicate", "credit_not_processed", "general",
    "subscription_canceled", "unrecognized",
  ]

  /// Opens a dispute of a charge; with `inquiry`, one that withdraws no money yet.
  mutating func openDispute(
    charge id: String, reason: String, amount: Int64?, inquiry: Bool, now: Int64
  ) throws(APIError) -> JSON {
    guard var charge = charges[id] else { throw .noSuch("charge", id, param: "charge") }
    guard charge.status == "succeeded" else { throw .invalid("The charge did not succeed.", param: "charge") }
    guard Self.disputeReasons.contains(reason) else { throw .invalid("Unknown reason.", param: "reason") }
    var dispute = SimDispute(
      id: Self.newID("dp_1", length: 23), created: now, amount: min(amount ?? charge.amount, charge.amount),
      currency: charge.currency, charge: charge.id, paymentIntent: charge.paymentIntent, reason: reason,
      status: inquiry ? "warning_needs_response" : "needs_response", dueBy: now + 9 * 86_400)
    charge.disputes.append(dispute.id)
    charges[id] = charge
    count("disputes")
    if !inquiry { withdraw(&dispute, now: now) }
    disputes[dispute.id] = dispute
    emit("charge.dispute.created", dispute.json, cause: .customer, now: now)
    if !inquiry { emit("charge.dispute.funds_withdrawn", dispute.json, cause: .customer, now: now) }
    return dispute.json
  }

  private mutating func withdraw(_ dispute: inout SimDispute, now: Int64) {
    dispute.balanceTransactions.append(
      move(
        "adjustment", -dispute.amount, fee: 1500, currency: dispute.currency, source: dispute.id, category: "dispute",
        now: now))
  }

  func dispute(_ id: String) throws(APIError) -> SimDispute {
    guard let dispute = disputes[id] else { throw .noSuch("dispute", id) }
    return dispute
  }

  /// Takes our evidence; submitting it puts the dispute under review.
  mutating func updateDispute(_ id: String, _ call: APICall) throws(APIError) -> JSON {
    try call.allow(["evidence", "metadata", "submit", "expand"])
    var dispute = try dispute(id)
    guard !dispute.isClosed else { throw .invalid("This dispute is already closed", code: "dispute_already_closed") }
    let evidence = call.form.map("evidence")
    for name in evidence.keys.sorted() where !SimDispute.evidenceFields.contains(name) {
      throw .invalid(
        "Received unknown parameter: evidence[\(name)]", param: "evidence[\(name)]", code: "parameter_unknown")
    }
    try Self.check(evidence)
    dispute.evidence.merge(evidence) { $1 }
    let length = dispute.evidence.values.reduce(0) { $0 + $1.unicodeScalars.count }
    guard length <= 150_000 else {
      throw .invalid("The combined character count of all evidence fields is limited to 150,000.", param: "evidence")
    }
    dispute.metadata.merge(try Self.metadata(call.form)) { $1 }
    let before: JSON = ["status": .string(dispute.status)]
    if call.form.text("submit") != "false", !evidence.isEmpty || call.form.has("submit") {
      dispute.status = dispute.isInquiry ? "warning_under_review" : "under_review"
      dispute.submissions += 1
      count("dispute_submissions")
      if knobs.disputeReviewSeconds > 0 {
        verdicts.insert(
          Verdict(
            at: call.now + Int64(knobs.disputeReviewSeconds), dispute: id, isWon: happens(knobs.disputeWinRate)))
      }
    }
    disputes[id] = dispute
    emit("charge.dispute.updated", dispute.json, previous: before, cause: call.cause, now: call.now)
    return dispute.json
  }

  /// Fields of files take a file's id; texts are limited.
  private static func check(_ evidence: [String: String]) throws(APIError) {
    for (name, text) in evidence.sorted(by: { $0.key < $1.key }) {
      if SimDispute.fileFields.contains(name), !text.isEmpty, !text.hasPrefix("file_") {
        throw .invalid(
          "No such file upload: '\(text.prefix(40))'", param: "evidence[\(name)]", code: "resource_missing")
      }
      guard text.unicodeScalars.count <= 20_000 else {
        throw .invalid("Text may not be longer than 20000 characters.", param: "evidence[\(name)]")
      }
    }
  }

  /// The bank decides what is still under review.
  mutating func decide(_ verdict: Verdict, now: Int64) {
    guard let dispute = disputes[verdict.dispute] else { return }
    switch dispute.status {
    case "under_review":
      _ = try? moveDispute(dispute.id, to: verdict.isWon ? "won" : "lost", cause: .customer, now: now)
    case "warning_under_review": _ = try? moveDispute(dispute.id, to: "warning_closed", cause: .customer, now: now)
    default: break
    }
  }

  /// Moves a dispute to `status`, as a bank would. An inquiry may become a dispute, and what is under review or decided
  /// may go back.
  mutating func moveDispute(_ id: String, to status: String, cause: Cause, now: Int64) throws(APIError) -> JSON {
    var dispute = try dispute(id)
    let known = ["needs_response", "under_review", "won", "lost"]
    let inquiries = ["warning_needs_response", "warning_under_review", "warning_closed"]
    guard known.contains(status) || inquiries.contains(status) && dispute.isInquiry else {
      throw .invalid("A dispute that is \(dispute.status) cannot become \(status).", param: "status")
    }
    guard dispute.status != status else {
      throw .invalid("This dispute is \(status) already", code: "dispute_already_closed")
    }
    let before: JSON = ["status": .string(dispute.status)]
    let isWithdrawn = dispute.balanceTransactions.reduce(0) { $0 + $1.amount } < 0
    dispute.status = status
    if known.contains(status), !isWithdrawn {
      withdraw(&dispute, now: now)
      emit("charge.dispute.funds_withdrawn", dispute.json, cause: cause, now: now)
    }
    if status == "won" {
      dispute.balanceTransactions.append(
        move(
          "adjustment", dispute.amount, currency: dispute.currency, source: dispute.id, category: "dispute_reversal",
          now: now))
      emit("charge.dispute.funds_reinstated", dispute.json, cause: cause, now: now)
    }
    disputes[id] = dispute
    let type = dispute.isClosed ? "charge.dispute.closed" : "charge.dispute.updated"
    emit(type, dispute.json, previous: before, cause: cause, now: now)
    return dispute.json
  }
}
