import ArgumentParser
import Console
import Store

/// `gkm break-glass`
struct BreakGlassCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "break-glass", abstract: "Be admin for a while with a sealed code, when no admin can be had.",
    discussion: "Everybody is told, and it ends by itself.", subcommands: [Status.self, Use.self, End.self, Seal.self])

  struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell whether a code is sealed, since when and by whom, and who is admin by the glass; as admin.")

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      for line in try await connection.connection.connected({ try await PeopleReport.glass(on: $0) }) { print(line) }
    }
  }

  struct Use: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Break the glass: the code is asked for on the terminal; as support or ops.")

    @Option(help: ArgumentHelp("For how long, in minutes: 5 to 240.", valueName: "number"))
    var minutes = 60

    @Option(
      help: ArgumentHelp("A file whose first line is the code; '-' is standard input.", valueName: "file"))
    var codeFile: String?

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      try why.check(connection)
      guard BreakGlass.minutes.contains(minutes) else { throw ValidationError("--minutes is 5 to 240.") }
    }

    func run() async throws {
      let (minutes, reason, file) = (minutes, why.reason, codeFile)
      let code = try file.map { try TextInput.read($0, limit: 1 << 10) } ?? PasswordPrompt.ask("Code: ")
      let typed = String(code.filter { !$0.isNewline })
      print(
        try await connection.connection.connected {
          try await PeopleReport.breakGlass(code: typed, minutes: minutes, reason: reason, on: $0)
        })
    }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End it before its time: your own, or as admin somebody else's.")

    @Argument(help: ArgumentHelp("Whose; by default your own.", valueName: "login"))
    var login: String?

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try why.check(connection) }

    func run() async throws {
      let (login, reason) = (login, why.reason)
      print(
        try await connection.connection.connected {
          try await PeopleReport.endBreaking(login, reason: reason, on: $0)
        })
    }
  }

  struct Seal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the code for the envelope and print it once; the one before it is void. As admin.")

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try why.check(connection) }

    func run() async throws {
      let reason = why.reason
      for line in try await connection.connection.connected({ try await PeopleReport.seal(reason: reason, on: $0) }) {
        print(line)
      }
    }
  }
}

/// `gkm customer`
struct CustomerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "customer", abstract: "What is done about a customer as a person.", subcommands: [Erase.self])

  struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Erase a customer from all of their orders, which stay; as admin.",
      discussion: """
        Refused while an order is not over. The sealed log stays whole and verifies: it names orders and logins, never \
        a customer. Prints a receipt.
        """)

    @Argument(
      help: ArgumentHelp(
        "An order of theirs, or '-': the address is the first line of standard input.", valueName: "order"))
    var order: String

    @Flag(help: "Only tell what there is, and what keeps it from being done.")
    var dryRun = false

    @OptionGroup var why: MaybeReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if !dryRun, why.reason == nil { throw ValidationError("Give a --reason, or --dry-run.") }
    }

    func run() async throws {
      let (order, isDryRun) = (order, dryRun)
      let reason = isDryRun ? why.reason ?? "" : try why.checked(connection) ?? ""
      let lines = try await connection.connection.connected {
        try await ErasureReport.erase(order, reason: reason, isDryRun: isDryRun, on: $0)
      }
      for line in lines { print(line) }
    }
  }
}
