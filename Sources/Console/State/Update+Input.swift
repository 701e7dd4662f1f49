import Market
import Store
import Terminal

/// Input goes to what lies on top: the overlay if there is one, else the screen's commands.
func updateInput(_ state: inout AppState, _ input: InputEvent, now: Instant) -> [Effect] {
  switch input {
  case .resize(let size):
    state.size = size
    state.revealCursor()
    return []
  case .resumed: return [.repaint]
  case .hangup, .signal(.terminate):
    state.quitting = true
    return [.quit]
  case .signal(.interrupt): return run(.quit, &state, now: now)
  case .wake: return []
  case .mouse(let mouse): return state.overlay == nil ? updateMouse(mouse, &state, now: now) : []
  case .paste(let text):
    // Pasted text is data, never commands.
    return state.overlay == nil ? [] : typeText(text, &state, now: now)
  case .key, .character: break
  }
  guard let key = input.pressedKey else { return [] }
  if key == .control("z") { return [.suspend] }
  if key == .control("l"), state.overlay != nil { return [.repaint] }
  if state.overlay != nil { return updateOverlay(&state, input, key, now: now) }
  guard let command = Command.bound(to: key, in: state) else { return [] }
  return attempt(command, &state, now: now)
}

/// Runs a command, or says why not.
func attempt(_ command: Command, _ state: inout AppState, now: Instant) -> [Effect] {
  if let refusal = command.refusal(in: state) {
    state.say(refusal, isProblem: true, at: now)
    return state.toastEffect
  }
  return run(command.id, &state, now: now)
}

/// Carries out one command.
func run(_ id: CommandID, _ state: inout AppState, now: Instant) -> [Effect] {
  switch id {
  case .up, .down, .pageUp, .pageDown, .top, .bottom: return moveCursor(id, &state, now: now)
  case .open: return open(&state, now: now)
  case .back: return back(&state, now: now)
  case .historyBack, .historyForward: return travel(id, &state, now: now)
  case .go(let place): return go(to: place, &state, now: now)
  case .nextPlace, .previousPlace: return goToNeighbour(by: id == .nextPlace ? 1 : -1, &state, now: now)
  case .filter:
    guard let list = state.list else { return [] }
    state.overlay = .filter(FilterState(edit: LineEdit(list.filter)))
    return typeText("", &state, now: now)
  case .find:
    state.overlay = .find(FindState())
    return []
  case .clearFilter: return applyFilter("", &state, now: now)
  case .savedFilters: return pick(.savedFilters, &state)
  case .sort: return pick(.sorting, &state)
  case .columns: return pick(.columns, &state)
  case .themes: return pick(.themes(before: state.themeName), &state)
  case .pane: return togglePane(&state, now: now)
  case .mark, .markAll, .unmark: return mark(id, &state, now: now)
  case .palette:
    state.overlay = .palette(PaletteState())
    return []
  case .help:
    state.overlay = .help(scroll: 0)
    return []
  case .details:
    guard state.list?.selectedRow != nil else { return [] }
    state.overlay = .row(scroll: 0)
    return []
  case .messages:
    state.overlay = .messages(scroll: 0)
    return []
  case .refresh: return state.reload(now: now)
  case .undo: return undo(&state, now: now)
  case .pause:
    guard var list = state.list else { return [] }
    list.isPaused.toggle()
    state.list = list
    return list.isPaused ? [] : state.reload(now: now)
  case .copy: return copy(&state, now: now)
  case .exportCSV, .exportJSON: return export(id == .exportCSV ? .csv : .json, &state, now: now)
  case .retryDelivery: return RetryAction.ask(&state, now: now)
  case .redriveJob: return RetryAction.askToRedrive(&state, now: now)
  case .acknowledgeAlert: return AlertActions.askToAcknowledge(&state)
  case .silenceAlert: return AlertActions.askToSilence(&state)
  case .requestRefund: return RefundAction.ask(&state)
  case .approveRefund: return RefundAction.askToDecide(.approve, &state)
  case .rejectRefund: return RefundAction.askToDecide(.reject, &state)
  case .cancelRefund: return RefundAction.askToDecide(.cancel, &state)
  case .openCase, .takeCase, .noteCase, .answerCase, .handOverCase, .releaseCase, .closeCase, .orderOfCase:
    return CaseActionForms.begin(id, &state, now: now)
  case .retryOrder, .resendOrder, .resendElsewhere, .replaceKey, .holdOrder, .releaseOrder, .noteOrder,
    .resendDelivery:
    return OrderActionForms.begin(id, &state)
  case .approveAsk: return DecisionForms.decide(.approve, &state)
  case .refuseAsk: return DecisionForms.decide(.refuse, &state)
  case .withdrawAsk: return DecisionForms.decide(.withdraw, &state)
  case .assignBreak, .explainBreak, .closeBreak: return DecisionForms.begin(id, &state)
  case .prepareEvidence, .editEvidence, .submitEvidence: return EvidenceForms.begin(id, &state)
  case .importStock, .withdrawStock, .cancelImport: return StockActionForms.begin(id, &state)
  case .revealKey: return RevealAction.ask(&state)
  case .approveReveal, .refuseReveal: return DecisionForms.decideReveal(approves: id == .approveReveal, &state)
  case .changeCommission, .changeRule, .endCommission, .withdrawCommission:
    return CommissionForms.begin(id, &state)
  case .addPerson, .disablePerson, .enablePerson, .turnPerson, .limitPerson, .setPassword, .changeMyPassword:
    return PersonActions.begin(id, &state)
  case .sealGlass, .lookAtGlass, .breakGlass, .endGlass: return GlassActions.begin(id, &state)
  case .toggleUTC:
    state.isUTC.toggle()
    return state.reload(now: now)
  case .toggleMouse:
    state.isMouseOn.toggle()
    state.say(
      state.isMouseOn ? "Mouse on: hold Shift to select text" : "Mouse off: the terminal selects text", at: now)
    return [.setMouse(state.isMouseOn)] + state.toastEffect
  case .quit:
    if let warning = state.warningBeforeLeaving(now: now) { return warning }
    state.quitting = true
    return [.quit]
  }
}

private func pick(_ kind: PickerState.Kind, _ state: inout AppState) -> [Effect] {
  var picker = PickerState(kind)
  if case .themes = kind { picker.selected = state.themeNames.firstIndex(of: state.themeName) ?? 0 }
  state.overlay = .picker(picker)
  return []
}

private func togglePane(_ state: inout AppState, now: Instant) -> [Effect] {
  guard Layout(state.size).hasRoomForPane else {
    state.say("The side pane needs \(Layout.paneFrom) columns", isProblem: true, at: now)
    return state.toastEffect
  }
  state.remembered.isPaneHidden.toggle()
  state.pane = state.list?.selected
  return [.remember(state.remembered)]
}

private func mark(_ id: CommandID, _ state: inout AppState, now: Instant) -> [Effect] {
  guard var list = state.list else { return [] }
  switch id {
  case .mark: list.toggleMark()
  case .markAll: list.toggleAllMarks()
  default: list.marks.removeAll()
  }
  state.list = list
  return id == .mark ? moveCursor(.down, &state, now: now) : []
}

private func copy(_ state: inout AppState, now: Instant) -> [Effect] {
  let texts: [String] =
    if let list = state.list {
      list.chosen.map(\.copyText)
    } else if let line = state.story?.selectedLine {
      [line.copyText]
    } else if let line = state.board?.selectedLine {
      ["\(line.label) \(line.value)"]
    } else { [] }
  let text = texts.filter { !$0.isEmpty }.joined(separator: "\n")
  guard !text.isEmpty else { return [] }
  state.say(texts.count == 1 ? "Copied \(text)" : "Copied \(texts.count) lines", at: now)
  return [.copy(text)] + state.toastEffect
}

private func export(_ format: OutputFormat, _ state: inout AppState, now: Instant) -> [Effect] {
  guard let list = state.list else { return [] }
  state.say("Writing the list…", at: now)
  let time = now.civil
  let stamp =
    "\(padded(time.year, 4))\(padded(time.month, 2))\(padded(time.day, 2))-\(padded(time.hour, 2))\(padded(time.minute, 2))\(padded(time.second, 2))"
  return [
    .export(
      ExportRequest(
        list: list.kind, filter: list.filter, format: format, name: "gkm-\(list.kind.rawValue)-\(stamp)"))
  ] + state.toastEffect
}

/// Applies a filter to the list and reads it from the top.
func applyFilter(_ text: String, _ state: inout AppState, now: Instant) -> [Effect] {
  guard var list = state.list else { return [] }
  list = list.left
  list.filter = text
  list.selected = nil
  list.isFollowing = true
  state.list = list
  state.pane = nil
  return state.reload(now: now)
}
