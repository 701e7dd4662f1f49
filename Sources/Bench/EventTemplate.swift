/// An event as Stripe spells it for a Checkout Session that was paid, with `@name@` where each differs.
enum EventTemplate {
  static let text = #"""
    {
      "id": "@event@",
      "object": "event",
      "api_version": "2024-06-20",
      "created": @created@,
      "data": {
        "object": {
          "id": "@session@",
          "object": "checkout.session",
          "after_expiration": null,
          "allow_promotion_codes": null,
          "amount_subtotal": @amount@,
          "amount_total": @amount@,
          "automatic_tax": {
            "enabled": false,
            "liability": null,
            "status": null
          },
          "billing_address_collection": null,
          "cancel_url": "https://shop.example/cancelled",
          "client_reference_id": "@order@",
          "consent": null,
          "created": @created@,
          "currency": "@currency@",
          "customer": "@customer@",
          "customer_creation": "if_required",
          "customer_details": {
            "address": {
              "city": null,
              "country": "DE",
              "line1": null,
              "line2": null,
              "postal_code": null,
              "state": null
            },
            "email": "buyer@order@\u0040bench.example",
            "name": "Buyer @order@",
            "phone": null,
            "tax_exempt": "none",
            "tax_ids": []
          },
          "customer_email": null,
          "expires_at": @expires@,
          "invoice": null,
          "livemode": false,
          "locale": null,
          "metadata": {
            "order_id": "@order@"
          },
          "mode": "payment",
          "payment_intent": "@intent@",
          "payment_link": null,
          "payment_method_collection": "if_required",
          "payment_method_options": {
            "card": {
              "request_three_d_secure": "automatic"
            }
          },
          "payment_method_types": [
            "card"
          ],
          "payment_status": "paid",
          "recovered_from": null,
          "setup_intent": null,
          "status": "complete",
          "submit_type": null,
          "subscription": null,
          "success_url": "https://shop.example/thanks",
          "total_details": {
            "amount_discount": 0,
            "amount_shipping": 0,
            "amount_tax": 0
          },
          "ui_mode": "hosted",
          "url": null
        }
      },
      "livemode": false,
      "pending_webhooks": 1,
      "request": {
        "id": null,
        "idempotency_key": null
      },
      "type": "checkout.session.completed"
    }
    """#
}
