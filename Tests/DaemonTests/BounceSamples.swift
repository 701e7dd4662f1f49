import Market

/// Reports of undelivered mail in the words of the servers that write them. `TO` is where the report goes, `RCPT` whose
/// mailbox it is about.
enum BounceSamples {
  static let postfix = """
    Return-Path: <>
    X-Original-To: TO
    Delivered-To: bounces@shop.example
    Received: by mx.shop.example (Postfix) id 4Q2W7x1; Sun,  1 Mar 2026 12:00:02 +0000 (UTC)
    Date: Sun,  1 Mar 2026 12:00:02 +0000 (UTC)
    From: MAILER-DAEMON@mx.shop.example (Mail Delivery System)
    Subject: Undelivered Mail Returned to Sender
    To: TO
    Auto-Submitted: auto-replied
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=delivery-status;
    \tboundary="4Q2W7x0.1772366402/mx.shop.example"
    Message-Id: <20260301120002.4Q2W7x1@mx.shop.example>

    This is a MIME-encapsulated message.

    --4Q2W7x0.1772366402/mx.shop.example
    Content-Description: Notification
    Content-Type: text/plain; charset=us-ascii

    This is the mail system at host mx.shop.example.

    I'm sorry to have to inform you that your message could not
    be delivered to one or more recipients.

    <RCPT>: host mx.example.com[203.0.113.25] said: 550 5.1.1 <RCPT>: Recipient
        address rejected: User unknown (in reply to RCPT TO command)

    --4Q2W7x0.1772366402/mx.shop.example
    Content-Description: Delivery report
    Content-Type: message/delivery-status

    Reporting-MTA: dns; mx.shop.example
    X-Postfix-Queue-ID: 4Q2W7x0
    X-Postfix-Sender: rfc822; TO
    Arrival-Date: Sun,  1 Mar 2026 12:00:01 +0000 (UTC)

    Final-Recipient: rfc822; RCPT
    Original-Recipient: rfc822;RCPT
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; mx.example.com
    Diagnostic-Code: smtp; 550 5.1.1 <RCPT>: Recipient address rejected: User
        unknown

    --4Q2W7x0.1772366402/mx.shop.example
    Content-Description: Undelivered Message
    Content-Type: message/rfc822

    Subject: Your key
    Status: 2.0.0

    --4Q2W7x0.1772366402/mx.shop.example--

    """

  static let delayed = postfix.replacing("Action: failed", with: "Action: delayed")
    .replacing("Status: 5.1.1", with: "Status: 4.4.1").replacing(
      "smtp; 550 5.1.1 <RCPT>: Recipient address rejected: User\n    unknown",
      with: "X-Postfix; connect to mx.example.com[203.0.113.25]:25: Connection timed out")

  /// Exim's own: no report at all, and the address in `Envelope-To`.
  static let exim = """
    Return-path: <>
    Envelope-to: TO
    Received: from Debian-exim by mx.example.net with local (Exim 4.96) id 1pXyZ0-0001aB-2C
    X-Failed-Recipients: RCPT
    Auto-Submitted: auto-replied
    From: Mail Delivery System <Mailer-Daemon@mx.example.net>
    To: bounces@shop.example
    Subject: Mail delivery failed: returning message to sender
    Message-Id: <E1pXyZ0-0001aB-2C@mx.example.net>
    Date: Sun, 01 Mar 2026 12:00:02 +0000

    This message was created automatically by mail delivery software.

    A message that you sent could not be delivered to one or more of its
    recipients. This is a permanent error. The following address(es) failed:

      RCPT
        host mx.example.com [203.0.113.25]
        SMTP error from remote mail server after RCPT TO:<RCPT>:
        552 5.2.2 Mailbox size limit exceeded

    ------ This is a copy of the message, including all the headers. ------

    Subject: Your key
    550 5.1.1 nothing of this counts

    """

  static let gmail = """
    Delivered-To: TO
    Return-Path: <>
    Content-Type: multipart/report; boundary="000000000000a1b2c3060f"; report-type=delivery-status
    To: TO
    Auto-Submitted: auto-replied
    Subject: Delivery Status Notification (Failure)
    From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
    Date: Sun, 01 Mar 2026 04:00:02 -0800 (PST)

    --000000000000a1b2c3060f
    Content-Type: multipart/related; boundary="000000000000a1b2c7060d"

    --000000000000a1b2c7060d
    Content-Type: text/plain; charset="UTF-8"

    ** Address not found **

    --000000000000a1b2c7060d--
    --000000000000a1b2c3060f
    Content-Type: message/delivery-status
    Content-Transfer-Encoding: 7bit

    Reporting-MTA: dns; googlemail.com
    Received-From-MTA: dns; bounces@shop.example
    Arrival-Date: Sun, 01 Mar 2026 04:00:01 -0800 (PST)
    X-Original-Message-ID: <unit-9.ab@shop.example>

    Final-Recipient: rfc822; RCPT
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; gmail-smtp-in.l.google.com. (142.250.102.26, the server for the domain gmail.com.)
    Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
     550-5.1.1 double-checking the recipient's email address for typos or
     550 5.1.1 unnecessary spaces. - gsmtp
    Last-Attempt-Date: Sun, 01 Mar 2026 04:00:02 -0800 (PST)

    --000000000000a1b2c3060f--
    """

  /// Exchange encodes the report itself.
  static let exchange = """
    Delivered-To: TO
    From: <postmaster@contoso.example>
    To: <TO>
    Date: Sun, 1 Mar 2026 12:00:02 +0000
    Content-Type: multipart/report; report-type=delivery-status;
    \tboundary="b3f1a2c4-0d5e-4f60-8a7b-9c8d7e6f5a4b"
    X-MS-Exchange-Message-Is-Ndr:
    Content-Language: en-US
    Subject: Undeliverable: Your key
    Auto-Submitted: auto-replied

    --b3f1a2c4-0d5e-4f60-8a7b-9c8d7e6f5a4b
    Content-Type: text/html; charset="utf-8"

    <html><body>Your message couldn't be delivered.</body></html>
    --b3f1a2c4-0d5e-4f60-8a7b-9c8d7e6f5a4b
    Content-Type: message/delivery-status
    Content-Transfer-Encoding: quoted-printable

    Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.exchange.contoso.example

    Final-recipient: RFC822;RCPT
    Action: failed
    Status: 4.4.7
    Diagnostic-Code: smtp;550 4.4.7 QUEUE.Expired; message expired=20in =
    unreachable destination queue

    --b3f1a2c4-0d5e-4f60-8a7b-9c8d7e6f5a4b--
    """

  /// Of a person who is away: it comes to the envelope sender too, and is no bounce.
  static let vacation = """
    Delivered-To: TO
    Return-Path: <>
    From: Ann <RCPT>
    To: TO
    Auto-Submitted: auto-replied
    Subject: Re: Your key

    I am away until 5.1.1 o'clock and 550 - well, soon.
    """

  static func make(_ sample: String, to address: String, about recipient: String = "ann@example.com") -> [UInt8] {
    Array(
      sample.replacing("TO\n", with: address + "\n").replacing("TO>", with: address + ">")
        .replacing("RCPT", with: recipient).utf8)
  }
}
