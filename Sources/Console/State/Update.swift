package import Market
import Store
import Terminal

/// The console's one way to change: an event and the time it came at, in; effects to carry out, out. No I/O.
package func update(_ state: inout AppState, _ event: Event, now: Instant) -> [Effect] {
  switch event {
  case .input(let input): return updateInput(&state, input, now: now)
  case .signedIn(let viewer): return signedIn(viewer, &state, now: now)
  case .connectionLost(let problem, let attempt):
    if state.viewer == nil {
      state.connection = .connecting(attempt: attempt)
    } else {
      state.connection = .lost(problem)
    }
    if attempt == 0 || attempt == 1 { state.say(problem, isProblem: true, at: now) }
    state.stopLoading()
    return state.toastEffect
  case .connectionRefused(let problem):
    state.connection = .refused(problem)
    return []
  case .passwordNeeded(let user, let problem):
    state.overlay = .password(PasswordState(user: user, problem: problem))
    return []
  case .listLoaded(let generation, let rows, let isFirstPage):
    let effects = state.take(rows, generation: generation, isFirstPage: isFirstPage) + state.readAgainIfDue(now: now)
    return isFirstPage && state.list?.generation == generation ? effects + state.followIntent(now: now) : effects
  case .storyLoaded(let generation, let reading):
    guard state.take(reading, generation: generation) else { return [] }
    return state.readAgainIfDue(now: now) + state.followIntent(now: now)
  case .found(let generation, let hits): return take(hits, generation: generation, &state, now: now)
  case .boardLoaded(let generation, let lines):
    guard state.take(lines, generation: generation) else { return [] }
    return state.readAgainIfDue(now: now)
  case .loadFailed(let generation, let problem): return state.failLoading(generation, problem, now: now)
  case .actionDone(let text): return finish(text, &state, now: now)
  case .actionTold(let text, let note):
    let effects = finish(text, &state, now: now)
    // Whoever is locked out is shown nothing.
    if !state.isLocked { state.overlay = .note(note) }
    return effects
  case .actionRefused(let problem):
    state.performing = nil
    if case .secret(var secret) = state.overlay {
      secret.isRenewing = false
      state.overlay = .secret(secret)
    }
    if case .form(var form) = state.overlay {
      form.isRunning = false
      form.problem = problem
      form.preview = nil
      form.focus = .cancel
      state.overlay = .form(form)
    }
    state.say(problem, isProblem: true, at: now)
    return state.toastEffect + state.reload(now: now)
  case .uploading(let upload): return take(upload, &state, now: now)
  case .uploadOver(let text, let isProblem): return endUpload(text, isProblem: isProblem, &state, now: now)
  case .revealed(let key, let row, let place, let reason):
    return take(key, of: row, place: place, reason: reason, &state)
  case .secretCounted(let serial): return countDown(serial, &state)
  case .previewed(let lines, let typed):
    take(preview: lines, typed: typed, &state)
    return []
  case .said(let text, let isProblem):
    state.say(text, isProblem: isProblem, at: now)
    return state.toastEffect
  case .changed: return state.list?.isPaused == true ? [] : state.reload(now: now, isQuiet: true)
  case .live(let isLive):
    state.isLive = isLive
    return []
  case .toastOver(let serial):
    if state.toast?.serial == serial { state.toast = nil }
    return []
  case .present(let order, let colleagues):
    if var story = state.story, story.number == order, story.present != colleagues {
      story.present = colleagues
      state.story = story
    }
    return []
  case .idle(let text): return lock(text, &state)
  case .rested(let serial):
    if serial == state.restSerial { state.pane = state.list?.selected }
    return []
  }
}

/// What a person asked for is done.
private func finish(_ text: String, _ state: inout AppState, now: Instant) -> [Effect] {
  if let action = state.performing { state.undo = Undo(action, by: state.role) }
  state.performing = nil
  if case .form = state.overlay { state.overlay = nil }
  if var list = state.list {
    list.marks.removeAll()
    state.list = list
  }
  guard !text.isEmpty else { return state.reload(now: now) }
  state.say(text, at: now)
  return state.toastEffect + state.reload(now: now)
}

private func signedIn(_ viewer: Viewer, _ state: inout AppState, now: Instant) -> [Effect] {
  state.viewer = viewer
  state.connection = .signedIn
  state.isLocked = false
  if case .password = state.overlay { state.overlay = nil }
  // A screen that the role does not have is not kept from before signing in.
  if let place = state.place, !place.isOpen(to: viewer.role), let first = state.openPlaces.first(where: \.isList) {
    state.screens = [first.screen()]
    state.say("Your role has no screen of \(place.title.lowercased())", isProblem: true, at: now)
  }
  state.checkFilter(viewer.role, now: now)
  var effects = state.reload(now: now) + state.askFind()
  if !state.remembered.isHintSeen {
    state.remembered.isHintSeen = true
    state.say("New here? ? lists every key, : finds a command by its name, / filters", at: now)
    effects += [.remember(state.remembered)]
  }
  return effects + state.toastEffect
}

/// Nobody sits here: the database is let go. Who signed in without typing a password would be let in again by whoever
/// comes by, so there the console ends instead.
private func lock(_ text: String, _ state: inout AppState) -> [Effect] {
  guard !state.isLocked else { return [] }
  guard state.hasTypedPassword, let viewer = state.viewer else {
    state.farewell = text
    state.quitting = true
    return [.quit]
  }
  state.isLocked = true
  state.stopLoading()
  state.toast = nil
  state.overlay = .password(PasswordState(user: viewer.login, problem: text))
  return [.disconnect]
}

extension AppState {
  /// A filter that was typed before it was known who signs in is understood now, or said to be wrong where it stands.
  fileprivate mutating func checkFilter(_ role: Role, now: Instant) {
    guard var list, !list.hasLoaded, !list.filter.isEmpty else { return }
    do {
      _ = try list.kind.schema(for: role).parse(list.filter, now: now)
    } catch {
      if overlay == nil { overlay = .filter(FilterState(edit: LineEdit(list.filter), error: error)) }
      list.filter = ""
      self.list = list
    }
  }

  var toastEffect: [Effect] { toast.map { [.endToast(serial: $0.serial)] } ?? [] }
}

extension Place {
  fileprivate var isList: Bool { if case .list = self { true } else { false } }
}
