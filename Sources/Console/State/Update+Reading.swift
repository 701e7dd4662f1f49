import Market
import Store

/// Reading what the screen shows, and taking in what was read.
extension AppState {
  static let pageLimit = 100

  /// Reads the shown screen again from its newest row. One request per screen is under way: a new one makes the
  /// answer of the old one late, and late answers are dropped.
  mutating func reload(now: Instant, isQuiet: Bool = false) -> [Effect] {
    guard connection == .signedIn, let role = viewer?.role else { return [] }
    if isQuiet, isLoading {
      // A change that is told while an answer is under way may not be in it: it is read after it.
      isReadDue = true
      return []
    }
    let generation = nextGeneration
    nextGeneration += 1
    switch screen {
    case .list(var list):
      guard let filter = try? list.kind.schema(for: role).parse(list.filter, now: now) else { return [] }
      list.generation = generation
      list.isLoading = true
      screen = .list(list)
      return [
        .loadList(
          ListQuery(
            kind: list.kind, filter: filter, after: nil, limit: Self.pageLimit, generation: generation, clock: clock))
      ]
    case .story(var story):
      story.generation = generation
      story.isLoading = true
      screen = .story(story)
      return [.loadStory(StoryQuery(subject: story.subject, generation: generation, clock: clock))]
    case .board(var board):
      board.generation = generation
      board.isLoading = true
      screen = .board(board)
      return [.loadBoard(BoardQuery(kind: board.kind, generation: generation, clock: clock))]
    }
  }

  private var isLoading: Bool {
    switch screen {
    case .list(let list): list.isLoading
    case .story(let story): story.isLoading
    case .board(let board): board.isLoading
    }
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
      let filter = try? list.kind.schema(for: role).parse(list.filter, now: now)
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
    let wasAt = list.selected
    if isFirstPage {
      list.merge(firstPage: rows, limit: Self.pageLimit, height: bodyHeight)
    } else {
      list.append(rows, limit: Self.pageLimit)
    }
    self.list = list
    if pane == nil || pane == wasAt { pane = list.selected }
    return []
  }

  mutating func take(_ reading: StoryReading, generation: Int) -> Bool {
    guard var story, story.generation == generation else { return false }
    story.isLoading = false
    story.problem = nil
    // The head's height decides the body's: it is taken first.
    story.header = reading.header
    self.story = story
    story.take(reading, height: bodyHeight)
    self.story = story
    return true
  }

  mutating func take(_ lines: [BoardLine], generation: Int) -> Bool {
    guard var board, board.generation == generation else { return false }
    board.isLoading = false
    board.problem = nil
    board.take(lines, height: bodyHeight)
    self.board = board
    return true
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
    } else if var board, board.generation == generation {
      board.isLoading = false
      board.problem = problem
      self.board = board
    } else if case .find(var find) = overlay, find.generation == generation, find.isRunning {
      find.isRunning = false
      overlay = .find(find)
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
      case .board(var board):
        board.isLoading = false
        screens[index] = .board(board)
      }
    }
  }
}
