//! A report whose every name tries to break out of the format it is printed in.

use reports::*;

use super::{promote_before_stop::surprise, writer};

/// Markup, quotes, line breaks, escape sequences, Markdown and workflow commands in names and messages.
pub const NAME: &str = "<script>alert('升主')</script>\"&\u{1b}[31m|`::error::\n%0A]]>";

/// The report with those names.
pub fn hostile() -> Report {
    let mut report = surprise();
    report.drill.title = NAME.into();
    report.run.name = NAME.into();
    report.run.scenario = NAME.into();
    report.run.again = format!("simrun {NAME}");
    report.run.scenario_text = Some(format!("</script>{NAME}"));
    report.cluster.nodes[0].name = NAME.into();
    report.writers.push(writer(NAME, NAME, 5_000, Some(22_000), 1));
    report.lanes[0].node = NAME.into();
    report.verdict.cause = NAME.into();
    report.checks[0].name = NAME.into();
    report.checks[0].explanation = vec![NAME.into()];
    report.runbook[0].name = NAME.into();
    report.runbook[0].command = NAME.into();
    report.runbook[0].output = vec![NAME.into()];
    report.faults[0].name = NAME.into();
    for entry in &mut report.timeline {
        entry.lane = Some(NAME.into());
        entry.text = NAME.into();
    }
    report.story = vec![NAME.into()];
    report.messages.push(Message {
        from: NAME.into(),
        to: "pb2".into(),
        sent: Moment::from_millis(21_000),
        arrived: None,
        name: NAME.into(),
        contents: NAME.into(),
    });
    report.logs.push(LogExcerpt {
        host: NAME.into(),
        file: NAME.into(),
        lines: vec![LogLine { at: Moment::from_millis(1), text: NAME.into() }],
    });
    report.settings.push(Setting { name: NAME.into(), value: NAME.into(), value_zh: None, origin: Origin::Written });
    report.limits.cut.push(NAME.into());
    report
}
