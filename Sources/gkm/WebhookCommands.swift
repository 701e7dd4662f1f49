import ArgumentParser
import Console
import Market
import Postgres

/// `gkm webhook`
struct WebhookCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "webhook",
    abstract: "Have a vendor's own systems told of orders, stock and disputes; as the vendor, ops or admin.",
    subcommands: [
      List.self, Add.self, Change.self, Rotate.self, Secret.self, Test.self, Enable.self, Disable.self, Remove.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the endpoints, how they answer, and whether they are called at all.")

    @Option(help: ArgumentHelp("Only this vendor's.", valueName: "handle"))
    var vendor: String?

    @OptionGroup var format: FormatOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (vendor, format) = (vendor, format.format)
      try await connection.connection.connected {
        try await WebhookReport.list(vendor: vendor, on: $0, format: format)
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add an endpoint, and show the secret that its calls are signed with.")

    @Argument(help: ArgumentHelp("Where it is: https://…", valueName: "url"))
    var url: String

    @Option(
      help: ArgumentHelp(
        "What it is told of: order.new, stock.low, dispute.opened; by default all.", valueName: "event"))
    var event: [VendorEvent] = []

    @Option(help: ArgumentHelp("Whose it is, where staff adds it.", valueName: "handle"))
    var vendor: String?

    @OptionGroup var why: MaybeReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (url, events, vendor) = (url, event.isEmpty ? VendorEvent.chosen : event, vendor)
      let reason = try why.checked(connection)
      let lines = try await connection.connection.connected {
        try await WebhookReport.add(vendor: vendor, url: url, events: events, reason: reason, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  struct Change: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Change where an endpoint is, or what it is told of.")

    @Option(help: ArgumentHelp("Where it is from now on.", valueName: "url"))
    var url: String?

    @Option(help: ArgumentHelp("What it is told of from now on.", valueName: "event"))
    var event: [VendorEvent] = []

    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
      if url == nil, event.isEmpty { throw ValidationError("Give --url or --event.") }
    }

    func run() async throws {
      let (url, events) = (url, event.isEmpty ? nil : event)
      try await endpoint.say { [try await WebhookReport.change($0, url: url, events: events, reason: $1, on: $2)] }
    }
  }

  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give an endpoint a new secret; the old one signs beside it for a while.")

    @Option(help: ArgumentHelp("For how many hours the old one signs too: 0 to 168.", valueName: "hours"))
    var overlap: Int32 = 24

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
      let overlap = overlap
      try await endpoint.say {
        try await WebhookReport.rotate($0, overlapHours: overlap, reason: $1, on: $2)
      }
    }
  }

  struct Secret: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the secret that an endpoint's calls are signed with.")

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
      try await endpoint.say { try await WebhookReport.secretLines($0, reason: $1, on: $2) }
    }
  }

  struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send an endpoint an event of no meaning, and show its answer.")

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
      try await endpoint.say { [try await WebhookReport.test($0, reason: $1, on: $2)] }
    }
  }

  struct Enable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Call an endpoint again, whatever it failed at before.")

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws { try await endpoint.set("active") }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Call an endpoint no more, until it is enabled.")

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws { try await endpoint.set("disabled") }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Forget an endpoint.")

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws { try await endpoint.set("removed") }
  }
}

extension VendorEvent: ExpressibleByArgument {}

/// Why something is done: staff must say, vendors need not about what is theirs.
struct MaybeReasonOptions: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters: staff must say.", valueName: "text"))
  var reason: String?

  func checked(_ connection: ConnectionOptions) throws -> String? {
    if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
    return reason
  }
}

/// What every command about one endpoint takes.
struct EndpointOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The endpoint's id, as 'gkm webhook list' gives it.", valueName: "endpoint"))
  var id: Int64

  @OptionGroup var why: MaybeReasonOptions
  @OptionGroup var connection: ConnectionOptions

  func say(
    _ act: @escaping @Sendable (WebhookEndpointID, String?, PostgresConnection) async throws -> [String]
  ) async throws {
    let (id, reason) = (WebhookEndpointID(id), try why.checked(connection))
    let lines = try await connection.connection.connected { try await act(id, reason, $0) }
    for line in lines { print(line) }
  }

  func set(_ state: String) async throws {
    try await say { [try await WebhookReport.set($0, state: state, reason: $1, on: $2)] }
  }
}
