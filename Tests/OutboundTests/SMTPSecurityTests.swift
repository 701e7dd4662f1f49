import TestSupport
import Testing

@testable import Outbound

/// aiosmtpd with TLS and logins.
struct SecureMailServer {
  enum Mode: String {
    case clear
    case starttls
    case implicit
  }

  let process: ChildProcess
  let port: Int

  /// `login` is what it demands and accepts, as `user:password`; empty for none.
  init(_ mode: Mode, _ certificate: Certificate, login: String = "") async throws {
    let arguments = ["-c", Self.script, mode.rawValue, login] + certificate.files
    process = try ChildProcess("/usr/bin/python3", arguments)
    port = try await process.readyPort()
  }

  func url(_ items: String, login: String = "", scheme: String = "smtp") -> String {
    "\(scheme)://\(login.isEmpty ? "" : "\(login)@")127.0.0.1:\(port)\(items.isEmpty ? "" : "?\(items)")"
  }

  private static let script = """
    import sys, ssl, asyncio
    from aiosmtpd.smtp import SMTP, AuthResult
    mode, login, certificate, key = sys.argv[1:5]
    class Handler:
      async def handle_DATA(self, server, session, envelope):
        print("mail", "tls" if session.ssl else "clear", "as", session.auth_data or "nobody", flush=True)
        return "250 2.0.0 taken"
    def authenticate(server, session, envelope, mechanism, data):
      given = (data.login + b":" + data.password).decode()
      return AuthResult(success=given == login, handled=given == login, auth_data=data.login.decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    options = {}
    if mode == "starttls": options.update(tls_context=context)
    if mode == "implicit": options.update(ssl_context=context)
    if login:
      options.update(authenticator=authenticate, auth_required=True, auth_require_tls=mode == "starttls")
    async def main():
      arguments = {k: v for k, v in options.items() if k != "ssl_context"}
      loop = asyncio.get_running_loop()
      server = await loop.create_server(lambda: SMTP(Handler(), loop=loop, **arguments), "127.0.0.1", 0,
        ssl=options.get("ssl_context"))
      print(f"ready {server.sockets[0].getsockname()[1]}.", flush=True)
      await server.serve_forever()
    asyncio.run(main())
    """
}

@Suite("A mail's security")
struct SMTPSecurityTests {
  private let client: OutboundClient

  init() throws {
    client = try OutboundClient()
  }

  @Test("STARTTLS is used where it is required or offered, with a trusted certificate only")
  func startTLS() async throws {
    let certificate = try await Certificate.make(names: ["IP:127.0.0.1"])
    let server = try await SecureMailServer(.starttls, certificate)
    for mode in ["required", "if-available"] {
      let trusting = try SMTPConfiguration(url: server.url("starttls=\(mode)&ca=\(certificate.file)"))
      #expect(try await client.mail(.sample(), through: trusting) == SMTPReply(code: 250, text: "2.0.0 taken"))
      #expect(try await client.mail(.sample("again"), through: trusting).code == 250)
      let distrusting = try SMTPConfiguration(url: server.url("starttls=\(mode)"))
      let error = await failure { () throws(OutboundError) in
        try await client.mail(.sample(), through: distrusting)
      }.error
      #expect(error?.kind == .tls)
    }
    let clear = try SMTPConfiguration(url: server.url("starttls=none"))
    #expect(try await client.mail(.sample(), through: clear).code == 250)
    let seen = try server.process.output().split(separator: "\n").dropFirst()
    #expect(seen.map { String($0.split(separator: " ")[1]) } == ["tls", "tls", "tls", "tls", "clear"])
    try await server.process.end()
  }

  @Test("STARTTLS that is required and not offered, or refused, means no mail")
  func stripped() async throws {
    let bare = try ScriptedMailServer()
    let required = try bare.configuration("starttls=required")
    let error = await failure { () throws(OutboundError) in
      try await client.mail(.sample(), through: required)
    }.error
    #expect(error?.kind == .tls)
    #expect(!bare.record.value.commands.contains { $0.hasPrefix("MAIL") })
    let optional = try bare.configuration("starttls=if-available")
    #expect(try await client.mail(.sample(), through: optional).code == 250)
  }

  @Test("Implicit TLS works from the first byte")
  func implicit() async throws {
    let certificate = try await Certificate.make(names: ["IP:127.0.0.1"])
    let server = try await SecureMailServer(.implicit, certificate)
    let configuration = try SMTPConfiguration(url: server.url("ca=\(certificate.file)", scheme: "smtps"))
    for _ in 0..<3 { #expect(try await client.mail(.sample(), through: configuration).code == 250) }
    // Larger than one TLS record and than the socket's buffers.
    let large = MailEnvelope.sample(String(repeating: "0123456789\r\n", count: 200_000))
    let error = await failure { () throws(OutboundError) in try await client.mail(large, through: configuration) }.error
    #expect(error == nil)
    try await server.process.end()
  }

  @Test("A login is made over TLS; a wrong one is told apart and its password not repeated")
  func login() async throws {
    let certificate = try await Certificate.make(names: ["IP:127.0.0.1"])
    let server = try await SecureMailServer(.starttls, certificate, login: "shop:s3cret pass")
    let right = try SMTPConfiguration(url: server.url("ca=\(certificate.file)", login: "shop:s3cret%20pass"))
    #expect(try await client.mail(.sample(), through: right).code == 250)
    #expect(try await client.mail(.sample(), through: right).code == 250)
    #expect(try server.process.output().contains("mail tls as shop"))
    let wrong = try SMTPConfiguration(url: server.url("ca=\(certificate.file)", login: "shop:hunter2"))
    let error = await failure { () throws(OutboundError) in try await client.mail(.sample(), through: wrong) }.error
    #expect(error?.kind == .login)
    #expect(error?.smtpCode == 535)
    #expect(error?.description.contains("hunter2") == false)
    let nobody = try SMTPConfiguration(url: server.url("ca=\(certificate.file)"))
    let anonymous = await failure { () throws(OutboundError) in try await client.mail(.sample(), through: nobody) }
      .error
    #expect(anonymous?.kind == .login)
    try await server.process.end()
  }

  @Test("A configured login that the server does not offer means no mail")
  func loginNotOffered() async throws {
    let server = try ScriptedMailServer()
    var configuration = try server.configuration()
    configuration.user = "shop"
    configuration.password = "secret"
    let through = configuration
    let error = await failure { () throws(OutboundError) in try await client.mail(.sample(), through: through) }.error
    #expect(error?.kind == .login)
    #expect(!server.record.value.commands.contains { $0.hasPrefix("MAIL") })
  }
}
