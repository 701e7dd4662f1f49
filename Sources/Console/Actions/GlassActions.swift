import Market
import Store

/// The glass: who is admin by it, the code in the envelope, breaking it, and ending that.
enum GlassActions {
  static func begin(_ id: CommandID, _ state: inout AppState) -> [Effect] {
    switch id {
    case .lookAtGlass: return [.perform(.lookAtGlass, values: [:])]
    case .sealGlass:
      state.overlay = .form(
        FormState(
          action: .sealGlass, title: "Seal a new code",
          lines: ["With it one of the staff is admin for a while when no admin can be had. It is shown this once."],
          confirmTitle: "Seal", hasPreview: true))
    case .breakGlass:
      state.overlay = .form(
        FormState(
          action: .breakGlass, title: "Break the glass",
          lines: [
            "You are admin for so many minutes, 5 to 240. Everybody is told, with the reason, also of a wrong code."
          ],
          fields: [
            FormField("code", "Code", .secret), FormField("minutes", "Minutes", .text(least: 1), "60"), .reason,
          ], confirmTitle: "Break the glass"))
    case .endGlass:
      guard let row = state.list?.selectedRow else { return [] }
      state.overlay = .form(
        FormState(
          action: .endGlass(row.asShown), title: "\(row.name) is no admin any more",
          lines: ["They are what they were before, and sign in again. Everybody is told."], confirmTitle: "End"))
    default: break
    }
    return []
  }
}
