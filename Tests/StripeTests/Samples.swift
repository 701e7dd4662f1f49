/// Events in Stripe's shape, made up for these tests.
enum Samples {
  static func event(_ type: String, id: String = "evt_1Sample", _ object: String) -> [UInt8] {
    Array(
      """
      {"id":"\(id)","object":"event","api_version":"2025-09-30.clover","created":1700000100,"livemode":false,
       "data":{"object":\(object)},"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":"\(type)"}
      """.utf8)
  }

  static let session = """
    {"id":"cs_live_1","object":"checkout.session","amount_subtotal":3998,"amount_total":3998,"client_reference_id":"GKM-1",
     "created":1700000000,"currency":"eur","customer":"cus_1","customer_details":{"address":{"city":null,"country":"FR"},
     "email":"amelie@example.com","name":"Amélie L.","phone":null,"tax_ids":[]},"customer_email":"early@example.com",
     "expires_at":1700001800,"livemode":true,"metadata":{"order_id":"42"},"mode":"payment","payment_intent":"pi_1",
     "payment_status":"paid","status":"complete","success_url":"https://market.example/done","total_details":
     {"amount_discount":0,"amount_shipping":0,"amount_tax":0},"url":null}
    """
  static let sessionCompleted = Array(
    """
    {"id":"evt_1Session","object":"event","account":"acct_1","api_version":"2025-09-30.clover","created":1700000100,
     "data":{"object":\(session)},"livemode":true,"pending_webhooks":2,
     "request":{"id":"req_1","idempotency_key":"key-1"},"type":"checkout.session.completed"}
    """.utf8)
  static let intent = """
    {"id":"pi_1","object":"payment_intent","amount":3998,"amount_received":3998,"created":1700000050,"currency":"eur",
     "customer":{"id":"cus_1","object":"customer"},"last_payment_error":null,"latest_charge":"ch_1","livemode":false,
     "metadata":{"order_id":"42"},"status":"succeeded"}
    """
  static let failedIntent = """
    {"id":"pi_2","object":"payment_intent","amount":3998,"amount_received":0,"created":1700000050,"currency":"eur",
     "last_payment_error":{"charge":"ch_2","code":"card_declined","decline_code":"insufficient_funds",
     "message":"Your card has insufficient funds.","payment_method":{"id":"pm_1"},"type":"card_error"},
     "latest_charge":{"id":"ch_2","object":"charge"},"livemode":false,"metadata":{},"status":"requires_payment_method"}
    """
  static let charge = """
    {"id":"ch_1","object":"charge","amount":3998,"amount_refunded":0,"balance_transaction":"txn_1","billing_details":
     {"address":{"country":"FR"},"email":"amelie@example.com","name":"Amélie L."},"created":1700000060,"currency":"eur",
     "customer":null,"disputed":false,"failure_code":null,"failure_message":null,"livemode":false,
     "metadata":{"order_id":"42"},"outcome":{"network_status":"approved_by_network","reason":null,"risk_level":"elevated",
     "risk_score":66,"type":"authorized"},"paid":true,"payment_intent":"pi_1","payment_method_details":{"card":
     {"brand":"visa","country":"FR","last4":"4242"},"type":"card"},"refunded":false,"status":"succeeded"}
    """
  static let failedCharge = """
    {"id":"ch_2","object":"charge","amount":3998,"amount_refunded":0,"created":1700000060,"currency":"eur",
     "failure_code":"card_declined","failure_message":"Your card was declined.","metadata":null,"outcome":
     {"reason":"generic_decline","risk_level":"normal","risk_score":3,"type":"issuer_declined"},
     "payment_intent":{"id":"pi_2","object":"payment_intent"},"status":"failed"}
    """
  static let refundedCharge = """
    {"id":"ch_1","object":"charge","amount":3998,"amount_refunded":1000,"created":1700000060,"currency":"eur",
     "payment_intent":"pi_1","refunded":false,"refunds":{"object":"list","data":[\(refund)],"has_more":false},
     "status":"succeeded"}
    """
  static let refund = """
    {"id":"re_1","object":"refund","amount":1000,"balance_transaction":{"id":"txn_2"},"charge":"ch_1",
     "created":1700000200,"currency":"eur","metadata":{"order_id":"42","refund_request":"7"},"payment_intent":"pi_1",
     "reason":"requested_by_customer","status":"pending"}
    """
  static let dispute = """
    {"id":"dp_1","object":"dispute","amount":3998,"balance_transactions":[{"id":"txn_3","object":"balance_transaction",
     "amount":-3998,"available_on":1700100000,"created":1700000300,"currency":"eur","fee":1500,"net":-5498,
     "source":"dp_1","status":"pending","type":"adjustment"}],"charge":"ch_1","created":1700000300,"currency":"eur",
     "evidence":{"customer_name":null},"evidence_details":{"due_by":1700600000,"has_evidence":true,"past_due":false,
     "submission_count":1},"is_charge_refundable":false,"livemode":false,"metadata":{},"payment_intent":"pi_1",
     "reason":"product_not_received","status":"needs_response"}
    """

  static let all: [[UInt8]] = [
    sessionCompleted, event("payment_intent.succeeded", intent), event("payment_intent.payment_failed", failedIntent),
    event("charge.succeeded", charge), event("charge.failed", failedCharge), event("charge.refunded", refundedCharge),
    event("refund.created", refund), event("charge.dispute.created", dispute),
    Array(#"{"id":"evt_1","x":[1,-2.5e+3,true,false,null,"\u00e9\ud83d\ude00\n"],"y":{"":{}}}"#.utf8),
  ]
}
