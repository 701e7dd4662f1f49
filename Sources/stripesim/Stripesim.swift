import ArgumentParser

@main
struct Stripesim: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stripesim",
    abstract: "A stand-in for Stripe on this machine: its API, its payment page, its webhooks, and customers.",
    subcommands: [Serve.self, PlayTraffic.self])
}
