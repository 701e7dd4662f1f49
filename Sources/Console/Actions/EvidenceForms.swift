import Market
import Store

/// Answering a dispute: evidence is filled in from the record, edited, and shown before it goes to Stripe.
enum EvidenceForms {
  static let ways = ["stage", "submit"]

  static func begin(_ id: CommandID, _ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow, case .dispute(let name, _, let draft) = row.detail else { return [] }
    let shown = RowAsShown(id: draft?.id.rawValue ?? 0, version: draft?.version ?? 0, name: name)
    switch id {
    case .prepareEvidence:
      var form = FormState(
        action: .prepareEvidence(shown), title: "Prepare evidence for \(name)",
        lines: ["A draft is made of what is on record of the order. Nothing is told to Stripe."], fields: [],
        confirmTitle: "Prepare")
      if draft != nil { form.lines.append("What was written into the draft there is will be lost.") }
      form.focus = .confirm
      state.overlay = .form(form)
    case .editEvidence:
      let names = EvidenceField.allCases.map(\.rawValue)
      state.overlay = .form(
        FormState(
          action: .editEvidence(shown), title: "Edit the evidence for \(name)",
          lines: ["An empty text takes the field out."],
          fields: [
            FormField("field", "Field", .choice(names), EvidenceField.uncategorizedText.rawValue),
            FormField("text", "Text", .text(least: 0)),
          ], confirmTitle: "Keep"))
    default:
      state.overlay = .form(
        FormState(
          action: .submitEvidence(shown), title: "Send the evidence for \(name)",
          lines: [
            "stage: kept at Stripe, and can still be changed. submit: shown to the bank, which can be done once."
          ], fields: [FormField("way", "How", .choice(ways), ways[0]), .reason], confirmTitle: "Send",
          hasPreview: true))
    }
    return []
  }

  static func refusal(_ row: DisplayRow) -> String? {
    guard case .dispute(_, let needsResponse, let draft) = row.detail else { return "This is no dispute" }
    guard needsResponse else { return "Stripe takes no evidence for it now" }
    return draft?.state.isOnItsWay == true ? "Its evidence is on its way" : nil
  }

  static func refusalWithoutDraft(_ row: DisplayRow) -> String? {
    if let refusal = refusal(row) { return refusal }
    guard case .dispute(_, _, let draft) = row.detail, draft != nil else { return "There is no draft yet: prepare one" }
    return nil
  }
}
