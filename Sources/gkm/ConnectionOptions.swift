import ArgumentParser
import Console

/// Which database a command speaks to, as psql takes it.
struct ConnectionOptions: ParsableArguments {
  @Option(
    name: [.customShort("h", allowingJoined: true), .customLong("host")],
    help: ArgumentHelp("The server's name, address, or the folder of its socket.", valueName: "host"))
  var host: String?

  @Option(
    name: [.customShort("p", allowingJoined: true), .customLong("port")],
    help: ArgumentHelp("The server's port.", valueName: "port"))
  var port: String?

  @Option(
    name: [.customShort("U", allowingJoined: true), .customLong("username")],
    help: ArgumentHelp("The login to sign in as.", valueName: "user"))
  var username: String?

  @Option(
    name: [.customShort("d", allowingJoined: true), .customLong("dbname")],
    help: ArgumentHelp("The database's name, a connection URI or a keyword string.", valueName: "database"))
  var database: String?

  @Flag(name: [.customShort("w"), .customLong("no-password")], help: "Never ask for a password.")
  var noPassword = false

  @Flag(help: "Change nothing, whatever this login may do.")
  var readOnly = false

  var connection: ConsoleConnection {
    ConsoleConnection(
      conninfo: database ?? "", hostName: host, port: port, user: username, isReadOnly: readOnly,
      asksPassword: !noPassword)
  }
}

/// What changes something cannot be asked for read-only.
func demandWriting(_ connection: ConnectionOptions) throws {
  if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
}
