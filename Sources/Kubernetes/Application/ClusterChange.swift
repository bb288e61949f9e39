/// What applying an object would do.
package struct ClusterChange: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    case create
    /// The paths of the fields that change; never their values.
    case update([String])
    case unchanged
    /// A type can't be changed: the object has to be deleted and made anew.
    case replace(from: String, to: String)
    /// Fields that others have set; and what would change if they were taken over.
    case conflict([FieldConflict], changes: [String])
    /// The cluster does not accept it.
    case refused(KubernetesError)
  }

  package var item: ClusterApplication.Item
  package var action: Action
  /// Which object the plan has seen.
  package var live: KubernetesClient.Preconditions?

  package init(item: ClusterApplication.Item, action: Action, live: KubernetesClient.Preconditions? = nil) {
    self.item = item
    self.action = action
    self.live = live
  }

  /// Whether applying would change anything.
  package var isPending: Bool { action != .unchanged }
}
