package import Credentials

/// What can go wrong with the record of an authority. Paths and serials are named; secrets never are.
package enum LedgerError: ExplainedError, Hashable {
  case notASerial(String)
  case notFound(String)
  case ambiguousSerial(String)
  case duplicateSerial(String)
  case neverIssued(String)
  case alreadyIssued(String)
  case alreadyRevoked(String)
  /// What a certificate was to use up is used up, withdrawn, expired, or not the newest: see ``Admission/Claim``.
  case claimRefused(ClaimRefusal)
  /// As many requests wait for an operator as may.
  case queueFull(Int)
  /// A value that the record can't keep, such as a name with a NUL character in it.
  case unusable(what: String)
  case notACheckpoint(String)
  /// The signature of a checkpoint isn't what it should be.
  case checkpointSignature(String)
  case missing(path: String)
  case exists(path: String)
  case notALedger(path: String)
  case olderSchema(path: String, found: Int, supported: Int)
  case newerSchema(path: String, found: Int, supported: Int)
  case diskFull(path: String)
  case notWritable(path: String, detail: String)
  case notReadable(path: String, detail: String)
  case locked(path: String)
  case corrupt(path: String, detail: String)
  case failed(path: String, detail: String)

  package var message: String {
    switch self {
    case .notASerial(let text): "'\(text)' is not a serial number"
    case .notFound(let what): "\(what) is not in the ledger"
    case .ambiguousSerial(let serial): "serial \(serial) was issued by more than one issuer"
    case .duplicateSerial(let serial): "serial \(serial) is already taken"
    case .neverIssued(let serial): "serial \(serial) was reserved and never issued"
    case .alreadyIssued(let serial): "serial \(serial) was already issued"
    case .alreadyRevoked(let serial): "serial \(serial) is already revoked"
    case .claimRefused(let refusal): refusal.message
    case .queueFull(let most): "\(most) requests already wait for an operator"
    case .unusable(let what): "the ledger can't record this: \(what)"
    case .notACheckpoint(let reason): "not a checkpoint: \(reason)"
    case .checkpointSignature(let reason): "the checkpoint's signature is not good: \(reason)"
    case .missing(let path): "there is no ledger at \(path)"
    case .exists(let path): "there is already a file at \(path)"
    case .notALedger(let path): "\(path) is not a ledger"
    case .olderSchema(let path, let found, let supported):
      "the ledger \(path) has schema version \(found), this program needs \(supported)"
    case .newerSchema(let path, let found, let supported):
      "the ledger \(path) has schema version \(found), this program knows up to \(supported)"
    case .diskFull(let path): "no space left to write the ledger \(path)"
    case .notWritable(let path, let detail): "the ledger \(path) can't be written: \(detail)"
    case .notReadable(let path, let detail): "the ledger \(path) can't be read: \(detail)"
    case .locked(let path): "the ledger \(path) is locked by another process"
    case .corrupt(let path, let detail): "the ledger \(path) is damaged: \(detail)"
    case .failed(let path, let detail): "the ledger \(path) failed: \(detail)"
    }
  }

  package var hint: String? {
    switch self {
    case .notASerial: "give it in hexadecimal, with or without colons, as status and openssl print it"
    case .notFound: "countersign status lists what the ledger knows"
    case .ambiguousSerial: "give the certificate file instead of the serial"
    case .neverIssued: "the process ended before the certificate was signed; sign the request again"
    case .duplicateSerial, .alreadyIssued, .alreadyRevoked: nil
    case .claimRefused: nil
    case .queueFull: "decide on them: countersign nodes list"
    case .unusable: nil
    case .notACheckpoint: "a checkpoint is one line: countersign-checkpoint v1 SEQUENCE HASH"
    case .checkpointSignature: "take the checkpoint from where the orchestrator put it; it was changed, or is another's"
    case .missing: "create an authority first: countersign ca create --name NAME"
    case .exists: "choose another file name"
    case .notALedger: "name the ledger.db of a home, or a file that countersign ledger backup wrote"
    case .olderSchema: "bring it up to date: countersign ledger migrate"
    case .newerSchema: "use the newer countersign that wrote it"
    case .diskFull: "free some space and run the command again; nothing was changed"
    case .notWritable: "check the owner and mode of the file and its folder, and that it isn't mounted read-only"
    case .notReadable: "check the owner and mode of the file and its folder"
    case .locked: "wait for the other process to end, then run the command again"
    case .corrupt: "restore it from a backup: countersign ledger restore FILE"
    case .failed: nil
    }
  }

  package var kind: FailureKind {
    switch self {
    case .notASerial, .ambiguousSerial, .unusable, .notACheckpoint, .exists, .notALedger: .badInput
    case .notFound, .duplicateSerial, .neverIssued, .alreadyIssued, .alreadyRevoked, .claimRefused, .queueFull,
      .checkpointSignature:
      .refused
    case .missing, .olderSchema, .newerSchema, .diskFull, .notWritable, .notReadable, .locked, .corrupt, .failed:
      .environment
    }
  }
}

/// Why a claim was not granted.
package enum ClaimRefusal: Sendable, Hashable {
  case invitationUnknown
  case invitationSpent
  case invitationExpired
  case invitationWithdrawn
  case passwordSpent
  case approvalMissing
  case certificateRevoked
  /// A newer certificate of the same node exists: the one that asks may be a copy.
  case certificateSuperseded
  case nodeShutOut

  package var message: String {
    switch self {
    case .invitationUnknown: "the invitation is unknown"
    case .invitationSpent: "the invitation has been used as often as it may"
    case .invitationExpired: "the invitation has expired"
    case .invitationWithdrawn: "the invitation was withdrawn"
    case .passwordSpent: "the password ended with the node's first certificate"
    case .approvalMissing: "no operator has approved this request"
    case .certificateRevoked: "the certificate to be renewed is revoked"
    case .certificateSuperseded: "the certificate to be renewed was replaced by a newer one"
    case .nodeShutOut: "an operator has shut this node out"
    }
  }
}
