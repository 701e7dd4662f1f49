package import Market
package import Store

/// Something that changes the market, on rows as they were shown.
package enum ActionRequest: Equatable, Sendable {
  case retryDeliveries([RowAsShown])
  case redriveJobs([RowAsShown])
  case acknowledgeAlert(RowAsShown)
  case silenceAlert(rule: String, subject: String)
  case addPerson
  case refund(RowAsShown, currency: Currency)
  case decideRefund(RowAsShown, RefundActions.Decision)
  case openCase(order: String)
  case takeCase(RowAsShown)
  case noteCase(RowAsShown)
  case answerCase(RowAsShown)
  case answerCaseAsVendor(RowAsShown)
  case handOverCase(RowAsShown)
  case releaseCase(RowAsShown)
  case closeCase(RowAsShown)
  case disablePerson(RowAsShown)
  case enablePerson(RowAsShown)
  case turnPerson(RowAsShown)
  case limitPerson(RowAsShown)
  case setPassword(RowAsShown)
  case setOwnPassword
  /// A new code for the envelope.
  case sealGlass
  case breakGlass
  case endGlass(RowAsShown)
  /// Changes nothing: says how it stands.
  case lookAtGlass
  case retryOrder(RowAsShown)
  case resendOrder(RowAsShown)
  case resendDelivery(RowAsShown, order: String)
  case resendElsewhere(RowAsShown)
  case replaceKey(RowAsShown)
  case holdOrder(RowAsShown)
  case releaseOrder(RowAsShown)
  case noteOrder(RowAsShown)
  case decideAsk(RowAsShown, AskActions.Decision)
  case assignBreak(RowAsShown)
  case explainBreak(RowAsShown)
  case closeBreak(RowAsShown)
  /// The row's id and version are those of the draft, 0 where there is none; its name is the dispute's.
  case prepareEvidence(RowAsShown)
  case editEvidence(RowAsShown)
  case submitEvidence(RowAsShown)
  /// The row is the rule that is shown for the scope; its id is 0 where there is none.
  case changeCommission(RowAsShown, CommissionScope)
  case endCommission(RowAsShown)
  case withdrawCommission(RowAsShown)
  case importStock(RowAsShown)
  case withdrawStock(RowAsShown)
  case cancelImport(RowAsShown)
  /// A key of an order, by its place among the order's keys.
  case revealKey(RowAsShown, place: Int)
  /// Somebody else's wish to see a key.
  case decideReveal(RowAsShown, approves: Bool)
}

/// A row that is acted on: refused if it moved on since it was shown.
package struct RowAsShown: Equatable, Sendable {
  package var id: Int64
  package var version: Int64
  /// What people call it: an order's number, a login.
  package var name: String

  package init(id: Int64, version: Int64, name: String) {
    self.id = id
    self.version = version
    self.name = name
  }
}
