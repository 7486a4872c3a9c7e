//! What `gs_om -t status` makes of its nodes: a crude picture, reproduced with its faults.
//!
//! It runs `gs_ctl query` everywhere and takes the first word of what it reads. A crash looks like a stop, a node that
//! merely reconnects needs repair, two writable primaries are "Unavailable". Source: reference section 2.3
//! (`DbClusterInfo.py queryClsInfo`).

/// What one `gs_ctl query` came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Queried {
    /// It failed, and its text says that no server answers.
    NoServer,
    /// It failed otherwise, or could not be run at all.
    Failed,
    /// It printed these three fields.
    Shown {
        /// `local_role`.
        role: String,
        /// `db_state`.
        state: String,
        /// `detail_information`.
        detail: String,
    },
}

/// A node as the status table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// The role.
    pub role: String,
    /// The state.
    pub state: String,
}

impl Queried {
    /// Reads what a `gs_ctl query` printed and how it ended.
    pub fn of_output(exit_code: Option<i32>, output: &str) -> Queried {
        if exit_code != Some(0) {
            let no_server =
                output.contains("could not connect to the local server") || output.contains("Is server running");
            return if no_server { Queried::NoServer } else { Queried::Failed };
        }
        let field = |name: &str| {
            let line = output.lines().find(|line| line.trim_start().starts_with(name))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        match (field("local_role"), field("db_state"), field("detail_information")) {
            (Some(role), Some(state), Some(detail)) => Queried::Shown { role, state, detail },
            _ => Queried::Failed,
        }
    }

    /// What the table shows for it.
    pub fn status(&self) -> NodeStatus {
        let shown = |role: &str, state: &str| NodeStatus { role: role.to_owned(), state: state.to_owned() };
        match self {
            Queried::NoServer => shown("Down", "Manually stopped"),
            Queried::Failed => shown("Unknown", "Unknown"),
            Queried::Shown { role, state, detail } => {
                let state = match first_word(state) {
                    "Need" => format!("Need repair({})", first_word(detail)),
                    word => word.to_owned(),
                };
                NodeStatus { role: first_word(role).to_owned(), state }
            }
        }
    }
}

/// The first run of letters, digits and underscores, as the regular expression `\w+` finds it.
fn first_word(text: &str) -> &str {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let start = text.find(is_word).unwrap_or(text.len());
    let end = text[start..].find(|letter| !is_word(letter)).map_or(text.len(), |length| start + length);
    &text[start..end]
}

/// `cluster_state`.
pub fn cluster_state(nodes: &[NodeStatus]) -> &'static str {
    let primaries: Vec<&NodeStatus> = nodes.iter().filter(|node| node.role == "Primary").collect();
    let one_normal = primaries.len() == 1 && primaries.last().is_some_and(|node| node.state == "Normal");
    if !one_normal {
        return "Unavailable";
    }
    let is_sound =
        |node: &NodeStatus| node.state == "Normal" && matches!(node.role.as_str(), "Standby" | "Secondary" | "Cascade");
    match nodes.iter().filter(|node| node.role != "Primary").all(is_sound) {
        true => "Normal",
        false => "Degraded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(role: &str, state: &str) -> NodeStatus {
        NodeStatus { role: role.to_owned(), state: state.to_owned() }
    }

    fn queried(role: &str, state: &str, detail: &str) -> NodeStatus {
        let output = format!(
            " HA state:\n\tlocal_role                     : {role}\n\tdb_state : {state}\n\tdetail_information : {detail}\n"
        );
        Queried::of_output(Some(0), &output).status()
    }

    #[test]
    fn only_first_words_are_shown() {
        assert_eq!(queried("Standby", "Need repair", "WAL segment removed"), node("Standby", "Need repair(WAL)"));
        assert_eq!(queried("Standby", "Need repair", "Disconnected"), node("Standby", "Need repair(Disconnected)"));
        assert_eq!(queried("Standby", "Need repair", "Connecting..."), node("Standby", "Need repair(Connecting)"));
        assert_eq!(queried("Standby", "Wait promoting", "Normal"), node("Standby", "Wait"));
        assert_eq!(queried("Cascade Standby", "Normal", "Normal"), node("Cascade", "Normal"));
    }

    #[test]
    fn a_crash_looks_like_a_stop() {
        let crashed = Queried::of_output(Some(1), "gs_ctl: could not connect to the local server: refused.");
        assert_eq!(crashed.status(), node("Down", "Manually stopped"));
        assert_eq!(Queried::of_output(None, "").status(), node("Unknown", "Unknown"));
        assert_eq!(Queried::of_output(Some(0), "exc_sql failed").status(), node("Unknown", "Unknown"));
    }

    #[test]
    fn the_state_of_the_cluster() {
        let (primary, standby) = (node("Primary", "Normal"), node("Standby", "Normal"));
        let down = node("Down", "Manually stopped");
        let rows = [
            (vec![primary.clone(), standby.clone()], "Normal"),
            (vec![primary.clone(), down.clone()], "Degraded"),
            (vec![primary.clone(), node("Standby", "Catchup")], "Degraded"),
            (vec![primary.clone(), node("Standby", "Need repair(WAL)")], "Degraded"),
            (vec![primary.clone(), node("Pending", "Normal")], "Degraded"),
            (vec![primary.clone(), primary.clone()], "Unavailable"),
            (vec![node("Primary", "Demoting"), standby.clone()], "Unavailable"),
            (vec![down.clone(), standby], "Unavailable"),
            (vec![down.clone(), down], "Unavailable"),
            (vec![primary], "Normal"),
        ];
        for (nodes, expected) in rows {
            assert_eq!(cluster_state(&nodes), expected, "{nodes:?}");
        }
    }
}
