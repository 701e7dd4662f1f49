import Market
import Store

// What people do by hand about orders, asks, differences to Stripe and disputes.
extension Command {
  static let onOrders: [Command] = [
    Command(
      .retryOrder, "Retry what of this order did not arrive", keys: ["t"], scope: .about(.orders),
      needs: .retryDelivery, changes: true, hint: "retry", refusing: OrderActionForms.refusal),
    Command(
      .resendOrder, "Send this order's keys again", keys: ["S"], scope: .about(.orders), needs: .resendSameAddress,
      changes: true, hint: "send again", refusing: OrderActionForms.refusal),
    Command(
      .resendElsewhere, "Send this order's keys to another address", keys: ["A"], scope: .about(.orders),
      needs: .resendOtherAddress, changes: true, isRequest: true, refusing: OrderActionForms.refusal),
    Command(
      .replaceKey, "Replace a bad key", keys: ["b"], scope: .about(.orders), needs: .replaceKey, changes: true,
      isRequest: true, hint: "bad key", refusing: OrderActionForms.refusal),
    Command(
      .holdOrder, "Hold this order", keys: ["h"], scope: .about(.orders), needs: .holdOrder, changes: true,
      hint: "hold", refusing: OrderActionForms.refusalToHold),
    Command(
      .releaseOrder, "Release this order", keys: ["l"], scope: .about(.orders), needs: .releaseOrder, changes: true,
      hint: "release", refusing: OrderActionForms.refusalToRelease),
    Command(
      .noteOrder, "Note on this order", keys: ["n"], scope: .about(.orders), needs: .manageCases, changes: true,
      isForStaff: true, refusing: CaseActionForms.refusalForOrder),
    Command(
      .resendDelivery, "Send this key again", keys: ["S"], scope: .list(.deliveries), needs: .resendSameAddress,
      changes: true, refusing: OrderActionForms.refusalToResend),
    Command(
      .approveAsk, "Agree to this ask", keys: ["a"], scope: .list(.asks), needs: .replaceKey, changes: true,
      hint: "agree", refusing: DecisionForms.refusalToDecide),
    Command(
      .refuseAsk, "Refuse this ask", keys: ["x"], scope: .list(.asks), needs: .replaceKey, changes: true,
      hint: "refuse", refusing: DecisionForms.refusalToDecide),
    Command(
      .withdrawAsk, "Withdraw this ask", keys: ["w"], scope: .list(.asks), needs: .resendSameAddress, changes: true,
      hint: "withdraw", refusing: DecisionForms.refusalToDecide),
  ]

  static let onMoney: [Command] = [
    Command(
      .changeCommission, "Change this vendor's commission", keys: ["C"], scope: .about(.vendors),
      needs: .writeCommission, changes: true, hint: "commission", refusing: CommissionForms.refusalToChange),
    Command(
      .changeRule, "Change the commission that this rule is for", keys: ["C"], scope: .list(.commission),
      needs: .writeCommission, changes: true, isForStaff: true, hint: "change",
      refusing: CommissionForms.refusalToChange),
    Command(
      .withdrawCommission, "Take a rule back that has not begun", keys: ["w"], scope: .list(.commission),
      needs: .writeCommission, changes: true, isForStaff: true, hint: "take back",
      refusing: CommissionForms.refusalToWithdraw),
    Command(
      .endCommission, "Let this rule end", keys: ["x"], scope: .list(.commission), needs: .writeCommission,
      changes: true, isForStaff: true, hint: "end", refusing: CommissionForms.refusalToEnd),
    Command(
      .approveReveal, "Let this person see the key", keys: ["a"], scope: .list(.reveals), needs: .revealKey,
      changes: true, hint: "agree", refusing: DecisionForms.refusalOfReveal),
    Command(
      .refuseReveal, "Refuse this person the key", keys: ["x"], scope: .list(.reveals), needs: .revealKey,
      changes: true, hint: "refuse", refusing: DecisionForms.refusalOfReveal),
    Command(
      .assignBreak, "Give this break to somebody", keys: ["a"], scope: .list(.breaks), needs: .manageBreaks,
      changes: true, hint: "assign", refusing: DecisionForms.refusalOfBreak),
    Command(
      .explainBreak, "Explain this break", keys: ["n"], scope: .list(.breaks), needs: .manageBreaks, changes: true,
      hint: "explain", refusing: DecisionForms.refusalOfBreak),
    Command(
      .closeBreak, "Close this break", keys: ["x"], scope: .list(.breaks), needs: .manageBreaks, changes: true,
      hint: "close", refusing: DecisionForms.refusalOfBreak),
    Command(
      .prepareEvidence, "Prepare this dispute's evidence", keys: ["a"], scope: .list(.disputes),
      needs: .prepareEvidence, changes: true, hint: "prepare", refusing: EvidenceForms.refusal),
    Command(
      .editEvidence, "Edit this dispute's evidence", keys: ["n"], scope: .list(.disputes), needs: .prepareEvidence,
      changes: true, hint: "edit", refusing: EvidenceForms.refusalWithoutDraft),
    Command(
      .submitEvidence, "Preview and send this dispute's evidence", keys: ["S"], scope: .list(.disputes),
      needs: .submitEvidence, changes: true, hint: "send", refusing: EvidenceForms.refusalWithoutDraft),
  ]
}
