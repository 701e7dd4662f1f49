import HTTPTypes
import Hummingbird

/// `/_sim`: what Stripe does not have. Bodies are JSON or forms; answers are JSON; errors have Stripe's shape.
extension Simulator {
  private typealias Control = @Sendable (Simulator, Form, String) async throws -> JSON

  func addControls(to router: Router<BasicRequestContext>) {
    let controls: [(HTTPRequest.Method, RouterPath, Control)] = [
      (.get, "/_sim/stats", { simulator, _, _ in simulator.statistics() }),
      (.get, "/_sim/knobs", { simulator, _, _ in simulator.transact { $0.knobs.json } }),
      (.post, "/_sim/knobs", { simulator, form, _ in try simulator.turnKnobs(form) }),
      (.post, "/_sim/faults", { simulator, form, _ in try simulator.script(form) }),
      (.post, "/_sim/webhook", { simulator, form, _ in simulator.point(form) }),
      (.get, "/_sim/deliveries", { simulator, form, _ in simulator.deliveries(form.text("event")) }),
      (.post, "/_sim/sessions/:id/pay", { simulator, form, id in try simulator.pay(id, form) }),
      (.post, "/_sim/sessions/:id/settle", { simulator, form, id in try simulator.settle(id, form) }),
      (.post, "/_sim/disputes", { simulator, form, _ in try simulator.dispute(form) }),
      (.post, "/_sim/disputes/:id", { simulator, form, id in try simulator.moveDispute(id, form) }),
      (.post, "/_sim/refunds/:id", { simulator, form, id in try simulator.moveRefund(id, form) }),
      (.post, "/_sim/balance", { simulator, form, _ in try simulator.book(form) }),
      (.post, "/_sim/events", { simulator, form, _ in try simulator.emit(form) }),
      (.post, "/_sim/events/:id/resend", { simulator, _, id in try simulator.resend(id) }),
      (.post, "/_sim/blast", { simulator, form, _ in try await simulator.blast(form) }),
      (.post, "/_sim/reset", { simulator, _, _ in simulator.reset() }),
    ]
    router.get("/healthz") { _, _ in "ok\n" }
    // Takes anything: another simulator's webhooks, to see how fast it can send.
    router.post("/_sim/sink") { request, _ in
      for try await _ in request.body {}
      return HTTPTypes.HTTPResponse.Status.noContent
    }
    for (method, path, control) in controls {
      router.on(path, method: method) { request, context in
        await self.answer(request, id: context.parameters.get("id") ?? "", control)
      }
    }
  }

  private func answer(_ request: Request, id: String, _ control: Control) async -> Response {
    do {
      return Self.json(.ok, try await control(self, try await form(request), id))
    } catch let error as APIError {
      return Self.json(.init(code: error.status), error.json(requestID: "req_sim"))
    } catch {
      return Self.json(.internalServerError, ["error": ["message": .string("\(error)")]])
    }
  }

  static func json(_ status: HTTPTypes.HTTPResponse.Status, _ json: JSON) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
  }

  // MARK: Knobs

  private func statistics() -> JSON {
    let (counters, kept) = transact { state in
      (
        state.counters,
        [
          "sessions": state.sessions.count, "intents": state.intents.count, "charges": state.charges.count,
          "refunds": state.refunds.count, "disputes": state.disputes.count, "events": state.events.count,
        ]
      )
    }
    func object(_ numbers: [String: Int]) -> JSON {
      .object(numbers.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: JSON($0.value)) })
    }
    return ["counters": object(counters), "kept": object(kept), "webhooks": sender.json]
  }

  private func turnKnobs(_ form: Form) throws(APIError) -> JSON {
    let knobs = try transact { (state) throws(APIError) in
      var knobs = state.knobs
      for name in form.names {
        guard let value = form.text(name).flatMap({ Double($0) }), knobs.set(name, to: value) else {
          throw .invalid(
            "No such knob, or not its range: \(name). Knobs: \(Knobs.names.joined(separator: ", "))", param: name)
        }
      }
      state.knobs = knobs
      return knobs
    }
    sender.set(knobs)
    return knobs.json
  }

  private func script(_ form: Form) throws(APIError) -> JSON {
    guard let kind = form.text("kind").flatMap(ScriptedFault.Kind.init(rawValue:)) else {
      let kinds = ScriptedFault.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("kind must be one of: \(kinds)", param: "kind")
    }
    let fault = ScriptedFault(
      method: form.text("method")?.uppercased(), path: form.text("path") ?? "/v1", kind: kind,
      times: form.text("times").flatMap { Int($0) } ?? 1)
    transact { state in
      if state.faults.count < 1000 { state.faults.append(fault) }
    }
    return ["ok": true]
  }

  private func point(_ form: Form) -> JSON {
    let secret = form.text("secret") ?? configuration.webhookSecret
    sender.set(WebhookSender.Endpoint(url: form.text("url"), secret: secret))
    return ["ok": true]
  }

  private func deliveries(_ event: String?) -> JSON {
    .array(
      sender.records(of: event).map { record in
        [
          "event": .string(record.event), "type": .string(record.type), "attempt": JSON(record.attempt),
          "at": .int(record.at), "status": JSON(record.status.map(Int64.init)), "error": JSON(record.error),
          "took_ms": .double((record.took / .microseconds(10)).rounded() / 100),
        ]
      })
  }

  private func reset() -> JSON {
    let configuration = configuration
    transact { state in
      var fresh = SimulatorState(configuration)
      fresh.publicURL = state.publicURL
      state = fresh
    }
    sender.clear()
    sender.set(configuration.knobs)
    return ["ok": true]
  }
}
