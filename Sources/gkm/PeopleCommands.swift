import ArgumentParser
import Console
import Market
import Store

/// `gkm person`
struct PersonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "person", abstract: "The people who sign in: add them, change them, end their access.",
    subcommands: [Add.self, Disable.self, Enable.self, Turn.self, Until.self, Password.self, List.self])
}

/// Where a new password comes from.
struct PasswordOptions: ParsableArguments {
  @Flag(name: .customLong("password"), help: "Ask for a password, twice, on the terminal.")
  var asks = false

  @Option(
    help: ArgumentHelp(
      "A file whose first line is the password; '-' is standard input, '/dev/fd/3' an open descriptor.",
      valueName: "file"))
  var passwordFile: String?

  @Flag(help: "Make a password by chance and print it once.")
  var generatePassword = false

  var choice: PasswordChoice? {
    if let passwordFile { return .file(passwordFile) }
    return generatePassword ? .generate : asks ? .ask : nil
  }

  func validate() throws {
    guard [asks, passwordFile != nil, generatePassword].filter(\.self).count <= 1 else {
      throw ValidationError("--password, --password-file and --generate-password exclude each other.")
    }
  }
}

extension PersonCommand {
  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a person with a login of their own; as admin.",
      discussion: """
        The password becomes a SCRAM verifier here: the server never hears it. Without one the person signs in as the \
        system's user of that name, or with a certificate.
        """)

    @Argument(help: ArgumentHelp("The login: lower-case letters, digits and _.", valueName: "login"))
    var login: String

    @Option(help: ArgumentHelp("The name that is shown.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("support, ops, vendor or admin.", valueName: "role"))
    var role: Role

    @Option(help: ArgumentHelp("The vendor's handle, for a vendor's person.", valueName: "handle"))
    var vendor: String?

    @Option(help: ArgumentHelp("Until when they have access; by default without end.", valueName: "time"))
    var until: Moment?

    @OptionGroup var password: PasswordOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      try demandWriting(connection)
      guard (role == .vendor) == (vendor != nil), role != .daemon else {
        throw ValidationError("--role is support, ops, vendor or admin, and --vendor belongs to vendor alone.")
      }
    }

    func run() async throws {
      let wish = PeopleReport.Wish(
        login: login, name: name, role: role, vendor: vendor, until: until?.instant,
        password: password.choice)
      for line in try await connection.connection.connected({ try await PeopleReport.add(wish, on: $0) }) {
        print(line)
      }
    }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a person's access at once, open sessions and Redis included; as admin. Their history stays.")

    @Argument(help: ArgumentHelp("The login.", valueName: "login"))
    var login: String

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try why.check(connection) }

    func run() async throws {
      let (login, reason) = (login, why.reason)
      print(try await connection.connection.connected { try await PeopleReport.disable(login, reason: reason, on: $0) })
    }
  }

  struct Enable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let somebody in again who left, as what they were; as admin.",
      discussion: "The password that they had opens nothing any more: say which they have now, or that they have none.")

    @Argument(help: ArgumentHelp("The login.", valueName: "login"))
    var login: String

    @Option(help: ArgumentHelp("Until when they have access; by default without end.", valueName: "time"))
    var until: Moment?

    @OptionGroup var password: PasswordOptions

    @Flag(help: "No password: they sign in as the system's user of that name, or with a certificate.")
    var withoutPassword = false

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      try why.check(connection)
      guard (password.choice == nil) == withoutPassword else {
        throw ValidationError(
          "Give --password, --password-file, --generate-password or --without-password: the former one is void.")
      }
    }

    func run() async throws {
      let (login, choice, until, reason) = (login, password.choice, until?.instant, why.reason)
      let lines = try await connection.connection.connected {
        try await PeopleReport.enable(login, choice, until: until, reason: reason, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  struct Turn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "role", abstract: "Make one of the staff support, ops or admin; as admin. Their sessions end.")

    @Argument(help: ArgumentHelp("The login.", valueName: "login"))
    var login: String

    @Argument(help: ArgumentHelp("support, ops or admin.", valueName: "role"))
    var role: Role

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      try why.check(connection)
      guard role.isStaff else { throw ValidationError("One of the staff is support, ops or admin.") }
    }

    func run() async throws {
      let (login, role, reason) = (login, role, why.reason)
      print(
        try await connection.connection.connected {
          try await PeopleReport.turn(login, into: role, reason: reason, on: $0)
        })
    }
  }

  struct Until: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say until when a person has access, or that it has no end; as admin.")

    @Argument(help: ArgumentHelp("The login.", valueName: "login"))
    var login: String

    @Argument(help: ArgumentHelp("The time, such as 2027-01-31 or 2027-01-31T18:00Z.", valueName: "time"))
    var time: Moment?

    @Flag(help: "Without end.")
    var never = false

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      try why.check(connection)
      guard (time == nil) == never else { throw ValidationError("Give a time, or --never.") }
    }

    func run() async throws {
      let (login, until, reason) = (login, time?.instant, why.reason)
      print(
        try await connection.connection.connected {
          try await PeopleReport.limit(login, until: until, reason: reason, on: $0)
        })
    }
  }

  struct Password: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change your password, or as admin somebody else's; other sessions of that login end.",
      discussion: "Without an option it is asked for, twice, on the terminal.")

    @Argument(help: ArgumentHelp("Whose; by default your own.", valueName: "login"))
    var login: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, where it is somebody else's.", valueName: "text"))
    var reason: String?

    @OptionGroup var password: PasswordOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try demandWriting(connection) }

    func run() async throws {
      let (login, choice, reason) = (login, password.choice ?? .ask, reason)
      let lines = try await connection.connection.connected {
        try await PeopleReport.password(login, choice, reason: reason, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the people, newest first: the same as 'gkm list people'.")

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("Only people for whom this holds, such as 'role:ops state:active'.", valueName: "filter"))
    var filter = ""

    @OptionGroup var format: FormatOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let report = ListReport(kind: .people, filter: filter, limit: 0, format: format.format)
      _ = try await connection.connection.connected { try await report.run(on: $0) }
    }
  }
}

extension Role: ExpressibleByArgument {}
