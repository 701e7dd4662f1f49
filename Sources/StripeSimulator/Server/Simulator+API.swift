import FoundationEssentials
import HTTPTypes
import Hummingbird
import Stripe

/// The API's server side: who calls, what goes wrong, what was answered before, and the answer.
extension Simulator {
  /// One operation: the state, the call, and the id in its path (empty where there is none).
  typealias Operation = @Sendable (inout SimulatorState, APICall, String) throws(APIError) -> JSON

  func addAPI(to router: Router<BasicRequestContext>) {
    for route in Self.operations {
      router.on(RouterPath(route.path), method: route.method) { request, context in
        let id = context.parameters.get("id") ?? ""
        return await self.answer(request) { (state, call) throws(APIError) in try route.operation(&state, call, id) }
      }
    }
    for method in [HTTPRequest.Method.get, .post, .delete] {
      router.on("/v1/**", method: method) { request, _ in
        await self.answer(request) { (_, call) throws(APIError) in
          throw APIError(
            status: 404,
            message:
              "Unrecognized request URL (\(call.method): \(call.path)). Please see https://stripe.com/docs or we "
              + "can help at https://support.stripe.com/.")
        }
      }
    }
  }

  private func answer(
    _ request: Request, _ operation: @escaping @Sendable (inout SimulatorState, APICall) throws(APIError) -> JSON
  ) async -> Response {
    let requestID = SimulatorState.newID("req_", length: 14)
    do {
      let form = try await form(request)
      let call = APICall(
        method: request.method.rawValue, path: request.uri.path, form: form, requestID: requestID,
        idempotencyKey: request.method == .get ? nil : request.header("idempotency-key"), now: Self.now())
      try authorize(request)
      let fault = transact { $0.drawFault(call) }
      try await delay(fault)
      try fault?.throwIfRefusing()
      let (answer, isReplay) = try transact { (state) throws(APIError) in
        try state.perform(call, operation)
      }
      if fault == .commitThenTimeout { try await hold() }
      return response(
        status: answer.status, body: answer.body, to: request, requestID: answer.requestID, isReplay: isReplay)
    } catch let error as APIError {
      return response(
        status: error.status, body: error.json(requestID: requestID).bytes, to: request, requestID: requestID,
        shouldRetry: error.shouldRetry)
    } catch {
      return Response(status: .gatewayTimeout)
    }
  }

  /// The call's parameters: from the query, and from a body that is a form or JSON.
  func form(_ request: Request) async throws -> Form {
    let query = Form(encoded: request.uri.query ?? "")
    if request.method == .get { return query }
    guard let buffer = try? await request.body.collect(upTo: configuration.limits.bodyBytes) else {
      throw APIError(status: 413, message: "The request's body is too large.")
    }
    let body = Array(buffer.readableBytesView)
    guard !body.isEmpty else { return query }
    if request.header("content-type")?.hasPrefix("application/json") == true {
      guard let json = try? JSON.parse(body) else { throw APIError.invalid("Invalid JSON.") }
      return Form(entries: query.entries + Form(json: json).entries)
    }
    return Form(entries: query.entries + Form(encoded: String(decoding: body, as: UTF8.self)).entries)
  }

  private func authorize(_ request: Request) throws(APIError) {
    let header = request.header("authorization") ?? ""
    let parts = header.split(separator: " ", maxSplits: 1).map(String.init)
    var key = ""
    if parts.count == 2, parts[0].lowercased() == "bearer" { key = parts[1] }
    if parts.count == 2, parts[0].lowercased() == "basic", let data = Data(base64Encoded: parts[1]) {
      key = String(decoding: data, as: UTF8.self).split(separator: ":").first.map(String.init) ?? ""
    }
    guard !key.isEmpty else {
      throw APIError(
        status: 401,
        message: "You did not provide an API key. You need to provide your API key in the Authorization header, using "
          + "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
    }
    guard key == configuration.apiKey else {
      throw APIError(
        status: 401, message: "Invalid API Key provided: \(key.prefix(8))****\(key.count > 12 ? key.suffix(4) : "")")
    }
  }

  private func delay(_ fault: ScriptedFault.Kind?) async throws {
    let milliseconds = transact { $0.knobs.apiDelayMilliseconds }
    if milliseconds > 0 { try await Task.sleep(for: .microseconds(Int64(milliseconds * 1000))) }
    if fault == .timeout {
      try await hold()
      throw CancellationError()
    }
  }

  /// Leaves the caller waiting.
  private func hold() async throws {
    let milliseconds = transact { $0.knobs.apiHoldMilliseconds }
    try await Task.sleep(for: .microseconds(Int64(milliseconds * 1000)))
  }

  private func response(
    status: Int, body: [UInt8], to request: Request, requestID: String, isReplay: Bool = false,
    shouldRetry: Bool? = nil
  ) -> Response {
    var headers = HTTPFields()
    headers[.contentType] = "application/json"
    headers.set("Request-Id", requestID)
    headers.set("Stripe-Version", request.header("stripe-version") ?? StripeConfiguration.pinnedVersion)
    if let key = request.header("idempotency-key") { headers.set("Idempotency-Key", key) }
    if isReplay { headers.set("Idempotent-Replayed", "true") }
    if let shouldRetry { headers.set("Stripe-Should-Retry", shouldRetry ? "true" : "false") }
    return Response(
      status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }
}

extension HTTPFields {
  /// Sets a header of which the standard knows nothing; a name that cannot be one is left out.
  mutating func set(_ name: String, _ value: String) {
    if let name = HTTPField.Name(name) { self[name] = value }
  }
}

extension Request {
  /// The first value of the header called `name`.
  func header(_ name: String) -> String? {
    HTTPField.Name(name).flatMap { headers[$0] }
  }
}

extension SimulatorState {
  /// The fault that strikes this call, if any: a scripted one first, then by the rates.
  mutating func drawFault(_ call: APICall) -> ScriptedFault.Kind? {
    count("api_calls")
    if let index = faults.firstIndex(where: { $0.matches(method: call.method, path: call.path) }) {
      let kind = faults[index].kind
      faults[index].times -= 1
      faults.removeAll { $0.times <= 0 }
      count("api_faults")
      return kind
    }
    let rates: [(Double, ScriptedFault.Kind)] = [
      (knobs.api429Rate, .rateLimited), (knobs.api500Rate, .serverError), (knobs.api409Rate, .conflict),
      (knobs.apiTimeoutRate, .timeout), (knobs.apiCommitThenTimeoutRate, .commitThenTimeout),
    ]
    for (rate, kind) in rates where happens(rate) {
      count("api_faults")
      return kind
    }
    return nil
  }

  /// Carries out a call once per idempotency key, whatever it answered: errors of an operation are kept too, but for
  /// those of a request that was not understood.
  mutating func perform(
    _ call: APICall, _ operation: (inout SimulatorState, APICall) throws(APIError) -> JSON
  ) throws(APIError) -> (answer: IdempotencyStore.Answer, isReplay: Bool) {
    guard let key = call.idempotencyKey else {
      let json = try operation(&self, call)
      return (IdempotencyStore.Answer(status: 200, body: json.bytes, requestID: call.requestID), false)
    }
    guard key.count <= 255 else { throw .invalid("Idempotency keys can be up to 255 characters long.") }
    let fingerprint = "\(call.method) \(call.path)\n\(call.form.canonical)"
    if let answer = try answers.answer(to: key, fingerprint: fingerprint, now: call.now) {
      count("api_replays")
      return (answer, true)
    }
    let json = try operation(&self, call)
    let answer = IdempotencyStore.Answer(status: 200, body: json.bytes, requestID: call.requestID)
    answers.keep(answer, for: key, fingerprint: fingerprint, now: call.now)
    return (answer, false)
  }
}

extension ScriptedFault.Kind {
  /// Throws what the caller gets of a fault that answers without doing anything.
  func throwIfRefusing() throws(APIError) {
    switch self {
    case .rateLimited: throw .rateLimited
    case .serverError: throw .serverError
    case .conflict: throw .lockTimeout
    case .timeout, .commitThenTimeout: return
    }
  }
}
