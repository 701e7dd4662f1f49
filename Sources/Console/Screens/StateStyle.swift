package import Market
package import Store
import Terminal

/// How states are shown: always a word and a symbol, the colour only underlines them.
package enum StateStyle {
  package static func cell(_ state: OrderState) -> DisplayCell {
    switch state {
    case .open: DisplayCell("○ open", .stateNeutral)
    case .awaitingAsync: DisplayCell("◔ awaiting", .stateWaiting)
    case .paid: DisplayCell("◑ paid", .stateWaiting)
    case .delivered: DisplayCell("● delivered", .stateOk)
    case .unfulfillable: DisplayCell("✗ no stock", .stateFailed)
    case .held: DisplayCell("‖ held", .stateWarn)
    case .disputed: DisplayCell("! disputed", .stateFailed)
    case .chargedBack: DisplayCell("! lost", .stateFailed)
    case .partiallyRefunded: DisplayCell("◐ part refund", .stateWarn)
    case .refunded: DisplayCell("↩ refunded", .stateNeutral)
    case .expired: DisplayCell("· expired", .muted)
    case .failed: DisplayCell("✗ failed", .stateFailed)
    }
  }

  package static func cell(_ state: DeliveryState) -> DisplayCell {
    switch state {
    case .pending: DisplayCell("○ pending", .stateWaiting)
    case .sending: DisplayCell("◑ sending", .stateWaiting)
    case .confirmed: DisplayCell("● confirmed", .stateOk)
    case .retrying: DisplayCell("↻ retrying", .stateWarn)
    case .failed: DisplayCell("✗ failed", .stateFailed)
    case .cancelled: DisplayCell("· cancelled", .muted)
    case .bounced: DisplayCell("✗ bounced", .stateFailed)
    }
  }

  package static func cell(_ state: RefundRequestState) -> DisplayCell {
    switch state {
    case .awaitingApproval: DisplayCell("○ to approve", .stateWarn)
    case .approved: DisplayCell("◔ approved", .stateWaiting)
    case .sending: DisplayCell("◑ sending", .stateWaiting)
    case .sent: DisplayCell("◕ sent", .stateWaiting)
    case .succeeded: DisplayCell("↩ refunded", .stateOk)
    case .failed: DisplayCell("✗ failed", .stateFailed)
    case .rejected: DisplayCell("· rejected", .muted)
    case .cancelled: DisplayCell("· cancelled", .muted)
    }
  }

  package static func cell(_ state: CaseState) -> DisplayCell {
    switch state {
    case .open: DisplayCell("○ open", .stateWarn)
    case .taken: DisplayCell("◑ taken", .stateWaiting)
    case .waiting: DisplayCell("◔ waiting", .stateNeutral)
    case .closed: DisplayCell("· closed", .muted)
    }
  }

  package static func cell(_ priority: CasePriority?) -> DisplayCell {
    switch priority {
    case .urgent: DisplayCell("! urgent", .stateFailed)
    case .high: DisplayCell("↑ high", .stateWarn)
    case .normal, .low, nil: DisplayCell(priority?.rawValue ?? "", .textDim)
    }
  }

  package static func cell(_ state: AskState) -> DisplayCell {
    switch state {
    case .waiting: DisplayCell("○ waiting", .stateWarn)
    case .approved: DisplayCell("● approved", .stateOk)
    case .refused: DisplayCell("✗ refused", .muted)
    case .withdrawn: DisplayCell("· withdrawn", .muted)
    }
  }

  package static func cell(_ state: BreakState) -> DisplayCell {
    switch state {
    case .open: DisplayCell("! open", .stateFailed)
    case .assigned: DisplayCell("◔ assigned", .stateWaiting)
    case .explained: DisplayCell("◑ explained", .stateWarn)
    case .closed: DisplayCell("· closed", .muted)
    case .healed: DisplayCell("● healed", .stateOk)
    }
  }

  package static func cell(attempt outcome: String) -> DisplayCell {
    outcome == "succeeded" ? DisplayCell("● succeeded", .stateOk) : DisplayCell("✗ \(outcome)", .stateFailed)
  }

  /// `status` is Stripe's word, which says more than the standing.
  package static func cell(_ standing: DisputeStanding, status: String) -> DisplayCell {
    let word = status.split(separator: "_").joined(separator: " ")
    return switch standing {
    case .open: DisplayCell("! \(word)", .stateFailed)
    case .inquiry: DisplayCell("? \(word)", .stateWarn)
    case .lost: DisplayCell("✗ \(word)", .stateFailed)
    case .won: DisplayCell("● \(word)", .stateOk)
    case .closed: DisplayCell("· \(word)", .muted)
    }
  }

  package static func cell(_ state: StripeEventState) -> DisplayCell {
    switch state {
    case .pending: DisplayCell("◑ pending", .stateWaiting)
    case .done: DisplayCell("● done", .stateOk)
    case .ignored: DisplayCell("· ignored", .muted)
    case .parked: DisplayCell("◔ parked", .stateWaiting)
    case .quarantined: DisplayCell("! quarantined", .stateFailed)
    }
  }
}

extension StateStyle {
  package static func cell(_ state: CommissionRow.State) -> DisplayCell {
    switch state {
    case .coming: DisplayCell("○ coming", .stateWaiting)
    case .current: DisplayCell("● current", .stateOk)
    case .ended: DisplayCell("· ended", .muted)
    case .withdrawn: DisplayCell("✗ withdrawn", .muted)
    }
  }
}
