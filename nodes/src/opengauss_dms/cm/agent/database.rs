//! How gaussdb looks to its agent: its role and state, and whether it still answers.

use std::time::Duration;

use super::Agent;
use crate::opengauss_dms::cm::messages::DatabaseView;
use crate::opengauss_dms::messages::{GAUSSDB_CONTROL_PORT, GaussdbControl, GaussdbStatus};
use crate::world::port::CallError;

const ROUND: Duration = Duration::from_secs(1);

/// How long a status query may take.
const QUERY_LIMIT: Duration = Duration::from_secs(1);

impl Agent {
    /// Looks at gaussdb each second.
    pub(super) async fn watch_database(&self) {
        loop {
            let view = self.look_at_database().await;
            self.state.borrow_mut().database = view;
            self.process.sleep(ROUND).await;
        }
    }

    async fn look_at_database(&self) -> DatabaseView {
        if self.exists(self.gaussdb()) {
            if let Ok(status) = self.ask_gaussdb().await {
                return DatabaseView::from(status);
            }
            if self.exists(self.gaussdb()) {
                return DatabaseView::Silent;
            }
        }
        if self.manually_stopped() { DatabaseView::ManuallyStopped } else { DatabaseView::Starting }
    }

    async fn ask_gaussdb(&self) -> Result<GaussdbStatus, CallError> {
        let to = self.plan.address(self.gaussdb(), GAUSSDB_CONTROL_PORT);
        self.process.call(to, GaussdbControl::Status, QUERY_LIMIT).await
    }

    /// Counts how often in a row gaussdb took a connection and did not answer.
    pub(super) async fn count_phony_dead(&self) {
        loop {
            self.process.sleep(self.plan.parameters.agent_phony_dead_check_interval).await;
            let dead = self.exists(self.gaussdb()) && self.ask_gaussdb().await == Err(CallError::TimedOut);
            let times = &mut self.state.borrow_mut().phony_dead_times;
            *times = if dead { *times + 1 } else { 0 };
        }
    }
}
