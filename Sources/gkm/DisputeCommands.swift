import ArgumentParser
import Console

/// `gkm dispute`
struct DisputeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dispute", abstract: "Look at a dispute, and answer it with evidence.",
    subcommands: [Show.self, Evidence.self, Submit.self])

  /// `gkm dispute show`
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Show a dispute and where its evidence stands.")

    @Argument(help: ArgumentHelp("Its id, dp_…, as 'gkm list disputes' gives it.", valueName: "dispute"))
    var dispute: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.connection.connected { try await DisputeReport.show(dispute, json: json, on: $0) }
    }
  }

  /// `gkm dispute evidence`
  struct Evidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "evidence", abstract: "Prepare a dispute's evidence, edit it, and preview it.",
      discussion: "Without a draft, one is made from what is on record of the order. Nothing is told to Stripe.")

    @Argument(help: ArgumentHelp("The dispute's id, dp_….", valueName: "dispute"))
    var dispute: String

    @Option(
      parsing: .unconditionalSingleValue,
      help: ArgumentHelp("Put a text, or with @ a file's text, into a field; may be repeated.", valueName: "field=text")
    )
    var set: [String] = []

    @Flag(help: "Fill the draft anew from the record first; what was written into it is lost.")
    var anew = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if connection.readOnly, anew || !set.isEmpty {
        throw ValidationError("--read-only is given, and this changes something.")
      }
    }

    func run() async throws {
      let settings = try set.map { try DisputeReport.Setting($0) }
      try await connection.connection.connected {
        try await DisputeReport.evidence(dispute, settings: settings, anew: anew, json: json, on: $0)
      }
    }
  }

  /// `gkm dispute submit`
  struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "submit", abstract: "Send a dispute's evidence to the bank; as ops or admin.",
      discussion: """
        The draft is printed first, and the dispute's id has to be typed on the terminal. The reason is kept in the \
        audit log with your login. The daemon tells Stripe at once, and once only.
        """)

    @Argument(help: ArgumentHelp("The dispute's id, dp_….", valueName: "dispute"))
    var dispute: String

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @Flag(help: "Only keep it at Stripe, where it can be seen and changed; the bank is told nothing.")
    var stage = false

    @Flag(help: "Do not ask for confirmation: for scripts.")
    var yes = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
    }

    func run() async throws {
      try await connection.connection.connected {
        try await DisputeReport.submit(dispute, submits: !stage, reason: reason, on: $0) { word, question in
          if !yes { try TypedConfirmation.demand(word, question) }
        }
      }
    }
  }
}
