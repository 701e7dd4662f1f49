import ArgumentParser
import Console
import Market
import Store

/// `gkm work`
struct WorkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "work", abstract: "Show how each kind of work stands; pause, resume or limit one.",
    subcommands: [Show.self, Pause.self, Resume.self, Limit.self], defaultSubcommand: Show.self)

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show how each kind of work stands: what waits, since when, what was given up.")

    @OptionGroup var format: FormatOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let format = format.format
      try await connection.connection.connected { try await WorkReport.overview(on: $0, format: format) }
    }
  }

  struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop a kind of work from being taken up, on every daemon; as ops or admin.")

    @OptionGroup var change: KindOptions

    func run() async throws { try await change.apply(.pause) }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a paused kind of work go on; as ops or admin.")

    @OptionGroup var change: KindOptions

    func run() async throws { try await change.apply(.resume) }
  }

  struct Limit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Limit a kind of work over all daemons; what is not given is not limited. As ops or admin.")

    @Option(help: ArgumentHelp("Jobs under way at once.", valueName: "jobs"))
    var concurrency: Int32?

    @Option(help: ArgumentHelp("Jobs taken up a second.", valueName: "jobs"))
    var rate: Double?

    @OptionGroup var change: KindOptions

    func run() async throws { try await change.apply(.limit(concurrency: concurrency, rate: rate)) }
  }
}

/// A kind of work and why it is changed.
struct KindOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The kind of work, as 'gkm work' names it.", valueName: "kind"))
  var kind: JobKind

  @OptionGroup var why: ReasonOptions
  @OptionGroup var connection: ConnectionOptions

  func apply(_ change: WorkReport.Change) async throws {
    let (kind, reason) = (kind, try why.checked(connection))
    print(
      try await connection.connection.connected {
        try await WorkReport.change(kind, change, reason: reason, on: $0)
      })
  }
}

extension ReasonOptions {
  /// The reason, where something may be changed at all.
  func checked(_ connection: ConnectionOptions) throws -> String {
    try check(connection)
    return reason
  }
}

extension JobKind: ExpressibleByArgument {}

/// `gkm dead`
struct DeadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead", abstract: "Settle dead letters, which 'gkm list dead' lists; as ops or admin.",
    subcommands: [Redrive.self, Discard.self, Edit.self])

  struct Redrive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put dead letters back in the queue; more than ten go behind everything else.")

    @OptionGroup var letters: LetterOptions

    func run() async throws { try await letters.settle(discards: false) }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Settle dead letters undone.")

    @OptionGroup var letters: LetterOptions

    func run() async throws { try await letters.settle(discards: true) }
  }

  struct Edit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Change what a dead letter is about.")

    @Argument(help: ArgumentHelp("The dead letter's id.", valueName: "job"))
    var job: Int64

    @Option(help: ArgumentHelp("What it is about from now on.", valueName: "subject"))
    var about: String

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (job, about, reason) = (JobID(job), about, try why.checked(connection))
      print(
        try await connection.connection.connected {
          try await WorkReport.edit(job, subject: about, reason: reason, on: $0)
        })
    }
  }
}

/// Which dead letters are meant.
struct LetterOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The dead letters' ids.", valueName: "job"))
  var jobs: [Int64] = []

  @Option(help: ArgumentHelp("All dead letters of this kind of work, instead of ids.", valueName: "kind"))
  var kind: JobKind?

  @Flag(help: "All dead letters there are, instead of ids.")
  var all = false

  @OptionGroup var why: ReasonOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    let ways = (jobs.isEmpty ? 0 : 1) + (kind == nil ? 0 : 1) + (all ? 1 : 0)
    guard ways == 1 else { throw ValidationError("Give ids, or --kind, or --all.") }
  }

  func settle(discards: Bool) async throws {
    let (jobs, kind, reason) = (jobs.map { JobID($0) }, kind, try why.checked(connection))
    print(
      try await connection.connection.connected {
        try await WorkReport.settle(jobs, all: kind, discards: discards, reason: reason, on: $0)
      })
  }
}
