import TestSupport
import Testing

/// What a proxy and the daemon behind it make of the same bytes; and clients that take all the time there is.
@Suite("Behind a real nginx, and without one", .serialized) struct FrontLongTests {
  /// Clients who do nothing amiss, each on a connection of their own: everyone gets what they asked for.
  private func innocents(_ gate: Gatehouse, at port: Int, _ after: String) async throws {
    for (path, status, words) in [
      ("/healthz", 200, "alive"), (Gatehouse.listing, 200, "Stellar Drift"), ("/assets/none.css", 404, "NOT_FOUND"),
    ] {
      let answer = try await gate.ask("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n", at: port)
      #expect(answer?.status == status && answer?.text.contains(words) == true, "after \(after): \(path)")
    }
  }

  /// How often the daemon was asked for the hidden page.
  private func seen(_ gate: Gatehouse) async throws -> Int {
    let metrics = try await gate.ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", at: gate.metricsPort)?.text ?? ""
    try #require(metrics.contains("/healthz"), "the figures tell of routes")
    return metrics.split(separator: "\n").filter { $0.contains(SmuggledRequests.path) && !$0.hasPrefix("#") }
      .compactMap { Double($0.split(separator: " ").last ?? "") }.reduce(0) { $0 + Int($1) }
  }

  private func smuggle(_ gate: Gatehouse, at port: Int) async throws {
    let before = try await gate.digest()
    for (name, bytes) in SmuggledRequests.all {
      let connection = try RawConnection(port: port)
      try await connection.send(Array(bytes.utf8))
      try await connection.receive(within: .milliseconds(400))
      let (answers, _) = RawAnswer.parse(connection.received, isEnded: true)
      #expect(answers.count <= 1, "\(name): \(answers.map(\.status))")
      try await innocents(gate, at: port, name)
    }
    #expect(try await seen(gate) == 0, "a hidden request was carried out")
    #expect(try await gate.digest().differences(from: before) == [])
  }

  @Test("No request hides in another, whoever counts its bytes", arguments: [nil, false, true] as [Bool?])
  func hidden(streams: Bool?) async throws {
    try await Gatehouse.with(settings: Self.short) { gate in
      if let streams {
        try await Front.with(gate, streams: streams) { try await smuggle(gate, at: $0.port) }
      } else {
        try await smuggle(gate, at: gate.port)
      }
      // The way by which it is noticed: asked for openly, it is counted.
      _ = try await gate.ask(SmuggledRequests.hidden)
      #expect(try await seen(gate) == 1)
    }
  }

  @Test("Requests one behind the other are answered one behind the other", arguments: [false, true])
  func pipelined(proxied: Bool) async throws {
    try await Gatehouse.with { gate in
      try await Front.with(gate, streams: true) { front in
        let connection = try RawConnection(port: proxied ? front.port : gate.port)
        let paths = (0..<60).map { ["/healthz", Gatehouse.listing, "/assets/none.css"][$0 % 3] }
        let requests = paths.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
        try await connection.send(Array(requests.utf8))
        try await connection.receive(within: .seconds(10)) { RawAnswer.parse($0, isEnded: false).answers.count >= 60 }
        try await connection.receive(within: .milliseconds(100))
        let (answers, rest) = RawAnswer.parse(connection.received, isEnded: connection.isEnded)
        #expect(answers.map(\.status) == paths.map { $0.hasPrefix("/assets") ? 404 : 200 })
        #expect(rest.isEmpty)
        #expect(zip(paths, answers).allSatisfy { $0 != "/healthz" || $1.text.contains("alive") })
      }
    }
  }

  @Test("Slow clients are let go in time, and others are served meanwhile", arguments: [false, true])
  func slow(proxied: Bool) async throws {
    try await Gatehouse.with(settings: Self.short) { gate in
      try await Front.with(gate, streams: true) { front in
        let port = proxied ? front.port : gate.port
        let beginnings: [(first: String, drip: String)] = [
          ("", ""), ("GET /healthz HTTP/1.1\r\nHost: x\r\n", ""), ("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", "a"),
          ("POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", ""),
          ("POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "a"),
          (
            "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
            "1\r\nx\r\n"
          ),
        ]
        var slow: [(connection: RawConnection, drip: String, first: String)] = []
        for number in 0..<60 {
          let (first, drip) = beginnings[number % beginnings.count]
          let connection = try RawConnection(port: port)
          try await connection.send(Array(first.utf8))
          slow.append((connection, drip, first))
        }
        let start = ContinuousClock.now
        var longest = Duration.zero
        while ContinuousClock.now - start < .seconds(25), slow.contains(where: { !$0.connection.isEnded }) {
          for (connection, drip, _) in slow where !connection.isEnded {
            if !drip.isEmpty { try await connection.send(Array(drip.utf8)) }
            try await connection.receive(within: .zero)
          }
          let asked = ContinuousClock.now
          let answer = try await gate.ask("GET \(Gatehouse.listing) HTTP/1.1\r\nHost: x\r\n\r\n", at: port)
          #expect(answer?.status == 200)
          longest = max(longest, ContinuousClock.now - asked)
          try await Task.sleep(for: .milliseconds(250))
        }
        let left = Set(slow.filter { !$0.connection.isEnded }.map(\.first))
        #expect(left.isEmpty, "still there after 25 s: \(left)")
        #expect(longest < .seconds(2), "\(longest)")
      }
    }
  }

  /// Short waits, and room for few connections more than the slow clients take.
  private static let short = """
    [http]
    idle_timeout = "2s"
    body_timeout = "2s"
    maximum_connections = 96
    """
}
