import TestSupport
import Testing

@testable import Outbound

/// A small web server, in Python, that answers as the path says and counts its connections.
struct WebServer {
  let process: ChildProcess
  let port: Int
  let scheme: String

  /// With a certificate it speaks HTTPS.
  init(certificate: Certificate? = nil) async throws {
    scheme = certificate == nil ? "http" : "https"
    process = try ChildProcess("/usr/bin/python3", ["-c", Self.script] + (certificate?.files ?? []))
    port = try await process.readyPort()
  }

  func url(_ path: String) -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }

  private static let script = """
    import sys, ssl, time, json
    from http.server import ThreadingHTTPServer, BaseHTTPRequestHandler
    connections = 0
    class Handler(BaseHTTPRequestHandler):
      protocol_version = "HTTP/1.1"
      def setup(self):
        global connections
        connections += 1
        super().setup()
      def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in headers.items(): self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD": self.wfile.write(body)
      def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path
        if path.startswith("/status/"): self.answer(int(path[8:]), b"as you wish")
        elif path.startswith("/big/"): self.answer(200, b"x" * int(path[5:]))
        elif path.startswith("/chunked/"):
          self.send_response(200)
          self.send_header("Transfer-Encoding", "chunked")
          self.end_headers()
          for _ in range(int(path[9:])): self.wfile.write(b"400\\r\\n" + b"y" * 1024 + b"\\r\\n")
          self.wfile.write(b"0\\r\\n\\r\\n")
        elif path == "/hang": time.sleep(30)
        elif path == "/die": self.connection.shutdown(2)
        elif path.startswith("/redirect"): self.answer(302, b"elsewhere", {"Location": path[9:] or "/echo"})
        else:
          seen = {"method": self.command, "headers": list(self.headers.items()), "body": list(body),
                  "connections": connections}
          self.answer(200, json.dumps(seen).encode(), {"X-Twice": " padded "})
      def log_message(self, *_): pass
    for method in ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]:
      setattr(Handler, "do_" + method, Handler.handle_any)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 1:
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(sys.argv[1], sys.argv[2])
      server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"ready {server.server_port}.", flush=True)
    server.serve_forever()
    """
}

@Suite("A request")
struct HTTPTests {
  private let client: OutboundClient

  init() throws {
    client = try OutboundClient()
  }

  private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

  @Test("carries its method, headers and body; any status is an answer")
  func exchanges() async throws {
    let server = try await WebServer()
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
      let body: [UInt8] = method == "GET" ? [] : [0, 255, 10]
      let headers = [("X-Test", "a b"), ("X-Empty", ""), ("Content-Type", "application/x-www-form-urlencoded")]
      let request = HTTPRequest(method: method, url: server.url("/echo"), headers: headers, body: body)
      let response = try await client.send(request)
      #expect(response.status == 200)
      #expect(response.header("x-twice") == "padded")
      let seen = text(response)
      #expect(seen.contains("\"method\": \"\(method)\""))
      #expect(seen.contains("[\"X-Test\", \"a b\"]"))
      #expect(seen.contains("[\"X-Empty\", \"\"]"))
      #expect(seen.contains("\"body\": [\(body.map { "\($0)" }.joined(separator: ", "))]"))
      #expect(!seen.contains("Expect"))
    }
    let empty = try await client.send(HTTPRequest(method: "POST", url: server.url("/echo")))
    #expect(text(empty).contains("[\"Content-Length\", \"0\"]"))
    #expect(!text(empty).contains("Content-Type"))
    let head = try await client.send(HTTPRequest(method: "HEAD", url: server.url("/big/1000")))
    #expect(head.header("Content-Length") == "1000")
    #expect(head.body.isEmpty)
    for status in [201, 402, 429, 500] {
      #expect(try await client.send(HTTPRequest(url: server.url("/status/\(status)"))).status == status)
    }
    try await server.process.end()
  }

  @Test("after request goes over a kept connection; one that the server closed is replaced")
  func reuse() async throws {
    let server = try await WebServer()
    for _ in 0..<20 {
      let response = try await client.send(HTTPRequest(url: server.url("/echo")))
      #expect(text(response).contains("\"connections\": 1}"))
    }
    try await server.process.end()
  }

  @Test("follows no redirect unless told to")
  func redirects() async throws {
    let server = try await WebServer()
    var request = HTTPRequest(url: server.url("/redirect/status/418"))
    let first = try await client.send(request)
    #expect(first.status == 302)
    #expect(first.header("Location") == "/status/418")
    request.followRedirects = true
    let last = try await client.send(request)
    #expect(last.status == 418)
    #expect(last.header("Location") == nil)
    request.url = server.url("/redirectfile:///etc/passwd")
    let error = await failure { () throws(OutboundError) in try await client.send(request) }.error
    #expect(error?.kind == .invalid)
    try await server.process.end()
  }

  @Test("ends when the answer is too large, told beforehand or not")
  func tooLarge() async throws {
    let server = try await WebServer()
    for path in ["/big/100001", "/chunked/98"] {
      var request = HTTPRequest(url: server.url(path))
      request.maximumResponseBytes = 100_000
      let refused = request
      let error = await failure { () throws(OutboundError) in try await client.send(refused) }.error
      #expect(error?.kind == .tooLarge)
      #expect(error?.mayHaveBeenSent == true)
    }
    var request = HTTPRequest(url: server.url("/big/100000"))
    request.maximumResponseBytes = 100_000
    #expect(try await client.send(request).body.count == 100_000)
    try await server.process.end()
  }

  @Test("keeps its deadline, ends with its task, and says whether it may have been sent")
  func deadlines() async throws {
    let server = try await WebServer()
    let hanging = HTTPRequest(method: "POST", url: server.url("/hang"), timeout: .milliseconds(300))
    let late = await failure { () throws(OutboundError) in try await client.send(hanging) }
    #expect(late.error?.kind == .timeout)
    #expect(late.error?.mayHaveBeenSent == true)
    #expect(late.time < .seconds(5))
    let task = Task {
      await failure { () throws(OutboundError) in try await client.send(HTTPRequest(url: server.url("/hang"))) }
    }
    try await Task.sleep(for: .milliseconds(300))
    task.cancel()
    let cancelled = await task.value
    #expect(cancelled.error?.kind == .cancelled)
    #expect(cancelled.error?.mayHaveBeenSent == true)
    #expect(cancelled.time < .seconds(5))
    let cut = await failure { () throws(OutboundError) in try await client.send(HTTPRequest(url: server.url("/die"))) }
    #expect(cut.error?.kind == .disconnected)
    #expect(cut.error?.mayHaveBeenSent == true)
    try await server.process.end()
    let refused = await failure { () throws(OutboundError) in try await client.send(HTTPRequest(url: server.url("/"))) }
    #expect(refused.error?.kind == .connect)
    #expect(refused.error?.mayHaveBeenSent == false)
  }

  @Test("to a forbidden address is not made, by name, by redirect, or over another request's connection")
  func addresses() async throws {
    let server = try await WebServer()
    var request = HTTPRequest(url: server.url("/echo"))
    #expect(try await client.send(request).status == 200)
    let asked = Shared<[String]>([])
    request.allowedAddress = { address in
      asked.change { $0.append(address) }
      return address != "127.0.0.1"
    }
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"] {
      request.url = "http://\(host):\(server.port)/echo"
      let refused = request
      let error = await failure { () throws(OutboundError) in try await client.send(refused) }.error
      // localhost may also be ::1, where nobody listens.
      #expect(error?.kind == .addressRefused, "\(host): \(String(describing: error))")
      #expect(error?.mayHaveBeenSent == false)
    }
    #expect(asked.value.contains("127.0.0.1"))
    request.url = server.url("/redirect")
    request.allowedAddress = { _ in true }
    #expect(try await client.send(request).status == 302)
    try await server.process.end()
  }

  @Test(
    "that could smuggle another in is refused",
    arguments: [
      HTTPRequest(method: "GET /x HTTP/1.1\r\nX: y", url: "http://127.0.0.1"),
      HTTPRequest(url: "http://127.0.0.1/ HTTP/1.1\r\n\r\nGET /"), HTTPRequest(url: "file:///etc/passwd"),
      HTTPRequest(url: "http://127.0.0.1", headers: [("X", "a\r\nY: b")]),
      HTTPRequest(url: "http://127.0.0.1", headers: [("X: y\r\nZ", "a")]), HTTPRequest(url: "gopher://127.0.0.1"),
    ])
  func smuggling(request: HTTPRequest) async throws {
    let error = await failure { () throws(OutboundError) in try await client.send(request) }.error
    #expect(error?.kind == .invalid)
  }

  @Test("over HTTPS needs a certificate of a trusted authority for that host")
  func https() async throws {
    let certificate = try await Certificate.make(names: ["IP:127.0.0.1"])
    let server = try await WebServer(certificate: certificate)
    var request = HTTPRequest(url: server.url("/echo"))
    let untrusted = request
    let error = await failure { () throws(OutboundError) in try await client.send(untrusted) }.error
    #expect(error?.kind == .tls)
    #expect(error?.mayHaveBeenSent == false)
    request.authorities = certificate.file
    #expect(try await client.send(request).status == 200)
    request.url = "https://localhost:\(server.port)/echo"
    let wrongName = request
    let other = await failure { () throws(OutboundError) in try await client.send(wrongName) }.error
    #expect(other?.kind == .tls)
    try await server.process.end()
  }

  @Test("that waits for a connection keeps its deadline too, and one cancelled at any moment ends")
  func waiting() async throws {
    let server = try await WebServer()
    let client = try OutboundClient(connectionsPerHost: 1)
    let first = Task {
      await failure { () throws(OutboundError) in try await client.send(HTTPRequest(url: server.url("/hang"))) }
    }
    try await Task.sleep(for: .milliseconds(200))
    let second = await failure { () throws(OutboundError) in
      try await client.send(HTTPRequest(url: server.url("/echo"), timeout: .milliseconds(300)))
    }
    #expect(second.error?.kind == .timeout)
    #expect(second.error?.mayHaveBeenSent == false)
    #expect(second.time < .seconds(5))
    let others = (0..<200).map { number in
      Task {
        await failure { () throws(OutboundError) in try await client.send(HTTPRequest(url: server.url("/echo"))) }
      }
    }
    for task in others {
      await Task.yield()
      task.cancel()
    }
    for task in others { #expect(await task.value.error?.kind == .cancelled) }
    first.cancel()
    #expect(await first.value.error?.kind == .cancelled)
    try await server.process.end()
  }

  @Test("among hundreds at once gets its own answer")
  func many() async throws {
    let server = try await WebServer()
    let client = try OutboundClient(connectionsPerHost: 8)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<300 {
        group.addTask {
          let response = try await client.send(
            HTTPRequest(method: "POST", url: server.url("/echo"), body: [UInt8(number & 255), UInt8(number >> 8)]))
          return text(response).contains("\"body\": [\(number & 255), \(number >> 8)]")
        }
      }
      for try await matches in group { #expect(matches) }
    }
    try await server.process.end()
  }
}
