import ArgumentParser
import Market
import Postgres
import Store

/// `gkmd person add|disable|list`
struct PersonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "person", abstract: "The people who sign in: each is a login of the database.",
    subcommands: [Add.self, Disable.self, List.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add", abstract: "Add a person, as an admin; the first one as the superuser.")

    @OptionGroup var database: DatabaseOptions

    @Argument(help: "The login: lower-case letters, digits and _. A vendor's says nothing about the company.")
    var login: String

    @Option(help: "The name that is shown.")
    var name: String

    @Option(help: "support, ops, vendor or admin.")
    var role: String

    @Option(help: ArgumentHelp("The vendor's handle, for a vendor's person.", valueName: "handle"))
    var vendor: String?

    @Option(
      help: ArgumentHelp(
        "A file whose first line is the password; '-' is standard input. Without it: peer or certificate sign-in.",
        valueName: "file"))
    var passwordFile: String?

    func validate() throws {
      guard Role.people.contains(where: { $0.rawValue == role }) else {
        throw ValidationError("There is no role \(role): support, ops, vendor or admin.")
      }
      guard (role == Role.vendor.rawValue) == (vendor != nil) else {
        throw ValidationError("--vendor belongs to the role vendor, and to it alone.")
      }
    }

    func run() async throws {
      guard let role = Role(rawValue: role) else { return }
      let verifier = try passwordFile.map { try SCRAMVerifier(password: InputFile.password($0)) }
      let (login, name, vendor) = (login, name, vendor)
      _ = try await database.connected { connection in
        try await connection.write {
          try PeopleAdministration.add(
            $0, login: login, name: name, role: role, vendor: vendor, verifier: verifier)
        }
      }
      print("Added \(login) (\(role.rawValue)).")
    }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "disable", abstract: "End a person's access at once; their history stays.")

    @OptionGroup var database: DatabaseOptions

    @Argument(help: "The login.")
    var login: String

    @Option(help: "Why, for the audit log.")
    var reason: String

    func run() async throws {
      let (login, reason) = (login, reason)
      try await database.connected { connection in
        try await connection.write { try PeopleAdministration.disable($0, login: login, reason: reason) }
      }
      print("\(login) has no access any more.")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the people.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let people = try await database.connected { connection in
        try await connection.read { try PeopleAdministration.list($0) }
      }
      for person in people {
        let vendor = person.vendor.map { " of \($0)" } ?? ""
        let state = person.isDisabled ? ", disabled" : ""
        print("\(person.login)  \(person.role.rawValue)\(vendor)  \(person.name)\(state)")
      }
    }
  }
}
