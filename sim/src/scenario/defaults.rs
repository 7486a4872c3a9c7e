//! What a file omits, and what that means.

/// An omitted key and what it means.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DefaultUsed {
    /// The key: `network.latency`.
    pub key: String,
    /// Its value, as a scenario would write it.
    pub value: String,
}
