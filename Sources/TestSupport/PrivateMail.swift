import Glibc

/// An SMTP server of the tests' own (aiosmtpd) that files what it accepts into a Maildir.
package struct PrivateMail: Sendable {
  /// Its folder.
  package let folder: String
  /// Its TCP port on 127.0.0.1.
  package let port: Int

  /// The URL to send through.
  package var url: String { "smtp://127.0.0.1:\(port)?starttls=none" }
  /// Where accepted mails stand, one per file in `new`.
  package var maildir: String { "\(folder)/Maildir" }

  /// Starts one; it is stopped with the run at the latest.
  package static func start() async throws -> PrivateMail {
    let run = try TestRun.shared.get()
    let folder = run.path("mail")
    run.atEnd("mail \(folder)")
    try await TestRun.script("mail", ["create", folder])
    try await TestRun.script("mail", ["start", folder])
    let text = try TextFile.read("\(folder)/port").split(separator: "\n").first ?? ""
    guard let port = Int(text) else { throw TestSupportError("no port in \(folder)/port") }
    return PrivateMail(folder: folder, port: port)
  }

  /// The accepted mails, oldest first: each with Return-Path and Delivered-To lines above its own header, and with LF
  /// line ends.
  package func messages() throws(TestSupportError) -> [String] {
    var names: [String] = []
    guard let directory = opendir("\(maildir)/new") else { throw TestSupportError("no \(maildir)/new") }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(name) }
    }
    var messages: [String] = []
    for name in names.sorted() { messages.append(try TextFile.read("\(maildir)/new/\(name)")) }
    return messages
  }

  /// Waits until at least `count` mails are there.
  package func messages(atLeast count: Int, within limit: Duration = .seconds(30)) async throws -> [String] {
    let deadline = ContinuousClock.now + limit
    while true {
      let found = try messages()
      if found.count >= count { return found }
      guard ContinuousClock.now < deadline else {
        throw TestSupportError("\(found.count) of \(count) mails after \(limit)")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Stops it.
  package func stop() async throws { try await TestRun.script("mail", ["stop", folder]) }

  /// Starts it again on the same port.
  package func start() async throws { try await TestRun.script("mail", ["start", folder]) }

  /// SIGKILL.
  package func kill() throws { Glibc.kill(try ServerIdentity.read(folder), SIGKILL) }

  /// Freezes it: connections stay open and nothing answers.
  package func freeze() throws { Glibc.kill(try ServerIdentity.read(folder), SIGSTOP) }

  /// Ends a freeze.
  package func thaw() throws { Glibc.kill(try ServerIdentity.read(folder), SIGCONT) }
}
