import Market
import Store

extension Command {
  package static let table: [Command] = moving + finding + onOrders + acting + onMoney + onPeople + general + places

  private static let moving: [Command] = [
    Command(.down, "Next row", keys: ["j", "down"], scope: .rows),
    Command(.up, "Previous row", keys: ["k", "up"], scope: .rows),
    Command(.pageDown, "Page down", keys: ["pgdn", "ctrl-f"], scope: .rows),
    Command(.pageUp, "Page up", keys: ["pgup", "ctrl-b"], scope: .rows),
    Command(.top, "First row", keys: ["g", "home"], scope: .rows),
    Command(.bottom, "Last row", keys: ["G", "end"], scope: .rows),
    Command(.open, "Open what is under the cursor", keys: ["enter"], scope: .rows, hint: "open"),
    Command(.back, "Back", keys: ["esc", "backspace"]),
    Command(.historyBack, "Back to the screen before", keys: ["[", "alt-left"]),
    Command(.historyForward, "Forward again", keys: ["]", "alt-right"]),
  ]

  private static let finding: [Command] = [
    Command(.find, "Find an order by anything", keys: ["F"], needs: .find, hint: "find"),
    Command(.filter, "Filter this list", keys: ["/"], scope: .anyList, hint: "filter"),
    Command(.clearFilter, "Clear the filter", keys: ["ctrl-l"], scope: .anyList),
    Command(.savedFilters, "Saved filters", keys: ["f"], scope: .anyList),
    Command(.sort, "Sort this list", keys: ["s"], scope: .anyList),
    Command(.columns, "Choose columns", keys: ["c"], scope: .anyList),
    Command(.pane, "Side pane, where there is room", keys: ["v"], scope: .anyList),
    Command(.details, "All of this row", keys: ["d"], scope: .anyList),
    Command(.mark, "Mark this row", keys: ["space"], scope: .anyList),
    Command(.markAll, "Mark all rows that are loaded, or none", keys: ["*"], scope: .anyList),
    Command(.unmark, "Take all marks away", keys: ["U"], scope: .anyList),
  ]

  private static let acting: [Command] = [
    Command(
      .requestRefund, "Refund", keys: ["R"], scope: .about(.orders), needs: .refundWithinLimit, changes: true,
      isRequest: true, hint: "refund", refusing: RefundAction.refusal),
    Command(
      .approveRefund, "Agree to this refund", keys: ["a"], scope: .list(.refunds), needs: .refundWithinLimit,
      changes: true, hint: "agree", refusing: RefundAction.refusalToDecide),
    Command(
      .rejectRefund, "Reject this refund", keys: ["x"], scope: .list(.refunds), needs: .refundWithinLimit,
      changes: true, hint: "reject", refusing: RefundAction.refusalToDecide),
    Command(
      .cancelRefund, "Take this request back", keys: ["w"], scope: .list(.refunds), needs: .refundWithinLimit,
      changes: true, isRequest: true, hint: "take back", refusing: RefundAction.refusalToCancel),
    Command(
      .openCase, "Open a case about this order", keys: ["o"], scope: .about(.orders), needs: .manageCases,
      changes: true, isForStaff: true, hint: "case", refusing: CaseActionForms.refusalForOrder),
    Command(
      .takeCase, "Take this case", keys: ["t"], scope: .about(.cases), needs: .manageCases, changes: true,
      isForStaff: true,
      hint: "take", refusing: CaseActionForms.refusal),
    Command(
      .noteCase, "Note among staff", keys: ["n"], scope: .about(.cases), needs: .manageCases, changes: true,
      isForStaff: true,
      hint: "note", refusing: CaseActionForms.refusal),
    Command(
      .answerCase, "Answer the customer or a vendor", keys: ["a"], scope: .about(.cases), needs: .manageCases,
      changes: true, hint: "answer", refusing: CaseActionForms.refusal),
    Command(
      .handOverCase, "Hand this case to somebody", keys: ["h"], scope: .about(.cases), needs: .manageCases,
      changes: true, isForStaff: true, refusing: CaseActionForms.refusal),
    Command(
      .releaseCase, "Put this case back into a queue", keys: ["l"], scope: .about(.cases), needs: .manageCases,
      changes: true, isForStaff: true, refusing: CaseActionForms.refusal),
    Command(
      .closeCase, "Close this case", keys: ["x"], scope: .about(.cases), needs: .manageCases, changes: true,
      isForStaff: true,
      hint: "close", refusing: CaseActionForms.refusalToClose),
    Command(
      .orderOfCase, "Go to this case's order", keys: ["o"], scope: .about(.cases), hint: "order",
      refusing: CaseActionForms.refusalOfOrder),
    Command(
      .retryDelivery, "Retry this delivery, or all marked", keys: ["t"], scope: .list(.deliveries),
      needs: .retryDelivery, changes: true, hint: "retry", refusing: RetryAction.refusal),
    Command(
      .redriveJob, "Have this job done again, or all marked", keys: ["t"], scope: .list(.dead), needs: .manageWork,
      changes: true, hint: "again", refusing: RetryAction.refusalToRedrive),
    Command(
      .acknowledgeAlert, "Say that you know of this alert", keys: ["a"], scope: .list(.alerts), needs: .manageWork,
      changes: true, hint: "know", refusing: AlertActions.refusalToAcknowledge),
    Command(
      .silenceAlert, "Silence this alert for a while", keys: ["x"], scope: .list(.alerts), needs: .manageWork,
      changes: true, hint: "silence", refusing: AlertActions.refusalToSilence),
    Command(
      .importStock, "Import keys into this listing", keys: ["i"], scope: .list(.stock), needs: .manageStock,
      changes: true, hint: "import"),
    Command(
      .withdrawStock, "Take keys of this listing out of sale", keys: ["w"], scope: .list(.stock), needs: .manageStock,
      changes: true, hint: "take out"),
    Command(
      .cancelImport, "Give this import up", keys: ["x"], scope: .about(.imports), needs: .manageStock, changes: true,
      hint: "give up", refusing: StockActionForms.refusalToCancel),
    Command(
      .revealKey, "Show a key of this order", keys: ["K"], scope: .about(.orders), needs: .revealKey, changes: true,
      isForStaff: true, refusing: RevealAction.refusal),
  ]

  private static let general: [Command] = [
    Command(.palette, "All commands", keys: [":", "ctrl-p"], hint: "commands"),
    Command(.help, "Help", keys: ["?", "f1"], hint: "help"),
    Command(.refresh, "Read again now", keys: ["r", "f5"]),
    Command(.undo, "Take back what was done last, where that can be", keys: ["z"], changes: true),
    Command(.pause, "Pause or follow new rows", keys: ["p"], scope: .anyList),
    Command(.copy, "Copy the row's id, or those of all marked", keys: ["y"], scope: .rows),
    Command(.exportCSV, "Export this list as CSV", keys: ["e"], scope: .anyList),
    Command(.exportJSON, "Export this list as JSON", keys: ["E"], scope: .anyList),
    Command(.toggleUTC, "Times in UTC or your zone", keys: ["u"]),
    Command(.toggleMouse, "Mouse on or off", keys: ["M"]),
    Command(.themes, "Themes", keys: ["T"]),
    Command(.messages, "Message log", keys: ["m"]),
    Command(.quit, "Quit", keys: ["q", "ctrl-c"]),
    Command(.nextPlace, "Next screen", keys: ["tab"]),
    Command(.previousPlace, "Previous screen", keys: ["shift-tab"]),
  ]

  /// The screens that are gone to most have a key each; all others are found by their names.
  private static let places: [Command] = Place.all.map { place in
    Command(.go(place), place.title, keys: keys[place].map { [$0] } ?? [], needs: place.capability)
  }

  private static let keys: [Place: String] = [
    .board(.pulse): "0", .list(.orders): "1", .list(.payments): "2", .list(.deliveries): "3", .list(.stock): "4",
    .list(.audit): "5", .list(.cases): "6", .list(.refunds): "7", .list(.vendors): "8", .list(.disputes): "9",
    .board(.work): "f2", .list(.dead): "f3", .list(.alerts): "f4", .list(.workers): "f6", .list(.people): "f8",
  ]
}
