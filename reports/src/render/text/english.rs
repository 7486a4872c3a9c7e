//! The words in English.

use super::{Headings, Kinds, Labels, Marks, Phrases, Text, Verdicts, grouped};
use crate::report::{Language, StepOutcome};

/// Every message in English.
pub const ENGLISH: Text = Text {
    language: Language::English,
    kinds: Kinds { tabletop: "tabletop drill", simulation: "simulated drill", live: "live drill" },
    verdicts: Verdicts {
        as_expected: "AS EXPECTED",
        not_as_expected: "NOT AS EXPECTED",
        inconclusive: "INCONCLUSIVE",
        hazard_shown: "HAZARD SHOWN",
        holds: "holds",
        violated: "VIOLATED",
        could_not_tell: "could not tell",
        never_reached: "NEVER REACHED",
        expected: "expected",
        always: "always",
        eventually: "eventually",
        sometimes: "sometimes",
        met: "met",
        not_met: "NOT MET",
        no_target: "no objective",
    },
    marks: Marks { colon: ": ", semicolon: "; ", comma: ", ", stop: ". ", open: " (", close: ")" },
    headings: Headings {
        done: "DONE TO THE CLUSTER",
        happened: "WHAT THE CLUSTER DID",
        writers: "WHO COULD WRITE",
        service: "SERVICE",
        checks: "CHECKS",
        status: "STATUS",
        story: "HOW IT CAME TO THIS",
    },
    labels: Labels {
        cluster: "cluster",
        workload: "workload",
        hypothesis: "hypothesis",
        because: "because",
        defects: "defects on",
        seed: "seed",
        step: "step",
        fault: "fault",
        acts: "done",
        rto: "RTO",
        rpo: "RPO",
        objective: "objective",
        from: "from",
        until: "until",
        other_outage: "outage",
        clients: "clients",
        trace: "trace",
        report: "report",
        again: "again",
        end_of_run: "end",
        could_write: "could write",
        could_not_write: "up, could not write",
        down: "down",
        two_at_once: "two at once",
        never_two_writers: "never two nodes in one log at once",
        nobody: "nobody could write",
        never_returned: "service never returned",
        no_outage: "no outage",
        never_fired: "never fired",
        no_effect: "NO EFFECT SEEN",
        lost: "lost",
        unknown: "could not tell",
        verdict: "verdict",
        rto_quantiles: "RTO p50 / p95 / worst",
        lost_commits: "lost commits",
        scenario: "scenario",
        seeds: "seeds",
        check: "check",
        written: "written",
        drawn: "drawn",
        default: "default",
    },
    page: super::english_page::PAGE,
    phrases: Phrases {
        drill_of: |kind, model| format!("{kind} of {model}"),
        command_on: |command, host| format!("on {host}: {command}"),
        step_ended: |outcome, code, end| {
            let code = code.map_or(String::new(), |code| format!(", exit code {code}"));
            let end = end.map_or(String::new(), |(at, length)| format!(" at {at}, after {length}"));
            match outcome {
                StepOutcome::Succeeded => format!("succeeded{end}{code}"),
                StepOutcome::Failed => format!("FAILED{end}{code}"),
                StepOutcome::TimedOut => format!("TIMED OUT{end}{code}"),
                StepOutcome::Unfinished => "still running when the run ended".to_owned(),
                StepOutcome::NeverStarted => "never started".to_owned(),
            }
        },
        primary_after: |nodes| format!("primary then: {nodes}"),
        bit: |proof| format!("it bit: {proof}"),
        fault_ended: |at| format!("ended at {at}"),
        strip_scale: |from, until, column| format!("{from} to {until}, {column} a column"),
        writes: |count| format!("{} writes", grouped(count)),
        conflict: |nodes, log, from, until| format!("TWO AT ONCE: {nodes} on {log}, {from} to {until}"),
        lost_commits: |count, window| match count {
            0 => "no commit lost".to_owned(),
            1 => format!("1 commit lost, over {window}"),
            _ => format!("{} commits lost, over {window}", grouped(count)),
        },
        operations: |ok, failed, unknown| {
            format!("{} ok, {} failed, {} unknown", grouped(ok), grouped(failed), grouped(unknown))
        },
        latency: |p50, p99, slowest| format!("latency p50 {p50}, p99 {p99}, slowest {slowest}"),
        first_bad: |at, event| format!("first at {at}, event {}", grouped(event)),
        reached: |at, event| format!("reached at {at}, event {}", grouped(event)),
        more_lines: |count| format!("... and {} more", plural(count as u64, "line")),
        more_entries: |count| {
            format!("... and {} more; the report page (--out DIR) has them all", grouped(count as u64))
        },
        checks_hold: |count| match count {
            0 => "no check was made".to_owned(),
            1 => "the one check holds".to_owned(),
            _ => format!("all {count} checks hold"),
        },
        violated_at: |check, at| match at {
            Some(at) => format!("{check} violated at {at}"),
            None => format!("{check} violated"),
        },
        events_lead_here: |count| match count {
            1 => "1 event leads here".to_owned(),
            _ => format!("{count} events lead here"),
        },
        shortest_plan: |steps, faults, steps_before, faults_before| {
            format!(
                "shortest plan found: {}, {} (was {}, {})",
                plural(steps, "step"),
                plural(faults, "fault"),
                plural(steps_before, "step"),
                plural(faults_before, "fault")
            )
        },
        trace: |hash, events, simulated| format!("{hash}  {} events, {simulated} simulated", grouped(events)),
        seed_counts: |as_expected, not_as_expected, inconclusive| {
            format!(
                "{} as expected, {} not as expected, {} inconclusive",
                grouped(as_expected),
                grouped(not_as_expected),
                grouped(inconclusive)
            )
        },
        rto_over_seeds: |p50, p95, worst| format!("p50 {p50}, p95 {p95}, worst {worst}"),
        never_served_seeds: |count| format!("service never returned in {}", plural(count, "seed")),
        violated_seeds: |check, violated, all, first| match all {
            1 => format!("{check} violated in seed {first}"),
            _ => format!("{check} violated in {} of {} seeds, first in seed {first}", grouped(violated), grouped(all)),
        },
        could_not_tell_seeds: |check, count, all| match all {
            1 => format!("{check} could not tell"),
            _ => format!("{check} could not tell in {} of {} seeds", grouped(count), grouped(all)),
        },
        expected_violation_missing: |check, all| match all {
            1 => format!("{check} should have been violated and was not"),
            _ => format!("{check} should have been violated and was not, in any of {} seeds", grouped(all)),
        },
    },
};

fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}
