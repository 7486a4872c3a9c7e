//! A scenario in plain English, for `simrun check`: what is built, what happens to it in which order, what must hold.
//!
//! It says what the file means and not what will happen: nothing is run. Every default that was used is listed, so
//! that a reader never has to know them by heart.

use std::fmt::Write as _;

use super::model::{
    Check, Damage, DeviceWeather, ExpectedVerdict, IfFails, LinkWeather, Moment, Outage, Promise, Reached, Recurrence,
    Scenario, Tail, Trigger, When, Workload,
};
use super::values::{DurationRange, Ratio, print_duration};

/// What the file does, in plain English.
pub fn explain(scenario: &Scenario) -> String {
    let sections = [
        heading(scenario),
        cluster(scenario),
        weather(scenario),
        deeds(scenario),
        checks(scenario),
        expectation(scenario),
        defaults(scenario),
    ];
    let said: Vec<String> = sections.into_iter().filter(|section| !section.is_empty()).collect();
    said.join("\n")
}

fn heading(scenario: &Scenario) -> String {
    let drill = &scenario.drill;
    let mut text = format!("{}  {}\n", drill.id, drill.title);
    if let Some(line) = &drill.title_zh {
        let _ = writeln!(text, "{:width$}  {line}", "", width = drill.id.chars().count());
    }
    for (label, said) in [("hypothesis", &drill.hypothesis), ("scope", &drill.scope), ("rollback", &drill.rollback)] {
        if let Some(said) = said {
            let _ = writeln!(text, "{label}: {}", said.en);
        }
    }
    text
}

fn cluster(scenario: &Scenario) -> String {
    let product = &scenario.product;
    let profile = product.profile.as_ref().map_or(String::new(), |profile| format!(", profile {profile}"));
    let mut text = format!("The cluster: {}{profile}\n", product.model);
    for node in &scenario.nodes {
        let zone = node.zone.as_ref().map_or(String::new(), |zone| format!(", zone {zone}"));
        let _ = writeln!(text, "  {}: {}{zone}", node.name, node.role);
    }
    for (name, value) in &product.set {
        let _ = writeln!(text, "  {name} = {value}");
    }
    for defect in &product.defects {
        let _ = writeln!(text, "  with the defect {defect}");
    }
    text
}

fn weather(scenario: &Scenario) -> String {
    let network = &scenario.network;
    let mut text = format!("When nothing is wrong\n  network: {}\n", link(&network.default));
    if network.between_zones != network.default {
        let _ = writeln!(text, "  network between zones: {}", link(&network.between_zones));
    }
    for rule in &network.links {
        let [first, second] = &rule.between;
        let _ = writeln!(text, "  network between {first} and {second}: {}", link(&rule.weather));
    }
    let _ = writeln!(text, "  storage: {}", device(&scenario.storage.default));
    let _ = writeln!(text, "  lasting damage to storage: {}", damage(scenario.storage.damage));
    for (name, weather) in &scenario.storage.devices {
        let _ = writeln!(text, "  storage, device {name}: {}", device(weather));
    }
    let traffic = scenario.workload.as_ref().map_or("none".to_owned(), traffic);
    let _ = writeln!(text, "  traffic: {traffic}");
    text
}

fn link(weather: &LinkWeather) -> String {
    let mut parts = vec![format!("a message takes {}", weather.latency)];
    parts.extend(weather.tail.as_ref().map(tail));
    for (ratio, what) in
        [(weather.loss, "is lost"), (weather.duplicate, "arrives twice"), (weather.reorder, "is overtaken")]
    {
        parts.extend(rate(ratio, what));
    }
    parts.extend(weather.bandwidth.map(|bandwidth| format!("{bandwidth} at most")));
    parts.join(", ")
}

fn damage(damage: Damage) -> &'static str {
    match damage {
        Damage::Bounded => "bounded: never the last good copy of anything; safety and liveness are judged",
        Damage::Unbounded => "unbounded: anything; only safety is judged",
    }
}

fn device(weather: &DeviceWeather) -> String {
    let mut parts = vec![
        weather.personality.clone(),
        format!("a request takes {}", weather.latency),
        format!("sectors of {}", weather.sector_size),
    ];
    parts.extend(weather.tail.as_ref().map(tail));
    parts.extend(weather.capacity.map(|capacity| format!("{capacity} fit")));
    parts.extend(weather.bandwidth.map(|bandwidth| format!("{bandwidth} at most")));
    parts.extend((weather.paths > 1).then(|| format!("{} paths from each host", weather.paths)));
    for (ratio, what) in [
        (weather.torn_write, "writes is torn if power goes before it is stable"),
        (weather.read_error, "reads fails"),
        (weather.write_error, "writes fails"),
        (weather.latent_error, "reads meets an unreadable sector"),
        (weather.bit_rot, "reads meets a flipped bit"),
        (weather.misdirect_write, "writes lands elsewhere"),
        (weather.stale_read, "reads gives old content"),
        (weather.lose_write, "writes is dropped in silence"),
        (weather.fail_flush, "flushes fails"),
        (weather.lie_about_flush, "flushes is not done"),
        (weather.full, "writes finds no space"),
    ] {
        parts.extend(rate(ratio, &format!("of {what}")));
    }
    for (rare, what) in [
        (weather.stall, "requests stops the device for up to"),
        (weather.late_write, "writes of a dead or fenced host lands late by up to"),
        (weather.slow, "requests takes longer by up to"),
    ] {
        parts.extend(rare.map(|rare| format!("{} of {what} {}", rare.ratio, print_duration(rare.up_to))));
    }
    parts.extend(weather.limp.map(|limp| format!("{} of requests moves at {}", limp.ratio, limp.bandwidth)));
    parts.extend(weather.lose_path.map(|Outage { every, up_to }| {
        let (every, up_to) = (print_duration(every), print_duration(up_to));
        format!("each host loses a path every {every} or so, for up to {up_to}")
    }));
    parts.extend(weather.power_cut.map(|Outage { every, up_to }| {
        let (every, up_to) = (print_duration(every), print_duration(up_to));
        format!("it loses its power every {every} or so, for up to {up_to}")
    }));
    parts.extend(
        weather
            .lose_reservation
            .map(|Recurrence { every }| format!("it forgets its reservations every {} or so", print_duration(every))),
    );
    parts.join(", ")
}

fn rate(ratio: Ratio, what: &str) -> Option<String> {
    (ratio.numerator != 0).then(|| format!("{ratio} {what}"))
}

fn tail(tail: &Tail) -> String {
    format!("{} of them up to {}", tail.ratio, print_duration(tail.up_to))
}

fn traffic(workload: &Workload) -> String {
    let mut parts = vec![
        workload.kind.clone(),
        format!("{} clients", workload.clients),
        format!("{} over {} keys", workload.rate, workload.keys),
        format!("{} of the operations only read", workload.reads),
        format!("a client gives up after {}", print_duration(workload.timeout)),
    ];
    if !workload.start.is_zero() {
        parts.push(format!("from {}", print_duration(workload.start)));
    }
    if let Some(pause) = workload.pause {
        parts.push(format!("a lull of {} every {}", print_duration(pause.lasts), print_duration(pause.every)));
    }
    if let Some(only) = &workload.only {
        let sent: Vec<String> = only.iter().map(|of| format!("client {of}")).collect();
        parts.push(format!("of which only these operations are sent: {}", sent.join("; ")));
    }
    parts.join(", ")
}

/// One step or fault as the story tells it.
struct Deed<'s> {
    name: &'s str,
    when: &'s When,
    sentence: String,
}

/// Steps and faults in the order in which they begin, each below what it waits for.
fn deeds(scenario: &Scenario) -> String {
    let all: Vec<Deed<'_>> = steps(scenario).chain(faults(scenario)).collect();
    if all.is_empty() {
        return String::new();
    }
    let mut timed: Vec<(DurationRange, &Deed<'_>)> = Vec::new();
    let mut announced = Vec::new();
    for deed in &all {
        match deed.when {
            When::At(range) => timed.push((*range, deed)),
            When::After { trigger: Trigger::Announced { .. }, .. } => announced.push(deed),
            When::After { .. } => {}
        }
    }
    timed.sort_by_key(|(range, _)| range.low);
    let mut text = "What happens\n".to_owned();
    for deed in timed.into_iter().map(|(_, deed)| deed).chain(announced) {
        tell(deed, &all, 1, &mut text);
    }
    text
}

fn tell(deed: &Deed<'_>, all: &[Deed<'_>], depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let _ = writeln!(text, "{indent}{}: {}", when(deed.when), deed.sentence);
    for next in all {
        let waits = matches!(next.when, When::After { trigger, .. } if trigger.entry() == Some(deed.name));
        if waits {
            tell(next, all, depth + 1, text);
        }
    }
}

fn steps(scenario: &Scenario) -> impl Iterator<Item = Deed<'_>> {
    scenario.steps.iter().map(|step| {
        let mut sentence = format!("the operator {}", step.verb.story().en);
        if let Some(on) = &step.on {
            let _ = write!(sentence, " on {on}");
        }
        if let Some(timeout) = &step.timeout {
            let _ = write!(sentence, ", and waits {} at most", print_duration(*timeout));
        }
        if step.if_fails == IfFails::Continue {
            sentence.push_str(", and carries on if that fails");
        }
        let _ = write!(sentence, " (step {}, line {})", step.name, step.place.line);
        Deed { name: &step.name, when: &step.when, sentence }
    })
}

fn faults(scenario: &Scenario) -> impl Iterator<Item = Deed<'_>> {
    scenario.faults.iter().map(|fault| {
        let mut sentence = format!("the world {}", fault.verb.story().en);
        if let Some(lasts) = &fault.lasts {
            let _ = write!(sentence, " for {lasts}");
        }
        let _ = write!(sentence, " (fault {}, line {})", fault.name, fault.place.line);
        Deed { name: &fault.name, when: &fault.when, sentence }
    })
}

fn when(when: &When) -> String {
    match when {
        When::At(range) => format!("at {range}"),
        When::After { trigger, delay, nth } => {
            let later = if *delay == DurationRange::ZERO { "as soon as".to_owned() } else { format!("{delay} after") };
            let nth = if *nth == 1 { String::new() } else { format!(" (occurrence {nth})") };
            format!("{later} {}{nth}", moment(trigger))
        }
    }
}

fn moment(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Step(name, moment) | Trigger::Fault(name, moment) => match moment {
            Moment::Started => format!("{name} has begun"),
            Moment::Ended => format!("{name} is over"),
        },
        Trigger::Announced { node, event } => format!("{node} announces {event}"),
    }
}

fn checks(scenario: &Scenario) -> String {
    let lines: String = scenario.checks.iter().map(|check| format!("  {}\n", promise(check))).collect();
    if lines.is_empty() { lines } else { format!("What must hold\n{lines}") }
}

fn promise(check: &Check) -> String {
    match &check.promise {
        Promise::Always(name) => format!("always {name}"),
        Promise::Survives(fault) => {
            format!("always {fault} survived: no node changes its role or state from then on, clients go on writing")
        }
        Promise::Eventually { what, after, within } => {
            let within = within.map_or(String::new(), |within| format!(" within {}", print_duration(within)));
            let after = after.as_ref().map_or("the last step and fault".to_owned(), moment);
            format!("eventually {}{within} after {after}", reached(what))
        }
        Promise::Sometimes(what) => format!("at least once {}", reached(what)),
        Promise::Progress { after, core, within } => {
            let after = after.as_ref().map_or("a drawn moment".to_owned(), moment);
            let core = core.as_ref().map_or("a core that the seed draws".to_owned(), |core| {
                core.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            });
            let within = within.map_or("three times the product's own time-outs".to_owned(), print_duration);
            format!("healed while the rest stays as it is after {after}, {core} serves within {within}")
        }
    }
}

fn reached(what: &Reached) -> String {
    match what {
        Reached::Check(name) => name.clone(),
        Reached::Announced { node, event } => format!("{node} announces {event}"),
        Reached::Counted { fault, count } => format!("{fault} {}, as who does the damage counts", count.word().name),
    }
}

fn expectation(scenario: &Scenario) -> String {
    let mut text = match &scenario.expect.verdict {
        ExpectedVerdict::Pass => "Expected: every check holds.".to_owned(),
        ExpectedVerdict::Violation(of) if of.is_empty() => "Expected: at least one check is violated.".to_owned(),
        ExpectedVerdict::Violation(of) => format!("Expected: violated are {}.", of.join(", ")),
    };
    if let Some(because) = &scenario.expect.because {
        let _ = write!(text, " {}", because.en);
    }
    let objectives = [("RTO", scenario.objectives.rto), ("RPO", scenario.objectives.rpo)];
    for (name, target) in objectives.iter().filter_map(|(name, target)| target.map(|target| (name, target))) {
        let _ = write!(text, "\n{name} shall be {} at most.", print_duration(target));
    }
    let run = &scenario.run;
    let limit = print_duration(run.time_limit);
    let _ = writeln!(text, "\nSeeds {}; a run ends after {limit} or {} events.", run.seeds, run.steps_limit);
    text
}

fn defaults(scenario: &Scenario) -> String {
    let lines: String = scenario.defaults.iter().map(|used| format!("  {} = {}\n", used.key, used.value)).collect();
    if lines.is_empty() { lines } else { format!("Not said in the file, and therefore\n{lines}") }
}
