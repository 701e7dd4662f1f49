package import Market
package import Store
package import Terminal

/// A list's row made ready for the screen. The id is what selection, marks and actions hold on to; never a position.
package struct DisplayRow: Equatable, Sendable {
  package var id: Int64
  /// As it was when this row was read: an action refuses if the row has moved on since.
  package var version: Int64
  /// One per column of the screen.
  package var cells: [DisplayCell]
  /// Where Enter leads.
  package var target: Route?
  /// What `y` copies: an order's number, a Stripe id.
  package var copyText: String
  /// What a command may need to know of it, beyond its cells.
  package var detail: RowDetail
  /// What the side pane shows beside the cells.
  package var facts: [StoryFact] = []

  package init(
    id: Int64, version: Int64 = 0, cells: [DisplayCell], target: Route? = nil, copyText: String = "",
    detail: RowDetail = .none
  ) {
    self.id = id
    self.version = version
    self.cells = cells
    self.target = target
    self.copyText = copyText
    self.detail = detail
  }

  package var asShown: RowAsShown { RowAsShown(id: id, version: version, name: copyText) }
  package var name: String { copyText }
}

/// What a row is about, for commands.
package enum RowDetail: Equatable, Sendable {
  case none
  case delivery(DeliveryID, order: String, state: DeliveryState)
  case deadLetter(DeadLetterState)
  /// `until`: as it is typed, in the zone that is shown.
  case person(PersonRow, until: String)
  /// `isHeld`: by staff.
  case order(OrderState, total: Money, units: Int, isHeld: Bool)
  case refund(RefundRequestID?, RefundRequestState, order: String, amount: Money)
  case supportCase(CaseState, order: String?)
  case ask(AskState, wish: String, order: String, by: String)
  case reconBreak(BreakState)
  case dispute(String, needsResponse: Bool, draft: DisputeRow.Draft?)
  case alert(rule: String, subject: String, AlertState)
  case stockImport(ImportState)
  /// `rule`: what counts for all it sells.
  case vendor(String, rule: CommissionRule?)
  case commissionRule(CommissionRow)
  case reveal(RevealState, order: String?, unit: Int64, by: String, reason: String)
  /// Lines to read in full: an audit event's bytes.
  case text([String])
}

/// One cell of a list: text with a meaning, and never a colour alone.
package struct DisplayCell: Equatable, Sendable {
  package var text: String
  package var style: StyleID

  package init(_ text: String, _ style: StyleID = .text) {
    self.text = text
    self.style = style
  }
}

/// Where one can be.
package enum Route: Equatable, Sendable {
  case place(Place, filter: String)
  /// An order's timeline, by its number.
  case order(String)
  case supportCase(Int64)
  case stockImport(Int64)
  /// By its handle.
  case vendor(String)
}
