import CLibpq
import Glibc

/// Makes connections: tries each host in turn, all within one limit.
///
/// libpq's non-blocking connect keeps no time and would stay with a silent host for ever; so the hosts of a list are
/// dialled one by one here, each with its share of what is left of the limit.
struct Dialer {
  let configuration: PostgresConfiguration
  let wake: WakeSignal

  private typealias Parameters = [(String, String)]

  /// An established connection, which the caller owns.
  func dial() throws(PostgresError) -> OpaquePointer {
    let deadline = Deadline.after(configuration.connectTimeout)
    try checkSyntax()
    let target = resolve()
    let attempts = target.attempts
    var complaints: [String] = []
    var last: PostgresError?
    for (index, attempt) in attempts.enumerated() {
      let share = deadline.remaining / (attempts.count - index)
      do {
        return try dial(parameters(target.options) + attempt, until: min(deadline, .after(share)))
      } catch {
        if error.kind == .cancelled { throw error }
        complaints.append(error.message)
        last = error
      }
    }
    var error = last ?? PostgresError(.connect, "no host to connect to")
    error.message = complaints.joined(separator: "; ")
    throw error
  }

  /// Refuses a connection string that cannot be read. What is neither a URI nor `keyword=value` is a database's name.
  private func checkSyntax() throws(PostgresError) {
    let text = configuration.conninfo
    guard text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") || text.contains("=") else { return }
    var complaint: UnsafeMutablePointer<CChar>?
    if let options = PQconninfoParse(text, &complaint) {
      PQconninfoFree(options)
      return
    }
    // libpq may quote the string, and there may be a password in it.
    let message = complaint.map { trimmed($0).replacing(text, with: "…") } ?? "out of memory"
    PQfreemem(complaint)
    throw PostgresError(.usage, "the connection string cannot be read: \(message)")
  }

  private func parameters(_ inheritedOptions: String) -> Parameters {
    // The later of two values for a keyword counts; `dbname` stands for all that the string holds.
    var list: Parameters = [
      ("fallback_application_name", configuration.applicationName),
      ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
    ]
    list += configuration.destination
    list += [
      ("client_encoding", "UTF8"),
      ("options", [configuration.optionsText, inheritedOptions].filter { !$0.isEmpty }.joined(separator: " ")),
    ]
    if let password = configuration.password { list.append(("password", password)) }
    // libpq takes only the first `dbname` for a whole connection string.
    if let database = configuration.database { list.append(("dbname", database)) }
    return list
  }

  private static func start(_ parameters: Parameters) -> OpaquePointer? {
    var keywords: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.0)) } + [nil]
    var values: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.1)) } + [nil]
    defer { for text in keywords + values { free(UnsafeMutableRawPointer(mutating: text)) } }
    return PQconnectStartParams(&keywords, &values, 1)
  }

  private func dial(_ parameters: Parameters, until limit: Deadline) throws(PostgresError) -> OpaquePointer {
    guard let connection = Self.start(parameters) else { throw PostgresError(.connect, "out of memory") }
    var isEstablished = false
    defer { if !isEstablished { PQfinish(connection) } }
    // The verbose form carries the SQLSTATE, which libpq gives in no other way for a connection that fails.
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    if PQstatus(connection) == CONNECTION_BAD { throw Self.error(connection) }
    var status = PGRES_POLLING_WRITING
    while true {
      let events: Int32
      switch status {
      case PGRES_POLLING_OK:
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        isEstablished = true
        return connection
      case PGRES_POLLING_READING: events = POLLIN
      case PGRES_POLLING_WRITING: events = POLLOUT
      default: throw Self.error(connection)
      }
      if Task.isCancelled { throw PostgresError(.cancelled, "the task was cancelled while connecting") }
      if limit.hasPassed { throw PostgresError(.connect, "\(Self.place(connection)) did not answer in time") }
      var descriptors = [
        pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0),
        pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      _ = poll(&descriptors, 2, limit.pollMilliseconds)
      if descriptors[1].revents != 0 { wake.drain() }
      if descriptors[0].revents != 0 { status = PQconnectPoll(connection) }
    }
  }

  private static func place(_ connection: OpaquePointer) -> String {
    let host = PQhost(connection).map { String(cString: $0) } ?? ""
    let port = PQport(connection).map { String(cString: $0) } ?? ""
    return "the server at \(host.isEmpty ? "the default host" : host), port \(port.isEmpty ? "default" : port),"
  }

  /// libpq's message as an error; of the form `FATAL:  53300: sorry, too many clients already` if it is the server's.
  private static func error(_ connection: OpaquePointer) -> PostgresError {
    let lines = String(cString: PQerrorMessage(connection)).split(whereSeparator: \.isNewline)
      .filter { !$0.hasPrefix("LOCATION:") }
    var message = oneLine(lines)
    var state: String?
    var start = message.startIndex
    while let colon = message[start...].firstIndex(of: ":") {
      let rest = message[colon...].prefix(10)
      let code = rest.dropFirst(3).prefix(5)
      if rest.hasPrefix(":  "), rest.hasSuffix(": "), code.utf8.count == 5,
        code.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) })
      {
        state = String(code)
        message.removeSubrange(rest.dropFirst(3).startIndex..<rest.endIndex)
        break
      }
      start = message.index(after: colon)
    }
    var error = PostgresError(.connect, message)
    error.sqlState = state
    error.needsPassword = PQconnectionNeedsPassword(connection) == 1
    return error
  }
}

extension Dialer {
  /// What libpq made of the connection string, the environment, and the service file.
  private struct Target {
    /// The parameters that each attempt adds; one attempt that adds nothing if there is one host.
    var attempts: [Parameters] = [[]]
    /// Options that the user gave; they come after, and so prevail over, those of the program.
    var options = ""
  }

  private func resolve() -> Target {
    var target = Target()
    guard let values = try? Self.options(of: configuration) else { return target }
    target.options = values["options"] ?? ""
    let hosts = Self.list(values["host"])
    let addresses = Self.list(values["hostaddr"])
    let ports = Self.list(values["port"])
    let count = max(hosts.count, addresses.count)
    guard count > 1, hosts.count == addresses.count || hosts.isEmpty || addresses.isEmpty,
      ports.count <= 1 || ports.count == count
    else { return target }
    target.attempts = (0..<count).map { index in
      var list: Parameters = []
      if index < hosts.count { list.append(("host", hosts[index])) }
      if index < addresses.count { list.append(("hostaddr", addresses[index])) }
      if let port = ports.count == count ? ports[index] : ports.first { list.append(("port", port)) }
      return list
    }
    if values["target_session_attrs"] == "prefer-standby" {
      target.attempts = ["standby", "any"].flatMap { attribute in
        target.attempts.map { $0 + [("target_session_attrs", attribute)] }
      }
    }
    return target
  }

  /// Asks libpq what it would connect to: its parameters with their values, by its names. An invalid `channel_binding`
  /// makes it stop after it has gathered them and before it looks up or dials anything.
  ///
  /// - Throws: `.usage` where it refuses what it was told: a string it cannot read, a service that nobody defined.
  static func options(of configuration: PostgresConfiguration) throws(PostgresError) -> [String: String] {
    let trap = "channel_binding"
    guard let connection = start(configuration.destination + [(trap, "only-resolve")]) else {
      throw PostgresError(.connect, "out of memory")
    }
    defer { PQfinish(connection) }
    let refusal = error(connection).message
    guard refusal.contains(trap), let options = PQconninfo(connection) else { throw PostgresError(.usage, refusal) }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return values
  }

  /// The elements of a comma-separated list; none of an empty one.
  private static func list(_ text: String?) -> [String] {
    guard let text, !text.isEmpty else { return [] }
    return text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
  }
}
