import Foundation
import Testing

@testable import Stripe

@Suite("Envelopes")
struct EnvelopeTests {
  private func read(_ text: String) -> StripeEnvelope.Reading { StripeEnvelope.read(Array(text.utf8)) }

  @Test("All that intake needs is read in one pass")
  func everything() throws {
    let reading = StripeEnvelope.read(Samples.sessionCompleted)
    guard case .envelope(let envelope) = reading else {
      Issue.record("\(reading)")
      return
    }
    #expect(envelope.id == "evt_1Session")
    #expect(envelope.type == "checkout.session.completed")
    #expect(envelope.created == 1_700_000_100)
    #expect(envelope.livemode == true)
    #expect(envelope.apiVersion == "2025-09-30.clover")
    #expect(envelope.account == "acct_1")
    #expect(envelope.idempotencyKey == "key-1")
    #expect(envelope.objectID == "cs_live_1")
    #expect(envelope.objectType == "checkout.session")
    #expect(envelope.paymentIntentID == "pi_1")
    #expect(envelope.chargeID == nil)
    #expect(envelope.clientReferenceID == "GKM-1")
    #expect(envelope.orderID == "42")
  }

  @Test("An intent and a charge name themselves; an expanded field names what it holds")
  func references() throws {
    let intent = read(#"{"id":"evt_1","data":{"object":{"id":"pi_9","object":"payment_intent"}}}"#)
    guard case .envelope(let envelope) = intent else { throw Unexpected() }
    #expect(envelope.paymentIntentID == "pi_9")
    let charge = read(
      #"{"id":"evt_1","data":{"object":{"id":"ch_9","object":"charge","payment_intent":{"id":"pi_7","x":[{}]}}}}"#)
    guard case .envelope(let envelope) = charge else { throw Unexpected() }
    #expect(envelope.chargeID == "ch_9")
    #expect(envelope.paymentIntentID == "pi_7")
    #expect(envelope.type == "")
  }

  @Test("A thin event is told apart")
  func thin() {
    let reading = read(
      #"{"id":"evt_test_65","object":"v2.core.event","type":"v1.billing.meter","related_object":{"id":"mtr_1"}}"#)
    #expect(reading == .thin(id: "evt_test_65", type: "v1.billing.meter"))
  }

  @Test(
    "JSON without an id that can be a key",
    arguments: [
      "{}", "[]", "null", "5", #""evt_1""#, #"{"id":5}"#, #"{"id":null}"#, #"{"id":""}"#, #"{"id":{"id":"evt_1"}}"#,
      #"{"id":"a b"}"#, #"{"id":"evt_\u0000"}"#, #"{"id":"\n"}"#, "{\"id\":\"\(String(repeating: "x", count: 600))\"}",
    ])
  func withoutID(text: String) {
    #expect(read(text) == .withoutID)
  }

  @Test(
    "What is not JSON says where",
    arguments: [
      ("", 0), (" ", 1), ("{", 1), ("{]", 1), (#"{"id":"evt_1"} x"#, 15), (#"{"id":"evt_1",}"#, 14), ("nul", 0),
      (#"{"id" "evt_1"}"#, 6), ("[1,]", 3), ("01", 1), ("-", 1), ("1.", 2), ("1e", 2), ("{\"a\":\"\t\"}", 6),
      (#""\x""#, 3), (#""\ud800""#, 7), (#""\udc00""#, 7), (#""\ud800\u0041""#, 13), (#""\u12"#, 3), (#""abc"#, 4),
      ("tru", 0), ("+1", 0), ("{\"a\":1 \"b\":2}", 7),
    ])
  func notJSON(text: String, offset: Int) {
    guard case .notJSON(_, let found) = read(text) else {
      Issue.record("\(read(text))")
      return
    }
    #expect(found == offset)
  }

  @Test("Bytes that are not UTF-8 are not JSON")
  func notUTF8() {
    #expect(StripeEnvelope.read(Array(#"{"id":"evt_1","x":""#.utf8) + [0xC3, 0x28] + Array("\"}".utf8)).isNotJSON)
    #expect(StripeEnvelope.read([0xFF, 0xFE, 0x00]).isNotJSON)
  }

  @Test("Nesting beyond the limit is refused, not followed")
  func depth() {
    #expect(read(String(repeating: "[", count: 100_000)).isNotJSON)
    #expect(read(String(repeating: #"{"a":"#, count: 100_000)).isNotJSON)
    #expect(read(String(repeating: "[", count: 60) + String(repeating: "]", count: 60)) == .withoutID)
  }

  @Test("What PostgreSQL could not keep counts as absent; escapes are resolved")
  func text() throws {
    let reading = read(
      #"{"id":"evt_1","type":"a\u0000b","data":{"object":{"client_reference_id":"\u00e9\ud83d\ude00\"\\\/\n","#
        + #""metadata":{"order_id":"\u0000"}}}}"#)
    guard case .envelope(let envelope) = reading else { throw Unexpected() }
    #expect(envelope.type == "")
    #expect(envelope.orderID == nil)
    #expect(envelope.clientReferenceID == "é😀\"\\/\n")
  }

  @Test("Fields of another kind than they should be are passed over")
  func wrongKinds() throws {
    let reading = read(
      #"{"id":"evt_1","type":[],"created":"x","livemode":1,"request":"req_1","data":[{"object":{}}],"account":{}}"#)
    guard case .envelope(let envelope) = reading else { throw Unexpected() }
    #expect(envelope.created == 0)
    #expect(envelope.livemode == false)
    #expect(envelope.objectID == nil)
    #expect(read(#"{"id":"evt_1","created":1.5,"data":{"object":7}}"#).isEnvelope)
    #expect(read(#"{"id":"evt_1","created":99999999999999999999}"#).isEnvelope)
  }

  @Test("Mutilated events never trap, and are JSON exactly where Foundation says so")
  func fuzz() {
    var generator = Seeded(7)
    let seeds = Samples.all
    for _ in 0..<4000 {
      var body = seeds.randomElement(using: &generator)!
      for _ in 0..<Int.random(in: 1...3, using: &generator) { Self.mutilate(&body, &generator) }
      let reading = StripeEnvelope.read(body)
      let foundation = (try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed)) != nil
      #expect(reading.isNotJSON == !foundation, "\(String(decoding: body, as: UTF8.self))")
    }
  }

  private static func mutilate(_ body: inout [UInt8], _ generator: inout Seeded) {
    guard !body.isEmpty else { return }
    let place = Int.random(in: 0..<body.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: body.remove(at: place)
    case 1:
      body.insert(contentsOf: [#"{}[]",:\0-e."#.utf8.randomElement(using: &generator)].compactMap(\.self), at: place)
    case 2: body[place] = UInt8.random(in: 0x20..<0x7F, using: &generator)
    case 3: body.removeSubrange(place...)
    default: body.swapAt(place, Int.random(in: 0..<body.count, using: &generator))
    }
  }
}

struct Unexpected: Error {}

extension StripeEnvelope.Reading {
  var isNotJSON: Bool { if case .notJSON = self { true } else { false } }
  var isEnvelope: Bool { if case .envelope = self { true } else { false } }
}
