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
  case storyLoaded(generation: Int, StoryReading)
  case loadFailed(generation: Int, String)
  case found(generation: Int, [FoundOrder])
  case boardLoaded(generation: Int, lines: [BoardLine])
  case actionDone(String)
  /// The same, with something to be read.
  case actionTold(String, NoteState)
  case actionRefused(String)
  /// How far an import has come, whatever the screen shows.
  case uploading(UploadState)
  /// It is over: what to say of it.
  case uploadOver(String, isProblem: Bool)
  /// A key that was asked for.
  case revealed(RevealedKey, of: RowAsShown, place: Int, reason: String)
  case secretCounted(serial: Int)
  /// The market changed: what is shown should be read again.
  case changed
  case live(Bool)
  case toastOver(serial: Int)
  /// Something to tell that came of an effect.
  case said(String, isProblem: Bool)
  /// What an action would come to, for the form that is open. `typed` must be typed before it is done.
  case previewed([String], typed: String?)
  /// No key for so many minutes, or a day's work in one session.
  case idle(String)
  /// Who else has this order open.
  case present(order: String, [Colleague])
  /// The cursor has rested where it is: now the side pane follows.
  case rested(serial: Int)
}

/// What the console wants done. Carried out off the main thread; what comes of it is an `Event`.
package enum Effect: Equatable, Sendable {
  case connect(password: String?)
  case loadList(ListQuery)
  case loadStory(StoryQuery)
  case loadBoard(BoardQuery)
  case find(String, generation: Int, clock: ClockFormat)
  /// The same by a key, which goes out sealed.
  case findKey(String, generation: Int, clock: ClockFormat)
  /// A second of what a key is shown for.
  case countSecret(serial: Int)
  /// Works out what an action would come to; changes nothing.
  case preview(ActionRequest, values: [String: String])
  case perform(ActionRequest, values: [String: String])
  /// Writes a list under its filter into a file.
  case export(ExportRequest)
  case copy(String)
  case setTheme(String)
  case endToast(serial: Int)
  case rest(serial: Int)
  case remember(Remembered)
  case setMouse(Bool)
  case suspend
  case repaint
  /// Closes the connections to the database and to Redis.
  case disconnect
  case quit
}

/// A page of a list to be read.
package struct ListQuery: Equatable, Sendable {
  package var kind: ListKind
  package var filter: FilterExpression
  package var after: Int64?
  package var limit: Int
  package var generation: Int
  package var clock: ClockFormat
}

/// A board to be read.
package struct BoardQuery: Equatable, Sendable {
  package var kind: BoardKind
  package var generation: Int
  package var clock: ClockFormat
}

/// A list to be written into a file.
package struct ExportRequest: Equatable, Sendable {
  package var list: ListKind
  package var filter: String
  package var format: OutputFormat
  /// The file's name begins with it.
  package var name: String
}

/// A story to be read.
package struct StoryQuery: Equatable, Sendable {
  package var subject: StorySubject
  package var generation: Int
  package var clock: ClockFormat
}
