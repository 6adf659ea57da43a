//! Bugs switched on on purpose: a simulation that does not find these finds nothing.

/// Something that is deliberately wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Commands of policies are acknowledged and thrown away.
    DropsPolicyCommands,
    /// The log stores every event twice.
    StoresTwice,
    /// The log acknowledges events after a loop's first and keeps none of them.
    AcknowledgesWithoutStoring,
    /// The read model says that it has caught up when it has not.
    WatchesIgnoringLag,
    /// Nobody looks at the time.
    NeverTicks,
    /// A department that had a loop can go on acting in it.
    OldDepartmentActs,
    /// Claims of one district are taken for those of another.
    OpensTheWall,
    /// A repeated command is carried out anew.
    ForgetsKeys,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::DropsPolicyCommands,
        Self::StoresTwice,
        Self::AcknowledgesWithoutStoring,
        Self::WatchesIgnoringLag,
        Self::NeverTicks,
        Self::OldDepartmentActs,
        Self::OpensTheWall,
        Self::ForgetsKeys,
    ];
}
