/// The texts of the mail that brings a key, by language. Mustache: `{{name}}` is escaped where the part is HTML.
enum MailTemplates {
  struct Texts: Sendable {
    let subject: String
    let text: String
    let html: String
  }

  static let languages: [String: Texts] = ["en": english, "es": spanish]

  private static let english = Texts(
    subject: "Your key for {{{title}}} (order {{{number}}})",
    text: """
      {{#name}}Hello {{{name}}},{{/name}}{{^name}}Hello,{{/name}}

      thank you for your order {{{number}}}. This is your key for

        {{{title}}} ({{{platform}}}){{#part}}, {{{part}}} of {{{parts}}}{{/part}}

      {{#key}}
        {{{key}}}

      {{/key}}
      Your order with {{#key}}all of its keys{{/key}}{{^key}}the key{{/key}} is at

        {{{link}}}

      The link is yours alone: whoever has it can see what you bought.

      {{{shop}}}

      """,
    html: page(
      """
      <p>{{#name}}Hello {{name}},{{/name}}{{^name}}Hello,{{/name}}</p>
      <p>thank you for your order <strong>{{number}}</strong>. This is your key for</p>
      <p><strong>{{title}}</strong> ({{platform}}){{#part}}, {{part}} of {{parts}}{{/part}}</p>
      {{#key}}<p><code>{{key}}</code></p>{{/key}}
      <p><a href="{{link}}">Open your order</a></p>
      <p>The link is yours alone: whoever has it can see what you bought.</p>
      <p>{{shop}}</p>
      """))

  private static let spanish = Texts(
    subject: "Tu clave de {{{title}}} (pedido {{{number}}})",
    text: """
      {{#name}}Hola, {{{name}}}:{{/name}}{{^name}}Hola:{{/name}}

      Gracias por tu pedido {{{number}}}. Esta es tu clave de

        {{{title}}} ({{{platform}}}){{#part}}, {{{part}}} de {{{parts}}}{{/part}}

      {{#key}}
        {{{key}}}

      {{/key}}
      Tu pedido, con {{#key}}todas sus claves{{/key}}{{^key}}la clave{{/key}}, está en

        {{{link}}}

      El enlace es solo tuyo: quien lo tenga puede ver lo que compraste.

      {{{shop}}}

      """,
    html: page(
      """
      <p>{{#name}}Hola, {{name}}:{{/name}}{{^name}}Hola:{{/name}}</p>
      <p>Gracias por tu pedido <strong>{{number}}</strong>. Esta es tu clave de</p>
      <p><strong>{{title}}</strong> ({{platform}}){{#part}}, {{part}} de {{parts}}{{/part}}</p>
      {{#key}}<p><code>{{key}}</code></p>{{/key}}
      <p><a href="{{link}}">Abrir tu pedido</a></p>
      <p>El enlace es solo tuyo: quien lo tenga puede ver lo que compraste.</p>
      <p>{{shop}}</p>
      """))

  private static func page(_ body: String) -> String {
    "<!DOCTYPE html>\n<html>\n<body style=\"font-family: sans-serif\">\n\(body)\n</body>\n</html>\n"
  }
}
