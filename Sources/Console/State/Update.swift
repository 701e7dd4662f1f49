package import Market
import Store
import Terminal

/// The console's one way to change: an event and the time it came at, in; effects to carry out, out. No I/O.
package func update(_ state: inout AppState, _ event: Event, now: Instant) -> [Effect] {
  switch event {
  case .input(let input): return updateInput(&state, input, now: now)
  case .signedIn(let viewer):
    state.viewer = viewer
    state.connection = .signedIn
    if case .password = state.overlay { state.overlay = nil }
    // A screen that the role does not have is not kept from before signing in.
    if case .list(let list) = state.screen, !state.openScreens.contains(list.kind), let first = state.openScreens.first
    {
      state.screens = [.list(ListState(kind: first))]
    }
    return state.reload(now: now)
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
    return state.take(rows, generation: generation, isFirstPage: isFirstPage) + state.readAgainIfDue(now: now)
  case .storyLoaded(let generation, let header, let lines):
    guard var story = state.story, story.generation == generation else { return [] }
    story.isLoading = false
    story.problem = nil
    // The head's height decides the body's: it is taken first.
    story.header = header
    state.story = story
    story.take(header: header, lines: lines, height: state.bodyHeight)
    state.story = story
    return state.readAgainIfDue(now: now)
  case .loadFailed(let generation, let problem): return state.failLoading(generation, problem, now: now)
  case .actionDone(let text):
    state.overlay = nil
    state.say(text, at: now)
    return state.toastEffect + state.reload(now: now)
  case .actionRefused(let problem):
    if case .confirm(var confirm) = state.overlay {
      confirm.isRunning = false
      confirm.problem = problem
      confirm.focus = .cancel
      state.overlay = .confirm(confirm)
    }
    state.say(problem, isProblem: true, at: now)
    return state.reload(now: now)
  case .changed: return state.list?.isPaused == true ? [] : state.reload(now: now, isQuiet: true)
  case .live(let isLive):
    state.isLive = isLive
    return []
  case .toastOver(let serial):
    if state.toast?.serial == serial { state.toast = nil }
    return []
  }
}

extension AppState {
  static let pageLimit = 100

  var toastEffect: [Effect] { toast.map { [.endToast(serial: $0.serial)] } ?? [] }

  /// Reads the shown screen again from its newest row. One request per screen is under way: a new one makes the
  /// answer of the old one late, and late answers are dropped.
  mutating func reload(now: Instant, isQuiet: Bool = false) -> [Effect] {
    guard connection == .signedIn, let role = viewer?.role else { return [] }
    let generation = nextGeneration
    nextGeneration += 1
    switch screen {
    case .list(var list):
      if isQuiet, list.isLoading { return waitForAnswer() }
      guard let filter = try? list.kind.list.schema(for: role).parse(list.filter, now: now) else { return [] }
      list.generation = generation
      list.isLoading = true
      screen = .list(list)
      return [
        .loadList(
          ListQuery(
            kind: list.kind, filter: filter, after: nil, limit: Self.pageLimit, generation: generation, clock: clock))
      ]
    case .story(var story):
      if isQuiet, story.isLoading { return waitForAnswer() }
      story.generation = generation
      story.isLoading = true
      screen = .story(story)
      return [.loadStory(StoryQuery(number: story.number, generation: generation, clock: clock))]
    }
  }

  /// A change that is told while an answer is under way may not be in it: it is read after it.
  private mutating func waitForAnswer() -> [Effect] {
    isReadDue = true
    return []
  }

  mutating func readAgainIfDue(now: Instant) -> [Effect] {
    guard isReadDue else { return [] }
    isReadDue = false
    return reload(now: now, isQuiet: true)
  }

  /// Reads the page behind the oldest row, when the cursor has come near it.
  mutating func loadOlderIfNear(now: Instant) -> [Effect] {
    guard var list, connection == .signedIn, let role = viewer?.role, !list.isLoading, !list.reachedEnd,
      let index = list.selectedIndex, index + bodyHeight >= list.rows.count, let last = list.rows.last,
      let filter = try? list.kind.list.schema(for: role).parse(list.filter, now: now)
    else { return [] }
    list.generation = nextGeneration
    nextGeneration += 1
    list.isLoading = true
    self.list = list
    return [
      .loadList(
        ListQuery(
          kind: list.kind, filter: filter, after: last.id, limit: Self.pageLimit, generation: list.generation,
          clock: clock))
    ]
  }

  mutating func take(_ rows: [DisplayRow], generation: Int, isFirstPage: Bool) -> [Effect] {
    guard var list, list.generation == generation else { return [] }
    list.isLoading = false
    list.problem = nil
    if isFirstPage {
      list.merge(firstPage: rows, limit: Self.pageLimit, height: bodyHeight)
    } else {
      list.append(rows, limit: Self.pageLimit)
    }
    self.list = list
    return []
  }

  mutating func failLoading(_ generation: Int, _ problem: String, now: Instant) -> [Effect] {
    if var list, list.generation == generation {
      list.isLoading = false
      list.problem = problem
      self.list = list
    } else if var story, story.generation == generation {
      story.isLoading = false
      story.problem = problem
      self.story = story
    } else {
      return []
    }
    say(problem, isProblem: true, at: now)
    return toastEffect
  }

  mutating func stopLoading() {
    for index in screens.indices {
      switch screens[index] {
      case .list(var list):
        list.isLoading = false
        screens[index] = .list(list)
      case .story(var story):
        story.isLoading = false
        screens[index] = .story(story)
      }
    }
  }
}
