import Market

/// An import under way: first its rows are sent, then the market works on them.
package struct UploadState: Equatable, Sendable {
  package enum Stage: Equatable, Sendable {
    /// Rows that are with the market so far.
    case sending(Int)
    /// Of a hundred.
    case working(Int)
  }

  package var id: Int64
  package var stage: Stage
  /// The person was told that keys are still being sent.
  package var isLeaveWarned = false

  package init(id: Int64, stage: Stage) {
    self.id = id
    self.stage = stage
  }

  /// `↑ 12000 keys`, `… 40 %`.
  func text(_ say: Language) -> String {
    switch stage {
    case .sending(let rows): "↑ \(rows) \(say("keys"))"
    case .working(let percent): "… \(say("import")) \(percent) %"
    }
  }
}

/// From the first rows that are taken on, the form is let go: the rest goes on beside whatever the person does.
func take(_ upload: UploadState, _ state: inout AppState, now: Instant) -> [Effect] {
  let isWarned = state.upload?.isLeaveWarned ?? false
  state.upload = upload
  state.upload?.isLeaveWarned = isWarned
  guard case .form(let form) = state.overlay, form.isRunning, case .importStock = form.action else { return [] }
  state.overlay = nil
  state.say("Import \(upload.id) is under way: go on, it is told when it is done", at: now)
  return state.toastEffect
}

func endUpload(_ text: String, isProblem: Bool, _ state: inout AppState, now: Instant) -> [Effect] {
  state.upload = nil
  if case .form(var form) = state.overlay, form.isRunning, case .importStock = form.action {
    form.isRunning = false
    form.problem = text
    form.focus = .field(0)
    state.overlay = isProblem ? .form(form) : nil
  }
  state.say(text, isProblem: isProblem, at: now)
  return state.toastEffect + state.reload(now: now, isQuiet: true)
}

extension AppState {
  /// Who leaves while keys are being sent is told once; `nil`: nothing keeps them.
  mutating func warningBeforeLeaving(now: Instant) -> [Effect]? {
    guard let upload, !upload.isLeaveWarned, case .sending = upload.stage else { return nil }
    self.upload?.isLeaveWarned = true
    say(
      "Keys are being sent: once more leaves, and gkm stock import --resume \(upload.id) goes on", isProblem: true,
      at: now)
    return toastEffect
  }
}
