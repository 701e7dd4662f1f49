import ArgumentParser
import Console
import Market
import Store

/// `gkm case`
struct CaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "case", abstract: "Work on support cases; see also 'gkm list cases'.",
    subcommands: [
      Show.self, Open.self, Take.self, Release.self, Assign.self, Note.self, Answer.self, Close.self,
    ])
}

/// Which case, and over which connection.
struct CaseOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The case's id, as 'gkm list cases' gives it.", valueName: "case"))
  var id: Int64

  @OptionGroup var connection: ConnectionOptions

  func act(_ action: CaseReport.Action) async throws {
    let id = CaseID(id)
    print(try await connection.connection.connected { try await CaseReport.act(action, on: id, $0) })
  }
}

extension CaseCommand {
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a case with all that was said in it.")

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var named: CaseOptions

    func run() async throws {
      let (id, json) = (CaseID(named.id), json)
      let lines = try await named.connection.connection.connected {
        try await CaseReport.show(id, json: json, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  struct Open: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Open a case, about an order or about none; as support, ops or admin.")

    enum Priority: String, CaseIterable, ExpressibleByArgument {
      case urgent, high, normal, low
    }

    @Argument(help: ArgumentHelp("What it is about, such as question or bad_key.", valueName: "kind"))
    var kind: String

    @Argument(help: ArgumentHelp("What there is to say.", valueName: "text"))
    var text: String

    @Option(help: ArgumentHelp("The order, by its number or anything that leads to it.", valueName: "order"))
    var order: String?

    @Option(help: ArgumentHelp("How soon; by default as is usual for the kind.", valueName: "priority"))
    var priority: Priority?

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try demandWriting(connection) }

    func run() async throws {
      let (kind, text, order) = (kind, text, order)
      let priority = priority.flatMap { CasePriority(rawValue: $0.rawValue) }
      print(
        try await connection.connection.connected {
          try await CaseReport.open(kind: kind, order: order, priority: priority, text: text, on: $0)
        })
    }
  }

  struct Take: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a case that nobody works on; a closed one is opened again.")

    @OptionGroup var named: CaseOptions

    func validate() throws { try demandWriting(named.connection) }

    func run() async throws { try await named.act(.take) }
  }

  struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Put a case back into a queue.")

    enum Queue: String, CaseIterable, ExpressibleByArgument {
      case support, ops, admin
    }

    @OptionGroup var named: CaseOptions

    @Option(name: .customLong("to"), help: ArgumentHelp("Another queue than its own.", valueName: "queue"))
    var queue: Queue?

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    func validate() throws { try demandWriting(named.connection) }

    func run() async throws {
      try await named.act(.release(to: queue.flatMap { CaseQueue(rawValue: $0.rawValue) }, reason: reason))
    }
  }

  struct Assign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a case to somebody of the staff.")

    @OptionGroup var named: CaseOptions

    @Option(name: .customLong("to"), help: ArgumentHelp("Their login.", valueName: "login"))
    var login: String

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    func validate() throws { try demandWriting(named.connection) }

    func run() async throws { try await named.act(.assign(login: login, reason: reason)) }
  }

  struct Note: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add what only staff read.")

    @OptionGroup var named: CaseOptions

    @Argument(help: ArgumentHelp("What there is to say.", valueName: "text"))
    var text: String

    func validate() throws { try demandWriting(named.connection) }

    func run() async throws { try await named.act(.note(text)) }
  }

  struct Answer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say something to the customer or to a vendor; as a vendor, to the market.",
      discussion: "The case then waits for an answer. A vendor answers in the cases that they take part in.")

    enum Audience: String, CaseIterable, ExpressibleByArgument {
      case customer, vendor
    }

    @OptionGroup var named: CaseOptions

    @Option(name: .customLong("to"), help: ArgumentHelp("To whom; staff have to say it.", valueName: "audience"))
    var audience: Audience?

    @Option(help: ArgumentHelp("The vendor's handle, where none takes part yet.", valueName: "handle"))
    var vendor: String?

    @Argument(help: ArgumentHelp("What there is to say.", valueName: "text"))
    var text: String

    func validate() throws {
      try demandWriting(named.connection)
      if vendor != nil, audience == .customer { throw ValidationError("--vendor goes with --to vendor.") }
    }

    func run() async throws {
      let recipient: CaseActions.Recipient =
        audience == .customer ? .customer : .vendor(vendor)
      try await named.act(.answer(recipient, text: text))
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Close a case, saying how it was settled.")

    @OptionGroup var named: CaseOptions

    @Option(
      parsing: .unconditional, help: ArgumentHelp("How it was settled, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    func validate() throws { try demandWriting(named.connection) }

    func run() async throws { try await named.act(.close(reason: reason)) }
  }
}
