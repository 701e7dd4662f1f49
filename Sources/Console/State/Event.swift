package import Market
package import Store
package import Terminal

/// What can happen to the console. Input comes from the terminal, the rest from effects that ran.
package enum Event: Sendable {
  case input(InputEvent)
  case signedIn(Viewer)
  case connectionLost(String, attempt: Int)
  case connectionRefused(String)
  case passwordNeeded(user: String, problem: String?)
  /// An answer to `.loadList`.
  case listLoaded(generation: Int, rows: [DisplayRow], isFirstPage: Bool)
  case storyLoaded(generation: Int, header: [StoryFact], lines: [StoryLine])
  case loadFailed(generation: Int, String)
  case actionDone(String)
  case actionRefused(String)
  /// The market changed: what is shown should be read again.
  case changed
  case live(Bool)
  case toastOver(serial: Int)
}

/// What the console wants done. Carried out off the main thread; what comes of it is an `Event`.
package enum Effect: Equatable, Sendable {
  case connect(password: String?)
  case loadList(ListQuery)
  case loadStory(StoryQuery)
  case perform(ActionRequest, reason: String)
  case copy(String)
  case setTheme(String)
  case endToast(serial: Int)
  case suspend
  case repaint
  case quit
}

/// A page of a list to be read.
package struct ListQuery: Equatable, Sendable {
  package var kind: ScreenKind
  package var filter: FilterExpression
  package var after: Int64?
  package var limit: Int
  package var generation: Int
  package var clock: ClockFormat
}

/// A story to be read.
package struct StoryQuery: Equatable, Sendable {
  package var number: String
  package var generation: Int
  package var clock: ClockFormat
}
