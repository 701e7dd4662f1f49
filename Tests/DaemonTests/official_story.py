"""A whole order through Stripe's official Python library and a running shop: SHOP STRIPE_BASE API_KEY LISTING.

The customer checks out at the shop and pays; then the dashboard, played by the library, pays back and answers disputes.
After each step the shop's own API has to say where the order stands.
"""

import json
import sys
import time
import urllib.request

import stripe

shop, base, key, listing = sys.argv[1:5]
stripe.api_key = key
stripe.api_base = base
stripe.max_network_retries = 2


def call(url, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def buy(name):
    body = {
        "lines": [{"listing_id": int(listing), "quantity": 2}],
        "email": f"{name}@example.com",
    }
    headers = {"Idempotency-Key": f"story-{name}"}
    opened = call(f"{shop}/v1/checkout", body, headers)
    # Asked again with the same key, it is the same order.
    again = call(f"{shop}/v1/checkout", body, headers)
    assert again["order"]["id"] == opened["order"]["id"], (opened, again)
    return opened


def stands(order, wanted):
    deadline = time.time() + 90
    state = None
    while time.time() < deadline:
        seen = call(f"{shop}/v1/orders/{order['id']}", headers={"Authorization": f"Bearer {order['token']}"})
        state = seen["state"]
        if state == wanted:
            return seen
        time.sleep(0.2)
    raise AssertionError(f"the order is {state}, and should be {wanted}")


def paid(name):
    opened = buy(name)
    session = stripe.checkout.Session.retrieve(opened["checkout_session"])
    assert session.status == "open" and session.payment_status == "unpaid", session
    call(f"{base}/_sim/sessions/{session.id}/pay", {})
    order = opened["order"]
    stands(order, "delivered")
    return order, stripe.checkout.Session.retrieve(session.id)


# Paid, part of it given back, disputed, won; then the rest given back.
order, session = paid("anna")
assert session.payment_status == "paid" and session.metadata["order_id"]
intent = stripe.PaymentIntent.retrieve(session.payment_intent)
part = stripe.Refund.create(payment_intent=intent.id, amount=500, idempotency_key="story-part")
assert stands(order, "partially_refunded")["refunded"] == 500
dispute = call(f"{base}/_sim/disputes", {"charge": intent.latest_charge, "reason": "fraudulent"})
stands(order, "disputed")
moved = stripe.Dispute.modify(dispute["id"], evidence={"access_activity_log": "opened at noon"}, submit=True)
assert moved.status == "under_review", moved
call(f"{base}/_sim/disputes/{dispute['id']}", {"status": "won"})
assert stands(order, "partially_refunded")["refunded"] == 500
stripe.Refund.create(payment_intent=intent.id, idempotency_key="story-rest")
assert stands(order, "refunded")["refunded"] == session.amount_total

# A dispute that is lost.
order, session = paid("boris")
intent = stripe.PaymentIntent.retrieve(session.payment_intent)
dispute = call(f"{base}/_sim/disputes", {"charge": intent.latest_charge, "reason": "product_not_received"})
stands(order, "disputed")
call(f"{base}/_sim/disputes/{dispute['id']}", {"status": "lost"})
stands(order, "charged_back")

# One that is never paid.
opened = buy("carla")
assert stripe.checkout.Session.expire(opened["checkout_session"]).status == "expired"
stands(opened["order"], "expired")

print("all done")
