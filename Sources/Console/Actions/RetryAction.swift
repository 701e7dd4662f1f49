import Market
import Store

/// Retrying deliveries: the one under the cursor, or all that are marked.
enum RetryAction {
  static func ask(_ state: inout AppState, now: Instant) -> [Effect] {
    guard let list = state.list else { return [] }
    let chosen = list.chosen
    let rows = chosen.filter { refusal($0) == nil }
    guard !rows.isEmpty else {
      state.say("None of the selected deliveries can be retried", isProblem: true, at: now)
      return state.toastEffect
    }
    var lines =
      rows.count == 1
      ? ["Order \(rows[0].name): the same key is sent again, under the same Message-ID,"]
      : ["\(rows.count) deliveries: to each the same key is sent again, under the same Message-ID,"]
    lines.append("as soon as a worker takes it. The reason goes into the audit log.")
    if let hidden = list.hiddenMarks { lines.append(hidden) }
    if rows.count < chosen.count {
      lines.append("\(chosen.count - rows.count) others cannot be retried as they stand.")
    }
    var form = FormState(
      action: .retryDeliveries(rows.map(\.asShown)),
      title: rows.count == 1 ? "Retry delivery" : "Retry \(rows.count) deliveries", lines: lines,
      confirmTitle: rows.count == 1 ? "Retry delivery" : "Retry \(rows.count)")
    // Many at once are confirmed by more than a habit.
    if rows.count >= 10 { form.fields.append(.typed(String(rows.count))) }
    state.overlay = .form(form)
    return []
  }

  /// Having jobs done again that were given up: the one under the cursor, or all that are marked.
  static func askToRedrive(_ state: inout AppState, now: Instant) -> [Effect] {
    guard let list = state.list else { return [] }
    let rows = list.chosen.filter { refusalToRedrive($0) == nil }
    guard !rows.isEmpty else {
      state.say("None of the selected jobs waits", isProblem: true, at: now)
      return state.toastEffect
    }
    let what = rows.count == 1 ? rows[0].name : "\(rows.count) jobs"
    var form = FormState(
      action: .redriveJobs(rows.map(\.asShown)), title: "Do \(what) again",
      lines: ["Their tries are counted anew; what they died of stays on record."]
        + (list.hiddenMarks.map { [$0] } ?? []), confirmTitle: "Do again")
    if rows.count >= 10 { form.fields.append(.typed(String(rows.count))) }
    state.overlay = .form(form)
    return []
  }

  static func refusalToRedrive(_ row: DisplayRow) -> String? {
    guard case .deadLetter(let state) = row.detail else { return "This is no job" }
    return state == .dead ? nil : "It is \(state.rawValue) already"
  }

  /// Why this one cannot be retried.
  static func refusal(_ row: DisplayRow) -> String? {
    guard case .delivery(_, _, let state) = row.detail else { return "This is no delivery" }
    return state == .failed || state == .retrying ? nil : "A delivery that is \(state.rawValue) cannot be retried"
  }
}
