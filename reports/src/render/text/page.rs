//! The words that only the report page needs.

/// Labels of the report page.
pub struct PageText {
    /// The page's own title, before the drill's.
    pub report: &'static str,
    /// What a simulated drill is not.
    pub simulation_note: &'static str,
    /// Headings of sections, in the order of the page.
    pub sections: Sections,
    /// Labels of the drill card.
    pub card: Card,
    /// Heads of table columns.
    pub columns: Columns,
    /// Kinds of timeline entries.
    pub kinds: EntryKinds,
    /// Where a node stands.
    pub standings: Standings,
    /// How an operation ended.
    pub operations: Operations,
    /// Buttons and fields.
    pub controls: Controls,
    /// Remarks.
    pub remarks: Remarks,
}

/// Headings of the page's sections.
pub struct Sections {
    /// The drill card.
    pub drill: &'static str,
    /// RTO and RPO.
    pub objectives: &'static str,
    /// The checks.
    pub checks: &'static str,
    /// The operator's steps.
    pub runbook: &'static str,
    /// The faults.
    pub faults: &'static str,
    /// Lanes over time.
    pub timeline: &'static str,
    /// Messages around the finding.
    pub space_time: &'static str,
    /// The causal chain.
    pub story: &'static str,
    /// Throughput and latency.
    pub service: &'static str,
    /// Many seeds.
    pub seeds: &'static str,
    /// Findings and action items.
    pub findings: &'static str,
    /// Settings.
    pub world: &'static str,
    /// Native logs.
    pub logs: &'static str,
    /// What is missing.
    pub limits: &'static str,
}

/// Labels of the drill card.
pub struct Card {
    /// The drill's number.
    pub id: &'static str,
    /// Kind of drill.
    pub kind: &'static str,
    /// The author's scale.
    pub level: &'static str,
    /// The product model.
    pub product: &'static str,
    /// Blast radius.
    pub scope: &'static str,
    /// How to get back.
    pub rollback: &'static str,
    /// Who is responsible.
    pub owner: &'static str,
    /// Tags.
    pub tags: &'static str,
    /// What the scenario expects.
    pub expectation: &'static str,
}

/// Heads of table columns.
pub struct Columns {
    /// A name.
    pub name: &'static str,
    /// A target value.
    pub target: &'static str,
    /// A measured value.
    pub measured: &'static str,
    /// What came of it.
    pub result: &'static str,
    /// Where a measurement begins.
    pub from: &'static str,
    /// Where it ends.
    pub until: &'static str,
    /// What a check promises.
    pub promise: &'static str,
    /// When it must hold.
    pub mode: &'static str,
    /// What it answered.
    pub answer: &'static str,
    /// The event it points at.
    pub evidence: &'static str,
    /// What was run.
    pub command: &'static str,
    /// When it was planned.
    pub planned: &'static str,
    /// When it began.
    pub started: &'static str,
    /// When it ended.
    pub ended: &'static str,
    /// How long it took.
    pub took: &'static str,
    /// What should have come of it.
    pub expected: &'static str,
    /// What came of it.
    pub actual: &'static str,
    /// Who was primary after it.
    pub primary_after: &'static str,
    /// Who could write after it.
    pub writers_after: &'static str,
    /// What a fault did.
    pub effect: &'static str,
    /// A moment.
    pub moment: &'static str,
    /// An event number.
    pub event: &'static str,
    /// A node or host.
    pub node: &'static str,
    /// A component.
    pub component: &'static str,
    /// A kind.
    pub kind: &'static str,
    /// What happened.
    pub what: &'static str,
    /// A role and state.
    pub state: &'static str,
    /// A log.
    pub log: &'static str,
    /// Writes.
    pub writes: &'static str,
    /// A finding.
    pub finding: &'static str,
    /// What is to be done.
    pub action: &'static str,
    /// By when.
    pub due: &'static str,
    /// A setting's value.
    pub value: &'static str,
    /// Where the value came from.
    pub origin: &'static str,
    /// Seeds.
    pub seeds: &'static str,
    /// The first violating seed.
    pub first_seed: &'static str,
    /// The shortest violating seed.
    pub shortest_seed: &'static str,
}

/// Kinds of timeline entries.
pub struct EntryKinds {
    /// An operator step.
    pub step: &'static str,
    /// A fault.
    pub fault: &'static str,
    /// An announced event.
    pub announced: &'static str,
    /// A process began or ended.
    pub process: &'static str,
    /// Something a client noticed.
    pub client: &'static str,
    /// A line of a native log.
    pub log: &'static str,
}

/// Where a node stands.
pub struct Standings {
    /// No database process.
    pub down: &'static str,
    /// Starting or recovering.
    pub starting: &'static str,
    /// A standby or replica.
    pub standby: &'static str,
    /// Changing its role.
    pub changing: &'static str,
    /// A primary.
    pub primary: &'static str,
}

/// How an operation ended.
pub struct Operations {
    /// It succeeded.
    pub ok: &'static str,
    /// It failed.
    pub failed: &'static str,
    /// Nobody knows.
    pub unknown: &'static str,
    /// How many.
    pub throughput: &'static str,
    /// How long.
    pub latency: &'static str,
}

/// Buttons and fields that need the page's script.
pub struct Controls {
    /// To the first violation.
    pub jump: &'static str,
    /// Larger.
    pub zoom_in: &'static str,
    /// Smaller.
    pub zoom_out: &'static str,
    /// A moment to look at.
    pub moment: &'static str,
    /// To the change before the moment.
    pub previous_change: &'static str,
    /// To the change after it.
    pub next_change: &'static str,
    /// Which entries to show.
    pub filter: &'static str,
    /// The language.
    pub language: &'static str,
}

/// Remarks of the page.
pub struct Remarks {
    /// Nothing was found.
    pub no_findings: &'static str,
    /// What a scenario expects that expects no violation.
    pub expects_pass: &'static str,
    /// The table of entries.
    pub all_entries: &'static str,
    /// Roles as a table.
    pub roles_table: &'static str,
    /// The right to write as a table.
    pub writers_table: &'static str,
    /// Messages as a table.
    pub messages_table: &'static str,
    /// A lost message.
    pub lost_message: &'static str,
    /// What a command printed.
    pub output: &'static str,
    /// The scenario's text.
    pub scenario_text: &'static str,
    /// When the status command was typed that is shown for a moment.
    pub typed_at: &'static str,
    /// What was cut.
    pub cut: &'static str,
    /// What is not simulated.
    pub not_simulated: &'static str,
    /// Sources of the model.
    pub sources: &'static str,
    /// What the axis does to time.
    pub axis: fn(crate::report::Moment, crate::report::Moment) -> String,
    /// The moments around which messages are drawn.
    pub around: fn(crate::report::Moment) -> String,
    /// What a fault did how often: armed, fired, observed, repaired.
    pub effects: fn(u64, u64, u64, u64) -> String,
    /// Only each how manieth status output is shown, of how many.
    pub status_thinned: fn(usize, usize) -> String,
    /// How many are drawn of how many.
    pub drawn_of: fn(usize, usize) -> String,
    /// An objective missed: name, measured, target.
    pub objective_missed: fn(&str, &str, crate::report::Span) -> String,
    /// A step that did not succeed: name, how it ended.
    pub step_trouble: fn(&str, &str) -> String,
    /// A fault without effect: name, what is missing.
    pub fault_trouble: fn(&str, &str) -> String,
    /// Who made the page.
    pub made_by: fn(&str) -> String,
}
