import Outbound
import Stripe
import Testing

@testable import StripeSimulator

@Suite("The simulator: the API's manners")
struct APITests {
  @Test("A key answers the same call once and for all, and another call with an error")
  func idempotency() async throws {
    try await withLab { lab in
      let intent = try await lab.paid()
      let body: JSON = ["payment_intent": .string(intent), "amount": 100]
      let first = try await lab.raw("POST", "/v1/refunds", body, key: "k")
      let again = try await lab.raw("POST", "/v1/refunds", body, key: "k")
      #expect(first.status == 200 && first.body == again.body)
      #expect(first.header("idempotent-replayed") == nil)
      #expect(again.header("idempotent-replayed") == "true")
      #expect(again.header("request-id") == first.header("request-id"))
      let other = try await lab.raw(
        "POST", "/v1/refunds", ["payment_intent": .string(intent), "amount": 101], key: "k")
      #expect(other.status == 400)
      #expect(try JSON.parse(other.body)["error"]?["type"] == "idempotency_error")
      #expect(try await lab.client.refunds(paymentIntent: intent).collect().count == 1)
    }
  }

  @Test(
    "Mistakes are told in Stripe's shape",
    arguments: [
      (
        "mode=payment&success_url=https://e.com&line_items[0][quantity]=1", "parameter_missing",
        "line_items[0][price_data][currency]"
      ),
      ("success_url=https://e.com", "parameter_missing", "mode"),
      ("mode=payment&success_url=https://e.com&colour=red", "parameter_unknown", "colour"),
      ("mode=payment&success_url=example", "url_invalid", "success_url"),
      ("mode=payment&success_url=https://e.com", "parameter_missing", "line_items"),
      (
        "mode=payment&success_url=https://e.com&line_items[0][price_data][currency]=eur&line_items[0][quantity]=x"
          + "&line_items[0][price_data][unit_amount]=5&line_items[0][price_data][product_data][name]=n",
        "parameter_invalid_integer", "line_items[0][quantity]"
      ),
    ])
  func mistakes(form: String, code: String, param: String) async throws {
    try await withLab { lab in
      let answer = try await lab.raw("POST", "/v1/checkout/sessions?\(form)")
      let error = try JSON.parse(answer.body)["error"]
      #expect(answer.status == 400)
      #expect(error?["code"]?.text == code)
      #expect(error?["param"]?.text == param)
      #expect(error?["message"]?.text?.isEmpty == false)
    }
  }

  @Test("What is not there is missing; what is not known is unrecognised; who shows no key is refused")
  func refusals() async throws {
    try await withLab { lab in
      do throws(StripeError) {
        _ = try await lab.client.refund("re_none")
        Issue.record("found")
      } catch {
        #expect(error.isMissing && error.status == 404 && error.requestID?.hasPrefix("req_") == true)
      }
      let unknown = try await lab.raw("GET", "/v1/subscriptions")
      #expect(unknown.status == 404)
      let stranger = StripeClient(StripeConfiguration(apiBase: lab.url, apiKey: "sk_test_other"), over: lab.outbound)
      do throws(StripeError) {
        _ = try await stranger.refund("re_none")
        Issue.record("let in")
      } catch {
        #expect(error.status == 401 && !error.isTransient)
      }
    }
  }

  @Test("Pages follow each other both ways without gaps or repeats")
  func pagination() async throws {
    try await withLab { lab in
      for number in 1...7 { _ = try await lab.session("\(number)") }
      let all = try await lab.client.checkoutSessions().collect().map(\.clientReferenceID)
      #expect(all == (1...7).reversed().map { "GKM-\($0)" })
      var seen: [String] = []
      var cursor = ""
      repeat {
        let page = try await lab.call("GET", "/v1/checkout/sessions?limit=3\(cursor)")
        let ids = page["data"]?.elements?.compactMap { $0["id"]?.text } ?? []
        seen += ids
        cursor = page["has_more"] == true ? "&starting_after=\(ids.last ?? "")" : ""
      } while !cursor.isEmpty
      #expect(Set(seen).count == 7 && seen.count == 7)
      let back = try await lab.call("GET", "/v1/checkout/sessions?limit=2&ending_before=\(seen[4])")
      #expect(back["data"]?.elements?.compactMap { $0["id"]?.text } == [seen[2], seen[3]])
      #expect(back["has_more"] == true)
      #expect(try await lab.raw("GET", "/v1/checkout/sessions?limit=101").status == 400)
      #expect(try await lab.raw("GET", "/v1/checkout/sessions?starting_after=cs_none").status == 400)
      let later = try await lab.client.checkoutSessions(created: .since(Simulator.now() + 100)).collect()
      #expect(later.isEmpty)
    }
  }

  @Test("Events are listed by type and time, and equal what was delivered")
  func events() async throws {
    try await withLab { lab in
      _ = try await lab.paid()
      try await lab.until("the events came") { lab.receiver.received.count == 3 }
      let listed = try await lab.client.events(types: StripeEvent.handledTypes).collect()
      let delivered = Dictionary(
        uniqueKeysWithValues: lab.receiver.received.map { ($0.envelope?.id ?? "", $0.body) })
      #expect(listed.count == 3)
      for event in listed { #expect(delivered[event.envelope.id] == event.body) }
      let charges = try await lab.client.events(types: ["charge.*"]).collect()
      #expect(charges.map(\.envelope.type) == ["charge.succeeded"])
      #expect(try await lab.client.events(created: .since(Simulator.now() + 60)).collect().isEmpty)
      let one = try await lab.client.event(listed[0].envelope.id)
      #expect(one == listed[0])
    }
  }

  @Test("Forms decode as Stripe's do")
  func forms() {
    let form = Form(encoded: "a[b][1][c]=2&a[b][0][c]=%31+%e2%82%ac&t[]=x&t[]=y&e=&m[k%5D]=v&bad=%zz&=&%")
    #expect(form["a"].items("b").map { $0.text("c") } == ["1 €", "2"])
    #expect(form.texts("t") == ["x", "y"])
    #expect(form.text("e") == nil && form.has("e"))
    #expect(form.text("bad") == "%zz")
    #expect(Form(encoded: "b=2&a=1").canonical == Form(encoded: "a=1&b=2").canonical)
  }
}
