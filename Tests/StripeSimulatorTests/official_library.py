"""Stripe's official Python library against the simulator: BASE_URL API_KEY WEBHOOK_SECRET."""

import http.server
import json
import queue
import sys
import threading
import time
import urllib.request

import stripe

base, key, secret = sys.argv[1:4]
stripe.api_key = key
stripe.api_base = base
stripe.max_network_retries = 2
deliveries = queue.Queue()
# Once, so that a call made again is the same call.
expiry = int(time.time()) + 1800


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        deliveries.put((body, self.headers["Stripe-Signature"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def sim(path, **body):
    request = urllib.request.Request(
        base + "/_sim" + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(kind, call, *args, **params):
    try:
        call(*args, **params)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected of {call}")


def create_session(order, **more):
    return stripe.checkout.Session.create(
        mode="payment",
        line_items=[
            {
                "price_data": {
                    "currency": "eur",
                    "unit_amount": 1999,
                    "product_data": {"name": "Clé « numérique » 鍵", "metadata": {"listing": "7"}},
                },
                "quantity": 2,
            }
        ],
        client_reference_id=f"GKM-{order}",
        metadata={"order_id": order},
        payment_intent_data={"metadata": {"order_id": order}},
        success_url="https://market.example/done?s={CHECKOUT_SESSION_ID}",
        cancel_url="https://market.example/",
        expires_at=expiry,
        customer_creation="always",
        customer_email="buyer@example.com",
        **more,
    )


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
sim("/webhook", url=f"http://127.0.0.1:{server.server_port}/", secret=secret)

# Sessions, and one key for one call.
session = create_session("o1", idempotency_key="session-o1")
assert session.object == "checkout.session" and session.status == "open" and session.amount_total == 3998
assert create_session("o1", idempotency_key="session-o1").id == session.id
refused(stripe.IdempotencyError, create_session, "o2", idempotency_key="session-o1")
assert stripe.checkout.Session.retrieve(session.id).metadata["order_id"] == "o1"
assert stripe.checkout.Session.list_line_items(session.id).data[0].quantity == 2
paid = sim(f"/sessions/{session.id}/pay", name="Amélie Lefèvre")
session = stripe.checkout.Session.retrieve(session.id)
assert session.status == "complete" and session.payment_status == "paid" and session.customer.startswith("cus_")

# What came of it.
intent = stripe.PaymentIntent.retrieve(session.payment_intent)
charge = stripe.Charge.retrieve(intent.latest_charge)
assert intent.status == "succeeded" and charge.paid and charge.payment_method_details.card.last4 == "4242"
assert stripe.BalanceTransaction.retrieve(charge.balance_transaction).net < 3998
assert stripe.Customer.retrieve(session.customer).email == "buyer@example.com"
portal = stripe.billing_portal.Session.create(customer=session.customer, return_url="https://market.example/")
assert portal.url.startswith(base)

# Webhooks, as they were really delivered.
delivered = {}
while "checkout.session.completed" not in delivered:
    body, signature = deliveries.get(timeout=20)
    event = stripe.Webhook.construct_event(body, signature, secret)
    delivered[event.type] = event
    refused(stripe.SignatureVerificationError, stripe.Webhook.construct_event, body, signature, "whsec_wrong")
    refused(stripe.SignatureVerificationError, stripe.Webhook.construct_event, body + b" ", signature, secret)
assert delivered["checkout.session.completed"].data.object.client_reference_id == "GKM-o1"

# Events, page by page.
pages = list(stripe.Event.list(limit=2).auto_paging_iter())
assert len(pages) == len({event.id for event in pages}) >= 5
assert delivered["checkout.session.completed"].id in {event.id for event in pages}
wanted = stripe.Event.list(types=["charge.succeeded"], created={"gte": int(time.time()) - 60})
assert [event.type for event in wanted.data] == ["charge.succeeded"]
assert stripe.Event.retrieve(pages[0].id).id == pages[0].id

# Money back.
refund = stripe.Refund.create(
    payment_intent=intent.id, amount=1000, reason="requested_by_customer", metadata={"refund_request": "r1"},
    idempotency_key="refund-r1")
assert refund.status == "succeeded" and refund.charge == charge.id
refused(stripe.InvalidRequestError, stripe.Refund.create, payment_intent=intent.id, amount=9999)
stripe.Refund.create(charge=charge.id)
assert refused(stripe.InvalidRequestError, stripe.Refund.create, charge=charge.id).code == "charge_already_refunded"
assert [r.amount for r in stripe.Refund.list(payment_intent=intent.id)] == [2998, 1000]
assert stripe.Refund.retrieve(refund.id).metadata["refund_request"] == "r1"
assert stripe.Charge.retrieve(charge.id).refunded

# A dispute.
dispute = stripe.Dispute.retrieve(sim("/disputes", charge=charge.id, reason="fraudulent")["id"])
assert dispute.status == "needs_response" and dispute.balance_transactions[0].amount == -3998
dispute = stripe.Dispute.modify(dispute.id, evidence={"access_activity_log": "opened at noon"}, submit=True)
assert dispute.status == "under_review" and dispute.evidence.access_activity_log == "opened at noon"
assert stripe.Dispute.list(charge=charge.id).data[0].id == dispute.id

# A session let go.
other = create_session("o3")
assert stripe.checkout.Session.expire(other.id).status == "expired"
assert refused(stripe.InvalidRequestError, stripe.checkout.Session.expire, other.id).http_status == 400

# What Stripe would say no to.
assert refused(stripe.InvalidRequestError, stripe.Charge.retrieve, "ch_none").code == "resource_missing"
refused(stripe.AuthenticationError, stripe.Event.list, api_key="sk_test_wrong")
stripe.max_network_retries = 0
sim("/faults", kind="429")
refused(stripe.RateLimitError, stripe.Event.list)
sim("/faults", kind="500")
refused(stripe.APIError, stripe.Event.list)

# The library's other face.
client = stripe.StripeClient(key, base_addresses={"api": base})
assert client.v1.checkout.sessions.retrieve(session.id).id == session.id
print("all done with stripe", stripe.VERSION)
