/// The texts that the program brings, each a file beside this one.
enum BuiltInTemplates {
  /// Every key in English and Spanish. Listed by hand: the embedding flattens names.
  static func all() throws(TemplateProblem) -> [MessageTemplate] {
    var templates: [MessageTemplate] = []
    for key in TemplateKey.allCases {
      let (english, spanish) = files(key)
      templates.append(try MessageTemplate(TemplateID(key, "en"), file: String(decoding: english, as: UTF8.self)))
      templates.append(try MessageTemplate(TemplateID(key, "es"), file: String(decoding: spanish, as: UTF8.self)))
    }
    return templates
  }

  private static func files(_ key: TemplateKey) -> (english: [UInt8], spanish: [UInt8]) {
    typealias Files = PackageResources
    return switch key {
    case .keyDelivered: (Files.key_delivered_en_txt, Files.key_delivered_es_txt)
    case .orderReceived: (Files.order_received_en_txt, Files.order_received_es_txt)
    case .deliveryDelayed: (Files.delivery_delayed_en_txt, Files.delivery_delayed_es_txt)
    case .orderRefunded: (Files.order_refunded_en_txt, Files.order_refunded_es_txt)
    case .addressCode: (Files.address_code_en_txt, Files.address_code_es_txt)
    case .addressChanged: (Files.address_changed_en_txt, Files.address_changed_es_txt)
    case .keyReplaced: (Files.key_replaced_en_txt, Files.key_replaced_es_txt)
    case .caseAnswer: (Files.case_answer_en_txt, Files.case_answer_es_txt)
    case .vendorNewOrder: (Files.vendor_new_order_en_txt, Files.vendor_new_order_es_txt)
    case .vendorLowStock: (Files.vendor_low_stock_en_txt, Files.vendor_low_stock_es_txt)
    case .vendorNewOrders: (Files.vendor_new_orders_en_txt, Files.vendor_new_orders_es_txt)
    case .vendorWebhookDisabled: (Files.vendor_webhook_disabled_en_txt, Files.vendor_webhook_disabled_es_txt)
    case .vendorDispute: (Files.vendor_dispute_en_txt, Files.vendor_dispute_es_txt)
    case .alert: (Files.alert_en_txt, Files.alert_es_txt)
    case .alertRecovered: (Files.alert_recovered_en_txt, Files.alert_recovered_es_txt)
    }
  }
}
