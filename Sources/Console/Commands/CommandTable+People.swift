import Market
import Store

// Who may sign in, and the glass.
extension Command {
  static let onPeople: [Command] = [
    Command(
      .addPerson, "Add a person", keys: ["a"], scope: .list(.people), needs: .managePeople, changes: true, hint: "add"),
    Command(
      .disablePerson, "Disable this person", keys: ["x"], scope: .list(.people), needs: .managePeople, changes: true,
      hint: "disable", refusing: PersonActions.refusal),
    Command(
      .turnPerson, "Another role for this person", keys: ["o"], scope: .list(.people), needs: .managePeople,
      changes: true, hint: "role", refusing: PersonActions.refusalToTurn),
    Command(
      .limitPerson, "Until when this person has access", keys: ["t"], scope: .list(.people), needs: .managePeople,
      changes: true, hint: "until", refusing: PersonActions.refusal),
    Command(
      .enablePerson, "Let this person in again", keys: ["l"], scope: .list(.people), needs: .managePeople,
      changes: true, hint: "let in", refusing: PersonActions.refusalToEnable),
    Command(
      .setPassword, "Another password for this person", keys: ["w"], scope: .list(.people), needs: .managePeople,
      changes: true, hint: "password", refusing: PersonActions.refusal),
    Command(
      .endGlass, "End this person's time as an admin by the broken glass", keys: ["b"], scope: .list(.people),
      needs: .managePeople, changes: true, refusing: PersonActions.refusalToEndGlass),
    Command(
      .lookAtGlass, "How it stands with the glass: the sealed code, and who broke it", keys: ["i"],
      scope: .list(.people), needs: .managePeople, hint: "glass"),
    Command(
      .sealGlass, "Seal a new code to break the glass with", keys: ["S"], scope: .list(.people), needs: .managePeople,
      changes: true),
    Command(
      .breakGlass, "Break the glass: be admin for a while with the sealed code", keys: ["f9"], needs: .breakGlass,
      changes: true),
    Command(.changeMyPassword, "Change your password", keys: ["f7"], changes: true),
  ]
}
