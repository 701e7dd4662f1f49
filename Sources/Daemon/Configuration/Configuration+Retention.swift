import Store

extension Upkeep.Retention {
  init(_ reader: inout ConfigurationReader) {
    let day = Duration.seconds(86_400)
    self.init(
      // Stripe's events can be asked for again for 30 days: until then what we have must be there to compare.
      eventBodies: reader.duration("retention.event_bodies", default: day * 400, in: (day * 31)...(day * 3_650)),
      letters: reader.duration("retention.letters", default: day * 90, in: (day * 7)...(day * 3_650)),
      alerts: reader.duration("retention.alerts", default: day * 400, in: (day * 7)...(day * 3_650)),
      notices: reader.duration("retention.notices", default: day * 400, in: (day * 31)...(day * 3_650)))
  }
}
